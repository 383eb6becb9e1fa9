"""What a training can be found to suffer from, and what was looked at."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

TrainingFindingCode = Literal[
    "standing_alone", "unscaled_inputs",
    "symmetric_units", "exploding_start", "saturated_start", "vanishing_gradients",
    "diverged", "clipped_to_nothing", "learning_rate_too_high", "learning_rate_too_low",
    "idle_schedule", "decayed_too_early",
    "tiny_batch_norm", "narrow_layer", "dead_units",
    "heavy_dropout", "heavy_weight_decay", "heavy_penalty", "overfitting",
    "too_short", "early_stopping_never_reached",
    "no_better_than_guessing", "behind_linear",
]  # fmt: skip


@dataclass(frozen=True)
class TrainingFinding:
    """One thing that went wrong in a training, in plain words."""

    code: TrainingFindingCode
    """What it is called in JSON."""
    summary: str
    """What is wrong, in one sentence."""
    evidence: str
    """The figures it was seen by."""
    setting: str
    """The line of configuration to try, as it is given to ``-s``; empty where none is left that may help."""
    source: str
    """Where the threshold comes from."""
    recipe: str = ""
    """Of a portfolio, whose networks it is about."""

    @property
    def remedy(self) -> str:
        """What to try, as a user does it; quoted where a shell needs it."""
        if not self.setting:
            return "phoneprice data check"
        return f"{self.setting} in [[portfolio]] {self.recipe}" if self.recipe else f"-s {shlex.quote(self.setting)}"

    @property
    def title(self) -> str:
        """The summary, with the recipe that it is about."""
        return f"{self.recipe}: {self.summary}" if self.recipe else self.summary


@dataclass(frozen=True)
class TrainingCheck:
    """One thing that was looked at in a training: what was measured, and what it would have had to be to be healthy."""

    code: TrainingFindingCode
    """Of the finding that it gives."""
    title: str
    measured: str
    threshold: str
    source: str
    """Where the threshold comes from."""
    passed: bool
    stage: str
    """The kind of cause that it is about; stages come causes first."""
    recipe: str = ""
    """Of a portfolio, whose networks it is about."""


@dataclass(frozen=True)
class Judgement:
    """What is wrong with a training, the likeliest cause first, and all that was looked at."""

    findings: tuple[TrainingFinding, ...] = ()
    checked: tuple[TrainingCheck, ...] = ()


def titles(checked: Iterable[TrainingCheck]) -> str:
    """What was looked at, each once for all recipes."""
    return "; ".join(dict.fromkeys(check.title for check in checked))


def symptoms(findings: Iterable[TrainingFinding], checked: Iterable[TrainingCheck]) -> str:
    """The checks that failed without a finding, in a sentence; empty where there are none."""
    told = {(finding.code, finding.recipe) for finding in findings}
    others = titles(check for check in checked if not check.passed and (check.code, check.recipe) not in told)
    return others and f"Not as it should be either, perhaps because of this: {others}."
