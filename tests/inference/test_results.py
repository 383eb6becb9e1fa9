import numpy as np
import pyarrow as pa
import pytest

from phoneprice.errors import UsageError
from phoneprice.inference.results import OutputColumns
from phoneprice.records import Classified, Task, Valued

TASK = Task("ordinal", "price_range", ("0", "1", "2"))


def test_result_columns_of_classes():
    columns = OutputColumns(TASK, "number", ("id",))
    predicted = Classified(np.array([1, 0]), np.array([[0.25, 0.5, 0.25], [0.9999999, 1e-7, 0]]))
    result = columns.rows({"id": pa.array(["a", "b"]), "other": pa.array([1, 2])}, predicted)
    assert {name: cells.to_pylist() for name, cells in result.cells.items()} == {"id": ["a", "b"], "prediction": [1, 0]}
    assert {name: values.tolist() for name, values in result.probabilities.items()} == {
        "confidence": [500_000, 1_000_000],
        "prob_0": [250_000, 1_000_000],
        "prob_1": [500_000, 0],
        "prob_2": [250_000, 0],
    }


@pytest.mark.parametrize(
    ("labels", "kind", "expected"),
    [
        (("0", "1"), "whole", [0, 1]),
        (("9007199254740992", "9007199254740993"), "whole", [2**53, 2**53 + 1]),
        ((str(-(2**63)), str(2**63 - 1)), "whole", [-(2**63), 2**63 - 1]),
        (("1", str(2**63)), "whole", ["1", str(2**63)]),
        (("1", "9" * 5000), "whole", ["1", "9" * 5000]),
        (("4.1", "4.10"), "text", ["4.1", "4.10"]),
        (("0", "1"), "number", [0, 1]),
        (("0.5", "2"), "number", [0.5, 2.0]),
        (("no", "yes"), "boolean", ["no", "yes"]),
        (("1", "x"), "text", ["1", "x"]),
    ],
)
def test_predictions_have_the_type_of_the_target(labels, kind, expected):
    columns = OutputColumns(Task("binary", "y", labels), kind, ())
    result = columns.rows({}, Classified(np.array([0, 1]), np.full((2, 2), 0.5)))
    assert result.cells["prediction"].to_pylist() == expected


def test_regression_has_one_column():
    columns = OutputColumns(Task("regression", "y"), "number", ())
    assert columns.added == ("prediction",)
    assert columns.rows({}, Valued(np.array([1.5]))).cells["prediction"].to_pylist() == [1.5]


def test_clashes_are_listed():
    with pytest.raises(UsageError) as caught:
        OutputColumns(TASK, "number", ("ram", "prob_1", "prediction")).refuse_clashes()
    assert str(caught.value) == (
        "--keep 'prediction', 'prob_1': predictions have a column of that name; name other columns to keep"
    )
    OutputColumns(TASK, "number", ("ram", "prob_9")).refuse_clashes()
