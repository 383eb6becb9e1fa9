"""How good a fit is: predictions of held-out rows, what is calibrated on them, and the metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from phoneprice.config.schema import TaskConfig
from phoneprice.data.rows.row_roles import NO_ROLES, RowRoles
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

PARTS = 5
"""Into how many a single fold is cut, so that what is fitted on it is judged on other rows."""


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
    weights = prepared.roles.take(rows).weights
    return HeldOut(rows, folds[order], prepared.targets[rows], joined(parts).take(order), weights)


def calibrated_on(held: HeldOut | None, task: TaskConfig, roles: RowRoles = NO_ROLES) -> Calibrated | None:
    """What the configuration asks to be fitted on held-out predictions; None for regression or without any.

    ``roles`` are those of all rows of the table.
    """
    if held is None or isinstance(held.predictions, Valued):
        return None
    p, parts = held.predictions.probabilities, judged_apart(held, roles)
    return calibrate(p, held.truth, parts, task, held.weights, in_time=roles.times is not None)


def judged_apart(held: HeldOut, roles: RowRoles) -> NDArray[np.int64]:
    """A number ``(m,)`` for each fold, whose rows are judged by what is fitted on the others.

    A single fold is cut into five: by position, by whole groups, or in time, the earliest part first.
    """
    if len(np.unique(held.folds)) > 1:
        return held.folds
    own = roles.take(held.rows)
    if own.groups is not None:
        return np.asarray(np.unique(own.groups, return_inverse=True)[1] % PARTS)
    if own.times is not None:
        borders = np.quantile(own.times, np.arange(1, PARTS) / PARTS)
        return np.searchsorted(borders, own.times, side="right")
    return np.arange(len(held.rows)) % PARTS


def final_calibration(calibrated: Calibrated | None, task: TaskConfig) -> Calibration:
    """The run's calibration: what was fitted, or just the configured decision rule."""
    if calibrated is not None:
        return calibrated.calibration
    return Calibration(decision=task.decision, costs=task.costs)


def calibrated(predictor: Predictor, prepared: Prepared, plans: Sequence[MemberPlan]) -> Predictor:
    """The same with what is fitted on the rows that its members, those of ``plans``, held out."""
    task = prepared.config.task
    fitted = calibrated_on(hold_out(predictor, prepared, plans), task, prepared.roles)
    return replace(predictor, calibration=final_calibration(fitted, task))
