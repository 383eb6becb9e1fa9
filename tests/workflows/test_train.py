"""What a run says of its training, and what it is called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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
    assert len(report.metrics.get("folds", [])) == folds


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


def test_a_run_is_called_by_its_configuration(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    quick = '[training]\nepochs = 1\nthreads = 1\ndevice = "cpu"\n'
    (tmp_path / "mine.toml").write_text(quick)
    assert train(data, "mine.toml").run.name.endswith("Z-mine")
    assert train(data, tmp_path / "mine.toml").run.name.endswith(("Z-mine", "Z-mine-2"))
    assert train(data, load_config("mine.toml")).run.name.endswith("Z-default")
