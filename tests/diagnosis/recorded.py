"""Trainings that were never run: what one would have left behind, curve by curve."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from phoneprice.artifact.training_files import parse_history
from phoneprice.config.load import load_config
from phoneprice.config.schema import Config
from phoneprice.data.encoding.schema import Column, TableSchema
from phoneprice.diagnosis.findings import judge
from phoneprice.diagnosis.training import Training
from phoneprice.records import Interval
from phoneprice.records.documents import BaselineMetrics, ClassMetrics, Member, RunMetrics

INPUTS = 20


def flat(start: float, end: float, epochs: int = 100) -> list[float]:
    """Falls in the first half, then rests."""
    return [max(start + (end - start) * 2 * e / epochs, end) for e in range(epochs)]


def falling(start: float, end: float, epochs: int) -> list[float]:
    """Falls in a straight line."""
    return np.linspace(start, end, epochs).tolist()


HEALTHY = flat(1, 0.5)


def recorded(
    *settings: str,
    train: Sequence[float] = HEALTHY,
    validation: Sequence[float] | None = None,
    rates: Sequence[float] | None = None,
    stopped: bool = False,
    rows: int = 800,
    ranges: Sequence[float] = (1.0, 1.0),
    metrics: RunMetrics | None = None,
    first_loss: float = 1.0,
    start: Mapping[str, Sequence[float]] | None = None,
    **health: Any,
) -> Training:
    """A training of one member with these losses and learning rates an epoch, and the weights of a healthy network.

    ``health`` are measurements by name, a list over the layers an epoch; ``start`` is the same before the first one,
    when guessing has a loss of 1. ``ranges`` are those of the columns. One that ``stopped`` did so before the last
    epoch.
    """
    settings = (f"training.epochs={len(train)}", "training.batch_rows=16", "penalty.name=none", *settings)
    config: Config = load_config(None, settings)
    lines = [
        {
            "epoch": e + 1,
            "train_loss": [train[e] if math.isfinite(train[e]) else None],  # as JSON has it
            "validation_loss": [validation[e] if validation is not None else None],
            "learning_rate": [rates[e] if rates is not None else 0.01],
            "active": [not stopped or e < len(train) - 1],
            "health": {name: [values[e]] for name, values in health.items()},
        }
        for e in range(len(train))
    ]
    columns = tuple(Column(name=f"x{i}", kind="numeric", low=0.0, high=high) for i, high in enumerate(ranges))
    schema = TableSchema(columns=columns, target="y", labels=("0", "1"))
    first = {"epoch": 0, "loss": [first_loss if math.isfinite(first_loss) else None], "guessing_loss": [1.0]}
    first["health"] = {name: [list(values)] for name, values in (start or {}).items()}
    curves = parse_history("\n".join(map(json.dumps, [first, *lines])).encode(), "history.jsonl")
    return Training(config, schema, curves, weights(config), metrics or figures(members=[member(rows)]))


def member(train_rows: int, diverged_epoch: int | None = None) -> Member:
    """What a training says of a network: nothing but this is looked at."""
    return Member.model_construct(train_rows=train_rows, diverged_epoch=diverged_epoch)


def figures(
    members: Sequence[Member] = (),
    support: Sequence[int] | None = None,
    baselines: Mapping[str, BaselineMetrics] | None = None,
    **values: float,
) -> RunMetrics:
    """Metrics by name, of one member where nothing else is said, the rows of each class and other models."""
    classes = None if support is None else tuple(ClassMetrics.model_construct(support=rows) for rows in support)
    metrics = {name: Interval(value, value, value) for name, value in values.items()}
    members = tuple(members) or (member(800),)
    return RunMetrics.model_construct(metrics=metrics, members=members, per_class=classes, baselines=baselines)


def weights(config: Config, apart: float = 1.0) -> dict[str, np.ndarray]:
    """Hidden weights whose units differ by ``apart`` of their size, as noise around one unit; a part of each path."""
    random, fan_in, parameters = np.random.default_rng(0), INPUTS, {}
    for i, width in enumerate(config.model.hidden):
        shared = np.ones((1, fan_in, 1))
        parameters[f"hidden.{i}.weight"] = shared + apart * random.normal(size=(1, fan_in, width))
        fan_in = width
    return parameters | {"output.weight": np.ones((1, fan_in, 1)), "skip.weight": np.ones((1, INPUTS, 1))}


def codes(training: Training) -> list[str]:
    """What is found, in order."""
    return [finding.code for finding in judge(training).findings]
