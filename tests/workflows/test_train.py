"""What a run says of its training, and what it is called."""

from __future__ import annotations

import json
import os
import tomllib
from functools import reduce
from operator import getitem
from pathlib import Path

import numpy as np
import pytest

from phoneprice import load
from phoneprice.artifact.loader import load_run, verify_run
from phoneprice.config.fields import toml_value
from phoneprice.config.load import load_config
from phoneprice.data.samples.sample import generate
from phoneprice.errors import DivergedError, ModelError
from phoneprice.workflows.train import train
from tests.config.every_setting import settings_of

QUICK = ["training.epochs=1", "training.threads=1", "training.device=cpu", "model.hidden=[2]"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    import pyarrow.csv

    pyarrow.csv.write_csv(generate(60, seed=5, labelled=True), tmp_path / "phones.csv")
    return tmp_path / "phones.csv"


@pytest.mark.parametrize(
    ("settings", "folds"),
    [
        (["validation.folds=3", "validation.members=2"], 3),
        (["validation.folds=1000"], 15),
        (["validation.scheme=holdout"], 1),
        (["validation.scheme=none"], 0),
    ],
)
def test_splits_count_the_held_out_sets(data: Path, tmp_path: Path, settings: list[str], folds: int) -> None:
    report = train(data, load_config(None, [*QUICK, *settings]), tmp_path / "run")
    recorded = json.loads((tmp_path / "run" / "splits.json").read_text())["folds"]
    assert recorded == folds
    assert len(report.metrics.folds or ()) == folds
    assert verify_run(tmp_path / "run")
    assert load(tmp_path / "run").metrics == report.metrics


@pytest.mark.parametrize("kind", ["multiclass", "regression"])
@pytest.mark.parametrize("scheme", ["kfold", "holdout", "none"])
def test_what_is_written_agrees_with_itself(data: Path, tmp_path: Path, kind: str, scheme: str) -> None:
    stopping = ["training.early_stopping.patience_epochs=1", "training.epochs=3", "validation.members=2"]
    config = load_config(None, [*QUICK, *stopping, f"task.kind={kind}", f"validation.scheme={scheme}"])
    train(data, config, tmp_path / "run")
    assert verify_run(tmp_path / "run")


def test_a_command_line_that_is_no_unicode(data: Path, tmp_path: Path) -> None:
    odd = os.fsdecode(b"ph\xffnes.csv")
    train(data, load_config(None, QUICK), tmp_path / "run", command_line=("phoneprice", "train", odd))
    assert load(tmp_path / "run").run.environment.command_line[-1] == "ph\\xffnes.csv"


def test_a_diverged_training_leaves_nothing_to_resume(data: Path, tmp_path: Path) -> None:
    wild = ["optimizer.name=sgd", "optimizer.lr=1e20", "training.network_start=0", "training.checkpoint_seconds=0"]
    config = load_config(None, [*QUICK, *wild, "loss.name=mse", "task.kind=regression", "training.epochs=9"])
    with pytest.raises(DivergedError):
        train(data, config, tmp_path / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["phones.csv"]
    with pytest.raises(ModelError) as caught:
        train(data, config, tmp_path / "run", resume=True)
    run = tmp_path / "run"
    assert str(caught.value) == (
        f"{run}: found no training of it, so there is nothing to resume; train without --resume"
    )


def outcomes(kind: str, optimizer: str, lr: str) -> set[str]:
    """What a rate may lead to; which of the two is chance for the rates between."""
    if lr == "1" or (kind == "ordinal" and optimizer != "sgd" and lr != "1e20"):
        return {"usable"}
    return {"diverged"} if kind == "regression" else {"usable", "diverged"}


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("kind", ["ordinal", "regression"])
@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "rmsprop"])
@pytest.mark.parametrize("lr", ["1", "1e3", "1e5", "1e10", "1e12", "1e15", "1e18", "1e20"])
def test_a_training_either_diverges_or_ends_in_a_usable_run(
    data: Path, tmp_path: Path, kind: str, optimizer: str, lr: str
) -> None:
    wild = [f"optimizer.name={optimizer}", f"optimizer.lr={lr}", "training.epochs=4", "model.hidden=[8]"]
    loss = "mse" if kind == "regression" else "ordinal"
    config = load_config(None, [*QUICK, *wild, f"task.kind={kind}", f"loss.name={loss}"])
    try:
        result = train(data, config, tmp_path / "run")
    except DivergedError:
        assert "diverged" in outcomes(kind, optimizer, lr)
        return
    assert "usable" in outcomes(kind, optimizer, lr)
    json.dumps(result.metrics.document(), allow_nan=False)
    assert verify_run(tmp_path / "run")
    model = load(tmp_path / "run")
    predicted = model.predict(data) if kind == "regression" else model.predict_proba(data)
    assert np.isfinite(predicted).all()


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_some_members_diverged(data: Path, tmp_path: Path) -> None:
    """The message, the document and the finding count the same members."""
    wild = ["optimizer.name=sgd", "optimizer.lr=1e15", "training.epochs=4", "task.kind=ordinal", "loss.name=ordinal"]
    report = train(data, load_config(None, [*QUICK, *wild]), tmp_path / "run")
    lost = [member for member in report.metrics.members if member.diverged_epoch]
    assert 0 < len(lost) < len(report.metrics.members)
    (message,) = (warning for warning in report.warnings if "diverged" in warning)
    assert message.startswith(f"{len(lost)} of 5 members diverged; they predict with ")
    assert report.findings[0].code == "diverged"
    assert report.findings[0].evidence.startswith(f"{len(lost)} of 5 members, ")


