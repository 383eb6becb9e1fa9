from typing import Any

import pyarrow as pa
import pytest

from phoneprice.config.schema import Config
from phoneprice.data.encoding.features import FeatureEncoder
from phoneprice.data.encoding.schema import infer_schema
from phoneprice.data.inspection.mixed import (
    formatted_numbers,
    measured_text,
    mostly_numbers,
    settle_mixed,
    settle_named,
)
from phoneprice.errors import DataError
from tests.small_tables import table

TYPO = ["1", "2", "3", "many", *["5"] * 16]
SECOND = [*["7"] * 10, "x", *["8"] * 9]


def config(kind: str = "multiclass", **data: Any) -> Config:
    loss = {"multiclass": "cross_entropy", "regression": "mse"}[kind]
    return Config.model_validate({"data": {"target": "y", **data}, "task": {"kind": kind}, "loss": {"name": loss}})


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (TYPO, True),
        (["1", "2", "x"], False),
        (["x", "y"], False),
        ([None, None], False),
        (["1", "2"], True),
        ([1.0, 2.0], False),
        ([*["1"] * 9, "x", None, None], True),
        (["1", "?", "n/a", "unknown"], True),
        (["?", "n/a"], False),
        ([*map(str, range(36)), "1a", "2a", "3a", "4a"], False),  # codes
        ([*map(str, range(37)), "1a", "2a", "3a"], True),
        ([*(f"{i}.5" for i in range(36)), "1a", "2a", "3a", "4a"], True),
        ([*map(str, range(397)), "1a", "2a", "3a", "4a"], True),
        ([*map(str, range(397)), "12-1", "12-2", "14-1-5", "14-2"], False),
        ([*(f"{i}.5" for i in range(397)), "12-1", "12-2", "14-1", "14-2"], True),
    ],
)
def test_mostly_numbers(cells: list[Any], expected: bool) -> None:
    assert mostly_numbers(table(a=cells).columns["a"]) is expected


def test_a_word_for_missing_is_named_at_any_share() -> None:
    words = ["1", "?", "2", " ?", "n/a", *["3"] * 5]
    cells = table(a=words, y=["p", "q"] * 5)
    setting = 'data.missing_values = ["", "NA", "NaN", "null", "?", "n/a"]'
    what = f"if it means that there is none, set {setting}; or leave such rows out with --on-bad-row skip"
    with pytest.raises(DataError) as caught:
        settle_mixed(cells, config())
    assert str(caught.value) == (
        f"phones.csv line 3, column 'a': found '?', expected a number as in the rest of the column; {what}, "
        "or add the column to data.categorical_columns"
    )
    with pytest.raises(DataError) as caught:
        settle_mixed(table(y=words, x=["1"] * 10), config("regression"))
    assert str(caught.value) == f"phones.csv line 3, column 'y': found '?', expected a number; {what}"


def test_a_typing_error_is_named() -> None:
    cells = table(a=TYPO, b=SECOND, y=["p", "q"] * 10)
    message = (
        "phones.csv line 5, column 'a': found 'many', expected a number as in the rest of the column; correct it, "
        "leave such rows out with --on-bad-row skip, or add the column to data.categorical_columns"
    )
    with pytest.raises(DataError) as fault:
        settle_mixed(cells, config())
    assert str(fault.value) == message


def test_rows_with_typing_errors_are_left_out() -> None:
    settings = config(on_bad_row="skip")
    cells = settle_mixed(table(a=TYPO, b=SECOND, y=["p", "q"] * 10), settings)
    assert (cells.rows, cells.skipped_rows) == (18, 2)
    assert cells.columns["a"].to_pylist()[:4] == [1, 2, 3, 5]
    assert cells.place(3) == "phones.csv line 6"
    schema = infer_schema(cells, settings)
    assert schema.numeric_names == ("a", "b")
    assert len(FeatureEncoder(schema).encode(cells).inputs) == 18


def test_chosen_categories_stay_text() -> None:
    settings = config(categorical_columns=["a"])
    cells = table(a=TYPO, y=["p", "q"] * 10)
    assert settle_mixed(cells, settings) is cells
    assert infer_schema(cells, settings).columns[0].kind == "categorical"


def test_the_target_of_a_regression_is_always_numbers() -> None:
    cells = table(a=[1.0, 2.0, 3.0], y=["1", "cheap", "dear"])
    with pytest.raises(
        DataError, match="line 3, column 'y': found 'cheap', expected a number; correct it, or leave such"
    ):
        settle_mixed(cells, config("regression"))
    assert settle_mixed(cells, config("regression", on_bad_row="skip")).columns["y"].to_pylist() == [1.0]


