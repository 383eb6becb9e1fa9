"""The checks in their causal order, and the judgement."""

from __future__ import annotations

from phoneprice.diagnosis import capacity, depth, duration, learning_rate, start
from phoneprice.diagnosis.check import Check
from phoneprice.diagnosis.training import Training
from phoneprice.records.findings import TrainingFinding, TrainingFindingCode

CHECKS: tuple[Check, ...] = (
    start.standing_alone,
    learning_rate.diverged,
    start.tiny_batch_norm,
    start.unscaled_inputs,
    start.symmetric_units,
    capacity.heavy_dropout,
    capacity.heavy_weight_decay,
    learning_rate.too_low,
    learning_rate.too_high,
    depth.exploding_gradients,
    depth.vanishing_gradients,
    depth.dead_units,
    depth.saturated_units,
    duration.too_short,
    learning_rate.decayed_too_early,
    learning_rate.loss_spikes,
    capacity.learned_nothing,
    capacity.overfitting,
    duration.early_stopping_never_reached,
)
"""Causes before symptoms: a check explains only findings of later ones."""


def judge(training: Training) -> tuple[TrainingFinding, ...]:
    """What is wrong, the likeliest cause first; empty for a healthy training."""
    found: list[TrainingFinding] = []
    explained: set[TrainingFindingCode] = set()
    for check in CHECKS:
        if check.code not in explained and (finding := check.finding(training)):
            found.append(finding)
            explained |= check.explains
    return tuple(found)
