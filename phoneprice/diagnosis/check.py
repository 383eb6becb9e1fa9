"""How a check is declared: what it finds, what that explains, and where its threshold comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from phoneprice.diagnosis.training import Training
from phoneprice.records.findings import TrainingFinding, TrainingFindingCode


@dataclass(frozen=True)
class Seen:
    """What a check saw: in one sentence, the figures, and the setting to try (as for ``-s``)."""

    summary: str
    evidence: str
    setting: str


@dataclass(frozen=True)
class Check:
    """Looks for one thing in what a training left behind, and compares it with a threshold from the literature."""

    code: TrainingFindingCode
    source: str
    """Of the threshold."""
    explains: frozenset[TrainingFindingCode]
    """Later findings that follow from this one, and so are not given beside it."""
    look: Callable[[Training], Seen | None]

    def finding(self, training: Training) -> TrainingFinding | None:
        """What is wrong, if it is."""
        seen = self.look(training)
        return TrainingFinding(self.code, **vars(seen), source=self.source) if seen else None


def check(
    code: TrainingFindingCode, *, source: str, explains: tuple[TrainingFindingCode, ...] = ()
) -> Callable[[Callable[[Training], Seen | None]], Check]:
    """Declare a function as the check that finds ``code``."""
    return lambda look: Check(code, source, frozenset(explains), look)
