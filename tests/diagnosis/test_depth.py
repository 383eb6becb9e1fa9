"""Gradients and activations on their way through the layers."""

from __future__ import annotations

import pytest

from phoneprice.diagnosis.findings import judge
from tests.diagnosis.recorded import codes, recorded

DEEP = "model.hidden=[8,8,8]"


@pytest.mark.parametrize(
    ("ratio", "epochs", "found"),
    [
        (1.1e3, 30, ["exploding_gradients"]),
        (0.9e3, 30, []),
        (1.1e3, 20, []),  # less than a quarter of the training
        (0.9e-3, 30, ["vanishing_gradients"]),
        (1.1e-3, 30, []),
        (0.9e-3, 20, []),
    ],
)
def test_gradients_through_the_layers(ratio: float, epochs: int, found: list[str]) -> None:
    gradients = [[ratio, 1.0, 1.0]] * epochs + [[1.0, 1.0, 1.0]] * (100 - epochs)
    assert codes(recorded(DEEP, gradient_norm=gradients)) == found
    assert codes(recorded("model.hidden=[8]", gradient_norm=gradients)) == []


def test_gradients_that_do_both_explode() -> None:
    gradients = [[1e-4, 1.0, 1.0]] * 50 + [[1e4, 1.0, 1.0]] * 50
    assert codes(recorded(DEEP, gradient_norm=gradients)) == ["exploding_gradients"]


def test_a_penalty_on_the_inputs_pulls_the_first_layer_alone() -> None:
    gradients = [[1e4, 1.0, 1.0]] * 100
    assert codes(recorded(DEEP, "penalty.name=adaptive", gradient_norm=gradients)) == []
    assert codes(recorded(DEEP, "penalty.name=adaptive", "penalty.inputs=0", gradient_norm=gradients)) != []


@pytest.mark.parametrize(
    ("tried", "remedy"),
    [
        ((), "training.gradient_clip_norm=1"),
        (("training.gradient_clip_norm=1",), "model.normalization.name=batch_norm"),
        (("training.gradient_clip_norm=0.5", "model.normalization.name=batch_norm"), "model.hidden=[8,8]"),
    ],
)
def test_remedies_of_exploding_gradients(tried: tuple[str, ...], remedy: str) -> None:
    (finding,) = judge(recorded(DEEP, *tried, gradient_norm=[[1e4, 1.0, 1.0]] * 100))
    assert (finding.code, finding.setting) == ("exploding_gradients", remedy)


@pytest.mark.parametrize(
    ("tried", "remedy"),
    [
        (("model.activation.name=sigmoid",), "model.activation.name=relu"),
        (("model.init.name=normal",), "model.normalization.name=batch_norm"),
        (("model.init.name=normal", "model.normalization.name=batch_norm"), "model.init.name=kaiming_normal"),
        (("model.init.name=kaiming_normal", "model.normalization.name=batch_norm"), "model.hidden=[8,8]"),
    ],
)
def test_remedies_of_vanishing_gradients(tried: tuple[str, ...], remedy: str) -> None:
    (finding,) = judge(recorded(DEEP, *tried, gradient_norm=[[1e-4, 1.0, 1.0]] * 100))
    assert (finding.code, finding.setting) == ("vanishing_gradients", remedy)


@pytest.mark.parametrize(("share", "found"), [(0.39, []), (0.41, ["dead_units"])])
def test_dead_units(share: float, found: list[str]) -> None:
    assert codes(recorded("model.hidden=[8]", dead_units=[[0.1]] * 50 + [[share]] * 50)) == found


def test_dead_units_in_words() -> None:
    (finding,) = judge(
        recorded("model.hidden=[8,8]", "optimizer.lr=0.5", dead_units=[[0.0, 0.1]] * 50 + [[0.1, 0.6]] * 50)
    )
    assert finding.summary.startswith("Many rectifiers of hidden layer 2 are zero on every row")
    assert (finding.evidence, finding.setting) == (
        "60% of its units are dead, 10% were after the first epoch",
        "optimizer.lr=0.05",
    )


@pytest.mark.parametrize(("left", "found"), [(0.04, []), (0.06, ["dead_units"])])
def test_units_that_a_penalty_switched_off_are_not_dead(left: float, found: list[str]) -> None:
    sizes = [[1.0]] * 50 + [[left]] * 50
    dead = [[0.9]] * 100
    assert codes(recorded("model.hidden=[8]", "penalty.name=adaptive", dead_units=dead, weight_norm=sizes)) == found
    assert codes(recorded("model.hidden=[8]", dead_units=dead, weight_norm=sizes)) == ["dead_units"]


@pytest.mark.parametrize(("share", "found"), [(0.49, []), (0.51, ["saturated_units"])])
def test_saturated_units(share: float, found: list[str]) -> None:
    training = recorded("model.hidden=[8]", "model.activation.name=tanh", saturated=[[0.1]] * 50 + [[share]] * 50)
    assert codes(training) == found
