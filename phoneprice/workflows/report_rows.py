"""What a report needs rows for: importance, partial dependence, the worst rows.

The table the run was trained on is recognised by its hash; then every row is looked at by the members that have not
seen it. Any other labelled table is new to all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.artifact.loader import Run
from phoneprice.config.reading import Reading
from phoneprice.data.encoding.schema import Column
from phoneprice.data.rows.splits import plan_members
from phoneprice.data.table import Table
from phoneprice.errors import DataError
from phoneprice.evaluation.explanation import Part, partial_dependence, permutation_importance
from phoneprice.evaluation.paired import PairedMetric, row_errors
from phoneprice.inference.predictor import Predictor
from phoneprice.records import HeldOut, Inputs, Interval, Predictions, Split, Valued, joined, splits_of
from phoneprice.records.documents import BaselineMetrics
from phoneprice.report.facts import Dependence, FromData, WorstRow
from phoneprice.wording import counted, number
from phoneprice.workflows.evaluate import prepare_labelled, read_labelled
from phoneprice.workflows.events import OnEvent, Progress, Warned
from phoneprice.workflows.predictors import predictor_of
from phoneprice.workflows.prepare import Prepared, left_out, told_of_file

MOST_ROWS = 4000
"""That importance is measured on; of more, a seeded sample."""
DEPENDENCE_ROWS = 300
TOP = 6
"""Columns with a partial-dependence curve."""
MOST_CURVES = 6
WORST = 15
MOST_CELLS = 30


@dataclass(frozen=True)
class _LabelledRows:
    """A labelled table and, fold by fold, some of its rows with the members that are asked about them."""

    run: Run
    prepared: Prepared
    predictor: Predictor
    out_of_fold: bool
    """Each row is asked of the members that held it out; else all members are asked about all rows."""
    folds: tuple[Split, ...]


def facts_from_rows(
    run: Run, data: Path | str, held: HeldOut | None, reading: Reading, on_event: OnEvent, *, learned: bool = False
) -> tuple[Mapping[str, BaselineMetrics] | None, FromData]:
    """The linear baseline, and all else that the rows tell.

    A run of an earlier version has none; for the table that it was trained on it is made here. With ``learned`` any
    other table is a ``DataError``.
    """
    labelled = _labelled_rows(run, read_labelled(run, data, reading), on_event, learned=learned)
    metric: PairedMetric = "accuracy" if run.task.labels else "rmse"
    baselines = run.metrics.baselines
    if baselines is None and held is not None and labelled.out_of_fold:
        baselines = _linear_baseline(labelled, held)
    importances = _importances(labelled, metric, on_event)
    all_rows = f"all {counted(len(labelled.prepared.inputs), 'row')}"
    rows = "the rows each member has not seen" if labelled.out_of_fold else all_rows
    found = FromData(
        source=labelled.prepared.table.source,
        measured_on=f"Measured on {rows} of {Path(labelled.prepared.table.source).name}.",
        metric=metric if metric == "accuracy" else "RMSE",
        importances=importances,
        dependences=tuple(_dependences(labelled, list(importances)[:TOP])),
        worst=tuple(_worst(labelled, list(importances))),
        error_name="log loss" if run.task.labels else "off by",
    )
    return baselines, found


def _labelled_rows(run: Run, table: Table, on_event: OnEvent, *, learned: bool) -> _LabelledRows:
    prepared, odd = prepare_labelled(run, table, "look at")
    seen = prepared.sha256 == run.splits.data_sha256
    if learned and not seen:
        raise DataError(f"{table.source}: has changed since the training")
    strange = () if seen else (f"{table.source}: {message}" for message in odd.messages())
    for event in told_of_file(table):
        on_event(event)
    for message in (*left_out(table), *strange):
        on_event(Warned(message))
    plans, _ = plan_members(prepared.targets, run.config, table.rows, prepared.roles) if seen else ((), ())
    folds = splits_of(plans)
    everyone = Split(np.arange(table.rows), tuple(range(run.shapes[0].members)))
    return _LabelledRows(run, prepared, predictor_of(run), seen and bool(folds), folds or (everyone,))


def _importances(labelled: _LabelledRows, metric: PairedMetric, on_event: OnEvent) -> dict[str, Interval]:
    """By column, the most important first; tells how far it has got, for with many columns it takes a while."""
    parts, schema = _sampled_parts(labelled), labelled.run.schema
    done, total = 0, len(parts) * len(schema.columns)

    def tell(columns: int) -> None:
        nonlocal done
        done += columns
        on_event(Progress(done, total, "columns shuffled"))

    return permutation_importance(parts, schema, metric, labelled.run.config.training.seed, tell)


def _sampled_parts(labelled: _LabelledRows) -> list[Part]:
    total = sum(len(fold.held_out_rows) for fold in labelled.folds)
    generator = np.random.Generator(np.random.Philox(key=labelled.run.config.training.seed))
    parts = []
    for fold in labelled.folds:
        rows = fold.held_out_rows
        if total > MOST_ROWS:
            kept = max(len(rows) * MOST_ROWS // total, 1)
            rows = np.sort(generator.choice(rows, kept, replace=False))
        inputs = labelled.prepared.inputs.take(rows)
        parts.append(Part(inputs, labelled.prepared.targets[rows], labelled.predictor.take(fold.members).predict))
    return parts


def _dependences(labelled: _LabelledRows, names: Sequence[str]) -> Iterator[Dependence]:
    columns = {column.name: column for column in labelled.run.schema.columns}
    rows = np.unique(np.linspace(0, len(labelled.prepared.inputs) - 1, DEPENDENCE_ROWS).astype(np.int64))
    inputs = labelled.prepared.inputs.take(rows)
    for name in names:
        if (found := _dependence(labelled, columns[name], inputs)) is not None:
            yield found


def _dependence(labelled: _LabelledRows, column: Column, inputs: Inputs) -> Dependence | None:
    response = partial_dependence(column, labelled.run.schema, inputs, labelled.predictor.predict)
    if len(response.grid) < 2:
        return None
    labels, means = labelled.run.task.labels, response.means
    names: tuple[str, ...] = (labelled.run.task.target,)
    if len(labels) == 2:
        names, means = (f"probability of {labels[1]}",), means[:, 1:]
    elif labels:
        moving = np.sort(np.argsort(-np.ptp(means, axis=0))[:MOST_CURVES])
        names, means = tuple(f"class {labels[i]}" for i in moving), means[:, moving]
    return Dependence(column.name, response.grid, names, means, response.deciles)


def _worst(labelled: _LabelledRows, by_importance: Sequence[str]) -> Iterator[WorstRow]:
    prepared, labels = labelled.prepared, labelled.run.task.labels
    rows, predictions = _all_predictions(labelled)
    y = prepared.targets[rows]
    errors = row_errors("log_loss" if labels else "mae", y, predictions)
    columns = [*(c for c in prepared.schema.id_columns if c in prepared.table.columns), *by_importance][:MOST_CELLS]
    for i in np.argsort(-errors, kind="stable")[:WORST].tolist():
        row = int(rows[i])
        yield WorstRow(
            place=_place(prepared.table, row),
            truth=labels[y[i]] if labels else number(y[i]),
            predicted=_predicted(predictions, i, labels),
            error=float(errors[i]),
            cells={name: _cell(prepared.table.columns[name][row].as_py()) for name in columns},
        )


def _all_predictions(labelled: _LabelledRows) -> tuple[NDArray[np.int64], Predictions]:
    inputs, rows = labelled.prepared.inputs, [fold.held_out_rows for fold in labelled.folds]
    parts = [labelled.predictor.take(f.members).predict(inputs.take(f.held_out_rows)) for f in labelled.folds]
    return np.concatenate(rows), joined(parts)


def _predicted(predictions: Predictions, row: int, labels: Sequence[str]) -> str:
    if isinstance(predictions, Valued):
        return number(predictions.values[row])
    chosen = int(predictions.classes[row])
    return f"{labels[chosen]} ({predictions.probabilities[row, chosen]:.0%} sure)"


def _place(table: Table, row: int) -> str:
    """``line 7`` or ``row 7``, without the file's name."""
    return table.place(row).removeprefix(table.source).strip()


def _cell(value: Any) -> str:
    if value is None:
        return "missing"
    return number(value) if isinstance(value, float) else str(value)


def _linear_baseline(labelled: _LabelledRows, held: HeldOut) -> Mapping[str, BaselineMetrics]:
    """The usual linear model, trained on the rows each fold's members could see."""
    from phoneprice.workflows.baselines import linear_baseline

    every = np.arange(len(labelled.prepared.targets))
    splits = [(np.setdiff1d(every, fold.held_out_rows), fold.held_out_rows) for fold in labelled.folds]
    # The run numbers the rows of its file, some of which may have been left out.
    places = np.sort(np.concatenate([fold.held_out_rows for fold in labelled.folds]))
    return linear_baseline(labelled.prepared, replace(held, rows=places), splits)
