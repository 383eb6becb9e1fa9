"""How good a fit is: held-out predictions, what is calibrated on them, and the metrics document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.config.schema import Config
from phoneprice.evaluation.calibration_fit import Calibrated, calibrate
from phoneprice.inference.predictor import Predictor
from phoneprice.metrics.classification import classification_metrics
from phoneprice.metrics.confusion import confusion, per_class
from phoneprice.metrics.regression import regression_metrics
from phoneprice.records import (
    Calibration,
    Classified,
    Ensemble,
    Inputs,
    Interval,
    MemberPlan,
    Predictions,
    Rows,
    Task,
    Valued,
)
from phoneprice.workflows.events import OnEvent, Progress, ignore

Document = dict[str, Any]
UNCALIBRATED = Calibration()
_ROWS_BETWEEN_EVENTS = 1 << 14


@dataclass(frozen=True)
class HeldOut:
    """Uncalibrated predictions of rows by members that have not seen them; ``rows`` and ``folds`` ``(m,)``, by row."""

    rows: Rows
    folds: NDArray[np.int64]
    predictions: Predictions


@dataclass(frozen=True)
class Model:
    """A trained ensemble with all that turns its outputs into predictions."""

    config: Config
    task: Task
    ensemble: Ensemble
    calibration: Calibration = UNCALIBRATED

    def predict(self, inputs: Inputs, on_event: OnEvent = ignore) -> Predictions:
        """What the ensemble as a whole says of encoded rows."""
        predictor = Predictor(self.ensemble, self.config, self.calibration, self.task.classes)
        parts, rows = [], len(inputs)
        for start in range(0, max(rows, 1), _ROWS_BETWEEN_EVENTS):
            part = inputs.take(slice(start, start + _ROWS_BETWEEN_EVENTS))
            parts.append(predictor.predict(part))
            on_event(Progress(start + len(part), rows, "rows judged"))
        return joined(parts)

    def take(self, members: Sequence[int]) -> Model:
        """The same with some of the members alone."""
        return replace(self, ensemble=self.ensemble.take(members))


def held_out(model: Model, inputs: Inputs, plans: Sequence[MemberPlan], on_event: OnEvent = ignore) -> HeldOut | None:
    """Predict each member's held-out rows by that member, or by all members that hold out the same rows.

    None where nothing was held out.
    """
    splits: dict[bytes, list[int]] = {}
    for k, plan in enumerate(plans):
        if len(plan.held_out_rows):
            splits.setdefault(plan.held_out_rows.tobytes(), []).append(k)
    if not splits:
        return None
    rows = [plans[members[0]].held_out_rows for members in splits.values()]
    parts = [
        model.take(members).predict(inputs.take(r), on_event) for r, members in zip(rows, splits.values(), strict=True)
    ]
    everything = np.concatenate(rows)
    folds = np.repeat(np.arange(len(rows)), [len(r) for r in rows])
    order = np.argsort(everything, kind="stable")
    return HeldOut(everything[order], folds[order], joined(parts).take(order))


def joined(parts: Sequence[Predictions]) -> Predictions:
    """Predictions one after the other."""
    values = [part.values for part in parts if isinstance(part, Valued)]
    if values:
        return Valued(np.concatenate(values))
    classified = [part for part in parts if isinstance(part, Classified)]
    return Classified(
        np.concatenate([part.classes for part in classified]),
        np.concatenate([part.probabilities for part in classified]),
    )


def calibrated_on(held: HeldOut | None, targets: NDArray[Any], config: Config) -> Calibrated | None:
    """What the configuration asks to be fitted on held-out predictions; None for regression or without any."""
    if held is None or isinstance(held.predictions, Valued):
        return None
    return calibrate(held.predictions.probabilities, targets[held.rows], held.folds, config.task)


def final_calibration(calibrated: Calibrated | None, config: Config) -> Calibration:
    """The run's calibration: what was fitted, or just the configured decision rule."""
    if calibrated is not None:
        return calibrated.calibration
    return Calibration(decision=config.task.decision, costs=config.task.costs)


def measured(targets: NDArray[Any], predictions: Predictions, task: Task) -> Document:
    """The metrics of some predictions: ``metrics``, and for classes ``confusion`` and ``per_class``."""
    if isinstance(predictions, Valued):
        return {"metrics": _plain(regression_metrics(targets, predictions.values))}
    matrix = confusion(targets, predictions.classes, task.classes)
    return {
        "metrics": _plain(classification_metrics(targets, predictions.probabilities, predictions.classes, task)),
        "confusion": {"labels": list(task.labels), "counts": matrix.tolist()},
        "per_class": _by_label(asdict(per_class(matrix)), task),
    }


def prediction_columns(truth: Any, predictions: Predictions, task: Task) -> dict[str, Any]:
    """``target``, ``prediction`` and, for classes, ``prob_LABEL`` columns."""
    if isinstance(predictions, Valued):
        return {"target": truth, "prediction": predictions.values}
    labels = np.array(task.labels, dtype=object)
    columns = {"target": labels[truth], "prediction": labels[predictions.classes]}
    return columns | {f"prob_{label}": predictions.probabilities[:, i] for i, label in enumerate(task.labels)}


def _plain(metrics: dict[str, Interval]) -> Document:
    return {name: asdict(interval) for name, interval in metrics.items()}


def _by_label(figures: dict[str, NDArray[Any]], task: Task) -> list[Document]:
    return [
        {"label": label, **{name: values[i].item() for name, values in figures.items()}}
        for i, label in enumerate(task.labels)
    ]
