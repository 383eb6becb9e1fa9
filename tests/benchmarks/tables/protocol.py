"""Who is asked what: the same five folds for every model, and what a model answers for the held-out rows of one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tables.loading import Rows

FOLDS = 5
SEED = 0
SECONDS = 120
"""A fit and its predictions may take as long; a model that takes longer is left out of the table, and counted."""
SVM_ROWS = 5_000
"""Rows of a table up to which the support vector machine is asked: its time grows with their square."""

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Fold:
    """Which rows are learned from and which are predicted, as places in the table."""

    train: NDArray[np.int64]
    test: NDArray[np.int64]


@dataclass(frozen=True)
class Answer:
    """What a model says of the held-out rows ``(n,)`` of a fold, and how long it took, wall clock."""

    predicted: NDArray[Any]
    """The class's index or the number."""
    probabilities: Doubles | None
    """``(n, classes)``; None of a regression."""
    fit_seconds: float
    predict_seconds: float
    remark: str = ""
    """What a reader should know, such as that the kind of task was inferred wrongly."""


class Model(Protocol):
    """Whatever can be compared; made once for a table, before any clock runs."""

    def answer(self, rows: Rows, fold: Fold) -> Answer:
        """Learn from the fold's training rows and predict its test rows."""
        ...


def folds(truth: NDArray[Any], *, stratified: bool) -> Iterator[Fold]:
    """The five folds, shuffled with seed 0; by class where there are classes."""
    from sklearn.model_selection import KFold, StratifiedKFold

    splitter = (StratifiedKFold if stratified else KFold)(FOLDS, shuffle=True, random_state=SEED)
    for train, test in splitter.split(np.zeros(len(truth)), truth if stratified else None):
        yield Fold(np.asarray(train, np.int64), np.asarray(test, np.int64))
