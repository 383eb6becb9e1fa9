"""What is made of a file of predictions, whatever kind of task was inferred."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tables.loading import Rows
from tables.ours import understood
from tables.protocol import Fold

FOLD = Fold(np.arange(2, 6), np.arange(2))
CLASSES = Rows(pd.DataFrame({"x": range(6)}), np.array([0, 1, 1, 1, 0, 2]), ("1", "2", "10"), 0, 0)
NUMBERS = Rows(pd.DataFrame({"x": range(6)}), np.arange(6.0), (), 0, 0)


def test_probabilities_are_found_by_label() -> None:
    found = pd.DataFrame({"prediction": [10, 1], "prob_1": [0.2, 0.7], "prob_10": [0.5, 0.1], "prob_2": [0.3, 0.2]})
    answer = understood(found, CLASSES, FOLD, ("1", "10", "2"), (3.0, 1.0))
    assert answer.predicted.tolist() == [2, 0]
    assert answer.probabilities is not None
    assert answer.probabilities.tolist() == [[0.2, 0.3, 0.5], [0.7, 0.2, 0.1]]
    assert (answer.fit_seconds, answer.predict_seconds, answer.remark) == (3.0, 1.0, "")


def test_numbers_where_classes_are_asked_for_are_worth_the_class_frequencies() -> None:
    answer = understood(pd.DataFrame({"prediction": [1.7, 9.1]}), CLASSES, FOLD, (), (0.0, 0.0))
    assert answer.predicted.tolist() == [1, 1]
    assert answer.probabilities is not None
    assert answer.probabilities.tolist() == [[0.25, 0.5, 0.25]] * 2
    assert answer.remark == "classes were taken for numbers"


def test_classes_where_numbers_are_asked_for_are_those_numbers() -> None:
    answer = understood(pd.DataFrame({"prediction": ["3", "4.5"]}), NUMBERS, FOLD, ("3", "4.5"), (0.0, 0.0))
    assert answer.predicted.tolist() == [3.0, 4.5]
    assert answer.probabilities is None
    assert answer.remark == "numbers were taken for classes"


def test_numbers_are_numbers() -> None:
    answer = understood(pd.DataFrame({"prediction": [3, 4]}), NUMBERS, FOLD, (), (0.0, 0.0))
    assert answer.predicted.tolist() == [3.0, 4.0]
    assert answer.remark == ""
