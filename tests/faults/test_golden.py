"""Runs that an earlier release wrote are read and predicted from for ever."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from phoneprice.artifact.loader import load_run, verify_run
from phoneprice.workflows.evaluate import evaluate
from phoneprice.workflows.predict import predict

GOLDEN = Path(__file__).parents[1] / "golden"
KINDS = ("ordinal", "multiclass", "binary", "regression")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("kind", KINDS)
def test_golden_runs_predict_what_they_predicted(kind: str, tmp_path: Path) -> None:
    folder = GOLDEN / kind
    assert verify_run(folder / "run")
    predict(folder / "run", folder / "phones.csv", tmp_path / "out.csv")
    found, expected = rows(tmp_path / "out.csv"), rows(folder / "predictions.csv")
    assert [row.keys() for row in found] == [row.keys() for row in expected]
    for one, other in zip(found, expected, strict=True):
        assert one["id"] == other["id"]
        if kind != "regression":
            assert one["prediction"] == other["prediction"]
        # Another CPU may round the last bits otherwise; the file has six decimals.
        numbers = [name for name in one if name.startswith(("prob_", "confidence"))] or ["prediction"]
        assert [float(one[n]) for n in numbers] == pytest.approx([float(other[n]) for n in numbers], rel=1e-5, abs=2e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_golden_runs_are_whole(kind: str) -> None:
    run = load_run(GOLDEN / kind / "run")
    assert (run.manifest.format_version, run.task.kind) == (1, kind)
    assert run.metrics()["format"] == 1
    assert len(run.history()) == 6
    assert run.out_of_fold() is not None
    assert run.environment()["phoneprice"]
    assert run.splits()["seed"] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_golden_runs_can_be_evaluated(kind: str) -> None:
    report = evaluate(GOLDEN / kind / "run", GOLDEN / kind / "phones.csv")
    assert report.rows == 25