@pytest.mark.parametrize("lr", ["0.05", "0.1", "0.15"])
def test_members_that_exploded_do_not_spoil_the_others(tmp_path: Path, lr: str) -> None:
    """One far row drives some members away; their last finite weights are of any size."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 5))
    y = x.sum(1) + 0.1 * rng.normal(size=300)
    x[7], y[7] = 30 * x[7], 40
    lines = [",".join(f"{value:.4f}" for value in row) for row in np.column_stack([x, y])]
    (tmp_path / "far.csv").write_text("\n".join(["a,b,c,d,e,y", *lines]))
    wild = ["optimizer.name=sgd", f"optimizer.lr={lr}", "training.batch_rows=60", "training.epochs=30"]
    plain = ["data.target=y", "task.kind=regression", "penalty.name=none", "training.network_start=0"]
    raw = ["data.clip_inputs=false", "task.clip_predictions=false"]
    config = load_config(None, [*plain, *wild, *raw, "training.threads=1", "training.device=cpu"])
    report = train(tmp_path / "far.csv", config, tmp_path / "run")
    assert any(member.diverged_epoch for member in report.metrics.members)
    assert report.metrics["rmse"].value < 100


def test_a_run_is_called_by_its_configuration(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    quick = '[training]\nepochs = 1\nthreads = 1\ndevice = "cpu"\n'
    (tmp_path / "mine.toml").write_text(quick)
    assert train(data, "mine.toml").run.name.endswith("Z-mine")
    assert train(data, tmp_path / "mine.toml").run.name.endswith(("Z-mine", "Z-mine-2"))
    assert train(data, load_config("mine.toml")).run.name.endswith("Z-default")


CHOSEN = {
    "task.kind": "binary",
    "model.encoding.name": "piecewise_linear",
    "model.activation.name": "leaky_relu",
    "model.init.name": "kaiming_uniform",
    "model.normalization.name": "layer_norm",
    "loss.name": "binary_cross_entropy",
    "penalty.name": "adaptive",
    "optimizer.name": "rmsprop",
    "scheduler.name": "one_cycle",
}
QUICK_AND_POSSIBLE = {
    "data.ignored_columns": ("b",),
    "data.categorical_columns": ("c",),
    "model.dropout": (0.25, 0.125),
    "validation.scheme": "holdout",
    "training.epochs": 2,
    "training.device": "cpu",
}
INSTEAD_OF_OTHERS = {"task.decision", "task.costs", "data.group_column"}
"""Beside a threshold, or an order of the rows, they can't be."""


NOT_HERE = {"data.header", "portfolio"}
"""The columns have names; settings of the network leave a portfolio out (``test_portfolio.py``)."""


def test_every_setting_is_in_the_run_that_it_was_given_for(tmp_path: Path) -> None:
    """None is at its default; they come from a file, the environment and ``-s`` by turns."""
    settings = {
        given.path: given.value
        for given in settings_of()
        if given.needed.items() <= CHOSEN.items() and given.path not in {*CHOSEN, *INSTEAD_OF_OTHERS, *NOT_HERE}
    }
    settings |= QUICK_AND_POSSIBLE
    assert len(settings) > 50
    lines = [f"{path} = {toml_value(value)}" for path, value in [*CHOSEN.items(), *list(settings.items())[::3]]]
    (tmp_path / "own.toml").write_text("\n".join(lines), encoding="utf-8")
    environ = {
        f"PHONEPRICE_{path.upper().replace('.', '__')}": toml_value(value)
        for path, value in list(settings.items())[1::3]
    }
    overrides = [f"{path}={toml_value(value)}" for path, value in list(settings.items())[2::3]]
    config = load_config(tmp_path / "own.toml", overrides, environ)
    rows = [f"{i};é;{i % 4};{('low', 'high')[i % 3 == 0]};{1 + i % 2};{i};2024-05-{1 + i % 9}" for i in range(40)]
    lines = [*["above"] * settings["data.skip_lines"], "a;b;c;the price;the weight;the day;sold", *rows]
    (tmp_path / "data.csv").write_text("\n".join(lines), encoding="latin-1")
    train(tmp_path / "data.csv", config, tmp_path / "run")
    written = tomllib.loads((tmp_path / "run" / "config.toml").read_text(encoding="utf-8"))
    for path, value in (settings | CHOSEN).items():
        as_written = json.loads(json.dumps(value, default=lambda section: section.model_dump(exclude_unset=True)))
        assert reduce(getitem, path.split("."), written) == as_written, path
    assert load_run(tmp_path / "run").config == config
