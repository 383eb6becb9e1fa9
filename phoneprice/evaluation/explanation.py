"""What a model uses, seen from outside: permutation importance and partial dependence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.data.encoding.dates import date_text
from phoneprice.data.encoding.features import cycle_inputs
from phoneprice.data.encoding.schema import Column, TableSchema
from phoneprice.evaluation.paired import PairedMetric, lead, row_errors
from phoneprice.records import Classified, Doubles, Inputs, Interval, Predictions

Predict = Callable[[Inputs], Predictions]

REPEATS = 5
"""Shuffles of a column."""
ROWS_TOGETHER = 4096
"""Rows that are predicted in one go, of several columns where one has fewer: the engine's blocks are that long."""
GRID = 25
MOST_CATEGORIES = 12


@dataclass(frozen=True)
class Part:
    """Some rows, with their truth ``(n,)`` and what predicts them: members that have not seen them."""

    inputs: Inputs
    y: NDArray[Any]
    predict: Predict


def spans(schema: TableSchema) -> dict[str, slice]:
    """The inputs of each column."""
    found, start = {}, 0
    for column in schema.columns:
        found[column.name] = slice(start, start + len(column.input_names))
        start += len(column.input_names)
    return found


def permutation_importance(
    parts: Sequence[Part],
    schema: TableSchema,
    metric: PairedMetric,
    seed: int = 0,
    on_columns: Callable[[int], None] = lambda _: None,
) -> dict[str, Interval]:
    """How much worse the metric gets when a column is shuffled, by column, the most important first.

    Breiman 2001, section 10, with the column's inputs shuffled together, within each part (a fold), ``REPEATS`` times;
    a row's error is its mean over the shuffles, and the interval is over rows, paired with the errors as they were.
    ``on_columns`` hears of each number of columns that is done with in a part.
    """
    generator = np.random.Generator(np.random.Philox(key=seed))
    shuffles = [[generator.permutation(len(part.y)) for _ in range(REPEATS)] for part in parts]
    usual = np.concatenate([row_errors(metric, part.y, part.predict(part.inputs)) for part in parts])
    columns = spans(schema)
    errors = np.empty((len(columns), len(usual)))
    first = 0
    for part, orders in zip(parts, shuffles, strict=True):
        rows, together = len(part.y), max(ROWS_TOGETHER // max(len(part.y) * REPEATS, 1), 1)
        for start in range(0, len(columns), together):
            some = list(columns.values())[start : start + together]
            errors[start : start + together, first : first + rows] = _shuffled_errors(part, orders, some, metric)
            on_columns(len(some))
        first += rows
    found = {name: lead(metric, usual, errors[i]) for i, name in enumerate(columns)}
    return dict(sorted(found.items(), key=lambda item: -item[1].value))


def _shuffled_errors(
    part: Part, orders: Sequence[NDArray[np.int64]], columns: Sequence[slice], metric: PairedMetric
) -> Doubles:
    """The mean error of each row over all shuffles of each column ``(columns, n)``, predicted in one go."""
    rows, inputs, copies = len(part.y), part.inputs, len(columns) * len(orders)
    values = np.tile(inputs.values, (copies, 1))
    missing = None if inputs.missing is None else np.tile(inputs.missing, (copies, 1))
    for i, (span, order) in enumerate(product(columns, orders)):
        copy = slice(i * rows, (i + 1) * rows)
        values[copy, span] = inputs.values[order, span]
        if missing is not None and inputs.missing is not None:
            missing[copy, span] = inputs.missing[order, span]
    predicted = part.predict(Inputs(values, missing))
    errors = row_errors(metric, np.tile(part.y, copies), predicted)
    return np.asarray(errors.reshape(len(columns), len(orders), rows).mean(axis=1))


@dataclass(frozen=True)
class Response:
    """Mean predictions ``(G, M)`` with a column at each of ``grid``: probabilities a class, or one value."""

    grid: tuple[float, ...] | tuple[str, ...]
    means: Doubles
    deciles: tuple[float, ...]
    """Of a numeric column's values."""


def partial_dependence(column: Column, schema: TableSchema, inputs: Inputs, predict: Predict) -> Response:
    """Friedman 2001, equation 53: what is predicted on average when all rows have one value in the column.

    Numbers go from the 1st to the 99th percentile of the rows' values, dates likewise; categories are the
    most frequent ones.
    """
    span = spans(schema)[column.name]
    grid: tuple[float, ...] | tuple[str, ...]
    deciles: tuple[float, ...] = ()
    if column.kind == "numeric":
        values = _values(column, inputs, span)
        low, high = np.quantile(values, [0.01, 0.99])
        numbers = np.unique(np.linspace(low, high, GRID))
        grid, settings = tuple(numbers.tolist()), [{0: (value - column.center) / column.spread} for value in numbers]
        deciles = tuple(np.quantile(values, np.arange(1, 10) / 10).tolist())
    elif column.kind == "date":
        days = np.quantile(_values(column, inputs, span), np.linspace(0.01, 0.99, MOST_CATEGORIES), method="nearest")
        grid, settings = _dated(column, np.unique(days))
    elif column.kind == "boolean":
        grid, settings = ("no", "yes"), [{0: 0.0}, {0: 1.0}]
    else:
        grid = column.categories[:MOST_CATEGORIES]
        settings = [{i: 1.0} for i in range(len(grid))]
    return Response(grid, _means([_set(inputs, span, setting) for setting in settings], predict), deciles)


def _dated(column: Column, days: Doubles) -> tuple[tuple[str, ...], list[dict[int, float]]]:
    """Some dates as people write them, and the inputs of each."""
    trend = (days - column.center) / column.spread
    inputs = np.column_stack([trend, cycle_inputs(days, column.cycles)])
    return tuple(map(date_text, days.tolist())), [dict(enumerate(row)) for row in inputs.tolist()]


def _values(column: Column, inputs: Inputs, span: slice) -> Doubles:
    values = inputs.values[:, span.start].astype(np.float64)
    if inputs.missing is not None:
        known = values[~inputs.missing[:, span.start]]
        values = known if len(known) else values
    return np.asarray(values * column.spread + column.center)


def _set(inputs: Inputs, span: slice, values: dict[int, float]) -> Inputs:
    """All rows with these values in a column's inputs, 0 in the others of them, nothing missing there."""
    changed = inputs.values.copy()
    changed[:, span] = 0
    for offset, value in values.items():
        changed[:, span.start + offset] = value
    missing = None
    if inputs.missing is not None:
        missing = inputs.missing.copy()
        missing[:, span] = False
    return Inputs(changed, missing)


def _means(variants: Sequence[Inputs], predict: Predict) -> Doubles:
    """The mean prediction of each variant of the inputs, all predicted in one go."""
    rows = len(variants[0])
    missing = [variant.missing for variant in variants if variant.missing is not None]
    together = Inputs(
        np.concatenate([variant.values for variant in variants]), np.concatenate(missing) if missing else None
    )
    predicted = predict(together)
    values = predicted.probabilities if isinstance(predicted, Classified) else predicted.values[:, None]
    return np.asarray(values.reshape(len(variants), rows, -1).mean(axis=1))
