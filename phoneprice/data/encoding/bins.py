"""Where the bins of each number begin and end, for each member from its own training rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.components.encodings import Encoding, PiecewiseLinear
from phoneprice.data.encoding.schema import sampling_step
from phoneprice.guest import unnoticed
from phoneprice.records import Doubles, Inputs, InputStatistics, MemberPlan
from phoneprice.records.inputs import LARGEST_SINGLE

_NARROWEST = float(np.finfo(np.float32).tiny)
"""The slope of a narrower ramp is no float32."""


def member_edges(
    encodings: Sequence[Encoding],
    inputs: Inputs,
    targets: NDArray[Any],
    plans: Sequence[MemberPlan],
    statistics: InputStatistics,
) -> list[NDArray[np.float32] | None]:
    """Each member's edges ``(c, bins + 1)`` of the bins of all numbers, standardised as it sees them; None without.

    They never fall. Where there are fewer bins the last edge is repeated; a column that is constant in a member's rows,
    or has no value there, has none. Missing cells don't count, weights neither; of more than 65,536 rows it is every
    second, third or so. ``targets`` ``(n,)`` are class numbers or values; only trees look at them.
    """
    numbers = list(statistics.numbers)
    values = np.ascontiguousarray(inputs.values[:, numbers].T, np.float64)
    missing = np.zeros(values.shape, np.bool_) if inputs.missing is None else inputs.missing[:, numbers].T
    found = list[NDArray[np.float32] | None]()
    for k, (encoding, plan) in enumerate(zip(encodings, plans, strict=True)):
        if not isinstance(encoding, PiecewiseLinear):
            found.append(None)
            continue
        rows = plan.train_rows[:: sampling_step(len(plan.train_rows))]
        edges = np.zeros((len(numbers), encoding.bins + 1), np.float32)
        for j, i in enumerate(numbers):
            own = rows[~missing[j, rows]]
            if len(own):
                apart = _edges(encoding, values[j, own], targets[own])
                edges[j] = _filled_up((apart - statistics.shift[k, i]) * statistics.factor[k, i], encoding.bins)
        found.append(edges)
    return found


def _edges(encoding: PiecewiseLinear, x: Doubles, targets: NDArray[Any]) -> Doubles:
    """From the least value to the largest, rising, at most ``bins + 1``."""
    different = np.unique(x)
    if encoding.edges == "tree":
        return np.unique([different[0], *_thresholds(encoding, x, targets), different[-1]])
    if len(different) <= encoding.bins + 1:  # a ramp between each and the next, however many rows have them
        return different
    return np.unique(np.quantile(x, np.linspace(0, 1, encoding.bins + 1)))


def _thresholds(encoding: PiecewiseLinear, x: Doubles, targets: NDArray[Any]) -> Doubles:
    """Where a tree on the one column splits the targets: section 3.2.2 of the encoding's paper."""
    with unnoticed("sklearn.tree"):
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
    kind = DecisionTreeRegressor if np.issubdtype(targets.dtype, np.floating) else DecisionTreeClassifier
    if encoding.bins == 1:
        return np.empty(0)
    tree = kind(max_leaf_nodes=encoding.bins, min_samples_leaf=encoding.leaf_rows, random_state=0)
    fitted = tree.fit(x[:, None], targets).tree_
    thresholds: Doubles = fitted.threshold[fitted.children_left >= 0]
    return thresholds


def _filled_up(edges: Doubles, bins: int) -> NDArray[np.float32]:
    """``(bins + 1,)``: those that are apart as float32, then the last one again and again."""
    single = np.clip(edges, -LARGEST_SINGLE / 2, LARGEST_SINGLE / 2).astype(np.float32)
    apart = single[np.concatenate([[True], np.diff(single) > _NARROWEST])]
    return np.pad(apart, (0, bins + 1 - len(apart)), mode="edge")
