"""Whether numbered classes have an order is told from the columns."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from phoneprice.data.table import Table
from phoneprice.workflows.ordering import looks_ordered


def classes(kind: str) -> Table:
    """150 rows, three classes: cut from one score, or around three centres that don't lie on a line."""
    rng = np.random.default_rng(0)
    if kind == "ordered":
        x = rng.normal(size=(150, 3))
        y = np.digitize(x[:, 0] + 0.5 * x[:, 1], [-0.5, 0.5])
    else:
        y = np.arange(150) % 3
        centres = np.array([[0.0, 0.0, 0.0], [4.0, 0.0, 0.0], [2.0, 4.0, 0.0]])
        x = centres[(y + 1) % 3] + rng.normal(size=(150, 3))
    columns = {f"x{i}": pa.array(x[:, i]) for i in range(3)}
    return Table("classes.csv", {**columns, "y": pa.array(y.astype(np.float64))})


@pytest.mark.parametrize(("kind", "expected"), [("ordered", True), ("unordered", False)])
def test_the_better_model_decides(kind: str, expected: bool) -> None:
    assert looks_ordered(classes(kind), "y") is expected


def test_a_class_of_one_row_costs_the_others_nothing() -> None:
    cells = classes("unordered")
    rare = Table("rare.csv", {name: pa.concat_arrays([c, pa.array([9.0])]) for name, c in cells.columns.items()})
    assert not looks_ordered(rare, "y")
    assert looks_ordered(cells.take(np.arange(4)), "y")
