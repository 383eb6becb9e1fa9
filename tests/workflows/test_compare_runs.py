"""Runs side by side: paired where they have predicted the same rows, else said."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoneprice.artifact.loader import load_run
from phoneprice.config.load import load_config
from phoneprice.data.samples.sample import sample_path
from phoneprice.errors import UsageError
from phoneprice.workflows.compare_runs import report_of_runs
from phoneprice.workflows.train import train

QUICK = ["training.epochs=3", "training.threads=1", "training.device=cpu", "validation.folds=2"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of the first 200 rows of the sample (``a``, ``b``), of the next 200, of another target."""
    folder = tmp_path_factory.mktemp("runs")
    header, *rows = sample_path("train").read_text().splitlines()
    for name, part in (("first", rows[:200]), ("next", rows[200:400])):
        (folder / f"{name}.csv").write_text("\n".join([header, *part]) + "\n")
    for name, table, *settings in (
        ("a", "first"),
        ("b", "first", "model.activation=tanh", "model.hidden=[4, 4]"),
        ("other_rows", "next"),
        ("other_target", "first", "data.target=ram", "task.kind=regression"),
        ("no_rows", "first", "validation.scheme=none"),
    ):
        train(folder / f"{table}.csv", load_config(None, [*QUICK, *settings]), folder / name)
    return folder


def test_of_one_table(folder: Path) -> None:
    found = report_of_runs([folder / "a", folder / "b"], None, folder / "page.html").comparison
    base, other = found.trainings
    assert base.settings == {"model.hidden": [32], "model.activation.name": "relu"}
    assert other.settings == {"model.hidden": [4, 4], "model.activation.name": "tanh"}
    assert (base.name, other.name, found.why_not_paired) == ("a", "b", "")
    assert base.metrics == load_run(folder / "a").metrics.metrics
    assert other.leads.keys() == {"accuracy", "log_loss"}
    assert other.leads["accuracy"].value == pytest.approx(
        other.metrics["accuracy"].value - base.metrics["accuracy"].value
    )
    assert found.measured_on == "Rows that each run held out, each predicted by networks that have not seen it"
    assert "model.activation.name" in (folder / "page.html").read_text()


def test_of_different_tables_intervals_alone(folder: Path) -> None:
    found = report_of_runs([folder / "a", folder / "other_rows"], None, folder / "page.html").comparison
    assert found.why_not_paired == "the runs were trained on different data"
    assert [own.leads for own in found.trainings] == [{}, {}]
    assert found.trainings[1].metrics["accuracy"].high > 0


def test_on_rows_that_both_predict(folder: Path) -> None:
    written = report_of_runs([folder / "a", folder / "other_rows"], folder / "next.csv", folder / "page.html")
    found = written.comparison
    assert (found.why_not_paired, written.source) == ("", "next.csv")
    assert found.measured_on == "200 rows, by all networks of each run together"
    assert found.trainings[1].leads.keys() == {"accuracy", "log_loss"}
    assert written.warnings == (
        f"{folder / 'other_rows'}: was trained on these rows, so its figures flatter it; use new rows",
    )


def test_a_run_that_held_out_nothing(folder: Path) -> None:
    found = report_of_runs([folder / "a", folder / "no_rows"], None, folder / "page.html").comparison
    assert found.why_not_paired == "a run held out no rows"
    assert found.measured_on == "Training rows: no_rows held out none, so those figures flatter"


def test_what_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="these can't be compared; name two runs of one target"):
        report_of_runs([folder / "a", folder / "other_target"])
    with pytest.raises(UsageError, match="is inside a run"):
        report_of_runs([folder / "a", folder / "b"], None, folder / "a" / "page.html")
    with pytest.raises(UsageError, match="is no report of phoneprice"):
        report_of_runs([folder / "a", folder / "b"], None, folder / "first.csv")
    with pytest.raises(UsageError, match="DATA is read once for each run"):
        report_of_runs([folder / "a", folder / "b"], "-")


def test_runs_of_the_same_name(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(folder / "b")
    found = report_of_runs([folder / "a", tmp_path / "a"], None, tmp_path / "page.html").comparison
    assert [own.name for own in found.trainings] == ["a", "b"]
