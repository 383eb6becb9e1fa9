"""Result tables: within 80 columns, in colour on a terminal only."""

import re
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.color import ANSI_COLOR_NAMES
from rich.console import Console

from phoneprice.cli.rendering import results
from phoneprice.cli.rendering.console import BLUE, ORANGE, line_of, name_value_table, show, stdout
from phoneprice.cli.rendering.results import confusion_table, metrics_table
from phoneprice.records import Interval
from phoneprice.records.documents import ClassMetrics, Confusion, Evaluation, RunMetrics
from phoneprice.records.findings import TrainingCheck, TrainingFinding
from phoneprice.wording import figure, printable


def document(labels: list[str], counts: list[list[int]]) -> RunMetrics:
    return RunMetrics.model_construct(
        measured_on="out of fold",
        metrics={
            "accuracy": Interval(0.9765, 0.969, 0.98234),
            "mean_absolute_class_error": Interval(0.0235, 0.01, 0.03),
            "quadratic_kappa": Interval(float("nan"), float("nan"), float("nan")),
        },
        members=(None, None),
        confusion=Confusion.model_construct(labels=labels, counts=counts),
        per_class=tuple(
            ClassMetrics(label=label, precision=0.5, recall=0.25, f1=1 - i / 100, support=1000 * i)
            for i, label in enumerate(labels)
        ),
    )


def training(metrics: RunMetrics) -> Any:
    return SimpleNamespace(metrics=metrics, rows=2000, seconds=2.44)


def test_training(capsys: pytest.CaptureFixture[str]) -> None:
    results.show_training(training(document(["0", "1"], [[495, 5], [1005, 0]])))
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "Out of fold: each row as predicted by the member that has not seen it\n"
        "metric                           value          95% interval\n"
        "────────────────────────────────────────────────────────────\n"
        "accuracy                        0.9765      0.9690 to 0.9823\n"
        "mean_absolute_class_error       0.0235      0.0100 to 0.0300\n"
        "quadratic_kappa                      -                     -\n"
        "\n"
        "Confusion matrix              Each class\n"
        "true \\ predicted      0  1    class  precision  recall      f1   rows\n"
        "──────────────────────────    ───────────────────────────────────────\n"
        "0                   495  5    0         0.5000  0.2500  1.0000      0\n"
        "1                 1,005  0    1         0.5000  0.2500  0.9900  1,000\n"
        "\n"
        "Trained 2 members on 2,000 rows in 2.4 s\n"
    )


MANY = [f"class {i} of a long name" for i in range(40)]


@pytest.mark.parametrize(
    "labels",
    [["0", "1", "2", "3"], ["low cost phone", "medium", "high cost", "very high cost"], MANY[:10], MANY],
    ids=["short", "long", "ten", "forty"],
)
def test_never_wider_than_80_columns(labels: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    counts = [[1234 if i == j else (i + j) % 7 for j in range(len(labels))] for i in range(len(labels))]
    results.show_metrics("heading", document(labels, counts))
    lines = capsys.readouterr().err.splitlines()
    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)


def test_many_classes_make_no_matrix(capsys: pytest.CaptureFixture[str]) -> None:
    counts = [[0] * 40 for _ in range(40)]
    counts[3][5], counts[7][2], counts[4][4] = 17, 99, 500
    results.show_metrics("heading", document(MANY, counts))
    err = capsys.readouterr().err
    assert "Confusion matrix" not in err
    listed = err.partition("Most frequent confusions")[2].splitlines()[3:5]
    assert [line.split()[-1] for line in listed] == ["99", "17"]
    assert "The 20 classes of lowest f1" in err


def test_a_regression_has_metrics_only(capsys: pytest.CaptureFixture[str]) -> None:
    figures = {
        "rmse": Interval(1234.5, 1200.0, 1300.0),
        "mae": Interval(98.76, 90.0, 100.5),
        "r2": Interval(0.00025, -0.0001, 0.0006),
        "medae": Interval(0.0002872, 0.0002, 0.0003),
    }
    results.show_metrics("heading", Evaluation.model_construct(metrics=figures))
    assert capsys.readouterr().err == (
        "heading\n"
        "metric                              value                    95% interval\n"
        "─────────────────────────────────────────────────────────────────────────\n"
        "rmse                        1,234.5        1,200.0       to 1,300.0\n"
        "mae                            98.76          90.00      to   100.50\n"
        "r2                              0.0003        -0.0001    to     0.0006\n"
        "medae                           0.0002872      0.0002000 to     0.0003000\n"
        "\n"
    )


