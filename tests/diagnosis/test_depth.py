"""Layers that let nothing through."""

from __future__ import annotations

from typing import Any

import pytest

from phoneprice.diagnosis.findings import judge
from tests.diagnosis.recorded import codes, recorded

BATCH_NORM = "model.normalization.name=batch_norm"


@pytest.mark.parametrize(
    ("setting", "rows", "found"),
    [(4, 800, ["tiny_batch_norm"]), (5, 800, []), (16, 4, ["tiny_batch_norm"]), (16, 5, [])],
)
def test_tiny_batch_norm(setting: int, rows: int, found: list[str]) -> None:
    epochs = [1.0, *[0.5] * 29]
    assert codes(recorded(BATCH_NORM, f"training.batch_rows={setting}", rows=rows, train=epochs)) == found
    assert codes(recorded(f"training.batch_rows={setting}", rows=rows, train=epochs)) == []


def test_a_batch_of_one_row() -> None:
    (one,) = judge(recorded(BATCH_NORM, "training.batch_rows=1")).findings
    assert one.summary == (
        "Batch normalisation with 1 row a batch can't work: a batch of one row has no variance at all."
    )
    assert one.setting == "model.normalization.name=layer_norm"


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        (("model.hidden=[8,1]",), ["narrow_layer"]),
        (("model.hidden=[8,2]",), []),  # two classes
        (("model.hidden=[8,1]", "model.skip=true"), []),
    ],
)
def test_narrow_layer(settings: tuple[str, ...], found: list[str]) -> None:
    findings = judge(recorded("model.skip=false", *settings)).findings
    assert [finding.code for finding in findings] == found
    for finding in findings:
        assert finding.summary == "Hidden layer 2 is a bottleneck: hardly anything gets through it."
        assert (finding.evidence, finding.setting) == ("1 unit", "model.hidden=[16,16]")


@pytest.mark.parametrize(("share", "found"), [(0.39, []), (0.41, ["dead_units"])])
def test_dead_units(share: float, found: list[str]) -> None:
    measured: dict[str, Any] = {"dead_units": [[0.1]] * 50 + [[share]] * 50, "weight_norm": [[1.0]] * 100}
    assert codes(recorded("model.hidden=[8]", **measured)) == found


@pytest.mark.parametrize(
    ("tried", "remedy"),
    [((), "model.activation.name=leaky_relu"), (("model.activation.name=prelu",), "optimizer.lr=0.02")],
)
def test_dead_units_in_words(tried: tuple[str, ...], remedy: str) -> None:
    dead = [[0.0, 0.1]] * 50 + [[0.1, 0.6]] * 50
    measured: dict[str, Any] = {"dead_units": dead, "weight_norm": [[1.0, 1.0]] * 100}
    (finding,) = judge(recorded("model.hidden=[8,8]", "optimizer.lr=0.5", *tried, **measured)).findings
    assert finding.summary.startswith("Many rectifiers of hidden layer 2 are zero on every row")
    assert (finding.evidence, finding.setting) == ("60% of hidden layer 2, 10% after the first epoch", remedy)


@pytest.mark.parametrize(("layers", "remedy"), [(4, "model.activation.name=leaky_relu"), (5, "model.hidden=[8,8,8]")])
def test_rectifiers_die_of_depth(layers: int, remedy: str) -> None:
    dead, sizes = [[0.6] * layers] * 100, [[1.0] * layers] * 100
    training = recorded(f"model.hidden={[8] * layers}", dead_units=dead, weight_norm=sizes)
    (finding,) = judge(training).findings
    assert (finding.code, finding.setting) == ("dead_units", remedy)


@pytest.mark.parametrize(("left", "found"), [(0.19, []), (0.21, ["dead_units"])])
def test_units_that_decay_or_a_penalty_switched_off_are_not_dead(left: float, found: list[str]) -> None:
    sizes, dead = [[1.0]] * 50 + [[left]] * 50, [[0.9]] * 100
    assert codes(recorded("model.hidden=[8]", dead_units=dead, weight_norm=sizes)) == found
    penalised = judge(recorded("model.hidden=[8]", "penalty.name=adaptive", dead_units=dead, weight_norm=sizes))
    assert penalised.findings == ()
    assert [check.measured for check in penalised.checked if check.code == "dead_units"] == [
        "90% of hidden layer 1, 90% after the first epoch; removed by penalty or weight decay"
    ]
