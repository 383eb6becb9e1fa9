"""What a cross-validation found: every fold, the means with their intervals, and the baselines."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from phoneprice.cli.rendering.console import plain_table, show, stderr
from phoneprice.cli.rendering.results import metrics_table
from phoneprice.wording import count, counted, figure, span

if TYPE_CHECKING:
    from rich.table import Table

    from phoneprice.workflows.cross_validate import CrossValidationResult

_PER_FOLD = {
    "ordinal": ("accuracy", "mean_absolute_class_error", "log_loss"),
    "multiclass": ("accuracy", "balanced_accuracy", "log_loss"),
    "binary": ("accuracy", "roc_auc", "log_loss"),
    "regression": ("rmse", "mae", "r2"),
}
_SHORT = {"mean_absolute_class_error": "class distance", "balanced_accuracy": "balanced acc."}


def show_cross_validation(report: "CrossValidationResult") -> None:
    """All tables, on stderr."""
    console, document = stderr(), report.metrics
    protocol = report.protocol
    show(console, _folds(document, _PER_FOLD[report.task.kind]))
    console.print()
    heading = f"Mean of {counted(protocol.folds * protocol.repeats, 'fold')} of {counted(report.rows, 'row')}"
    show(console, f"{heading}, with intervals corrected for shared training rows", style="bold")
    show(console, metrics_table(document["metrics"], console))
    if baselines := document.get("baselines"):
        console.print()
        show(console, _baselines(document, baselines, _PER_FOLD[report.task.kind][0]))


def _folds(document: Mapping[str, Any], names: tuple[str, ...]) -> "Table":
    table = plain_table("Each fold, on its test rows")
    for heading in ("repeat", "fold", "rows", *(_SHORT.get(name, name) for name in names)):
        table.add_column(heading, justify="right")
    for line in document["folds"]:
        place = (str(line["repeat"] + 1), str(line["fold"] + 1), count(line["test_rows"]))
        table.add_row(*place, *(figure(line.get(name)) for name in names))
    deviations = document["standard_deviation"]
    table.add_row("", "", "std", *(figure(deviations.get(name)) for name in names), style="dim")
    return table


def _baselines(document: Mapping[str, Any], baselines: Mapping[str, Any], metric: str) -> "Table":
    """Each baseline's mean, and how far ours is from it."""
    table = plain_table(f"Baselines on the same folds: {metric}")
    table.add_column("model")
    table.add_column(metric, justify="right")
    table.add_column("ours - theirs", justify="right")
    table.add_column("95% interval", justify="right", no_wrap=True)
    table.add_row("phoneprice", figure(document["metrics"][metric]["value"]), "", "", style="bold")
    for name, found in baselines.items():
        difference = found["ours_minus_theirs"][metric]
        value = figure(found["metrics"][metric]["value"])
        table.add_row(name, value, figure(difference["value"]), span(difference["low"], difference["high"]))
    return table