def test_infinite_numbers_are_missing_or_faults() -> None:
    cells = table(a=[*TYPO[:-1], "1e999"], y=["p", "q"] * 10)
    settled = settle_mixed(cells, config(on_bad_row="skip"))
    assert settled.columns["a"].null_count == 1
    assert dict(settled.infinite_cells) == {"a": 1}
    with pytest.raises(DataError) as fault:
        settle_mixed(cells, config(on_bad_row="skip", infinite="fail"))
    assert str(fault.value) == (
        "phones.csv line 21, column 'a': found '1e999', expected a finite number; correct it or leave it empty"
    )


@pytest.mark.parametrize(
    ("infinite", "answer"),
    [("missing", {"code": 1}), ("fail", "phones.csv line 3, column 'code': found 'inf', expected a finite number; ")],
)
def test_a_measurement_that_is_named_like_an_id(infinite: str, answer: Any) -> None:
    cells = table(code=["1.5", "inf", "3"], y=["1", "2", "3"])
    data = config(infinite=infinite).data
    if infinite == "fail":
        with pytest.raises(DataError, match=answer):
            settle_named(cells, ["code"], data)
        return
    settled = settle_named(cells, ["code"], data)
    assert settled.columns["code"].to_pylist() == [1.5, None, 3]
    assert dict(settled.infinite_cells) == answer


@pytest.mark.parametrize(
    ("cells", "example"),
    [
        (["23,0", "7,25", "110,5"], "23,0"),
        (["25,120.78", "100", "1,000,000"], "25,120.78"),
        (["€ 25.120,78", "€ 3"], "€ 25.120,78"),
        (["5%", "10%", None], "5%"),
        (["1 200", "13 000"], "1 200"),
        (["2024-01-31", "2023-12-01"], None),
        (["31.01.2024", "01.12.2023"], None),
        (["1.2.3", "1.10.0"], None),
        (["XL", "23,0", "M"], None),
        (["12a", "13b"], None),
        ([None, None], None),
        ([1.5, 2.0], None),
    ],
)
def test_numbers_written_for_readers(cells: list[Any], example: str | None) -> None:
    expected = "" if example is None else f"numbers written like '{example}' count as text; write them like 1234.5"
    assert formatted_numbers(pa.array(cells)) == expected


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        ("{}*", "0.5*"), ("{} CR", "0.5 CR"), ("{}x10^3", "0.5x10^3"), ("{} +- 0.1", "0.5 +- 0.1"),
        ("~ {}", "~ 0.5"), ("{}", ""), ("{}.7", ""), ("v{}", ""), ("A {}*", ""),
    ],
)  # fmt: skip
def test_text_that_begins_with_numbers(added: str, expected: str) -> None:
    assert measured_text(pa.array([added.format(f"{i}.5") for i in range(20)])) == expected


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("{}h {}m", "0h 1m"), ("{}/{}", "0/1"), ("{}'{}\"", "0'1\""), ("{}x{}", "0x1"), ("{}*", "0*"),
        ("{} {}/4", "0 1/4"), ("{},000+", "0,000+"), ("{}°{}'N", "0°1'N"), ("{}Nm @ {}rpm", "0Nm @ 1rpm"),
        ("{}-{}", ""), ("{}.{}.0.1", ""), ("{}:{}", ""), ("{} {}", ""), ("A{}/{}", ""), ("{}", ""),
    ],
)  # fmt: skip
def test_numbers_with_the_same_texts_between(shape: str, expected: str) -> None:
    assert measured_text(pa.array([shape.format(i, i + 1) for i in range(20)])) == expected


def test_a_letter_that_differs_makes_a_name() -> None:
    assert measured_text(pa.array([f"{i}{letter}" for i in range(9) for letter in "abcdef"])) == ""
    assert measured_text(pa.array([*(f"{i}" for i in range(20)), *(f"{i}*" for i in range(9))])) == "0*"
    assert measured_text(pa.array([f"{i % 9}h {i % 3}m" for i in range(50)])) == ""  # few: may be classes


def test_limits_among_numbers_are_text_that_begins_with_numbers() -> None:
    assert measured_text(pa.array(["<0.5", *(f"{i}.5" for i in range(4))] * 5)) == ""  # few: may be classes
    assert measured_text(pa.array(["<0.5", *(f"{i}.5" for i in range(4))] * 5 + [f"{i}.1" for i in range(9)])) == "<0.5"
    assert measured_text(pa.array([f"{i} apples" for i in range(20)])) == ""
    assert measured_text(pa.array([1.5, 2.5])) == ""
