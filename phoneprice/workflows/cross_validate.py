"""Cross-validate: what the whole configured pipeline, inner ensemble and calibration included, does on new rows.

All folds of all repeats train together: a fold's members are a fit like any other, and stack with all the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from phoneprice.config.reading import AS_CONFIGURED, Reading
from phoneprice.config.schema import Config
from phoneprice.data.splits import plan_members, repeated_folds
from phoneprice.evaluation.fold_intervals import corrected_resampled_t, paired_difference
from phoneprice.records import Interval, MemberPlan, Predictions, Rows, Task
from phoneprice.workflows.assess import (
    Document,
    Model,
    calibrated_on,
    final_calibration,
    held_out,
    joined,
    measured,
    prediction_columns,
)
from phoneprice.workflows.destinations import open_output, refuse_output, refuse_unwritable
from phoneprice.workflows.events import OnEvent, Warned, WarningCollector, ignore
from phoneprice.workflows.fitting import fit
from phoneprice.workflows.prepare import Prepared, configured, labelled_source, prepare


@dataclass(frozen=True)
class Protocol:
    """Repeated (stratified, for classes) k-fold: ``folds`` times ``repeats`` splits from ``seed``."""

    folds: int = 5
    repeats: int = 3
    seed: int = 0


@dataclass(frozen=True)
class Fold:
    """One test set: its place in the protocol, and its rows of the table."""

    repeat: int
    fold: int
    train_rows: Rows
    test_rows: Rows


@dataclass(frozen=True)
class CrossValidationResult:
    """What was found; ``metrics`` is the document of ``--json``."""

    source: str
    config: Config
    task: Task
    protocol: Protocol
    metrics: Document
    rows: int
    warnings: tuple[str, ...]


def cross_validate(
    data: Path | str | None = None,
    config: Config | Path | str | None = None,
    protocol: Protocol | None = None,
    *,
    baselines: bool = False,
    predictions: Path | None = None,
    reading: Reading = AS_CONFIGURED,
    on_event: OnEvent = ignore,
) -> CrossValidationResult:
    """Train and test on every fold; with ``baselines`` scikit-learn's models too, on the same folds.

    ``predictions`` names a Parquet file for one row a test row and repeat. Raises ``DataError`` where a class has
    fewer rows than there are folds.
    """
    protocol = protocol or Protocol()
    config = configured(config, reading)
    if predictions is not None:
        refuse_output(predictions, data, option="--predictions")
        refuse_unwritable(predictions)
    collector = WarningCollector(on_event)
    prepared = prepare(labelled_source(data, collector), config, collector)
    folds = make_folds(prepared, config, protocol)
    tested, document = _on_folds(prepared, folds, config, protocol, collector)
    if baselines:
        document["baselines"] = _baselines(prepared, folds, document["folds"], collector)
    if predictions is not None:
        _write_predictions(predictions, prepared, folds, tested)
    source = prepared.table.source
    return CrossValidationResult(
        source, config, prepared.task, protocol, document, len(prepared.inputs), collector.messages
    )


def cross_validated(
    prepared: Prepared, config: Config, protocol: Protocol, on_event: OnEvent
) -> tuple[list[Predictions], Document]:
    """The predictions of every test set, in the order of the folds, and the document of what they are worth."""
    return _on_folds(prepared, make_folds(prepared, config, protocol), config, protocol, on_event)


def _on_folds(
    prepared: Prepared, folds: Sequence[Fold], config: Config, protocol: Protocol, on_event: OnEvent
) -> tuple[list[Predictions], Document]:
    tested, temperatures = _test_folds(prepared, folds, config, on_event)
    return tested, _document(prepared, folds, tested, temperatures, protocol)


def make_folds(prepared: Prepared, config: Config, protocol: Protocol) -> list[Fold]:
    """The splits of the protocol; raises ``DataError`` where a class has fewer rows than there are folds."""
    splits = repeated_folds(
        prepared.targets,
        protocol.folds,
        protocol.repeats,
        protocol.seed,
        stratified=config.task.kind != "regression",
        labels=prepared.task.labels,
    )
    return [Fold(*divmod(i, protocol.folds), train, test) for i, (train, test) in enumerate(splits)]


def _test_folds(
    prepared: Prepared, folds: Sequence[Fold], config: Config, on_event: OnEvent
) -> tuple[list[Predictions], list[float]]:
    """The predictions of every test set, and the temperature each fold's ensemble was calibrated with."""
    plans = [_inner_plans(prepared, fold, config, on_event) for fold in folds]
    fitted = fit(prepared, [plan for own in plans for plan in own], config, on_event, watch=False)
    tested, temperatures, first = [], [], 0
    for fold, own in zip(folds, plans, strict=True):
        ensemble = fitted.ensemble.take(range(first, first + len(own)))
        first += len(own)
        predictions, temperature = _test(prepared, fold, own, Model(config, prepared.task, ensemble))
        tested.append(predictions)
        temperatures.append(temperature)
    return tested, temperatures


