"""Cross-validation where a fold has no value of a metric, and what the baselines leave behind."""

from __future__ import annotations

import io
import json
import sys
import warnings
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pyarrow.parquet as pq
import pytest

from phoneprice.config.load import load_config
from phoneprice.errors import StorageError, UsageError
from phoneprice.records.documents import Protocol
from phoneprice.stream import STREAM
from phoneprice.workflows.baselines import Scores
from phoneprice.workflows.cross_validate import cross_validate, make_folds

QUICK = ["training.epochs=1", "training.threads=1", "training.device=cpu", "model.hidden=[2]", "validation.folds=2"]
REGRESSION = load_config(None, [*QUICK, "task.kind=regression", "data.target=y"])
module = sys.modules["phoneprice.workflows.cross_validate"]


@pytest.fixture
def nearly_constant(tmp_path: Path) -> Path:
    """A target that is 1 in all rows but two: with 4 folds, at least two test sets have no R2."""
    x = np.random.default_rng(0).normal(size=24).round(3)
    y = np.ones(24)
    y[[0, 1]] = 2
    path = tmp_path / "phones.csv"
    path.write_text("a,y\n" + "".join(f"{a},{b}\n" for a, b in zip(x.tolist(), y.tolist(), strict=True)))
    return path


def test_predictions_never_replace_the_table(nearly_constant: Path) -> None:
    before = nearly_constant.read_bytes()
    with pytest.raises(UsageError) as caught:
        cross_validate(nearly_constant, REGRESSION, Protocol(4, 1, 0), predictions=nearly_constant)
    assert str(caught.value) == f"{nearly_constant}: is the input itself; name another file with --predictions"
    assert nearly_constant.read_bytes() == before


def test_predictions_may_go_to_stdout(nearly_constant: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    found = cross_validate(nearly_constant, REGRESSION, Protocol(4, 1, 0), predictions=STREAM)
    assert pq.read_table(io.BytesIO(capfdbinary.readouterr().out)).num_rows == found.rows


def test_nothing_is_trained_for_predictions_that_can_not_be_written(nearly_constant: Path) -> None:
    events: list[object] = []
    place = nearly_constant / "predictions.parquet"
    with pytest.raises(StorageError):
        cross_validate(nearly_constant, REGRESSION, Protocol(4, 1, 0), predictions=place, on_event=events.append)
    assert events == []


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("seed", range(4))
def test_a_metric_that_some_folds_lack(nearly_constant: Path, seed: int) -> None:
    document = cross_validate(nearly_constant, REGRESSION, Protocol(4, 1, seed), baselines=True).metrics.document()
    found = [line["r2"] for line in document["folds"] if "r2" in line]
    assert 1 <= len(found) <= 2
    assert document["metrics"]["r2"]["value"] == pytest.approx(np.mean(found))
    for name, baseline in document["baselines"].items():
        theirs, lead = baseline["metrics"]["r2"], baseline["ours_minus_theirs"]["r2"]
        assert lead["value"] == pytest.approx(np.mean(found) - theirs["value"]), name


def test_only_folds_where_both_have_the_metric_are_paired(
    nearly_constant: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs: Scores = [{"rmse": 1.0}, {"rmse": 2.0, "odd": 1.0}, {}, {"rmse": 4.0}]
    monkeypatch.setattr("phoneprice.workflows.baselines.baseline_scores", lambda *_: {"theirs": theirs})
    document = cross_validate(nearly_constant, REGRESSION, Protocol(4, 1), baselines=True).metrics.document()
    found, ours = document["baselines"]["theirs"], [line["rmse"] for line in document["folds"]]
    assert found["metrics"]["rmse"]["value"] == pytest.approx(7 / 3)
    assert found["metrics"]["odd"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert list(found["ours_minus_theirs"]) == ["rmse"]
    expected = np.mean([ours[0] - 1, ours[1] - 2, ours[3] - 4])
    assert found["ours_minus_theirs"]["rmse"]["value"] == pytest.approx(expected)


def test_a_protocol_of_numpys_numbers(nearly_constant: Path) -> None:
    plain = cross_validate(nearly_constant, REGRESSION, Protocol(2, 1, 3)).metrics.document()
    numbers: tuple[Any, ...] = (np.int64(2), np.uint8(1), np.uint32(3))
    theirs = Protocol(*numbers)
    assert json.dumps(cross_validate(nearly_constant, REGRESSION, theirs).metrics.document()) == json.dumps(plain)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_baselines_leave_the_filters_of_warnings_alone_and_folds_are_made_once(
    nearly_constant: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sklearn.exceptions import ConvergenceWarning

    from phoneprice.workflows.baselines import fitted_quietly

    cross_validate(nearly_constant, REGRESSION, Protocol(2, 1), baselines=True)  # its imports may add filters
    folds_made = mock.Mock(wraps=make_folds)
    monkeypatch.setattr(module, "make_folds", folds_made)
    before = list(warnings.filters)
    cross_validate(nearly_constant, REGRESSION, Protocol(2, 1), baselines=True)
    assert warnings.filters == before
    assert folds_made.call_count == 1

    class Stopping:
        def fit(self, _x: object, _y: object) -> Stopping:
            warnings.warn("stopped", ConvergenceWarning, stacklevel=1)
            return self

        def predict(self, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
            return x[:, 0]

    with warnings.catch_warnings(action="error"):
        assert fitted_quietly(Stopping(), np.ones((2, 1)), np.zeros(2)).predict(np.ones((2, 1))).tolist() == [1.0, 1.0]
