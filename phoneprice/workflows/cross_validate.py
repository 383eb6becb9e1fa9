"""Cross-validate: what the whole configured pipeline, inner ensemble and calibration included, does on new rows.

All folds of all repeats train together: a fold's members are a fit like any other, and stack with all the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from phoneprice.artifact.held_out import prediction_columns
from phoneprice.config.asked import Overrides, ToInfer
from phoneprice.config.bounds import MOST_FOLDS as _MOST
from phoneprice.config.presets import find_config
from phoneprice.config.reading import AS_CONFIGURED, Reading
from phoneprice.config.schema import Config
from phoneprice.data.inspection.leaks import leaks_told
from phoneprice.data.rows.splits import folds_in_time, plan_members, rare_classes, repeated_folds
from phoneprice.errors import UsageError
from phoneprice.evaluation.fold_intervals import corrected_resampled_t, paired_difference
from phoneprice.metrics.figures import measured
from phoneprice.records import Ensemble, Interval, MemberPlan, Predictions, Rows, Task, joined
from phoneprice.records.documents import BaselineMetrics, CrossValidation, Protocol, TestedFold
from phoneprice.stream import given_path
from phoneprice.wording import cut
from phoneprice.workflows.arguments import checked
from phoneprice.workflows.assess import calibrated, choose
from phoneprice.workflows.destinations import open_output, refuse_unwritable
from phoneprice.workflows.events import Noted, OnEvent, Warned, WarningCollector, ignore
from phoneprice.workflows.fitting import fit
from phoneprice.workflows.inferring import asked_for, prepare_as_asked
from phoneprice.workflows.inputs import refuse_output
from phoneprice.workflows.prepare import Prepared, labelled_source

Values = Mapping[str, float]


@dataclass(frozen=True)
class Fold:
    """One test set: its place in the protocol, and its rows of the table."""

    repeat: int
    fold: int
    train_rows: Rows
    test_rows: Rows


@dataclass(frozen=True)
class CrossValidationResult:
    """What was found."""

    source: str
    config: Config
    task: Task
    protocol: Protocol
    metrics: CrossValidation
    rows: int
    warnings: tuple[str, ...]
    inferred: Mapping[str, str] | None = None
    """Why the settings that the table has told are as they are, by dotted key; None where all were given."""


@checked
def cross_validate(
    data: Path | str | None = None,
    config: Config | ToInfer | Path | str | None = None,
    protocol: Protocol | None = None,
    *,
    target: str | None = None,
    overrides: Overrides | None = None,
    baselines: bool = False,
    predictions: Path | str | None = None,
    reading: Reading = AS_CONFIGURED,
    on_event: OnEvent = ignore,
) -> CrossValidationResult:
    """Train and test on every fold; with ``baselines`` scikit-learn's models too, on the same folds.

    ``config``, ``target`` and ``overrides`` are as in ``train``. ``predictions`` names a Parquet file for one row a
    test row and repeat. Raises ``DataError`` where the table has fewer rows than there are folds.
    """
    protocol = _whole_numbers(protocol or Protocol())
    output = None if predictions is None else given_path(predictions)
    if output is not None:
        file = find_config(config) if isinstance(config, Path | str) else None
        refuse_output(output, data, file, option="--predictions")
        refuse_unwritable(output)
    collector = WarningCollector(on_event)
    asked = asked_for(config, target, overrides, reading, collector)
    prepared = prepare_as_asked(labelled_source(data, collector), asked, reading, collector)
    if prepared.roles.times is not None and protocol.repeats > 1:
        collector(Noted("folds in time (validation.order_column) are always the same: 1 repeat"))
        protocol = replace(protocol, repeats=1)
    folds = make_folds(prepared, protocol)
    for message in uneven(prepared, folds, protocol):
        collector.warn(message)
    tested = _test_folds(prepared, folds, collector)
    metrics = _metrics(prepared, tested, protocol)
    if baselines:
        metrics = metrics.model_copy(update={"baselines": _baselines(prepared, folds, metrics.folds, collector)})
    if output is not None:
        _write_predictions(output, prepared, tested)
    source = prepared.table.source
    if leaks := leaks_told(prepared.table, prepared.schema.feature_names, prepared.config):
        collector.warn(f"{source}: {leaks}")
    return CrossValidationResult(
        source,
        prepared.config,
        prepared.task,
        protocol,
        metrics,
        metrics.rows,
        collector.messages,
        prepared.reasons,
    )


def _whole_numbers(protocol: Protocol) -> Protocol:
    """The protocol with Python's own numbers; raises ``UsageError`` for those that make no splits.

    A seed is scikit-learn's, of 32 bits.
    """
    for name, least, most in (("folds", 2, _MOST), ("repeats", 1, _MOST), ("seed", 0, (1 << 32) - 1)):
        value: object = getattr(protocol, name)
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or not least <= value <= most:
            raise UsageError(f"{name}: found {cut(ascii(value), 40)}, must be a whole number from {least} to {most}")
    return Protocol(int(protocol.folds), int(protocol.repeats), int(protocol.seed))


def cross_validated(prepared: Prepared, protocol: Protocol, on_event: OnEvent) -> CrossValidation:
    """The same for a table in memory, without anything around it."""
    return _metrics(prepared, _test_folds(prepared, make_folds(prepared, protocol), on_event), protocol)


def make_folds(prepared: Prepared, protocol: Protocol) -> list[Fold]:
    """The splits of the protocol; raises ``DataError`` where the rows, classes, groups or times are too few for it."""
    if prepared.roles.times is not None:
        splits = folds_in_time(prepared.roles.times, protocol.folds)
    else:
        splits = repeated_folds(
            prepared.targets,
            protocol.folds,
            protocol.repeats,
            protocol.seed,
            stratified=prepared.task.kind != "regression",
            labels=prepared.task.labels,
            groups=prepared.roles.groups,
        )
    return [Fold(*divmod(i, protocol.folds), train, test) for i, (train, test) in enumerate(splits)]


def uneven(prepared: Prepared, folds: Sequence[Fold], protocol: Protocol) -> tuple[str, ...]:
    """What to warn of where a class is not in every fold of the first repeat."""
    if not prepared.task.classes:
        return ()
    splits = [(fold.train_rows, fold.test_rows) for fold in folds[: protocol.folds]]
    return rare_classes(prepared.targets, splits, prepared.task.labels)


@dataclass(frozen=True)
class _Tested:
    """A fold's networks on its test rows, the temperature and the weights of recipes that they were given."""

    fold: Fold
    predictions: Predictions
    temperature: float
    weights: Mapping[str, float]
    """Of a portfolio's recipes, by name."""


