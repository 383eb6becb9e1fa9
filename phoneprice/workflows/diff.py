"""Compare two runs: what was changed, and whether the metrics differ by more than chance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.artifact.loader import Run, load_run
from phoneprice.artifact.runs import resolve_run
from phoneprice.errors import UsageError
from phoneprice.evaluation.paired import PAIRED, PairedMetric, lead, mcnemar, row_errors
from phoneprice.records import Classified, HeldOut, Interval, Predictions, Task, Valued
from phoneprice.records.documents import TRAINING_SET, MeasuredOn
from phoneprice.workflows.changes import Change, changes, comparable


@dataclass(frozen=True)
class MetricPair:
    """A metric of both runs, as each was measured on its own."""

    name: str
    a: float | None
    b: float | None


@dataclass(frozen=True)
class PairedLead:
    """How much better B is than A on the same rows (positive: better), with its 95% interval."""

    metric: str
    lead: Interval
    p: float | None = None
    """Exact McNemar test, for the accuracy."""

    @property
    def beyond_chance(self) -> bool:
        """Whether the interval leaves out zero (and the test, where there is one, agrees at 5%)."""
        return (self.lead.low > 0 or self.lead.high < 0) and (self.p is None or self.p < 0.05)


@dataclass(frozen=True)
class RunDiff:
    """Two runs side by side."""

    a: Path
    b: Path
    settings: tuple[Change, ...]
    environment: tuple[Change, ...]
    metrics: tuple[MetricPair, ...]
    measured_on: tuple[MeasuredOn, MeasuredOn]
    """The rows behind the metrics of A and of B."""
    rows: int
    """On which both runs were compared; 0 where they can't be."""
    paired: tuple[PairedLead, ...]
    why_not: str
    """Why there is no paired comparison; empty where there is one."""

    @property
    def learned(self) -> tuple[bool, bool]:
        """Whether the metrics of A and of B are of rows that the networks have learned."""
        return self.measured_on[0] == TRAINING_SET, self.measured_on[1] == TRAINING_SET


def diff_runs(a: Path | str, b: Path | str) -> RunDiff:
    """Compare two runs. Raises ``ModelError`` for a run, ``UsageError`` for two that predict different things."""
    first, second = (load_run(resolve_run(run)) for run in (a, b))
    refuse_other_target(first, second)
    rows, paired, why_not = paired_runs(first, second)
    return RunDiff(
        a=first.path,
        b=second.path,
        settings=tuple(changes(comparable(first.config), comparable(second.config))),
        environment=tuple(changes(_facts(first), _facts(second))),
        metrics=tuple(_metrics(first.metrics.metrics, second.metrics.metrics)),
        measured_on=(first.metrics.measured_on, second.metrics.measured_on),
        rows=rows,
        paired=paired,
        why_not=why_not,
    )


def refuse_other_target(first: Run, second: Run) -> None:
    """Raise ``UsageError`` for two runs that predict different things."""
    if (first.task.target, bool(first.task.labels)) != (second.task.target, bool(second.task.labels)):
        kinds = [f"{run.path} predicts {run.task.target!r} ({run.task.kind})" for run in (first, second)]
        raise UsageError(f"{', '.join(kinds)}: these can't be compared; name two runs of one target")


def _facts(run: Run) -> dict[str, Any]:
    """What may make two runs of one configuration differ, and how large and how slow they were."""
    environment, splits = run.environment.document(), run.splits
    kept = ("phoneprice", "python", "libraries", "platform", "cpu", "device", "threads", "training_seconds")
    data = {"rows": splits.rows, "sha256": splits.data_sha256, "members": splits.members}
    return {"data": data, **{name: environment[name] for name in kept}}


def _metrics(a: Mapping[str, Interval], b: Mapping[str, Interval]) -> Iterator[MetricPair]:
    for name in dict.fromkeys((*a, *b)):
        yield MetricPair(name, *(found[name].value if name in found else None for found in (a, b)))


def paired_runs(a: Run, b: Run) -> tuple[int, tuple[PairedLead, ...], str]:
    """On how many rows that both held out two runs are compared, how much better B is, and why they can't be."""
    one, other = a.held_out, b.held_out
    if one is None or other is None:
        return 0, (), "a run held out no rows"
    if a.splits.data_sha256 != b.splits.data_sha256 and not _same_rows(one, a.task, other, b.task):
        return 0, (), "the runs were trained on different data"
    return paired_rows(one, a.task, other, b.task)


def paired_rows(one: HeldOut, task_a: Task, other: HeldOut, task_b: Task) -> tuple[int, tuple[PairedLead, ...], str]:
    """The same for predictions of rows of one table, by the tasks of A and of B."""
    if set(task_a.labels) != set(task_b.labels):
        return 0, (), "the runs have different classes"
    rows, places_a, places_b = np.intersect1d(one.rows, other.rows, assume_unique=True, return_indices=True)
    if not len(rows):
        return 0, (), "the runs held out different rows"
    y, first = one.truth[places_a], one.predictions.take(places_a)
    second = _in_order(other.predictions.take(places_b), task_b, task_a)
    leads = []
    for metric in PAIRED[bool(task_a.labels)]:
        errors_a, errors_b = row_errors(metric, y, first), row_errors(metric, y, second)
        leads.append(_lead(metric, errors_a, errors_b))
    return len(rows), tuple(leads), ""


def _lead(metric: PairedMetric, errors_a: Any, errors_b: Any) -> PairedLead:
    p = mcnemar(errors_b, errors_a) if metric == "accuracy" else None
    return PairedLead(metric, lead(metric, errors_b, errors_a), p)


def _same_rows(a: HeldOut, task_a: Task, b: HeldOut, task_b: Task) -> bool:
    """The encoded inputs differ (other columns may be used), but rows and truths are the same."""
    return np.array_equal(a.rows, b.rows) and np.array_equal(_names(a, task_a), _names(b, task_b))


def _names(held: HeldOut, task: Task) -> NDArray[Any]:
    """The true labels, or values."""
    return np.array(task.labels)[held.truth] if task.labels else held.truth


def _in_order(predictions: Predictions, own: Task, task: Task) -> Predictions:
    """Predictions of classes in ``own`` order as they are in that of ``task``, which has the same labels."""
    if isinstance(predictions, Valued):
        return predictions
    classes = np.array([task.labels.index(label) for label in own.labels])
    columns = np.array([own.labels.index(label) for label in task.labels])
    return Classified(classes[predictions.classes], predictions.probabilities[:, columns])
