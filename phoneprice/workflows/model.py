"""A finished run in a program of one's own: ``load(run).predict(data)``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from phoneprice.artifact.loader import Run, load_run
from phoneprice.artifact.runs import resolve_run
from phoneprice.config.schema import Config
from phoneprice.data.encoding.features import Encoded, FeatureEncoder, require_columns
from phoneprice.data.encoding.row_encoder import RowEncoder
from phoneprice.data.reading import read_chunks
from phoneprice.data.reading.frames import frame_names, frame_table, held, is_frame
from phoneprice.data.reading.mappings import cells_at_hand, columns_of, is_row, is_rows
from phoneprice.data.table import Table, concat
from phoneprice.errors import UsageError
from phoneprice.inference.predictor import Predictor, kept_near_message
from phoneprice.inference.results import CONFIDENCE, PREDICTION, label_array
from phoneprice.records import Classified, Predictions, Valued
from phoneprice.records.documents import RunMetrics
from phoneprice.workflows.arguments import checked, refuse_unfit
from phoneprice.workflows.evaluate import EvaluationResult, evaluate_table, read_labelled, rows_that_count
from phoneprice.workflows.events import Noted, Warned, warn_caller
from phoneprice.workflows.predictors import predictor_of
from phoneprice.workflows.prepare import left_out, read_options_of_run, told_of_file

if TYPE_CHECKING:
    import pandas as pd

Columns = Mapping[str, Any]
"""Columns by name; or the cells of one row."""
Rows = list[Mapping[str, Any]]


@checked
def load(run: Path | str) -> Model:
    """Load a run directory, or the ``latest`` in ``runs/``.

    Raises ``ModelError``, and ``DeviceError`` where there is no memory to compute in.
    """
    return Model(load_run(resolve_run(run)))


@dataclass(frozen=True)
class Model:
    """A run, ready to predict and to evaluate.

    Data is a path to a file; or a table: a pandas DataFrame, what exports itself as an Arrow stream (such as a record
    batch), a mapping from names to columns; or a row as a mapping from names to cells, or a list of such rows. Features
    are found by name, other columns ignored. What a row gives is the same in each of these, and beside any other rows.
    Cells unlike the training data are a ``UserWarning``, with counts. What can't be used raises ``DataError``.
    """

    run: Run

    def __post_init__(self) -> None:
        """Fold the networks, so that the first row doesn't wait for it."""
        _ = self._predictor.block_rows, self._row_encoder

    @property
    def path(self) -> Path:
        """The run directory."""
        return self.run.path

    @property
    def config(self) -> Config:
        """The configuration the run was trained with."""
        return self.run.config

    @property
    def labels(self) -> tuple[str, ...]:
        """The class labels as text, in class order; none for regression."""
        return self.run.task.labels

    @property
    def metrics(self) -> RunMetrics:
        """What it is worth, as in ``metrics.json``: ``metrics["accuracy"].value``; ``document()`` for JSON."""
        return self.run.metrics

    @cached_property
    def _predictor(self) -> Predictor:
        return predictor_of(self.run)

    @cached_property
    def _label_values(self) -> NDArray[Any]:
        values: NDArray[Any] = label_array(self.labels, self.run.schema.label_kind).to_numpy(zero_copy_only=False)
        return values

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return self.run.schema.feature_names

    @cached_property
    def _row_encoder(self) -> RowEncoder:
        return RowEncoder(self.run.schema, read_options_of_run(self.config.data))

    @overload
    def predict(self, data: pd.DataFrame) -> pd.DataFrame: ...
    @overload
    def predict(self, data: Path | str | Columns | Rows) -> NDArray[Any]: ...
    def predict(self, data: pd.DataFrame | Path | str | Columns | Rows) -> pd.DataFrame | NDArray[Any]:
        """Each row's label, of the type it has in the training data, or its number: ``(n,)``.

        For a DataFrame, a DataFrame of the same index with the column ``prediction``.
        """
        predicted = self._predictions(data)
        found = predicted.values if isinstance(predicted, Valued) else self._label_values[predicted.classes]
        return _framed(data, {PREDICTION: found}) if _is_pandas(data) else found

    @overload
    def predict_proba(self, data: pd.DataFrame) -> pd.DataFrame: ...
    @overload
    def predict_proba(self, data: Path | str | Columns | Rows) -> NDArray[np.float64]: ...
    def predict_proba(self, data: pd.DataFrame | Path | str | Columns | Rows) -> pd.DataFrame | NDArray[np.float64]:
        """Calibrated probabilities ``(n, C)`` of the classes in the order of ``labels``.

        For a DataFrame, a DataFrame of the same index with columns ``prob_LABEL``. Raises ``UsageError`` for a
        regression.
        """
        p = self._classified(data).probabilities
        return _framed(data, self._by_label(p)) if _is_pandas(data) else np.ascontiguousarray(p)

    @overload
    def predict_with_proba(self, data: pd.DataFrame) -> pd.DataFrame: ...
    @overload
    def predict_with_proba(self, data: Rows) -> list[dict[str, Any]]: ...
    @overload
    def predict_with_proba(self, data: Path | str | Columns) -> dict[str, Any]: ...
    def predict_with_proba(
        self, data: pd.DataFrame | Path | str | Columns | Rows
    ) -> pd.DataFrame | list[dict[str, Any]] | dict[str, Any]:
        """Labels with their probabilities: ``prediction``, ``confidence`` and each ``prob_LABEL``.

        For a row a dictionary of Python values, as JSON takes them, for rows a list of such; for a DataFrame one of the
        same index, for other tables a dictionary of arrays ``(n,)``. Raises ``UsageError`` for a regression.
        """
        predicted = self._classified(data)
        p = predicted.probabilities
        labels, confidence = self._label_values[predicted.classes], p[np.arange(len(p)), predicted.classes]
        columns = {PREDICTION: labels, CONFIDENCE: confidence, **self._by_label(p)}
        if _is_pandas(data):
            return _framed(data, columns)
        if not (is_row(data) or is_rows(data)):
            return columns
        cells = zip(*(column.tolist() for column in columns.values()), strict=True)
        rows = [dict(zip(columns, row, strict=True)) for row in cells]
        return rows[0] if is_row(data) else rows

    def evaluate(self, data: pd.DataFrame | Path | str | Columns | Rows) -> EvaluationResult:
        """The metrics on labelled rows, as ``phoneprice evaluate`` has them."""
        return evaluate_table(self.run, self._labelled(data), warn_caller)

    def _classified(self, data: Any) -> Classified:
        if not self.labels:
            raise UsageError(f"{self.path}: a regression has no probabilities; use predict")
        predicted = self._predictions(data)
        assert isinstance(predicted, Classified)
        return predicted

    def _by_label(self, p: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        return {f"prob_{label}": p[:, i] for i, label in enumerate(self.labels)}

    def _predictions(self, data: Any) -> Predictions:
        encoded, told = self._encoded(data)
        for event in (*told, *map(Warned, encoded.odd.messages())):
            warn_caller(event)
        found = self._predictor.predict(encoded.inputs)
        if near := self._predictor.kept_near(found):
            warn_caller(Warned(kept_near_message(near)))
        return found

    def _encoded(self, data: Any) -> tuple[Encoded, list[Noted | Warned]]:
        """The rows encoded, and what to say of their file and of rows that were left out."""
        if _in_memory(data):
            data = data if is_rows(data) else held(data)
            rows = cells_at_hand(data, self._names)
            if rows is not None and (encoded := self._row_encoder.encode(rows)) is not None:
                return encoded, []
        table = self._features(data)
        return FeatureEncoder(self.run.schema).encode(table), [*told_of_file(table), *map(Warned, left_out(table))]

    def _features(self, data: Any) -> Table:
        # A prediction a row, whatever the training did with bad rows: the caller puts them side by side.
        schema, options = self.run.schema, replace(read_options_of_run(self.config.data), on_bad_row="fail")
        if _in_memory(data):
            return self._frame(data, schema.feature_names)
        refuse_unfit("data", data, Path | str | Columns | list)
        with read_chunks(data, options, schema.numeric_names, schema.text_names) as chunks:
            return concat(list(chunks))

    def _labelled(self, data: Any) -> Table:
        schema = self.run.schema
        if _in_memory(data):
            table = self._frame(data, (*schema.feature_names, schema.target), self.config.row_columns)
            return rows_that_count(self.run, table, self.config.data)
        refuse_unfit("data", data, Path | str | Columns | list)
        return read_labelled(self.run, data)

    def _frame(self, data: Any, wanted: tuple[str, ...], useful: tuple[str, ...] = ()) -> Table:
        data = columns_of([data] if is_row(data) else data, wanted) if is_row(data) or is_rows(data) else held(data)
        skipped = set(frame_names(data)) - {*wanted, *useful}
        groups = filter(None, [self.config.data.group_column])
        text = [*self.run.schema.matched_names, *groups]
        table = frame_table(data, read_options_of_run(self.config.data), skipped, text)
        require_columns(table, wanted)
        return table


def _in_memory(data: object) -> bool:
    return is_frame(data) or is_rows(data)


def _is_pandas(data: object) -> bool:
    return hasattr(data, "iloc")


def _framed(data: Any, columns: Mapping[str, NDArray[Any]]) -> pd.DataFrame:
    """Columns on the index of a DataFrame."""
    import pandas as pd

    return pd.DataFrame(columns, index=data.index)
