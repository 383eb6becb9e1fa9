"""What the tool does on the real files, where they are at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoneprice.components import activations, initializers, losses, normalization, optimizers, penalties, schedulers
from phoneprice.config.load import load_config
from phoneprice.records.documents import Protocol
from phoneprice.workflows.cross_validate import cross_validate
from phoneprice.workflows.train import train
from tests.components.families import choices

FAMILIES = {
    "model.activation": activations.Activation,
    "model.init": initializers.Initializer,
    "model.normalization": normalization.Normalization,
    "optimizer": optimizers.Optimizer,
    "scheduler": schedulers.Scheduler,
    "penalty": penalties.Penalty,
}
CHOICES = [f"{key}.name={name}" for key, union in FAMILIES.items() for name in choices(union)]
AN_EPOCH = ("training.epochs=1", "training.batch_rows=256", "training.threads=1", "validation.folds=2")
TARGETS = {"ordinal": "price_range", "multiclass": "price_range", "binary": "four_g", "regression": "ram"}
LOSSES = [
    (name, kind)
    for name, loss in choices(losses.Loss).items()
    for kind in sorted(loss.tasks)  # type: ignore[attr-defined]
]


@pytest.mark.parametrize("setting", CHOICES)
def test_every_choice_trains_an_epoch(setting: str, real_data: Path, tmp_path: Path) -> None:
    config = load_config(None, [setting, *AN_EPOCH])
    report = train(real_data / "mobile_price_train.csv", config, tmp_path / "run")
    assert 0 <= report.metrics["accuracy"].value <= 1


@pytest.mark.parametrize(("name", "kind"), LOSSES)
def test_every_loss_trains_an_epoch(name: str, kind: str, real_data: Path, tmp_path: Path) -> None:
    settings = [f"task.kind={kind}", f"loss.name={name}", f"data.target={TARGETS[kind]}"]
    config = load_config(None, [*settings, *AN_EPOCH])
    report = train(real_data / "mobile_price_train.csv", config, tmp_path / "run")
    assert report.metrics.metrics


@pytest.mark.parametrize(("preset", "at_least"), [(None, 0.97), ("textbook", 0.90)])
def test_out_of_fold_accuracy(preset: str | None, at_least: float, real_data: Path, tmp_path: Path) -> None:
    config = load_config(preset, ["training.threads=1"])
    report = train(real_data / "mobile_price_train.csv", config, tmp_path / "run")
    assert report.metrics["accuracy"].value >= at_least


def test_cross_validated_accuracy_and_calibration(real_data: Path) -> None:
    # One repeat of the protocol; all three: phoneprice cv mobile_price_train.csv
    config = load_config(None, ["training.threads=1"])
    report = cross_validate(real_data / "mobile_price_train.csv", config, Protocol(repeats=1))
    assert report.metrics["accuracy"].value >= 0.977
    assert report.metrics.pooled["ece"] <= 0.02


def test_regression_beats_the_usual_ones(real_data: Path) -> None:
    config = load_config(None, ["task.kind=regression", "data.target=normalized_used_price", "training.threads=1"])
    report = cross_validate(real_data / "used_phones.csv", config, Protocol(repeats=1))
    assert report.metrics["rmse"].value <= 0.226
