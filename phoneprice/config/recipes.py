"""The best known setting of each kind of task: what holds where nobody says otherwise.

``configs/README.md`` says what was tried and what it gave. For ordered classes it is ``Config()`` itself.

A table that tells its own configuration gets a portfolio: how free a network should be, and whether ramps of its
numbers help, depends on the table, and no rule that was tried tells it from rows and columns; held-out rows do.
"""

from collections.abc import Mapping
from typing import Any, assert_never

from phoneprice.components.base import TaskKind
from phoneprice.components.encodings import PiecewiseLinear
from phoneprice.components.losses import BinaryCrossEntropy, CrossEntropy, MeanSquaredError
from phoneprice.components.penalties import Adaptive
from phoneprice.config.schema import Config, RecipeTraining, TaskConfig


def recipe(kind: TaskKind) -> Config:
    """The defaults of a kind of task."""
    task = TaskConfig(kind=kind)
    match kind:
        case "ordinal":
            return Config()
        case "regression":
            return Config(
                task=task, loss=MeanSquaredError(), penalty=Adaptive(skip=0.1, inputs=0.1, outputs=0.1, eps=1e-2)
            )
        case "binary":
            return Config(task=task, loss=BinaryCrossEntropy())
        case "multiclass":
            return Config(task=task, loss=CrossEntropy(), penalty=Adaptive(skip=0.3, inputs=0.3, outputs=0.3, eps=1e-2))
        case _:
            assert_never(kind)


def portfolio(kind: TaskKind, rows: int, columns: int) -> tuple[Mapping[str, Any], ...]:
    """The recipes for a table of so many ``rows`` and feature ``columns``, as the tables of ``[[portfolio]]``.

    One that is nearly linear and keeps the inputs that matter, one that is free to bend along each number, one between
    them; of several classes also one that is held back by dropout and smoothing alone.
    """
    ramps, pace = _ramps(columns), _pace(rows)
    penalised, dropout = {"name": "penalised"}, {"name": "dropout", **_DROPOUT}
    free = {
        "name": "ramps",
        "model": {"hidden": (128, 128), "dropout": 0.15, **ramps},
        "penalty": {"name": "none"},
        "optimizer": {"name": "adam", "lr": 0.005, "skip_lr": 0.02, "beta2": 0.99},
        **pace,
    }
    between = {
        "name": "penalised-ramps",
        "model": {"hidden": (64,), **ramps},
        "penalty": {"name": "adaptive", "skip": 0.1, "inputs": 0.02, "outputs": 0.02, "eps": 0.01},
        "optimizer": {"name": "adam", "lr": 0.015, "skip_lr": 0.05, "beta2": 0.99},
        **pace,
    }
    return (penalised, dropout, free, between) if kind == "multiclass" else (penalised, free, between)


_DROPOUT = {
    "model": {"hidden": (128,), "dropout": 0.5},
    "loss": {"label_smoothing": 0.1},
    "penalty": {"name": "none"},
    "optimizer": {"name": "adam", "lr": 0.01, "beta2": 0.99},
}
_MOST_RAMPS = 2400
"""Of all columns together: with more the first layer takes most of the time."""
_FEWEST_BINS = 3
_STEPS = 300
"""Of a recipe that learns from batches; twice as many of half as many rows gave the same, in twice the time."""
_BATCH_ROWS = 256
_EPOCHS = 20
"""At least; of larger tables batches are larger, as far as the steps stay as many."""


def _ramps(columns: int) -> Mapping[str, Any]:
    """How numbers are encoded where columns are so many: as they are where few bins would be left."""
    usual = PiecewiseLinear()
    bins = min(usual.bins, _MOST_RAMPS // max(1, columns))
    return {"encoding": {"name": usual.name, "bins": bins}} if bins >= _FEWEST_BINS else {}


def _pace(rows: int) -> Mapping[str, Any]:
    """How many rows a step and how many epochs a network gets that learns from four fifths of the rows."""
    own = max(1, rows * 4 // 5)
    batch = min(RecipeTraining().batch_rows, max(_BATCH_ROWS, own * _EPOCHS // _STEPS))
    epochs = max(_EPOCHS, round(_STEPS * min(batch, own) / own))
    return {"scheduler": {"warmup_epochs": epochs / 20}, "training": {"batch_rows": batch, "epochs": epochs}}
