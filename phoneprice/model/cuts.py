"""Cut points of ordered outputs in NumPy, for those who do without PyTorch: as ``model.mlp`` has them."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from phoneprice.records import Doubles


def cut_points(parameters: Mapping[str, NDArray[np.floating]]) -> Doubles:
    """``(K, 1, C - 1)`` cut points on the score, increasing: the first, then positive gaps."""
    first, log_gaps = (parameters[f"cuts.{name}"].astype(np.float64) for name in ("first", "log_gaps"))
    return np.concatenate([first, first + np.exp(log_gaps).cumsum(axis=-1)], axis=-1)


def sharpness(parameters: Mapping[str, NDArray[np.floating]]) -> Doubles:
    """``(K, 1, 1)``: what a score less its cut points is multiplied by to be a cumulative logit."""
    return np.exp(parameters["cuts.log_sharpness"].astype(np.float64))
