"""How a check is declared: what it looks at, what is healthy, and where that threshold comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from phoneprice.diagnosis.training import Training
from phoneprice.records.findings import TrainingCheck, TrainingFinding, TrainingFindingCode
from phoneprice.wording import share

MEASURED = "measured 2026, tests/diagnosis/trials.py"
"""The source of a threshold that lies between what broken and what healthy configurations give."""


@dataclass(frozen=True)
class Fault:
    """What is wrong, in one sentence, and the setting to try (as for ``-s``); empty where none is left."""

    summary: str
    setting: str


@dataclass(frozen=True)
class Seen:
    """What a check measured, in words, and what is wrong with it, if anything is."""

    measured: str
    fault: Fault | None = None


@dataclass(frozen=True)
class Check:
    """Measures one thing that a training left behind, and compares it with a threshold."""

    code: TrainingFindingCode
    title: str
    """What is looked at."""
    threshold: str
    """What is healthy."""
    source: str
    """Of the threshold."""
    look: Callable[[Training], Seen | None]
    """None where it can't be measured: no hidden layer, no rows held out, a run of an earlier version."""

    def made(self, training: Training, stage: str) -> tuple[TrainingCheck, TrainingFinding | None] | None:
        """The check as it was made, one of a ``stage``, and what it found."""
        seen = self.look(training)
        if seen is None:
            return None
        fault = seen.fault
        facts = self.code, self.title, seen.measured, self.threshold, self.source
        made = TrainingCheck(*facts, passed=fault is None, stage=stage)
        if fault is None:
            return made, None
        return made, TrainingFinding(self.code, fault.summary, seen.measured, fault.setting, self.source)


def fell(part: float) -> str:
    """What became of a loss: ``fell by 2.0%``, ``rose by 0.5%``."""
    return f"{'rose' if part <= -0.0005 else 'fell'} by {share(abs(part))}"


def check(
    code: TrainingFindingCode, title: str, *, threshold: str, source: str
) -> Callable[[Callable[[Training], Seen | None]], Check]:
    """Declare a function as the check that finds ``code``."""
    return lambda look: Check(code, title, threshold, source, look)
