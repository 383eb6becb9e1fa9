"""Looking at runs: what there is, what one is, and whether it is whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from phoneprice.artifact.layout import MANIFEST
from phoneprice.artifact.loader import load_run, verify_run
from phoneprice.artifact.runs import RUNS, ListedRun, list_runs, require_runs, resolve_run
from phoneprice.artifact.sealed import CheckedFile
from phoneprice.errors import ModelError, UsageError
from phoneprice.metrics.catalogue import METRICS, headline
from phoneprice.records.documents import TRAINING_SET, MeasuredOn


@dataclass(frozen=True)
class RunLine:
    """A run in a list; all but the path is empty or None where ``fault`` says why it can't be used."""

    path: Path
    created: str
    task: str = ""
    target: str = ""
    members: int | None = None
    metric: str | None = None
    """The name of ``value``."""
    value: float | None = None
    measured_on: MeasuredOn | None = None
    """The rows behind ``value``."""
    fault: str | None = None

    @property
    def learned(self) -> bool:
        """Whether these are rows that the networks have learned."""
        return self.measured_on == TRAINING_SET


def list_run_lines(root: Path = RUNS) -> tuple[RunLine, ...]:
    """The runs directly in ``root``, oldest first, damaged ones included. Raises ``ModelError``."""
    require_runs(root)
    return tuple(map(_line, list_runs(root)))


def best_first(lines: Sequence[RunLine]) -> tuple[RunLine, ...]:
    """A leaderboard: runs of one target and metric together, the best first; those without a metric last.

    A figure from rows that the run has learned says nothing beside one from new rows, so it comes after those.
    """

    def place(line: RunLine) -> tuple[bool, str, str, bool, float]:
        if line.metric is None or line.value is None:
            return True, "", "", True, 0.0
        value = line.value if METRICS[line.metric].better == "lower" else -line.value
        return False, line.target, line.metric, line.learned, value

    return tuple(sorted(lines, key=place))


def verify(run: str | Path, expected_sha256: str | None = None) -> tuple[Path, tuple[CheckedFile, ...]]:
    """The run's path and the files that were checked, their hashes and their contents; the manifest first.

    Raises ``ModelError``, also where the manifest's hash is not ``expected_sha256``; ``UsageError`` if that is none.
    """
    if expected_sha256 is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", expected_sha256):
        raise UsageError(
            f"--expect-sha256: found {expected_sha256!r}, must be 64 hexadecimal digits, as 'phoneprice runs verify' "
            f"shows for {MANIFEST}"
        )
    path = resolve_run(run)
    return path, verify_run(path, expected_sha256 and expected_sha256.lower())


def _line(listed: ListedRun) -> RunLine:
    if listed.fault:
        return RunLine(listed.path, listed.created, fault=listed.fault)
    try:
        run = load_run(listed.path)
        with run.files:  # of many runs
            metrics = run.metrics
    except ModelError as fault:
        return RunLine(listed.path, listed.created, fault=str(fault))
    metric = headline(run.task.kind)
    return RunLine(
        listed.path,
        run.manifest.created,
        task=run.task.kind,
        target=run.task.target,
        members=run.members,
        metric=metric,
        value=metrics[metric].value,
        measured_on=metrics.measured_on,
    )
