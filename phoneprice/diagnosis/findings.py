"""The checks in their causal order, and the judgement."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from phoneprice.diagnosis import capacity, depth, duration, learning_rate, outcome, start
from phoneprice.diagnosis.check import Check
from phoneprice.diagnosis.training import Training
from phoneprice.records.findings import Judgement, TrainingFinding, TrainingFindingCode

STAGES: dict[str, tuple[Check, ...]] = {
    "scaling": (start.standing_alone, start.unscaled_inputs),
    "initialisation": (
        start.symmetric_units,
        start.exploding_start,
        start.saturated_start,
        start.vanishing_gradients,
    ),
    "learning rate": (
        learning_rate.diverged,
        learning_rate.clipped_to_nothing,
        learning_rate.too_high,
        learning_rate.too_low,
        learning_rate.idle_schedule,
        learning_rate.decayed_too_early,
    ),
    "depth and activation": (depth.tiny_batch_norm, depth.narrow_layer, depth.dead_units),
    "regularisation": (
        capacity.heavy_dropout,
        capacity.heavy_weight_decay,
        capacity.heavy_penalty,
        capacity.overfitting,
    ),
    "duration": (duration.too_short, duration.early_stopping_never_reached),
    "simple models": (outcome.no_better_than_guessing, outcome.behind_linear),
}
"""Causes before symptoms: what is wrong in one stage shows in all that follow."""

CHECKS: tuple[Check, ...] = tuple(check for stage in STAGES.values() for check in stage)


_OF_HIDDEN_LAYERS: frozenset[TrainingFindingCode] = frozenset(
    {
        "symmetric_units", "exploding_start", "saturated_start", "vanishing_gradients",
        "clipped_to_nothing", "learning_rate_too_high", "learning_rate_too_low",
        "tiny_batch_norm", "dead_units", "heavy_dropout", "heavy_weight_decay",
    }
)  # fmt: skip
_LINEAR_ALONE = (
    "The linear path alone carries the result; whether hidden layers would add to it, only a training with the advice "
    "shows."
)


def judge(training: Training) -> Judgement:
    """What is wrong, the likeliest cause first, and what was looked at.

    Only the first stage in which anything is wrong is told: the rest follows from it, or shows when it is mended. Of
    findings with the same advice the first one is told.
    """
    made = [one for stage, checks in STAGES.items() for check in checks if (one := check.made(training, stage))]
    first = next((look.stage for look, finding in made if finding), None)
    findings = _of_different_advice(finding for look, finding in made if finding and look.stage == first)
    told = tuple(_with_what_it_means(training, finding) for finding in findings)
    return Judgement(told, tuple(look for look, _ in made))


def _of_different_advice(findings: Iterable[TrainingFinding]) -> Iterable[TrainingFinding]:
    by_setting = dict[str, TrainingFinding]()
    for finding in findings:
        by_setting.setdefault(finding.setting or finding.code, finding)
    return by_setting.values()


def _with_what_it_means(training: Training, finding: TrainingFinding) -> TrainingFinding:
    """Of hidden layers that are no use, that they aren't what the result comes from, where that is so."""
    if finding.code not in _OF_HIDDEN_LAYERS or not training.linear_alone:
        return finding
    return replace(finding, summary=f"{finding.summary} {_LINEAR_ALONE}")
