"""The program that is compared, as a user has it: a file and the name of a column, nothing else said."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tables.loading import Rows
from tables.protocol import Answer, Fold

NAME = "phoneprice"


@dataclass(frozen=True)
class Ours:
    """``phoneprice train FILE --target COLUMN -s SETTINGS`` and ``phoneprice predict``, without starting a process.

    The kind of task is inferred by the program from the training rows of each fold. Where it takes classes for numbers,
    the answer is the most frequent class, and the class frequencies; where it takes numbers for classes, the number
    that the label is.
    """

    target: str
    settings: tuple[str, ...]

    def answer(self, rows: Rows, fold: Fold) -> Answer:
        """Write the fold's rows as CSV, train, predict, and read the predictions. Only the two commands are timed."""
        from phoneprice.workflows.predict import predict
        from phoneprice.workflows.train import train

        with tempfile.TemporaryDirectory(prefix="phoneprice-tables-") as name:
            learned, asked, run, answers = (
                Path(name) / file for file in ("train.csv", "test.csv", "run", "out.parquet")
            )
            self._write(rows, fold.train, learned)
            rows.features.iloc[fold.test].to_csv(asked, index=False)
            start = time.perf_counter()
            task = train(learned, run=run, target=self.target, overrides=self.settings).task
            fitted = time.perf_counter()
            predict(run, asked, answers)
            seconds = fitted - start, time.perf_counter() - fitted
            return understood(pd.read_parquet(answers), rows, fold, task.labels, seconds)

    def _write(self, rows: Rows, places: np.ndarray, path: Path) -> None:
        features = rows.features.iloc[places]
        features.assign(**{self.target: rows.written_target[places]}).to_csv(path, index=False)


def understood(
    found: pd.DataFrame, rows: Rows, fold: Fold, labels: tuple[str, ...], seconds: tuple[float, float]
) -> Answer:
    """What the predictions of a fold's test rows say, given the labels that the program has learned (none: numbers)."""
    if not rows.labels:
        remark = "numbers were taken for classes" if labels else ""
        return Answer(pd.to_numeric(found["prediction"]).to_numpy(np.float64), None, *seconds, remark)
    if not labels:
        shares = np.bincount(rows.truth[fold.train], minlength=len(rows.labels)) / len(fold.train)
        most = np.full(len(found), shares.argmax())
        return Answer(most, np.tile(shares, (len(found), 1)), *seconds, "classes were taken for numbers")
    probabilities = np.zeros((len(found), len(rows.labels)))
    for label in labels:
        probabilities[:, rows.labels.index(label)] = found[f"prob_{label}"]
    places = {label: place for place, label in enumerate(rows.labels)}
    predicted = found["prediction"].astype(str).map(places).to_numpy(np.int64)
    return Answer(predicted, probabilities, *seconds)
