"""How good a fit is: predictions of held-out rows, what is calibrated on them, and the metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from phoneprice.config.schema import TaskConfig
from phoneprice.evaluation.calibration_fit import Calibrated, calibrate
from phoneprice.inference.predictor import Predictor
from phoneprice.records import (
    Calibration,
    HeldOut,
    MemberPlan,
    Valued,
    joined,
    splits_of,
)
from phoneprice.workflows.events import OnEvent, ignore
from phoneprice.workflows.predictors import predicted
from phoneprice.workflows.prepare import Prepared


def hold_out(
    predictor: Predictor, prepared: Prepared, plans: Sequence[MemberPlan], on_event: OnEvent = ignore
) -> HeldOut | None:
    """Predict each member's held-out rows by that member, or by all members that hold out the same rows.

    ``predictor`` has the members of ``plans``. None where nothing was held out.
    """
    splits = splits_of(plans)
    if not splits:
        return None
    parts = [
        predicted(predictor.take(split.members), prepared.inputs.take(split.held_out_rows), on_event)
        for split in splits
    ]
    rows = np.concatenate([split.held_out_rows for split in splits])
    folds = np.repeat(np.arange(len(splits)), [len(split.held_out_rows) for split in splits])
    order = np.argsort(rows, kind="stable")
    rows = rows[order]
    return HeldOut(rows, folds[order], prepared.targets[rows], joined(parts).take(order))


def calibrated_on(held: HeldOut | None, task: TaskConfig) -> Calibrated | None:
    """What the configuration asks to be fitted on held-out predictions; None for regression or without any."""
    if held is None or isinstance(held.predictions, Valued):
        return None
    return calibrate(held.predictions.probabilities, held.truth, held.folds, task)


def final_calibration(calibrated: Calibrated | None, task: TaskConfig) -> Calibration:
    """The run's calibration: what was fitted, or just the configured decision rule."""
    if calibrated is not None:
        return calibrated.calibration
    return Calibration(decision=task.decision, costs=task.costs)


def calibrated(predictor: Predictor, prepared: Prepared, plans: Sequence[MemberPlan]) -> Predictor:
    """The same with what is fitted on the rows that its members, those of ``plans``, held out."""
    task = prepared.config.task
    fitted = calibrated_on(hold_out(predictor, prepared, plans), task)
    return replace(predictor, calibration=final_calibration(fitted, task))
