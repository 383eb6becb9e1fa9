"""Several trainings side by side: what differs between them, how they went and what they are worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from phoneprice.records.curves import Curves
from phoneprice.records.inputs import Task
from phoneprice.records.predictions import Interval


@dataclass(frozen=True)
class Compared:
    """One of them. What it lacks because it did not finish is empty, NaN or None."""

    name: str
    """In a few words."""
    settings: Mapping[str, Any]
    """What differs from the first one, by dotted key, as JSON has it."""
    parameters: int
    """Of one network."""
    curves: Curves | None
    layers: tuple[str, ...]
    """Names of the weight matrices, hidden ones first."""
    metrics: Mapping[str, Interval] = field(default_factory=dict)
    """On rows that were held out, by name."""
    training: Mapping[str, float] = field(default_factory=dict)
    """The same on the rows that each network has learned; those of ``Comparison.metrics``."""
    leads: Mapping[str, Interval] = field(default_factory=dict)
    """How much better it is than the base on the same rows (positive: better), each in the metric's own unit."""
    step_seconds: float = float("nan")
    """Time of a step of one network, those that trained in one stack sharing theirs."""
    why_not: str = ""
    """Why it has no figures; empty where it has."""


@dataclass(frozen=True)
class Comparison:
    """Trainings of one task; where there are paired differences, on the same rows and folds."""

    task: Task
    metrics: tuple[str, ...]
    """Those that are compared row by row; the first decides."""
    trainings: tuple[Compared, ...]
    base: int
    """The place of the training that the others are compared with."""
    measured_on: str
    """Which rows the metrics are of, as a sentence."""
    keys: tuple[str, ...] = ()
    """The settings that differ, by dotted key."""
    look_for: str = ""
    """What to look for, in a sentence; empty where nobody has said."""
    why_not_paired: str = ""
    """Why there are no paired differences; empty where there are."""
