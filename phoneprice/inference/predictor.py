"""Predictions for encoded rows: engine, link, calibration and decision, block by block."""

from __future__ import annotations

import numpy as np

from phoneprice.config.schema import Config, Device
from phoneprice.inference.averages import probabilities, values
from phoneprice.inference.engine import blocks, make_engine
from phoneprice.metrics.decisions import decide, temper
from phoneprice.records import Calibration, Classified, Ensemble, Inputs, Predictions, TargetStatistics, Valued


class Predictor:
    """An ensemble ready to predict. What a row gives doesn't depend on the rows around it, bit for bit."""

    def __init__(
        self, ensemble: Ensemble, config: Config, calibration: Calibration, labels: int, device: Device = "auto"
    ) -> None:
        self._engine = make_engine(ensemble, config, device)
        self._labels = labels
        self._loss = config.loss
        self._target = ensemble.target
        self._calibration = calibration

    @property
    def block_rows(self) -> int:
        """The size of the engine's blocks."""
        return self._engine.block_rows

    def predict(self, inputs: Inputs) -> Predictions:
        """Predict any number of rows; probabilities are calibrated. Every computation is of whole, padded blocks."""
        return self._values(inputs, self._target) if self._target is not None else self._classes(inputs)

    def _values(self, inputs: Inputs, target: TargetStatistics) -> Valued:
        y = np.empty(len(inputs))
        for place, piece in blocks(inputs, self._engine.block_rows):
            y[place] = values(self._engine.block(piece), target)[: place.stop - place.start]
        return Valued(y)

    def _classes(self, inputs: Inputs) -> Classified:
        classes = np.empty(len(inputs), np.int64)
        p = np.empty((self._labels, len(inputs))).T  # a column a class, each contiguous: so they are written
        for place, piece in blocks(inputs, self._engine.block_rows):
            rows = place.stop - place.start
            q = temper(probabilities(self._engine.block(piece), self._loss), self._calibration.temperature)
            classes[place], p[place] = decide(q, self._calibration)[:rows], q[:rows]
        return Classified(classes, p)
