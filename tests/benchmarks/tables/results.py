"""What a model answered on a table, as a Parquet file of its own: predictions row by row, so that scores can change."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tables.catalogue import plain
from tables.protocol import Doubles

Outcome = Literal["answered", "too slow", "too many rows", "failed"]
_KEY = b"phoneprice.tables"


@dataclass(frozen=True)
class Facts:
    """What is known of a result beside the predictions."""

    table: str
    model: str
    settings: tuple[str, ...] = ()
    """Of our own models, as after ``-s``."""
    outcome: Outcome = "answered"
    words: str = ""
    """Of what failed, the last line; of what was answered, the remarks."""
    labels: tuple[str, ...] = ()
    columns: int = 0
    without_target: int = 0
    of_rare_classes: int = 0
    start_seconds: float = 0.0
    """From the start of a process until everything that the model needs is imported."""
    fit_seconds: tuple[float, ...] = ()
    predict_seconds: tuple[float, ...] = ()
    """One a fold."""
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """The answers for every row of a table, ``(n,)``; no rows where there are none."""

    facts: Facts
    folds: NDArray[np.int64]
    truth: NDArray[Any]
    predicted: NDArray[Any]
    probabilities: Doubles | None
    """``(n, classes)``."""


def place_of(folder: Path, table: str, model: str) -> Path:
    """The file of a table and a model."""
    return folder / f"{plain(table)}.{plain(model)}.parquet"


def write(folder: Path, result: Result) -> None:
    """Write a result whole or not at all."""
    columns = {"fold": result.folds, "truth": result.truth, "predicted": result.predicted}
    if result.probabilities is not None:
        columns |= {f"p{place}": column for place, column in enumerate(result.probabilities.T)}
    facts = {_KEY: json.dumps(asdict(result.facts)).encode()}
    path = place_of(folder, result.facts.table, result.facts.model)
    beside = path.with_suffix(f".{os.getpid()}.partial")
    pq.write_table(pa.table(columns).replace_schema_metadata(facts), beside)
    beside.replace(path)


def nothing(facts: Facts) -> Result:
    """The result of a model that has not answered."""
    none = np.zeros(0)
    return Result(facts, none.astype(np.int64), none, none, None)


def read_facts(path: Path) -> Facts:
    """What a file says beside the rows."""
    return _facts(pq.read_schema(path))


def read(path: Path) -> Result:
    """A result as it was written."""
    table = pq.read_table(path)
    facts = _facts(table.schema)
    folds, truth, predicted = (table[name].to_numpy() for name in ("fold", "truth", "predicted"))
    names = [f"p{place}" for place in range(len(facts.labels))] if facts.outcome == "answered" else []
    probabilities = np.column_stack([table[name].to_numpy() for name in names]) if names else None
    return Result(facts, folds, truth, predicted, probabilities)


def _facts(schema: pa.Schema) -> Facts:
    found = json.loads(schema.metadata[_KEY])
    lists = ("settings", "labels", "fit_seconds", "predict_seconds")
    return Facts(**found | {name: tuple(found[name]) for name in lists})
