"""How good a fit is: predictions of held-out rows, what is calibrated on them, and the metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from phoneprice.config.schema import TaskConfig
from phoneprice.data.rows.row_roles import NO_ROLES, RowRoles
from phoneprice.evaluation.calibration_fit import Calibrated, calibrate
from phoneprice.evaluation.mixture import cross_mixed, fit_weights, loss_of
from phoneprice.inference.predictor import Predictor
from phoneprice.metrics.catalogue import METRICS
from phoneprice.records import (
    Calibration,
    Ensemble,
    HeldOut,
    MemberPlan,
    TrainedRecipe,
    Valued,
    joined,
    splits_of,
)
from phoneprice.records.documents import RecipeMetrics
from phoneprice.wording import figure
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


@dataclass(frozen=True)
class Chosen:
    """The recipes that earn their place, and what they say together of rows that they have not seen."""

    predictor: Predictor
    """Without calibration."""
    held: HeldOut | None
    """As they are judged: the rows of a fold are mixed by weights of the others. None where nothing was held out."""
    tried: tuple[RecipeMetrics, ...] = ()
    """Every recipe of the portfolio, in its order; none without one."""

    @property
    def kept(self) -> tuple[int, ...]:
        """The places of the predictor's recipes among those that were trained."""
        return tuple(i for i, recipe in enumerate(self.tried) if recipe.weight) or (0,)


def choose(
    prepared: Prepared, plans: Sequence[MemberPlan], ensembles: Sequence[Ensemble], on_event: OnEvent = ignore
) -> Chosen:
    """Weigh the recipes by what they say of held-out rows; ``ensembles`` has the members of ``plans`` of each."""
    config, task = prepared.config, prepared.task
    trained = [TrainedRecipe(own, ensemble) for own, ensemble in zip(config.recipes, ensembles, strict=True)]
    alone = [Predictor(config, task, (recipe,)) for recipe in trained]
    if not config.portfolio:
        return Chosen(alone[0], hold_out(alone[0], prepared, plans, on_event))
    held = [found for own in alone if (found := hold_out(own, prepared, plans, on_event)) is not None]
    first, said = held[0], [found.predictions for found in held]
    parts, in_time = judged_apart(first, prepared.roles), prepared.roles.times is not None
    weights = fit_weights(said, first.truth, first.weights).tolist()
    names = [recipe.name for recipe in config.portfolio]
    kept = [
        replace(recipe, weight=weight, name=name)
        for recipe, weight, name in zip(trained, weights, names, strict=True)
        if weight
    ]
    together = cross_mixed(said, first.truth, parts, first.weights, in_time=in_time)
    tried = [
        RecipeMetrics.model_validate({"name": name, "weight": weight, **loss_of(own, first.truth, first.weights)})
        for name, weight, own in zip(names, weights, said, strict=True)
    ]
    return Chosen(Predictor(config, task, tuple(kept)), replace(first, predictions=together), tuple(tried))


def choice_message(chosen: Chosen) -> str:
    """What recipes were weighed and how much each counts, beside what it and all together are worth."""
    held = chosen.held
    assert held is not None  # or there is nothing to choose by
    ((metric, together),) = loss_of(held.predictions, held.truth, held.weights).items()
    best_first = sorted(chosen.tried, key=lambda recipe: -recipe.weight)
    each = [f"{recipe.weight:.0%} {recipe.name} ({figure(recipe.metrics[metric])})" for recipe in best_first]
    return f"portfolio: {', '.join(each)}; together {METRICS[metric].title} {figure(together)} on held-out rows"


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


def calibrated(chosen: Chosen, prepared: Prepared) -> Predictor:
    """The predictor with what is fitted on the rows that its members held out."""
    task = prepared.config.task
    fitted = calibrated_on(chosen.held, task, prepared.roles)
    return replace(chosen.predictor, calibration=final_calibration(fitted, task))
