"""A row or a cell far out from all others, in the rows to learn from or in those to predict."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from phoneprice import evaluate, load, predict, train
from phoneprice.config.load import load_config
from phoneprice.config.schema import Config, DataConfig
from phoneprice.data.encoding.schema import Column, StandingAlone
from phoneprice.errors import DivergedError
from phoneprice.workflows.events import ignore
from phoneprice.workflows.fitting import _judge_divergence
from phoneprice.workflows.train import TrainResult

ROWS = 120
QUICK = ["training.epochs=60", "training.threads=1", "training.device=cpu", "validation.folds=3", "data.target=y"]


def frame(kind: str, *, far: float | None = None) -> pd.DataFrame:
    random = np.random.default_rng(0)
    x, z = random.normal(size=ROWS), random.normal(size=ROWS)
    y = 3 * x + z if kind == "regression" else np.where(x > 0, "dear", "cheap")
    table = pd.DataFrame({"x": x, "z": z, "y": y}).round(4)
    if far is not None:
        table.loc[6, "x"] = far
    return table


def trained(folder: Path, kind: str, far: float | None, *settings: str) -> TrainResult:
    frame(kind, far=far).to_csv(folder / "t.csv", index=False)
    config = load_config(None, [*QUICK, f"task.kind={kind}", *settings])
    return train(folder / "t.csv", config, folder / "run", force=True)


@pytest.mark.parametrize("far", [100.0, 1e12, -1e300])
def test_one_far_out_cell_ruins_no_regression(far: float, tmp_path: Path) -> None:
    result = trained(tmp_path, "regression", far)
    assert result.metrics["r2"].value > 0.7
    assert [finding.code for finding in result.findings] == ["standing_alone"]
    assert " in row 7 is " in result.findings[0].evidence
    clean = frame("regression").iloc[:60]
    assert load(tmp_path / "run").evaluate(clean).metrics["r2"].value > 0.9


def test_one_absurd_cell_ruins_no_classification(tmp_path: Path) -> None:
    assert trained(tmp_path, "binary", 1e12).metrics["accuracy"].value > 0.9
    raw = trained(tmp_path, "binary", 1e12, "data.clip_inputs=false")
    assert raw.metrics["accuracy"].value < 0.75
    assert (raw.findings[0].code, raw.findings[0].setting) == ("standing_alone", "data.scaling=robust")


def test_a_row_to_predict_that_is_far_out(tmp_path: Path) -> None:
    trained(tmp_path, "regression", None)
    data = tmp_path / "new.csv"
    data.write_text("x,z,y\n1e12,0,3\n0.1,0.2,0.5\n")
    result = predict(tmp_path / "run", data, tmp_path / "out.csv")
    first, second = pd.read_csv(tmp_path / "out.csv")["prediction"]
    highest = frame("regression")["y"].max()
    assert first < 1.6 * highest
    assert abs(second - 0.5) < 0.5
    drawn_in = "1 cell outside the range of the training data (x 1): drawn in to near it (data.clip_inputs)"
    assert result.warnings[0] == f"{data}: {drawn_in}"
    assert evaluate(tmp_path / "run", data).warnings == result.warnings


def test_predictions_stay_near_the_targets_though_inputs_may_be_anything(tmp_path: Path) -> None:
    kept = "1 prediction far beyond the range of the training targets: kept near it (task.clip_predictions)"
    new = pd.DataFrame({"x": [1e6, 0.1], "z": [0.0, 0.2], "y": [3.0, 0.5]})
    trained(tmp_path, "regression", None, "data.clip_inputs=false")
    model = load(tmp_path / "run")
    with pytest.warns(UserWarning, match="range of the training") as told:
        found = model.predict(new[["x", "z"]])["prediction"]
    outside = "1 cell outside the range of the training data (x 1): the model extrapolates there"
    assert [str(warning.message) for warning in told] == [outside, kept]
    targets = frame("regression")["y"]
    assert targets.max() < found[0] < targets.max() + 0.5 * (targets.max() - targets.min())
    new.to_csv(tmp_path / "new.csv", index=False)
    for result in (
        predict(tmp_path / "run", tmp_path / "new.csv", tmp_path / "out.csv"),
        evaluate(tmp_path / "run", tmp_path / "new.csv"),
    ):
        assert result.warnings[1:] == (f"{tmp_path / 'new.csv'}: {kept}",)
    trained(tmp_path, "regression", None, "data.clip_inputs=false", "task.clip_predictions=false")
    with pytest.warns(UserWarning, match="the model extrapolates there$"):
        assert load(tmp_path / "run").predict(new[["x", "z"]])["prediction"][0] > 1e5


def test_an_absurd_target_is_named(tmp_path: Path) -> None:
    table = frame("regression")
    table.loc[3, "y"] = 1e12
    table.to_csv(tmp_path / "t.csv", index=False)
    result = train(tmp_path / "t.csv", load_config(None, [*QUICK, "task.kind=regression"]), tmp_path / "run")
    (told,) = [warning for warning in result.warnings if "column 'y': 1e+12 in row 4 is " in warning]
    assert told.endswith(" times as far from the median as any other cell; correct it, or delete the row")


@pytest.mark.parametrize(
    ("clipped", "cause"),
    [
        (
            False,
            (
                "2e+09 in row 7 is 3e+08 times as far from the median as any other cell of 'x': correct it, or try "
                "data.clip_inputs = true"
            ),
        ),
        (True, "optimizer.lr = 0.02: try optimizer.lr = 0.002 or training.gradient_clip_norm = 1"),
    ],
)
def test_the_likely_cause_of_a_divergence_is_the_row(*, clipped: bool, cause: str) -> None:
    alone = StandingAlone(row=7, value=2e9, times=3e8, cells=1)
    columns = (Column(name="z", kind="numeric"), Column(name="x", kind="numeric", alone=alone))
    config = Config(data=DataConfig(clip_inputs=clipped))
    with pytest.raises(DivergedError, match=f"; the likely cause is {re.escape(cause)}$"):
        _judge_divergence(np.array([3, 2]), [config] * 2, ignore, columns)
