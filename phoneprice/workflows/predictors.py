"""Predictors of runs, and predictions that tell how far they have got."""

from __future__ import annotations

from phoneprice.artifact.loader import Run
from phoneprice.config.schema import Device
from phoneprice.inference.predictor import Predictor
from phoneprice.records import Inputs, Predictions, joined
from phoneprice.workflows.events import OnEvent, Progress, ignore

_ROWS_BETWEEN_EVENTS = 1 << 14


def predictor_of(run: Run, device: Device = "auto") -> Predictor:
    """The predictor that answers as all networks of a run."""
    return Predictor(run.config, run.task, run.recipes, run.calibration, device)


def predicted(predictor: Predictor, inputs: Inputs, on_event: OnEvent = ignore) -> Predictions:
    """``predictor.predict(inputs)``, telling how far it has got."""
    parts, rows = [], len(inputs)
    for start in range(0, max(rows, 1), _ROWS_BETWEEN_EVENTS):
        part = inputs.take(slice(start, start + _ROWS_BETWEEN_EVENTS))
        parts.append(predictor.predict(part))
        on_event(Progress(start + len(part), rows, "rows judged"))
    return joined(parts)
