"""The checks in their causal order, and the judgement."""

from __future__ import annotations

from phoneprice.diagnosis import capacity, depth, duration, learning_rate, outcome, start
from phoneprice.diagnosis.check import Check
from phoneprice.diagnosis.training import Training
from phoneprice.records.findings import Judgement

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


def judge(training: Training) -> Judgement:
    """What is wrong, the likeliest cause first, and what was looked at.

    Only the first stage in which anything is wrong is told: the rest follows from it, or shows when it is mended.
    """
    made = [one for stage, checks in STAGES.items() for check in checks if (one := check.made(training, stage))]
    first = next((look.stage for look, finding in made if finding), None)
    findings = [finding for look, finding in made if finding and look.stage == first]
    return Judgement(tuple(findings), tuple(look for look, _ in made))
