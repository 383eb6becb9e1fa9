"""All that a report shows, gathered by the workflow: plain values, no files and no computation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from phoneprice.metrics.catalogue import METRICS
from phoneprice.records import Doubles, HeldOut, Interval, Task, TrainingFinding
from phoneprice.records.curves import Curves
from phoneprice.records.documents import BaselineMetrics, RunMetrics
from phoneprice.records.findings import TrainingCheck, symptoms
from phoneprice.records.searches import Search


@dataclass(frozen=True)
class LatentScore:
    """The score behind ordered classes, ``(n,)``, with the cut points ``(C - 1,)`` on the same scale.

    ``exact`` says whether the network has one; else it is the mean class of its probabilities.
    """

    values: Doubles
    cuts: Doubles
    exact: bool
    unit: str


@dataclass(frozen=True)
class Baseline:
    """A simple model on the same rows: metric values by name, and the network's lead (positive is better) if paired."""

    name: str
    metrics: Mapping[str, float]
    lead: Interval | None = None
    """Of one metric, paired on the same rows."""

    @classmethod
    def paired(cls, name: str, found: BaselineMetrics, metric: str) -> Baseline:
        """One that was measured beside the network, with the network's lead in ``metric``."""
        values = {own: interval.value for own, interval in found.metrics.items()}
        return cls(name, values, METRICS[metric].gain(found.ours_minus_theirs[metric]))


@dataclass(frozen=True)
class Dependence:
    """What the model predicts on average when a column has the same value in all rows.

    ``grid`` are the values as text where they are categories; ``curves`` ``(G, M)`` one a label of ``names``.
    """

    column: str
    grid: tuple[float, ...] | tuple[str, ...]
    names: tuple[str, ...]
    curves: Doubles
    decile: tuple[float, ...] = ()
    """The column's deciles: where the rows are."""


@dataclass(frozen=True)
class WorstRow:
    """A row the model got badly wrong: where it stands, the truth, the prediction, how wrong, and its cells."""

    place: str
    truth: str
    predicted: str
    error: float
    cells: Mapping[str, str]


@dataclass(frozen=True)
class FromData:
    """What only the table can tell."""

    source: str
    measured_on: str
    """Which rows, in words."""
    metric: str
    """Of ``importances``."""
    importances: Mapping[str, Interval]
    """How much worse it gets when a column's values are shuffled among the rows, the most important first."""
    dependences: tuple[Dependence, ...]
    worst: tuple[WorstRow, ...]
    error_name: str
    """What ``WorstRow.error`` is."""


@dataclass(frozen=True)
class RecipeCurves:
    """How the networks of a recipe were trained; without a portfolio it has no name."""

    name: str
    curves: Curves
    layers: tuple[str, ...]
    """The weight matrices whose health was measured."""
    note: str = ""
    """Why the training loss may lie above the other, where it may."""


@dataclass(frozen=True)
class ReportFacts:
    """One run."""

    name: str
    created: str
    task: Task
    metrics: RunMetrics
    metric: str
    """The one that stands for the run."""
    trainings: tuple[RecipeCurves, ...]
    findings: tuple[TrainingFinding, ...]
    checked: tuple[TrainingCheck, ...]
    summary: tuple[tuple[str, str], ...]
    """What data and what network, as names and words."""
    environment: tuple[tuple[str, str], ...]
    command: str
    """What makes the same run again; empty where the run keeps no command line."""
    config_toml: str
    baselines: tuple[Baseline, ...]
    held_out: HeldOut | None
    score: LatentScore | None
    from_data: FromData | None
    ask_for_data: str
    """The command that adds what only the table can tell."""
    search: Search | None = None
    """That the configuration comes from."""

    @property
    def symptoms(self) -> str:
        """What is wrong beside the findings, in a sentence."""
        return symptoms(self.findings, self.checked)
