"""What a run says of its training, and what it is called."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from phoneprice import load
from phoneprice.config.load import load_config
from phoneprice.data.sample import generate
from phoneprice.errors import DivergedError, ModelError
from phoneprice.workflows.train import train

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


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "rmsprop"])
@pytest.mark.parametrize("lr", ["1", "1e3", "1e5", "1e10", "1e12", "1e15", "1e18", "1e20"])
def test_a_training_either_diverges_or_ends_in_a_usable_run(
    data: Path, tmp_path: Path, optimizer: str, lr: str
) -> None:
    wild = [f"optimizer.name={optimizer}", f"optimizer.lr={lr}", "training.epochs=4", "model.hidden=[8]"]
    for kind in ("ordinal", "regression"):
        loss = "mse" if kind == "regression" else "ordinal"
        config = load_config(None, [*QUICK, *wild, f"task.kind={kind}", f"loss.name={loss}"])
        with suppress(DivergedError):
            report = train(data, config, tmp_path / kind)
            json.dumps(report.metrics.document(), allow_nan=False)
            model = load(tmp_path / kind)
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
    config = load_config(None, [*plain, *wild, "training.threads=1", "training.device=cpu"])
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
