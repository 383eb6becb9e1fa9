"""The judgement as a whole: causes hide their symptoms, and a remedy is one that can be tried."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from phoneprice.config.load import load_config
from phoneprice.diagnosis.findings import CHECKS, judge
from phoneprice.records.findings import TrainingFindingCode
from tests.diagnosis.recorded import codes, falling, figures, recorded


def test_every_code_has_one_check() -> None:
    assert sorted(check.code for check in CHECKS) == sorted(get_args(TrainingFindingCode))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
def test_a_check_explains_later_findings_only_and_cites_its_source(check: Any) -> None:
    later = {other.code for other in CHECKS[CHECKS.index(check) + 1 :]}
    assert check.explains <= later
    assert any(character.isdigit() for character in check.source)


def test_a_healthy_training_has_no_findings() -> None:
    health: dict[str, Any] = {
        "dead_units": [[0.1]] * 100,
        "gradient_norm": [[0.1]] * 100,
        "update_ratio": [[1e-3]] * 100,
    }
    assert codes(recorded("model.hidden=[8]", **health)) == []


def test_a_cause_hides_its_symptoms_but_nothing_else() -> None:
    nothing = figures(r2=0.0)
    growing = falling(1, 2, 100)
    assert codes(recorded(train=growing, metrics=nothing)) == ["learning_rate_too_high"]
    raw = recorded("data.scaling=none", train=growing, metrics=nothing, ranges=(1.0, 1000.0))
    assert codes(raw) == ["unscaled_inputs"]
    stopping = recorded(
        "training.early_stopping.patience_epochs=50", "scheduler.name=constant", train=growing, metrics=nothing
    )
    assert codes(stopping) == ["learning_rate_too_high", "early_stopping_never_reached"]


@pytest.mark.parametrize(
    ("health", "tried", "remedy"),
    [
        ({"dead_units": [[0.6]] * 100}, (), "model.activation.name=leaky_relu"),
        ({"dead_units": [[0.6]] * 100}, ("model.activation.name=leaky_relu",), "optimizer.lr=0.002"),
        ({"saturated": [[0.8]] * 100}, (), "model.init.name=xavier_normal"),
        ({"saturated": [[0.8]] * 100}, ("model.init.name=xavier_normal",), "optimizer.lr=0.002"),
        ({"saturated": [[0.1]] * 50 + [[0.8]] * 50}, (), "optimizer.weight_decay=0.001"),
        ({"saturated": [[0.1]] * 50 + [[0.8]] * 50}, ("optimizer.weight_decay=0.05",), "optimizer.lr=0.002"),
        ({"update_ratio": [[1e-9]] * 100}, ("optimizer.lr=1e-6",), "optimizer.lr=0.005"),
        ({"update_ratio": [[1e-9]] * 100}, ("optimizer.lr=0.005",), "optimizer.lr=0.05"),
    ],
)
def test_a_remedy_is_never_what_the_run_has(health: dict[str, Any], tried: tuple[str, ...], remedy: str) -> None:
    (finding,) = judge(recorded("model.hidden=[8]", "model.init.name=normal", "optimizer.lr=0.02", *tried, **health))
    assert finding.setting == remedy
    load_config(None, [finding.setting])
