"""A comparison as files: ``comparison.json``, and its curves as a table."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from phoneprice.records import Doubles, Interval
from phoneprice.records.comparison import Compared, Comparison
from phoneprice.records.curves import VALIDATION_MEASUREMENTS, Curves, median_of_members


def comparison_document(comparison: Comparison, source: str) -> dict[str, Any]:
    """``comparison.json``: every variant with its figures; None where there is none."""
    return {
        "format": 1,
        "source": source,
        "task": comparison.task.kind,
        "target": comparison.task.target,
        "measured_on": comparison.measured_on,
        "varied": comparison.keys,
        "look_for": comparison.look_for or None,
        "base": comparison.trainings[comparison.base].name,
        "why_not_paired": comparison.why_not_paired or None,
        "variants": [_document(own) for own in comparison.trainings],
    }


def _document(own: Compared) -> dict[str, Any]:
    return {
        "name": own.name,
        "settings": dict(own.settings),
        "finished": not own.why_not,
        "why_not": own.why_not or None,
        "parameters": own.parameters,
        "step_seconds": _finite(own.step_seconds),
        "metrics": _intervals(own.metrics),
        "training_rows": {name: _finite(value) for name, value in own.training.items()},
        "better_than_base": _intervals(own.leads),
        "layers": own.layers,
        "start": _layers(own.curves.start.health) if own.curves.start else None,
        "end": _layers(_last(own.curves)),
    }


def _intervals(found: Mapping[str, Interval]) -> dict[str, dict[str, float]]:
    return {name: dict(vars(interval)) for name, interval in found.items()}


def _last(curves: Curves) -> dict[str, Doubles]:
    """The last measurements of each layer, ``(K, layers)``."""
    return {name: values[-1] for name, values in curves.health.items() if name not in VALIDATION_MEASUREMENTS}


def _layers(found: Mapping[str, Doubles]) -> dict[str, list[float | None]]:
    """The median over members of each measurement of each layer."""
    return {name: [_finite(v) for v in median_of_members(values.T).tolist()] for name, values in found.items()}


def _finite(value: float) -> float | None:
    """As JSON has it: no value rather than NaN or infinity."""
    return float(value) if np.isfinite(value) else None


def render_curves(comparison: Comparison) -> bytes:
    """``curves.parquet``: a line a variant, network and epoch."""
    tables = [_curve_table(own) for own in comparison.trainings]
    sink = io.BytesIO()
    pq.write_table(pa.concat_tables(tables), sink, compression="zstd")
    return sink.getvalue()


def _curve_table(own: Compared) -> pa.Table:
    curves = own.curves
    epochs, members = curves.train_loss.shape
    metric = next((curves.health[name][:, :, 0] for name in VALIDATION_MEASUREMENTS if name in curves.health), None)
    columns: dict[str, Any] = {
        "variant": pa.array([own.name] * (epochs * members)),
        "member": np.tile(np.arange(members), epochs),
        "epoch": np.repeat(curves.epochs, members),
        "learning_rate": curves.learning_rate.ravel(),
        "training_loss": curves.train_loss.ravel(),
        "validation_loss": curves.validation_loss.ravel(),
        "validation_metric": np.full(epochs * members, np.nan) if metric is None else metric.ravel(),
    }
    return pa.table(columns)
