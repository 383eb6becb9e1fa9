"""Predictions for encoded rows: engine, link, calibration and decision, block by block."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.config.schema import Config, Device
from phoneprice.errors import ModelError
from phoneprice.inference.averages import probabilities, values
from phoneprice.inference.engine import Engine, blocks, make_engine
from phoneprice.metrics.decisions import decide, temper
from phoneprice.records import Calibration, Classified, Ensemble, Inputs, Predictions, TargetStatistics, Task, Valued
from phoneprice.wording import counted


def kept_near_message(rows: int) -> str:
    """What to warn of where predictions were drawn in."""
    what = counted(rows, "prediction")
    return f"{what} far beyond the range of the training targets: kept near it (task.clip_predictions)"


@dataclass(frozen=True)
class Predictor:
    """A trained ensemble with all that turns its outputs into predictions.

    What a row gives doesn't depend on the rows around it, bit for bit. ``predict`` may be called by several threads.
    """

    config: Config
    task: Task
    ensemble: Ensemble
    calibration: Calibration = Calibration()  # noqa: RUF009  # frozen
    device: Device = "auto"

    @cached_property
    def engine(self) -> Engine:
        """Made when it is first needed. Raises ``DeviceError`` where there is no such device."""
        return make_engine(self.ensemble, self.config, self.device)

    def __getstate__(self) -> dict[str, Any]:
        """For pickle: the engine is made anew."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def take(self, members: Sequence[int]) -> "Predictor":
        """The same with some of the members alone."""
        return replace(self, ensemble=self.ensemble.take(members))

    def predict(self, inputs: Inputs) -> Predictions:
        """Predict any number of rows; probabilities are calibrated. Every computation is of whole, padded blocks."""
        target = self.ensemble.target
        return self._values(inputs, target) if target is not None else self._classes(inputs)

    def kept_near(self, predicted: Predictions) -> int:
        """How many predicted values are so far beyond the training targets' range that they were drawn in to it."""
        target = self.ensemble.target
        if not isinstance(predicted, Valued) or target is None or target.ends is None:
            return 0
        low, high = target.ends
        return int(np.count_nonzero((predicted.values < low.min()) | (predicted.values > high.max())))

    def _values(self, inputs: Inputs, target: TargetStatistics) -> Valued:
        y = np.empty(len(inputs))
        for place, piece in blocks(inputs, self.engine.block_rows):
            y[place] = values(self._outputs(piece), target)[: place.stop - place.start]
        return Valued(y)

    def _classes(self, inputs: Inputs) -> Classified:
        classes = np.empty(len(inputs), np.int64)
        p = np.empty((self.task.classes, len(inputs))).T  # a column a class, each contiguous: so they are written
        for place, piece in blocks(inputs, self.engine.block_rows):
            rows = place.stop - place.start
            q = temper(probabilities(self._outputs(piece), self.config.loss), self.calibration.temperature)
            classes[place], p[place] = decide(q, self.calibration)[:rows], q[:rows]
        return Classified(classes, p)

    def _outputs(self, block: Inputs) -> NDArray[np.float32]:
        """Of a whole block; ``ModelError`` where one is no number, which no weights give that were trained."""
        outputs = self.engine.block(block)
        if np.isnan(outputs).any():
            raise ModelError("the networks' outputs are no numbers; the run is damaged, use another copy of it")
        return outputs
