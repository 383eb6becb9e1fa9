"""From a model's probabilities to calibrated ones, and from those to a class.

One place for both, since training measures with the same rules that prediction applies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.errors import ConfigError
from phoneprice.records import Calibration, Doubles


def temper(probabilities: NDArray[np.floating[Any]], temperature: float) -> Doubles:
    """Probabilities ``(n, C)`` with their logarithms divided by ``temperature`` and normalised again (Guo et al. 2017).

    float64, in which float32 probabilities that differ still differ afterwards: so the most probable class never
    changes. A temperature of 1 changes no value.
    """
    p = np.asarray(probabilities, np.float64)
    if temperature == 1:
        return p
    powered: Doubles = (p / p.max(axis=1, keepdims=True)) ** (1 / temperature)
    powered /= powered.sum(axis=1, keepdims=True)
    return powered


def decide(probabilities: NDArray[np.floating[Any]], calibration: Calibration) -> NDArray[np.int64]:
    """Class indices ``(n,)`` from calibrated probabilities ``(n, C)``, by the threshold or the decision rule.

    ``median`` is the first class at which the cumulative probability reaches one half: it minimises the expected
    class distance. ``expected_cost`` minimises the expected cost; ties go to the lower class.
    """
    p = np.asarray(probabilities, np.float64)
    decided: NDArray[np.int64]
    if calibration.threshold is not None:
        decided = (p[:, 1] >= calibration.threshold).astype(np.int64)
    elif calibration.decision == "median":
        decided = (np.cumsum(p, axis=1)[:, :-1] < 0.5).sum(axis=1)
    elif calibration.decision == "expected_cost":
        decided = expected_costs(p, calibration.costs).argmin(axis=1)
    else:
        decided = p.argmax(axis=1)
    return decided


def expected_costs(p: Doubles, costs: Sequence[Sequence[float]] = ()) -> Doubles:
    """What predicting each class is expected to cost, ``(n, C)``; ``costs`` as in ``cost_matrix``."""
    # A sum in a fixed order: the last bits of a matrix product depend on its number of rows.
    total = np.zeros_like(p)
    for true, row in enumerate(cost_matrix(costs, p.shape[1])):
        total += p[:, true, np.newaxis] * row
    return total


def cost_matrix(costs: Sequence[Sequence[float]], classes: int) -> Doubles:
    """``costs`` as float64 ``(C, C)``, rows by true class; ``|i - j|`` where there are none.

    Raises ``ConfigError`` where there is not one row and one column a class.
    """
    if not costs:
        steps = np.arange(classes, dtype=np.float64)
        return np.abs(steps[:, np.newaxis] - steps)
    if len(costs) != classes or any(len(row) != classes for row in costs):
        widths = "/".join(dict.fromkeys(str(len(row)) for row in costs))
        raise ConfigError(
            f"task.costs: found {len(costs)} rows of {widths} numbers, must be {classes} rows of {classes}"
        )
    return np.array(costs, dtype=np.float64)
