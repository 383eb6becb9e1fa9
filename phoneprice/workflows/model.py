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
from phoneprice.data.encoding.features import FeatureEncoder, require_columns
from phoneprice.data.reading import read_chunks
from phoneprice.data.reading.frames import frame_names, frame_table, held, is_frame
from phoneprice.data.table import Table, concat
from phoneprice.errors import UsageError
from phoneprice.inference.predictor import Predictor, kept_near_message
from phoneprice.inference.results import PREDICTION, label_array
from phoneprice.records import Classified, Predictions, Valued
from phoneprice.records.documents import RunMetrics
from phoneprice.workflows.arguments import checked, refuse_unfit
from phoneprice.workflows.evaluate import EvaluationResult, evaluate_table, read_labelled, rows_that_count
from phoneprice.workflows.events import Warned, warn_caller
from phoneprice.workflows.predictors import predicted, predictor_of
from phoneprice.workflows.prepare import left_out, read_options_of_run, told_of_file

if TYPE_CHECKING:
    import pandas as pd

Columns = Mapping[str, Any]


@checked
def load(run: Path | str) -> Model:
    """Load a run directory, or the ``latest`` in ``runs/``. Raises ``ModelError``."""
    return Model(load_run(resolve_run(run)))


@dataclass(frozen=True)
class Model:
    """A run, ready to predict and to evaluate.

    Data is a path to a file, a pandas DataFrame, or a mapping from names to columns; features are found by name, other
    columns ignored. Cells unlike the training data are a ``UserWarning``, with counts. What can't be used raises
    ``DataError``.
    """

    run: Run

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

    @overload
    def predict(self, data: pd.DataFrame) -> pd.DataFrame: ...
    @overload
    def predict(self, data: Path | str | Columns) -> NDArray[Any]: ...
    def predict(self, data: pd.DataFrame | Path | str | Columns) -> pd.DataFrame | NDArray[Any]:
        """Each row's label, of the type it has in the training data, or its number: ``(n,)``.

        For a DataFrame, a DataFrame of the same index with the column ``prediction``.
        """
        predicted = self._predictions(data)
        if isinstance(predicted, Valued):
            found: NDArray[Any] = predicted.values
        else:
            labels = label_array(self.labels, self.run.schema.label_kind).to_numpy(zero_copy_only=False)
            found = labels[predicted.classes]
        return _framed(data, {PREDICTION: found}) if _is_pandas(data) else found

    @overload
    def predict_proba(self, data: pd.DataFrame) -> pd.DataFrame: ...
    @overload
    def predict_proba(self, data: Path | str | Columns) -> NDArray[np.float64]: ...
    def predict_proba(self, data: pd.DataFrame | Path | str | Columns) -> pd.DataFrame | NDArray[np.float64]:
        """Calibrated probabilities ``(n, C)`` of the classes in the order of ``labels``.

        For a DataFrame, a DataFrame of the same index with columns ``prob_LABEL``. Raises ``UsageError`` for a
        regression.
        """
        if not self.labels:
            raise UsageError(f"{self.path}: a regression has no probabilities; use predict")
        predicted = self._predictions(data)
        assert isinstance(predicted, Classified)
        p = predicted.probabilities
        if _is_pandas(data):
            return _framed(data, {f"prob_{label}": p[:, i] for i, label in enumerate(self.labels)})
        return np.ascontiguousarray(p)

    def evaluate(self, data: pd.DataFrame | Path | str | Columns) -> EvaluationResult:
        """The metrics on labelled rows, as ``phoneprice evaluate`` has them."""
        return evaluate_table(self.run, self._labelled(data), warn_caller)

    def _predictions(self, data: Any) -> Predictions:
        table = self._features(data)
        encoded = FeatureEncoder(self.run.schema).encode(table)
        for event in told_of_file(table):
            warn_caller(event)
        for message in (*left_out(table), *encoded.odd.messages()):
            warn_caller(Warned(message))
        found = predicted(self._predictor, encoded.inputs)
        if near := self._predictor.kept_near(found):
            warn_caller(Warned(kept_near_message(near)))
        return found

    def _features(self, data: Any) -> Table:
        # A prediction a row, whatever the training did with bad rows: the caller puts them side by side.
        schema, options = self.run.schema, replace(read_options_of_run(self.config.data), on_bad_row="fail")
        if is_frame(data):
            return self._frame(data, schema.feature_names)
        refuse_unfit("data", data, Path | str | Columns)
        with read_chunks(data, options, schema.numeric_names, schema.text_names) as chunks:
            return concat(list(chunks))

    def _labelled(self, data: Any) -> Table:
        schema = self.run.schema
        if is_frame(data):
            table = self._frame(data, (*schema.feature_names, schema.target), self.config.row_columns)
            return rows_that_count(self.run, table, self.config.data)
        refuse_unfit("data", data, Path | str | Columns)
        return read_labelled(self.run, data)

    def _frame(self, data: Any, wanted: tuple[str, ...], useful: tuple[str, ...] = ()) -> Table:
        data = held(data)
        skipped = set(frame_names(data)) - {*wanted, *useful}
        groups = filter(None, [self.config.data.group_column])
        text = [*self.run.schema.matched_names, *groups]
        table = frame_table(data, read_options_of_run(self.config.data), skipped, text)
        require_columns(table, wanted)
        return table


def _is_pandas(data: object) -> bool:
    return hasattr(data, "iloc")


def _framed(data: Any, columns: Mapping[str, NDArray[Any]]) -> pd.DataFrame:
    """Columns on the index of a DataFrame."""
    import pandas as pd

    return pd.DataFrame(columns, index=data.index)