def _test_folds(prepared: Prepared, folds: Sequence[Fold], on_event: OnEvent) -> list[_Tested]:
    plans = [inner_plans(prepared, fold, on_event) for fold in folds]
    fitted = fit(prepared, [plan for own in plans for plan in own], on_event, watch=False)
    tested, first = [], 0
    for fold, own in zip(folds, plans, strict=True):
        members = range(first, first + len(own))
        tested.append(_test(prepared, fold, own, [ensemble.take(members) for ensemble in fitted.ensembles]))
        first += len(own)
    return tested


def inner_plans(prepared: Prepared, fold: Fold, on_event: OnEvent) -> list[MemberPlan]:
    """The members that ``train`` would make of the fold's training rows, in rows of the whole table."""
    rows = fold.train_rows
    config, roles, labels = prepared.config, prepared.roles.take(rows), prepared.task.labels
    plans, notes = plan_members(prepared.targets[rows], config, len(rows), roles, labels)
    if fold.repeat == fold.fold == 0:
        for note in notes:
            on_event(Warned(f"within the training part of the first fold: {note}"))
    return [
        replace(
            plan,
            train_rows=rows[plan.train_rows],
            held_out_rows=rows[plan.held_out_rows],
            stopping_rows=rows[plan.stopping_rows],
        )
        for plan in plans
    ]


def _test(prepared: Prepared, fold: Fold, plans: Sequence[MemberPlan], ensembles: Sequence[Ensemble]) -> _Tested:
    chosen = choose(prepared, plans, ensembles)
    predictor = calibrated(chosen, prepared)
    predictions = predictor.predict(prepared.inputs.take(fold.test_rows))
    weights = {recipe.name: recipe.weight for recipe in chosen.tried}
    return _Tested(fold, predictions, predictor.calibration.temperature, weights)


