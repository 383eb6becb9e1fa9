"""Networks that are held back too much, or too little."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from phoneprice.diagnosis.findings import judge
from tests.diagnosis.recorded import codes, falling, figures, flat, member, recorded


@pytest.mark.parametrize(
    ("setting", "found"),
    [
        ("model.dropout=0.75", []),
        ("model.dropout=0.76", ["heavy_dropout"]),
        ("model.input_dropout=0.75", []),
        ("model.input_dropout=0.76", ["heavy_dropout"]),
    ],
)
def test_heavy_dropout(setting: str, found: list[str]) -> None:
    findings = judge(recorded("model.hidden=[8]", setting)).findings
    assert [finding.code for finding in findings] == found
    assert [finding.setting for finding in findings] == [setting.replace("0.76", "0.2")] * len(found)


def test_a_network_without_hidden_layers_may_drop_inputs() -> None:
    assert codes(recorded("model.hidden=[]", "model.input_dropout=0.5")) == []


@pytest.mark.parametrize(
    ("decay", "left", "found"),
    [(1, 0.45, ["heavy_weight_decay"]), (0.9, 0.45, []), (1, 0.55, [])],
)
def test_heavy_weight_decay(decay: float, left: float, found: list[str]) -> None:
    sizes = [[0.5], [1.0], *[[left]] * 98]
    assert codes(recorded("model.hidden=[8]", f"optimizer.weight_decay={decay}", weight_norm=sizes)) == found


@pytest.mark.parametrize(
    ("strength", "end", "found"),
    [(10, 0.96, ["heavy_penalty"]), (9.9, 0.96, []), (10, 0.94, [])],
)
def test_heavy_penalty(strength: float, end: float, found: list[str]) -> None:
    penalty = ("penalty.name=adaptive", f"penalty.inputs={strength}")
    findings = judge(recorded(*penalty, train=flat(1, end))).findings
    assert [finding.code for finding in findings] == found
    assert [finding.setting for finding in findings] == ["penalty.name=none"] * len(found)


@pytest.mark.parametrize(
    ("train", "validation", "best", "found"),
    [
        (0.10, 0.21, 0.21, ["overfitting"]),
        (0.10, 0.19, 0.19, []),  # less than twice the training loss
        (0.01, 0.12, 0.12, ["overfitting"]),
        (0.01, 0.10, 0.10, []),  # less than 10% of the guessing loss apart
        (0.30, 0.36, 0.32, ["overfitting"]),
        (0.30, 0.34, 0.30, []),  # it rose, but the gap is below 5%
        (0.30, 0.40, 0.38, []),  # it rose by less than 3%
    ],
)
def test_overfitting(train: float, validation: float, best: float, found: list[str]) -> None:
    losses = [*falling(1, best, 50), *falling(best, validation, 51)[1:]]
    training = recorded(train=flat(1, train), validation=losses)
    assert codes(training) == found


def test_with_early_stopping_the_best_weights_count() -> None:
    losses: dict[str, Any] = {"train": flat(1, 0.3), "validation": [*falling(1, 0.35, 50), *falling(0.35, 0.6, 50)]}
    assert codes(recorded(**losses)) == ["overfitting"]
    assert codes(recorded("training.early_stopping.patience_epochs=20", **losses)) == []


def test_a_gap_within_the_noise_of_few_rows_is_none() -> None:
    """Of three members or more it is that of their mean, else that of the metric."""
    one = recorded(train=flat(1, 0.1), validation=flat(1, 0.25), metrics=figures(log_loss=0.25))
    assert codes(one) == ["overfitting"]
    wide = replace(one.metrics.metrics["log_loss"], low=0.05, high=0.45)
    assert codes(replace(one, metrics=one.metrics.model_copy(update={"metrics": {"log_loss": wide}}))) == []
    several = one.curves.validation_loss + np.array([-0.2, 0.0, 0.2])
    both = ("train_loss", "learning_rate", "active")
    same: dict[str, Any] = {name: np.repeat(getattr(one.curves, name), 3, axis=1) for name in both}
    three = replace(one.curves, validation_loss=several, **same)
    metrics = figures(members=[member(800)] * 3)
    assert codes(replace(one, curves=three, metrics=metrics)) == []


def test_overfitting_in_words() -> None:
    losses = {"train": flat(1, 0.01), "validation": [*falling(1, 0.4, 30), *falling(0.4, 0.9, 70)]}
    (finding,) = judge(recorded(**losses)).findings  # type: ignore[arg-type]
    assert finding.evidence == (
        "training loss 0.0100, validation loss 0.9000 (+- 0.0000), lowest 0.4000 after epoch 30 of 100"
    )
    tried = list[str]()
    for remedy in ("optimizer.weight_decay=0.01", "model.dropout=0.2", "training.early_stopping.patience_epochs=20"):
        (finding,) = judge(recorded(*tried, **losses)).findings  # type: ignore[arg-type]
        assert finding.setting == remedy
        tried.append(remedy)
    (finding,) = judge(recorded("model.normalization.name=batch_norm", **losses)).findings  # type: ignore[arg-type]
    assert finding.setting == "model.dropout=0.2"  # the size of its weights says nothing
    stopped: dict[str, Any] = {"train": flat(1, 0.01), "validation": flat(1, 0.9)}
    (finding,) = judge(recorded(*tried, **stopped)).findings
    assert (finding.setting, finding.remedy) == ("", "phoneprice data check")
