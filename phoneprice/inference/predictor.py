"""Predictions for encoded rows: engine, link, calibration and decision, block by block."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.config.schema import Config, Device
from phoneprice.errors import ModelError
from phoneprice.inference.averages import probabilities, values
from phoneprice.inference.engine import Engine, blocks, make_engine
from phoneprice.inference.threads import one_blas_thread
from phoneprice.metrics.decisions import decide, temper
from phoneprice.records import (
    Calibration,
    Classified,
    Doubles,
    Inputs,
    Predictions,
    TargetStatistics,
    Task,
    TrainedRecipe,
    Valued,
)
from phoneprice.wording import counted


def kept_near_message(rows: int) -> str:
    """What to warn of where predictions were drawn in."""
    what = counted(rows, "prediction")
    return f"{what} far beyond the range of the training targets: kept near it (task.clip_predictions)"


@dataclass(frozen=True)
class Predictor:
    """Trained recipes with all that turns their outputs into predictions.

    What a row gives doesn't depend on the rows around it, bit for bit. ``predict`` may be called by several threads.
    """

    config: Config
    """The run's."""
    task: Task
    recipes: tuple[TrainedRecipe, ...]
    """All have the same members: networks of the same rows, with the same statistics of them."""
    calibration: Calibration = Calibration()  # noqa: RUF009  # frozen
    device: Device = "auto"

    @cached_property
    def _engines(self) -> tuple[Engine, ...]:
        return tuple(make_engine(own.ensemble, own.config, self.device) for own in self.recipes)

    @cached_property
    def block_rows(self) -> int:
        """The rows of a block, a whole number of each engine's. Raises ``DeviceError`` where there is no such device.

        The engines are made when they are first needed.
        """
        return max(engine.block_rows for engine in self._engines)

    @cached_property
    def _least_rows(self) -> int:
        return max(engine.least_rows for engine in self._engines)

    def _blocks(self, inputs: Inputs) -> Iterator[tuple[slice, Inputs]]:
        return blocks(inputs, self.block_rows, self._least_rows)

    def __getstate__(self) -> dict[str, Any]:
        """For pickle: the engines are made anew."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def take(self, members: Sequence[int]) -> "Predictor":
        """The same with some of each recipe's members alone."""
        return replace(self, recipes=tuple(own.take(members) for own in self.recipes))

    def predict(self, inputs: Inputs) -> Predictions:
        """Predict any number of rows; probabilities are calibrated. Every computation is of whole, padded blocks.

        What is a block at most takes one BLAS thread: a second one would cost more than it gives.
        """
        with one_blas_thread() if len(inputs) <= self.block_rows else nullcontext():
            return self._classes(inputs) if self._target is None else self._values(inputs, self._target)

    @property
    def _target(self) -> TargetStatistics | None:
        return self.recipes[0].ensemble.target

    def kept_near(self, predicted: Predictions) -> int:
        """How many predicted values are so far beyond the training targets' range that they were drawn in to it."""
        target = self._target
        if not isinstance(predicted, Valued) or target is None or target.ends is None:
            return 0
        low, high = target.ends
        return int(np.count_nonzero((predicted.values < low.min()) | (predicted.values > high.max())))

    def _values(self, inputs: Inputs, target: TargetStatistics) -> Valued:
        y = np.empty(len(inputs))
        for place, piece in self._blocks(inputs):
            parts = [values(outputs, target) for outputs in self._outputs(piece)]
            y[place] = self._weighed(parts)[: place.stop - place.start]
        return Valued(y)

    def _classes(self, inputs: Inputs) -> Classified:
        classes = np.empty(len(inputs), np.int64)
        p = np.empty((self.task.classes, len(inputs))).T  # a column a class, each contiguous: so they are written
        for place, piece in self._blocks(inputs):
            rows = place.stop - place.start
            outputs = zip(self._outputs(piece), self.recipes, strict=True)
            parts = [probabilities(given, own.config.loss) for given, own in outputs]
            q = temper(self._weighed(parts), self.calibration.temperature)
            classes[place], p[place] = decide(q, self.calibration)[:rows], q[:rows]
        return Classified(classes, p)

    def _weighed(self, parts: Sequence[Doubles]) -> Doubles:
        """What the recipes say together."""
        first, *rest = (part * own.weight for part, own in zip(parts, self.recipes, strict=True))
        for part in rest:
            first += part
        return first

    def _outputs(self, block: Inputs) -> Iterator[NDArray[np.float32]]:
        """Of a block, a recipe at a time; ``ModelError`` where one is no number, which no training gives."""
        for engine in self._engines:
            starts = range(0, len(block), engine.block_rows)
            parts = [engine.block(block.take(slice(start, start + engine.block_rows))) for start in starts]
            outputs = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
            if np.isnan(outputs).any():
                raise ModelError("the networks' outputs are no numbers; the run is damaged, use another copy of it")
            yield outputs
