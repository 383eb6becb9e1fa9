"""Nested cross-validation: what a whole search is worth, with the training of what it picks, on rows without a part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from phoneprice.artifact.checkpoints import Arrays
from phoneprice.config.schema import Config
from phoneprice.evaluation.fold_intervals import corrected_resampled_t, paired_difference
from phoneprice.metrics.catalogue import METRICS
from phoneprice.metrics.figures import value_of
from phoneprice.records.documents import Protocol
from phoneprice.records.searches import NestedEstimate
from phoneprice.workflows.assess import calibrated, choose
from phoneprice.workflows.cross_validate import Fold, fold_sizes, inner_plans, make_folds
from phoneprice.workflows.events import Event, OnEvent, Progress, ignore
from phoneprice.workflows.fitting import fit
from phoneprice.workflows.prepare import Prepared
from phoneprice.workflows.searching import Keep, SearchResult, search


def nested_estimate(prepared: Prepared, found: SearchResult, on_event: OnEvent, keep: Keep) -> NestedEstimate:
    """Do a search again on the training rows of each outer fold, with as many candidates as it has had.

    What it picks there is trained as ``train`` does it, and so is the configuration as given; both are judged on the
    fold's test rows. The outer folds are those of the search itself.
    """
    plan = replace(found.plan, minutes=None)
    folds = make_folds(prepared, Protocol(folds=plan.folds, repeats=1, seed=plan.seed))
    figures = list[Sequence[float]]()
    for fold in folds:
        said = partial(_named, on_event, f"networks of outer fold {fold.fold + 1}/{len(folds)}")
        inner = search(part_of(prepared, fold), found.space, plan, said, keep)
        configs = inner.picked.candidate.config, found.space.base
        figures.append(keep(partial(_judged, prepared, fold, configs, found.metric))["figures"].tolist())
    ours, given = zip(*figures, strict=True)
    sizes = fold_sizes(folds)
    lead = METRICS[found.metric].gain(paired_difference(ours, given, *sizes))
    return NestedEstimate(folds=len(folds), figure=corrected_resampled_t(ours, *sizes), lead=lead)


def part_of(prepared: Prepared, fold: Fold) -> Prepared:
    """The training rows of a fold as a table of their own, with the columns and categories of the whole one."""
    rows = fold.train_rows
    inputs, targets, roles = prepared.inputs.take(rows), prepared.targets[rows], prepared.roles.take(rows)
    return replace(prepared, inputs=inputs, targets=targets, roles=roles)


def _judged(prepared: Prepared, fold: Fold, configs: Sequence[Config], metric: str) -> Arrays:
    """The metric of each configuration on a fold's test rows, trained on the others: ``figures`` ``(k,)``."""
    plans = inner_plans(prepared, fold, ignore)
    fitted = fit(prepared, plans, ignore, configs=configs, watch=False, judge=False)
    truth, weights = prepared.targets[fold.test_rows], prepared.roles.take(fold.test_rows).weights
    figures = list[float]()
    for config, ensemble in zip(configs, fitted.ensembles, strict=True):
        own = replace(prepared, config=config)
        predictions = calibrated(choose(own, plans, [ensemble]), own).predict(prepared.inputs.take(fold.test_rows))
        figures.append(value_of(metric, truth, predictions, prepared.task, weights))
    return {"figures": np.array(figures)}


def _named(on_event: OnEvent, unit: str, event: Event) -> None:
    """Pass on an event of a search, its progress under a name of its own."""
    on_event(replace(event, unit=unit) if isinstance(event, Progress) else event)
