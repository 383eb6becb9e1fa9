"""The lines of a history as arrays."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from phoneprice.artifact.training_files import parse_history, render_history
from phoneprice.errors import ModelError
from phoneprice.records import EpochRecord
from phoneprice.records.curves import Curves


def line(epoch: int, **changes: Any) -> dict[str, Any]:
    """Two members that learn."""
    usual = {"train_loss": [0.5, 0.25], "validation_loss": [0.75, 1.0], "learning_rate": [0.1, 0.2]}
    return {"epoch": epoch, **usual, "active": [True, True], "health": {}, **changes}


def read(lines: list[dict[str, Any]]) -> Curves:
    return parse_history("\n".join(map(json.dumps, lines)).encode(), "history.jsonl")


def test_a_row_an_epoch_and_a_column_a_member() -> None:
    curves = read([line(1), line(2, train_loss=[0.25, 0.125], active=[True, False]), line(3)])
    assert curves.epochs.tolist() == [1, 2, 3]
    assert curves.train_loss.tolist() == [[0.5, 0.25], [0.25, 0.125], [0.5, 0.25]]
    assert curves.validation_loss.tolist() == [[0.75, 1.0]] * 3
    assert curves.learning_rate.tolist() == [[0.1, 0.2]] * 3
    assert curves.active.tolist() == [[True, True], [True, False], [True, True]]
    assert curves.members == 2
    assert curves.health == {}


def test_what_was_not_measured_is_nan() -> None:
    curves = read([line(1, validation_loss=[None, 1.0]), line(2, train_loss=[None, 0.5])])
    np.testing.assert_array_equal(curves.validation_loss, [[np.nan, 1.0], [0.75, 1.0]])
    np.testing.assert_array_equal(curves.train_loss, [[0.5, 0.25], [np.nan, 0.5]])
    assert curves.train_loss.dtype == np.float64


@pytest.mark.parametrize(
    ("losses", "validated"), [([None, None], False), ([None, 0.5], True), ([0.5, None], True), ([0.5, 0.5], True)]
)
def test_one_watched_loss_is_enough_to_be_validated(losses: list[float | None], *, validated: bool) -> None:
    unwatched = line(1, validation_loss=[None, None])
    assert read([unwatched, line(2, validation_loss=losses)]).validated is validated


def test_health_has_a_place_for_each_layer() -> None:
    norms = {"gradient_norm": [[1.0, 2.0, 3.0], [4.0, 5.0, None]], "validation_accuracy": [[0.5], [0.25]]}
    health = read([line(1, health=norms), line(2, health=norms)]).health
    assert list(health) == list(norms)
    assert health["gradient_norm"].shape == (2, 2, 3)
    assert health["validation_accuracy"].tolist() == [[[0.5], [0.25]]] * 2
    np.testing.assert_array_equal(health["gradient_norm"][1, 1], [4.0, 5.0, np.nan])


def test_a_record_comes_back_as_it_was_written() -> None:
    record = EpochRecord(
        epoch=1,
        train_loss=np.array([0.1, np.nan]),
        validation_loss=np.array([np.nan, 1 / 3]),
        learning_rate=np.array([0.01, 0.02]),
        active=np.array([True, False]),
        health={"weight_norm": np.array([[1e-9, 2.0], [3.0, np.nan]])},
    )
    curves = parse_history(render_history(Curves.of([record])), "history.jsonl")
    assert curves.epochs.tolist() == [1]
    assert curves.active.tolist() == [[True, False]]
    for name in ("train_loss", "validation_loss", "learning_rate"):
        np.testing.assert_array_equal(getattr(curves, name), [getattr(record, name)])
    np.testing.assert_array_equal(curves.health["weight_norm"], [record.health["weight_norm"]])


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [line(1), line(2, train_loss=[0.5])],
        [line(1), line(2, learning_rate=[])],
        [line(1, health={"dead_units": [[0.5], [0.5]]}), line(2, health={"dead_units": [[0.5, 0.5], [0.5, 0.5]]})],
        [line(1, train_loss=["high", 0.5])],
    ],
    ids=["none", "a member fewer", "no member", "a layer more", "text"],
)
def test_lines_of_no_one_shape(lines: list[dict[str, Any]]) -> None:
    with pytest.raises(ModelError, match=r"^history\.jsonl.*: not valid: "):
        read(lines)