def shown_in_colour(monkeypatch: pytest.MonkeyPatch, **options: Any) -> str:
    console = Console(force_terminal=True, color_system="truecolor", width=80, record=True, **options)
    monkeypatch.setattr(results, "stderr", lambda: console)
    with console.capture() as captured:
        results.show_metrics("heading", document(["0", "1"], [[9, 1], [0, 10]]))
    return captured.get()


@pytest.mark.parametrize("label", ["\x1b[2J", "\u202e", "a\nb", "\0"])
def test_columns_are_as_wide_as_what_is_shown(label: str, capsys: pytest.CaptureFixture[str]) -> None:
    for name in (label, printable(label)):
        show(stdout(), confusion_table([name, "b"], [[1, 2], [3, 4]]))
        show(stdout(), name_value_table([(name, name)]))
        show(stdout(), name, style="bold")
        show(stdout(), line_of((name, "bold"), (name, "")))
    lines = capsys.readouterr().out.splitlines()
    assert lines[: len(lines) // 2] == lines[len(lines) // 2 :]
    assert printable(label) in lines[-1]


def test_cells_are_shaded_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "48;2;" in shown_in_colour(monkeypatch)


def contrast(colour: str, ground: float) -> float:
    """WCAG 2.1: of a colour on a ground of that luminance, 0 for black and 1 for white."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    low, high = sorted((0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05, ground + 0.05))
    return high / low


@pytest.mark.parametrize("colour", [BLUE, ORANGE])
def test_colours_are_read_on_black_and_on_white(colour: str) -> None:
    assert min(contrast(colour, 0), contrast(colour, 1)) >= 4.5


def test_no_other_colour_of_text() -> None:
    """But those of the shaded cells, which have a ground of their own, and of errors."""
    folder = Path(results.__file__).parent
    named = {name for file in folder.glob("*.py") for name in re.findall(r'"(?:bold )?([a-z]+)"', file.read_text())}
    assert named & {*ANSI_COLOR_NAMES} <= {"red"}


def test_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*[34]8;", shown_in_colour(monkeypatch))


def looked_at(stage: str, title: str, *, passed: bool = True, recipe: str = "") -> TrainingCheck:
    return TrainingCheck("diverged", title, "m", "t", "s", passed=passed, stage=stage, recipe=recipe)


def test_a_healthy_training_says_what_was_checked(capsys: pytest.CaptureFixture[str]) -> None:
    checked = [
        looked_at("scaling", "cells far from all others"),
        looked_at("scaling", "scaling of the inputs"),
        looked_at("learning rate", "size of the steps", recipe="one"),
        looked_at("learning rate", "size of the steps", recipe="two"),
    ]
    results.show_training_findings([], checked)
    assert capsys.readouterr().err == (
        "Nothing to mend. Checked:\n"
        "scaling        cells far from all others; scaling of the inputs\n"
        "learning rate  size of the steps\n"
    )


def test_findings_of_a_training(capsys: pytest.CaptureFixture[str]) -> None:
    finding = TrainingFinding("too_short", "It was short.", "a figure, " * 10 + "end", "training.epochs=50", "source")
    results.show_training_findings([finding], [looked_at("duration", "gap", passed=False)])
    assert capsys.readouterr().err == (
        "It was short.\n"
        "  Seen by: a figure, a figure, a figure, a figure, a figure, a figure, a figure,\n"
        "  a figure, a figure, a figure, end\n"
        "  Try: -s training.epochs=50\n"
        "Not as it should be either, perhaps because of this: gap.\n"
    )
    results.show_training_findings([], [])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e3, 1e5, 1e8])
def test_figures_of_any_size_stand_whole_beside_shares(scale: float) -> None:
    """Prices in the hundred thousands beside an R2: each value and both ends within 80 columns."""
    metrics = {"rmse": Interval(scale, scale * 0.9, scale * 1.1), "r2": Interval(0.8633, 0.8254, 0.893)}
    text = StringIO()
    console = Console(width=80, file=text)
    console.print(metrics_table(metrics, console))
    printed = text.getvalue().split()
    for name, found in metrics.items():
        beside = 1.0 if name == "r2" else 0.0
        for value in (found.value, found.low, found.high):
            assert figure(value, found.value, found.low, found.high, beside) in printed
    assert "…" not in "".join(printed)
