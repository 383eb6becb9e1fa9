"""Every metric there is: its name in files and options, its title in tables, and which way is better."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from phoneprice.components.base import TaskKind
from phoneprice.records import Interval

Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class Metric:
    """A figure computed from predictions, for the tasks named; ``description`` and ``when`` to look at it are one line.

    Neither the figure nor its 95% interval leaves ``limits``: its lowest and its highest value.
    """

    name: str
    title: str
    better: Better
    tasks: tuple[TaskKind, ...]
    description: str
    when: str
    limits: tuple[float, float] = (0.0, 1.0)

    def allows(self, *rising: float) -> bool:
        """Whether the figures are within ``limits`` and none is less than the one before, rounding aside."""
        steps = [self.limits[0], *rising, self.limits[1]]
        return all(later - earlier >= -1e-9 for earlier, later in pairwise(steps))

    def badness(self, figure: float) -> float:
        """A figure turned so that less is better."""
        return figure if self.better == "lower" else -figure

    def gain(self, difference: Interval) -> Interval:
        """A difference of two figures as what the first is better by, whichever way is better."""
        return difference if self.better == "higher" else -difference


_CLASSES: tuple[TaskKind, ...] = ("ordinal", "multiclass", "binary")
_ORDERED: tuple[TaskKind, ...] = ("ordinal",)
_BINARY: tuple[TaskKind, ...] = ("binary",)
_NUMBER: tuple[TaskKind, ...] = ("regression",)

_LARGEST = 1e300
"""No figure that is measured reaches this."""
_LOSS = (0.0, _LARGEST)
_CORRELATION = (-1.0, 1.0)

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "accuracy",
            "accuracy",
            "higher",
            _CLASSES,
            "share of rows predicted right",
            "classes are of about one size, and all mistakes cost the same",
        ),
        Metric(
            "balanced_accuracy",
            "balanced accuracy",
            "higher",
            _CLASSES,
            "mean recall of the classes",
            "classes are of unequal size and count the same",
        ),
        Metric(
            "macro_f1",
            "macro F1",
            "higher",
            _CLASSES,
            "mean F1 of the classes",
            "as balanced_accuracy, where false alarms count, too",
        ),
        Metric(
            "log_loss",
            "log loss",
            "lower",
            _CLASSES,
            "mean of -log p(true class), natural logarithm",
            "probabilities are used: who is sure and wrong pays most",
            _LOSS,
        ),
        Metric(
            "brier",
            "Brier score",
            "lower",
            _CLASSES,
            "mean squared error of the probabilities",
            "as log_loss, milder to who is sure and wrong",
            _LOSS,
        ),
        Metric(
            "ece",
            "calibration error",
            "lower",
            _CLASSES,
            "expected calibration error, 15 bins of equal width",
            "probabilities are taken at their word: of rows with 0.8, 80% should be right",
        ),
        Metric(
            "mean_absolute_class_error",
            "mean class distance",
            "lower",
            _ORDERED,
            "mean |true - predicted| class",
            "classes have an order, and a miss by two costs twice as much",
            _LOSS,
        ),
        Metric(
            "off_by_more_than_one",
            "off by more than one",
            "lower",
            _ORDERED,
            "share of rows two or more classes off",
            "classes have an order, and large misses alone matter",
        ),
        Metric(
            "quadratic_kappa",
            "quadratic kappa",
            "higher",
            _ORDERED,
            "Cohen's kappa with squared class distances",
            "classes have an order, to compare with people who judge",
            _CORRELATION,
        ),
        Metric(
            "roc_auc",
            "ROC AUC",
            "higher",
            _BINARY,
            "chance that a positive row ranks above a negative one",
            "rows are ranked, whatever the threshold",
        ),
        Metric(
            "average_precision",
            "average precision",
            "higher",
            _BINARY,
            "precision averaged over recall",
            "rows are ranked, and the second class is rare",
        ),
        Metric(
            "f1",
            "F1",
            "higher",
            _BINARY,
            "harmonic mean of precision and recall of the second class",
            "the second class is rare, and is to be found",
        ),
        Metric(
            "mcc",
            "MCC",
            "higher",
            _BINARY,
            "Matthews correlation of true and predicted class",
            "as f1, with an eye on both classes",
            _CORRELATION,
        ),
        Metric(
            "rmse",
            "RMSE",
            "lower",
            _NUMBER,
            "root of the mean squared error, in the target's units",
            "a miss twice as large costs more than twice as much",
            _LOSS,
        ),
        Metric(
            "mae",
            "MAE",
            "lower",
            _NUMBER,
            "mean absolute error, in the target's units",
            "a miss twice as large costs twice as much",
            _LOSS,
        ),
        Metric(
            "r2",
            "R2",
            "higher",
            _NUMBER,
            "share of the target's variance explained",
            "to compare across tables: 1 is perfect, 0 no better than the mean",
            (-_LARGEST, 1.0),
        ),
        Metric(
            "medae",
            "MedAE",
            "lower",
            _NUMBER,
            "median absolute error, in the target's units",
            "a few values far out should not count",
            _LOSS,
        ),
    )
}


def headline(kind: TaskKind) -> str:
    """The one metric that stands for a model, which is never undefined."""
    return "rmse" if kind == "regression" else "accuracy"
