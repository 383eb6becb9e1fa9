"""What is wrong before the first step: scaling and initialisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from phoneprice.data.encoding.schema import StandingAlone
from phoneprice.diagnosis.findings import judge
from tests.diagnosis.recorded import codes, falling, flat, recorded, weights

Start = Mapping[str, Sequence[float]]


@pytest.mark.parametrize(
    ("ranges", "found"),
    [
        ((1.0, 100.0), []),
        ((1.0, 101.0), ["unscaled_inputs"]),
        ((0.5, 51.0), ["unscaled_inputs"]),
        ((5.0, 100.0), []),
        ((5.0, 101.0), ["unscaled_inputs"]),  # 101 is too far from 1, whatever the other column has
        ((0.0, 0.0), []),
    ],
)
def test_unscaled_inputs(ranges: tuple[float, float], found: list[str]) -> None:
    assert codes(recorded("data.scaling=none", ranges=ranges)) == found
    assert codes(recorded(ranges=ranges)) == []


@pytest.mark.parametrize(
    ("init", "apart", "found"),
    [
        ("kaiming_normal", 2e-3, []),
        ("kaiming_normal", 1.7e-3, ["symmetric_units"]),
        ("zeros", 0.38, ["symmetric_units"]),
        ("zeros", 0.41, []),
    ],
)
def test_symmetric_units(init: str, apart: float, found: list[str]) -> None:
    training = recorded("model.hidden=[8,8]", f"model.init.name={init}")
    assert codes(replace(training, parameters=weights(training.config, apart))) == found


def test_copies_of_one_layer() -> None:
    training = recorded("model.hidden=[8,8]", "model.activation.name=tanh", "model.init.name=xavier_normal")
    second = weights(training.config, 0.0)["hidden.1.weight"]
    (finding,) = judge(replace(training, parameters={**training.parameters, "hidden.1.weight": 0 * second})).findings
    assert finding.summary.startswith("The units of hidden layer 2 are copies")
    assert finding.evidence.endswith("differ by 0.0%")
    assert finding.setting == "model.init.name=kaiming_normal"


@pytest.mark.parametrize(("width", "found"), [(1, []), (2, ["symmetric_units"])])
def test_a_layer_of_one_unit_has_nothing_to_be_equal_to(width: int, found: list[str]) -> None:
    training = recorded(f"model.hidden=[{width}]")
    assert codes(replace(training, parameters=weights(training.config, 0.0))) == found


ALONE = StandingAlone(row=7, value=1e12, times=3e10, cells=1)


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ((), "data.scaling=robust"),
        (("data.clip_inputs=false",), "data.scaling=robust"),
        (("data.scaling=robust", "data.clip_inputs=false"), "data.clip_inputs=true"),
        (("data.scaling=robust",), None),
    ],
)
def test_a_cell_that_stands_alone_is_named_and_not_the_learning_rate(
    settings: tuple[str, ...], remedy: str | None
) -> None:
    training = recorded("optimizer.lr=1", *settings, train=falling(1, 2, 100))
    columns = (training.schema.columns[0].model_copy(update={"alone": ALONE}), *training.schema.columns[1:])
    far = replace(training, schema=training.schema.model_copy(update={"columns": columns}))
    (found,) = judge(far).findings
    if remedy is None:
        assert found.code == "learning_rate_too_high"
        return
    assert (found.code, found.setting) == ("standing_alone", remedy)
    assert found.summary == "A cell is far from all others: correct it where it is a mistake."
    assert found.evidence == "x0: 1e+12 in row 7 is 3e+10 times as far from the median as any other cell"


@pytest.mark.parametrize(
    ("first_loss", "spread", "found"),
    [
        (4.9, 9.9, []),
        (5.1, 0.8, ["exploding_start"]),
        (1.0, 10.1, ["exploding_start"]),
        (float("inf"), 1.0, ["exploding_start"]),
    ],
)
def test_exploding_start(first_loss: float, spread: float, found: list[str]) -> None:
    settings = ("model.hidden=[8]", "model.init.name=normal")
    judgement = judge(recorded(*settings, first_loss=first_loss, start={"spread": [spread]}))
    assert [finding.code for finding in judgement.findings] == found
    assert [finding.setting for finding in judgement.findings] == ["model.init.name=kaiming_normal"] * len(found)


@pytest.mark.parametrize(("share", "found"), [(0.5, []), (0.51, ["saturated_start"])])
def test_saturated_start(share: float, found: list[str]) -> None:
    settings = ("model.hidden=[8,8]", "model.activation.name=tanh", "model.init.name=normal")
    equal = [1.0, 1.0]
    start = {"spread": [0.9, 0.9], "saturated": [0.1, share], "gradient_norm": equal, "weight_norm": equal}
    findings = judge(recorded(*settings, start=start)).findings
    assert [finding.code for finding in findings] == found
    for finding in findings:
        assert finding.evidence == "51% of the tanh activations of hidden layer 2 within 2.5% of a bound"
        assert finding.setting == "model.init.name=kaiming_normal"


DEEP = "model.hidden=[8,8,8]"


def through(back: float, forth: float, weight: float) -> dict[str, list[float]]:
    """The first gradients and activations of three layers of equally large weights."""
    return {"gradient_norm": [back, 0.5, 1.0], "spread": [0.8, 0.5, forth], "weight_norm": [weight] * 3}


@pytest.mark.parametrize(
    ("start", "remedy"),
    [
        (through(0.021, 0.0011, 0.5), None),
        (through(0.019, 0.5, 0.5), "model.hidden=[8,8]"),
        (through(1.0, 0.0009, 0.5), "model.hidden=[8,8]"),
        (through(1.0, 0.009, 0.12), "model.init.name=kaiming_normal"),  # beside sqrt(2 / 8)
        (through(1.0, 0.009, 0.13), None),
        (through(1.0, 0.011, 0.12), None),
    ],
)
def test_vanishing_gradients(start: Start, remedy: str | None) -> None:
    findings = judge(recorded(DEEP, "model.init.name=normal", start=start)).findings
    assert [(finding.code, finding.setting) for finding in findings] == (
        [] if remedy is None else [("vanishing_gradients", remedy)]
    )


@pytest.mark.parametrize(
    ("tried", "remedy"),
    [
        ((), "model.normalization.name=batch_norm"),
        (("training.batch_rows=7",), "model.normalization.name=layer_norm"),
        (("model.normalization.name=layer_norm",), "model.activation.name=relu"),
    ],
)
def test_remedies_of_gradients_that_saturation_makes_vanish(tried: tuple[str, ...], remedy: str) -> None:
    (finding,) = judge(recorded(DEEP, "model.activation.name=sigmoid", *tried, start=through(1e-3, 1e-4, 0.5))).findings
    assert (finding.code, finding.setting) == ("vanishing_gradients", remedy)
    assert finding.evidence == (
        "3 hidden layers of sigmoid; the first one's gradient is 0.0010 times the last one's; 0.0001000 of the "
        "inputs' spread is left in the last"
    )


def test_a_network_that_learned_all_the_same_needs_nothing() -> None:
    assert codes(recorded(DEEP, train=flat(1, 0.19), start=through(1e-3, 0.5, 0.5))) == []
    assert codes(recorded(DEEP, train=flat(1, 0.21), start=through(1e-3, 0.5, 0.5))) == ["vanishing_gradients"]


def test_a_silent_last_layer_has_no_gradients_to_compare() -> None:
    start = {"gradient_norm": [0.0] * 3, "spread": [0.8] * 3, "weight_norm": [0.5] * 3}
    (check,) = [c for c in judge(recorded(DEEP, start=start)).checked if c.code == "vanishing_gradients"]
    assert check.measured == "3 hidden layers of relu; 0.8000 of the inputs' spread is left in the last"