def _metrics(prepared: Prepared, tested: Sequence[_Tested], protocol: Protocol) -> CrossValidation:
    folds = [test.fold for test in tested]
    lines = tuple(_tested_fold(prepared, test) for test in tested)
    values = [line.metrics for line in lines]
    # A metric may be undefined in some folds, such as R2 where all targets are equal.
    names = list(dict.fromkeys(name for line in values for name in line))
    rows = np.concatenate([fold.test_rows for fold in folds])
    weights = prepared.roles.take(rows).weights
    pooled = measured(prepared.targets[rows], joined([test.predictions for test in tested]), prepared.task, weights)
    return CrossValidation(
        format=1,
        rows=len(prepared.inputs),
        task=prepared.task.kind,
        measured_on=_measured_on(prepared.config, protocol),
        metrics={name: _mean(name, values, folds) for name in names},
        standard_deviation={name: _deviation([line[name] for line in values if name in line]) for name in names},
        pooled={name: interval.value for name, interval in pooled.metrics.items()},
        folds=lines,
        protocol=protocol,
        confusion=pooled.confusion,
        per_class=pooled.per_class,
        portfolio=_mean_weights(tested) or None,
    )


def _mean_weights(tested: Sequence[_Tested]) -> dict[str, float]:
    """How much each recipe of a portfolio counted, over the folds."""
    return {name: float(np.mean([test.weights[name] for test in tested])) for name in tested[0].weights}


def _measured_on(config: Config, protocol: Protocol) -> str:
    if order := config.validation.order_column:
        return f"{protocol.folds} folds in the order of {order}"
    group = f", each {config.data.group_column} in one" if config.data.group_column else ""
    return f"{protocol.folds} folds x {protocol.repeats} repeats, seed {protocol.seed}{group}"


def _tested_fold(prepared: Prepared, test: _Tested) -> TestedFold:
    fold, weights = test.fold, prepared.roles.take(test.fold.test_rows).weights
    return TestedFold.of(
        measured(prepared.targets[fold.test_rows], test.predictions, prepared.task, weights).metrics,
        repeat=fold.repeat,
        fold=fold.fold,
        test_rows=len(fold.test_rows),
        temperature=test.temperature if prepared.task.classes else None,
    )


def _mean(name: str, lines: Sequence[Values], folds: Sequence[Fold]) -> Interval:
    """Over the folds in which the metric is defined."""
    there = [i for i, line in enumerate(lines) if name in line]
    return corrected_resampled_t([lines[i][name] for i in there], *fold_sizes([folds[i] for i in there]))


def _lead(name: str, ours: Sequence[Values], theirs: Sequence[Values], folds: Sequence[Fold]) -> Interval:
    """Ours - theirs, over the folds in which both have the metric."""
    both = [i for i in range(len(folds)) if name in ours[i] and name in theirs[i]]
    pairs = [ours[i][name] for i in both], [theirs[i][name] for i in both]
    return paired_difference(*pairs, *fold_sizes([folds[i] for i in both]))


def _deviation(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def fold_sizes(folds: Sequence[Fold]) -> tuple[float, float]:
    """Mean rows of a fold's test and training parts."""
    return float(np.mean([len(f.test_rows) for f in folds])), float(np.mean([len(f.train_rows) for f in folds]))


def _baselines(
    prepared: Prepared, folds: Sequence[Fold], tested: Sequence[TestedFold], on_event: OnEvent
) -> dict[str, BaselineMetrics]:
    """Each baseline's metrics, and the paired difference ours - theirs, both with corrected intervals."""
    from phoneprice.workflows.baselines import baseline_scores

    ours = [line.metrics for line in tested]
    splits = [(fold.train_rows, fold.test_rows) for fold in folds]
    found: dict[str, BaselineMetrics] = {}
    for name, theirs in baseline_scores(prepared, splits, on_event).items():
        metrics = list(dict.fromkeys(metric for line in theirs for metric in line))
        shared = [m for m in metrics if any(m in our and m in their for our, their in zip(ours, theirs, strict=True))]
        found[name] = BaselineMetrics(
            metrics={metric: _mean(metric, theirs, folds) for metric in metrics},
            ours_minus_theirs={metric: _lead(metric, ours, theirs, folds) for metric in shared},
        )
    return found


def _write_predictions(path: Path, prepared: Prepared, tested: Sequence[_Tested]) -> None:
    """One row a test row and repeat: its number in the table (from 0), repeat, fold, truth and prediction."""
    import pyarrow.parquet as pq

    folds = [test.fold for test in tested]
    sizes = [len(fold.test_rows) for fold in folds]
    rows = np.concatenate([fold.test_rows for fold in folds])
    columns: dict[str, Any] = {
        "row": prepared.file_rows[rows],
        "repeat": np.repeat([fold.repeat for fold in folds], sizes),
        "fold": np.repeat([fold.fold for fold in folds], sizes),
    }
    predictions = joined([test.predictions for test in tested])
    columns |= prediction_columns(prepared.targets[rows], predictions, prepared.task.labels)
    with open_output(path) as file:
        pq.write_table(pa.table(columns), file)
