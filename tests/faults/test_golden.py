"""Runs that an earlier release wrote are read and predicted from for ever."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from phoneprice.artifact import layout
from phoneprice.artifact.held_out import render_held_out
from phoneprice.artifact.loader import load_run, verify_run
from phoneprice.artifact.prediction_files import render_calibration
from phoneprice.artifact.training_files import render_document, render_history
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
    assert run.metrics.format == 1
    assert len(run.history.epochs) == 6
    assert run.held_out is not None
    assert run.environment.phoneprice == "0.1.0"
    assert run.splits.seed == 0


@pytest.mark.parametrize("kind", KINDS)
def test_golden_documents_are_written_as_they_were(kind: str) -> None:
    """Byte for byte, so one way in fits one way out."""
    path = GOLDEN / kind / "run"
    run = load_run(path)
    assert render_document(run.metrics) == (path / layout.METRICS).read_bytes()
    assert render_document(run.splits) == (path / layout.SPLITS).read_bytes()
    assert render_document(run.environment) == (path / layout.ENVIRONMENT).read_bytes()
    assert render_history(run.history) == (path / layout.HISTORY).read_bytes()
    assert render_calibration(run.calibration, run.recipes) == (path / layout.CALIBRATION).read_bytes()
    assert run.held_out is not None
    again = pq.read_table(pa.BufferReader(render_held_out(run.held_out, run.task.labels)))
    assert again.equals(pq.read_table(path / layout.OUT_OF_FOLD))


@pytest.mark.parametrize("kind", KINDS)
def test_golden_runs_can_be_evaluated(kind: str) -> None:
    report = evaluate(GOLDEN / kind / "run", GOLDEN / kind / "phones.csv")
    assert report.rows == 25
