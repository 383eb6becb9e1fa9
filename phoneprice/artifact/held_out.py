"""Predictions of held-out rows as a table, and back: ``oof.parquet``, and what ``cv --predictions`` writes."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from phoneprice.artifact.prediction_files import damaged
from phoneprice.data.encoding.schema import LARGEST_TARGET
from phoneprice.data.reading.bounded_parquet import BoundedParquet
from phoneprice.data.rows.row_roles import HEAVIEST, LIGHTEST
from phoneprice.records import Classified, HeldOut, Predictions, Valued
from phoneprice.records.inputs import LARGEST_SINGLE

_WEIGHT = "weight"
"""The column of as how many rows each counts, where that is not one."""
_MOST_BYTES = 128 << 20
"""That a table of a few bytes may take in memory; a large file may take more."""


def prediction_columns(truth: NDArray[Any], predictions: Predictions, labels: Sequence[str]) -> dict[str, Any]:
    """``target``, ``prediction`` and, for classes, which are called by their labels, ``prob_LABEL`` columns."""
    if isinstance(predictions, Valued):
        return {"target": truth, "prediction": predictions.values}
    names = np.array(labels, dtype=object)
    columns = {"target": names[truth], "prediction": names[predictions.classes]}
    return columns | {f"prob_{label}": predictions.probabilities[:, i] for i, label in enumerate(labels)}


def _read_columns(table: pa.Table, labels: Sequence[str]) -> tuple[NDArray[Any], Predictions]:
    """Truth and predictions in ``prediction_columns``; ``ValueError`` for a label that is not among ``labels``."""
    columns = {name: table.column(name).to_numpy() for name in table.column_names}
    if not labels:
        return columns["target"], Valued(columns["prediction"])
    places = {label: i for i, label in enumerate(labels)}
    if odd := {*columns["target"], *columns["prediction"]} - places.keys():
        raise ValueError(f"label {min(odd)!r} is not in schema.json")
    truth, classes = (np.array([places[label] for label in columns[name]]) for name in ("target", "prediction"))
    return truth, Classified(classes, np.stack([columns[f"prob_{label}"] for label in labels], axis=1))


def render_held_out(held: HeldOut, labels: Sequence[str]) -> bytes:
    """The bytes of ``oof.parquet``: a line a held-out row, with its number in the table (from 0) and its fold."""
    columns = {"row": held.rows, "fold": held.folds, **prediction_columns(held.truth, held.predictions, labels)}
    table = pa.table(columns if held.weights is None else {**columns, _WEIGHT: held.weights})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    data: bytes = sink.getvalue().to_pybytes()
    return data


def parse_held_out(data: bytes, source: str, labels: Sequence[str]) -> HeldOut:
    """The predictions in ``oof.parquet``; raises ``ModelError``."""
    try:
        parquet = BoundedParquet(io.BytesIO(data))
        _check_columns(parquet.schema, labels)
        table = parquet.held(parquet.header, _MOST_BYTES)
        _check_no_gaps(table)
        truth, predictions = _read_columns(table, labels)
        weights = table.column(_WEIGHT).to_numpy() if _WEIGHT in table.column_names else None
        held = HeldOut(table.column("row").to_numpy(), table.column("fold").to_numpy(), truth, predictions, weights)
        _check_values(held)
    except ValueError as fault:
        raise damaged(source, str(fault)) from None
    return held


def _check_columns(schema: pa.Schema, labels: Sequence[str]) -> None:
    kind = pa.string() if labels else pa.float64()
    expected = {"row": pa.int64(), "fold": pa.int64(), "target": kind, "prediction": kind}
    expected |= {f"prob_{label}": pa.float64() for label in labels}
    expected |= {_WEIGHT: pa.float64()} if _WEIGHT in schema.names else {}
    if dict(zip(schema.names, schema.types, strict=True)) != expected or len(schema) != len(expected):
        raise ValueError(f"its columns are not {', '.join(f'{name} ({kind})' for name, kind in expected.items())}")


def _check_no_gaps(table: pa.Table) -> None:
    if any(column.null_count for column in table.columns):
        raise ValueError("a cell is missing")


def _check_values(held: HeldOut) -> None:
    if np.any(np.diff(held.rows) <= 0):
        raise ValueError("its row numbers don't increase")
    if held.weights is not None and not ((held.weights >= LIGHTEST) & (held.weights <= HEAVIEST)).all():
        raise ValueError(f"a weight is not from {LIGHTEST:g} to {HEAVIEST:g}")
    if isinstance(held.predictions, Valued):
        # NaN fails both comparisons; within these limits no figure overflows.
        within = np.abs(held.predictions.values) <= LARGEST_SINGLE * LARGEST_TARGET
        sound = within & (np.abs(held.truth) <= LARGEST_TARGET)
    else:
        p = held.predictions.probabilities
        sound = (p >= 0).all(axis=1) & (np.abs(p.sum(axis=1) - 1) < 1e-3)
    if not sound.all():
        raise ValueError("its predictions are not finite numbers, or its probabilities don't sum to 1")