def _inner_plans(prepared: Prepared, fold: Fold, config: Config, on_event: OnEvent) -> list[MemberPlan]:
    """The members that ``train`` would make of the fold's training rows, in rows of the whole table."""
    rows = fold.train_rows
    plans, notes = plan_members(prepared.targets[rows], config, len(rows))
    if fold.repeat == fold.fold == 0:
        for note in notes:
            on_event(Warned(note))
    return [
        replace(
            plan,
            train_rows=rows[plan.train_rows],
            held_out_rows=rows[plan.held_out_rows],
            stopping_rows=rows[plan.stopping_rows],
        )
        for plan in plans
    ]


def _test(prepared: Prepared, fold: Fold, plans: Sequence[MemberPlan], model: Model) -> tuple[Predictions, float]:
    held = held_out(model, prepared.inputs, plans)
    calibration = final_calibration(calibrated_on(held, prepared.targets, model.config), model.config)
    predictions = replace(model, calibration=calibration).predict(prepared.inputs.take(fold.test_rows))
    return predictions, calibration.temperature


def _document(
    prepared: Prepared,
    folds: Sequence[Fold],
    tested: Sequence[Predictions],
    temperatures: Sequence[float],
    protocol: Protocol,
) -> Document:
    """``metrics`` are means over folds with corrected intervals; ``pooled`` are those of all test rows together."""
    lines = []
    for fold, predictions, temperature in zip(folds, tested, temperatures, strict=True):
        found = measured(prepared.targets[fold.test_rows], predictions, prepared.task)["metrics"]
        place: Document = {"repeat": fold.repeat, "fold": fold.fold, "test_rows": len(fold.test_rows)}
        if prepared.task.classes:
            place["temperature"] = temperature
        lines.append(place | {name: metric["value"] for name, metric in found.items()})
    places = {"repeat", "fold", "test_rows", "temperature"}
    # A metric may be undefined in some folds, such as R2 where all targets are equal.
    names = [name for name in dict.fromkeys(name for line in lines for name in line) if name not in places]
    by_name = {name: [line[name] for line in lines if name in line] for name in names}
    truth = np.concatenate([prepared.targets[fold.test_rows] for fold in folds])
    pooled = measured(truth, joined(tested), prepared.task)
    return {
        "format": 1,
        "rows": len(prepared.inputs),
        "task": prepared.task.kind,
        "measured_on": f"{protocol.folds} folds x {protocol.repeats} repeats, seed {protocol.seed}",
        "metrics": {name: asdict(_mean(name, lines, folds)) for name in names},
        "standard_deviation": {name: _deviation(values) for name, values in by_name.items()},
        "pooled": {name: metric["value"] for name, metric in pooled.pop("metrics").items()},
        "folds": lines,
        "protocol": asdict(protocol),
        **pooled,
    }


def _mean(name: str, lines: Sequence[Document], folds: Sequence[Fold]) -> Interval:
    """Over the folds in which the metric is defined."""
    there = [i for i, line in enumerate(lines) if name in line]
    return corrected_resampled_t([lines[i][name] for i in there], *_sizes([folds[i] for i in there]))


def _lead(name: str, ours: Sequence[Document], theirs: Sequence[Document], folds: Sequence[Fold]) -> Interval:
    """Ours - theirs, over the folds in which both have the metric."""
    both = [i for i in range(len(folds)) if name in ours[i] and name in theirs[i]]
    pairs = [ours[i][name] for i in both], [theirs[i][name] for i in both]
    return paired_difference(*pairs, *_sizes([folds[i] for i in both]))


def _deviation(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def _sizes(folds: Sequence[Fold]) -> tuple[float, float]:
    """Mean rows of a fold's test and training parts."""
    return float(np.mean([len(f.test_rows) for f in folds])), float(np.mean([len(f.train_rows) for f in folds]))


def _baselines(prepared: Prepared, folds: Sequence[Fold], ours: Sequence[Document], on_event: OnEvent) -> Document:
    """Each baseline's metrics, and the paired difference ours - theirs, both with corrected intervals."""
    from phoneprice.workflows.baselines import baseline_scores

    splits = [(fold.train_rows, fold.test_rows) for fold in folds]
    document: Document = {}
    for name, theirs in baseline_scores(prepared, splits, on_event).items():
        metrics = list(dict.fromkeys(metric for line in theirs for metric in line))
        shared = [m for m in metrics if any(m in our and m in their for our, their in zip(ours, theirs, strict=True))]
        document[name] = {
            "metrics": {metric: asdict(_mean(metric, theirs, folds)) for metric in metrics},
            "ours_minus_theirs": {metric: asdict(_lead(metric, ours, theirs, folds)) for metric in shared},
        }
    return document


def _write_predictions(path: Path, prepared: Prepared, folds: Sequence[Fold], tested: Sequence[Predictions]) -> None:
    """One row a test row and repeat: its number in the table (from 0), repeat, fold, truth and prediction."""
    import pyarrow.parquet as pq

    sizes = [len(fold.test_rows) for fold in folds]
    rows = np.concatenate([fold.test_rows for fold in folds])
    columns: dict[str, Any] = {
        "row": rows,
        "repeat": np.repeat([fold.repeat for fold in folds], sizes),
        "fold": np.repeat([fold.fold for fold in folds], sizes),
    }
    columns |= prediction_columns(prepared.targets[rows], joined(tested), prepared.task)
    with open_output(path) as file:
        pq.write_table(pa.table(columns), file)
