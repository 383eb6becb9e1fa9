"""What a cross-validation found: every fold, the means with their intervals, and the baselines."""

from collections.abc import Mapping

from rich.table import Table

from phoneprice.cli.rendering.console import add_aligned, add_figures, plain_table, show, stderr
from phoneprice.cli.rendering.results import metrics_table
from phoneprice.records.documents import BaselineMetrics, CrossValidation
from phoneprice.wording import count, counted, figure, spans_below_each_other
from phoneprice.workflows.cross_validate import CrossValidationResult

_PER_FOLD = {
    "ordinal": ("accuracy", "mean_absolute_class_error", "log_loss"),
    "multiclass": ("accuracy", "balanced_accuracy", "log_loss"),
    "binary": ("accuracy", "roc_auc", "log_loss"),
    "regression": ("rmse", "mae", "r2"),
}
_SHORT = {"mean_absolute_class_error": "class distance", "balanced_accuracy": "balanced acc."}


def show_cross_validation(result: CrossValidationResult) -> None:
    """All tables, on stderr."""
    console, found = stderr(), result.metrics
    protocol = result.protocol
    show(console, _folds(found, _PER_FOLD[result.task.kind]))
    show(console)
    heading = f"Mean of {counted(protocol.folds * protocol.repeats, 'fold')} of {counted(result.rows, 'row')}"
    show(console, f"{heading}, with intervals corrected for shared training rows", style="bold")
    show(console, metrics_table(found.metrics, console))
    if found.portfolio is not None:
        weights = sorted(found.portfolio.items(), key=lambda pair: -pair[1])
        listed = ", ".join(f"{weight:.0%} {name}" for name, weight in weights)
        show(console, f"Portfolio, mean weights of the folds: {listed}")
    if found.baselines is not None:
        show(console)
        metric = _PER_FOLD[result.task.kind][0]
        show(console, _baselines(found[metric].value, found.baselines, metric))


def _folds(found: CrossValidation, names: tuple[str, ...]) -> Table:
    table = plain_table("Each fold, on its test rows", numbers=("repeat", "fold", "rows"))
    columns = []
    for name in names:
        values = [*(line.metrics.get(name) for line in found.folds), found.standard_deviation.get(name)]
        columns.append(add_figures(table, _SHORT.get(name, name), [figure(value, *values) for value in values]))
    *cells, deviations = zip(*columns, strict=True)
    for line, figures in zip(found.folds, cells, strict=True):
        table.add_row(str(line.repeat + 1), str(line.fold + 1), count(line.test_rows), *figures)
    table.add_row("", "", "std", *deviations, style="dim")
    return table


def _baselines(ours: float, baselines: Mapping[str, BaselineMetrics], metric: str) -> Table:
    """Each baseline's mean, and how far ours is from it."""
    table = plain_table(f"Baselines on the same folds: {metric}")
    table.add_column("model")
    values = [ours, *(theirs.metrics[metric].value for theirs in baselines.values())]
    leads = [theirs.ours_minus_theirs[metric] for theirs in baselines.values()]
    means = add_figures(table, metric, [figure(value, *values) for value in values])
    differences = add_figures(table, "ours - theirs", [figure(lead.value, *values) for lead in leads])
    spans = spans_below_each_other((lead.low, lead.high, *values) for lead in leads)
    columns = means[1:], differences, add_aligned(table, "95% interval", spans)
    table.add_row("phoneprice", means[0], "", "", style="bold")
    for name, *cells in zip(baselines, *columns, strict=True):
        table.add_row(name, *cells)
    return table
