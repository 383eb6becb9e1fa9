"""Scaling, initialisation and batch normalisation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from phoneprice.data.encoding.schema import StandingAlone
from phoneprice.diagnosis.findings import judge
from tests.diagnosis.recorded import codes, falling, recorded, weights

BATCH_NORM = "model.normalization.name=batch_norm"


@pytest.mark.parametrize(
    ("setting", "rows", "found"),
    [(4, 800, ["tiny_batch_norm"]), (5, 800, []), (16, 4, ["tiny_batch_norm"]), (16, 5, [])],
)
def test_tiny_batch_norm(setting: int, rows: int, found: list[str]) -> None:
    assert codes(recorded(BATCH_NORM, f"training.batch_rows={setting}", rows=rows)) == found
    assert codes(recorded(f"training.batch_rows={setting}", rows=rows)) == []


def test_remedies_of_tiny_batches() -> None:
    (one,) = judge(recorded(BATCH_NORM, "training.batch_rows=1"))
    assert one.summary == (
        "Batch normalisation with 1 row a batch can't work: a batch of one row has no variance at all."
    )
    assert one.setting == "training.batch_rows=64"
    (few,) = judge(recorded(BATCH_NORM, "training.batch_rows=5", rows=3))
    assert few.setting == "model.normalization.name=none"  # there are no more rows for a batch


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
    (finding,) = judge(replace(training, parameters={**training.parameters, "hidden.1.weight": 0 * second}))
    assert finding.summary.startswith("The units of hidden layer 2 are copies")
    assert finding.evidence.endswith("differ by 0.0%")
    assert finding.setting == "model.init.name=xavier_uniform"  # the other was tried


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
    training = recorded(*settings, train=falling(1, 2, 100))
    columns = (training.schema.columns[0].model_copy(update={"alone": ALONE}), *training.schema.columns[1:])
    far = replace(training, schema=training.schema.model_copy(update={"columns": columns}))
    (found,) = judge(far)
    if remedy is None:
        assert found.code == "learning_rate_too_high"
        return
    assert (found.code, found.setting) == ("standing_alone", remedy)
    assert found.summary == "A cell is far from all others: correct it where it is a mistake."
    assert found.evidence == "x0: 1e+12 in row 7 is 3e+10 times as far from the median as any other cell"
