from collections.abc import Sequence

import pyarrow as pa
import pytest

from phoneprice.data.reading.cells import to_numbers
from phoneprice.data.reading.codes import code_reason, is_version_name, rounded_reason


def why(cells: Sequence[str | None], name: str = "a") -> str:
    written = pa.array(cells, pa.string())
    return code_reason(name, written, to_numbers(written, frozenset({"", "?"})).values)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["04109", "10001", "00501"], "leading zeros in 2 cells, as in '04109'"),
        (["10001"] * 500 + ["04109"], "leading zeros in 1 cell, as in '04109'"),  # all of one width
        (["007", "42", "?", None], "leading zeros in 1 cell, as in '007'"),
        ([" 01 ", "12"], "leading zeros in 1 cell, as in '01'"),
        (["00", "01"], "leading zeros in 2 cells, as in '00'"),
        (["9007199254740993", "12345678901234567890"],
            "whole numbers beyond 2^53, which float64 rounds, in 2 cells, as in '9007199254740993'"),
        (["-9007199254740993", "5"],
            "whole numbers beyond 2^53, which float64 rounds, in 1 cell, as in '-9007199254740993'"),
        ([str(2**59 * i + 1) for i in range(1, 11)],
            "whole numbers beyond 2^53, which float64 rounds, in 10 cells, as in '576460752303423489'"),
        (["1.9", "1.10", "2.0"] * 5, "perhaps versions, as '1.10' beside '1.9'"),
    ],
)  # fmt: skip
def test_numbers_that_are_codes(cells: list[str | None], reason: str) -> None:
    assert why(cells) == reason


@pytest.mark.parametrize(
    "cells",
    [
        ["0", "10", "200"],
        ["0.5", "10.25"],
        ["031.98", "164.38"],  # a measurement of a fixed width
        ["007", "1.5"],
        ["1000"] * 500 + ["7", "007"],  # a slip of the hand
        ["9007199254740992", "18014398509481984"],  # float64 has them
        ["9007199254740993", "5", "17"],  # a quantity, whose last digit is noise
        ["9007199254740993", "0.5"],
        [str(10**power + 1) for power in range(14, 20)],  # far apart
        ["1e300", "1"],
        ["1.90", "1.10", "2.00"] * 5,  # all with two digits
        ["1.9", "1.25", "2.5"] * 5,
        ["1.9", "1.10", "2.05"] * 5,
        ["0.5", "0.50", "1.5"] * 5,
        ["1.9", "1.10", "3"] * 5,
        [f"{i}.{i}" for i in range(1, 20)],  # too many, too seldom
        ["", None],
        [],
    ],
)
def test_numbers_that_are_quantities(cells: list[str | None]) -> None:
    assert why(cells) == ""


def test_a_name_says_what_versions_are() -> None:
    cells = [f"1.{minor}" for minor in range(1, 14)]
    assert (why(cells), why(cells, "app_version")) == ("", "versions, as '1.10' beside '1.1'")
    assert why(["1.1", "1.2"], "version") == ""


@pytest.mark.parametrize(
    "name", ["version", "App Version", "Current Ver", "appVersion", "version_no", "firmware", "os", "build", "section"]
)
def test_names_of_versions(name: str) -> None:
    assert is_version_name(name)


@pytest.mark.parametrize("name", ["conversion", "cross_section", "drug_release", "verse", "dose", "rating", "price"])
def test_names_of_no_versions(name: str) -> None:
    assert not is_version_name(name)


def test_whole_numbers_of_a_type() -> None:
    assert rounded_reason(pa.array([1, 2**53])) == ""
    assert rounded_reason(pa.array([2.0**60])) == ""
    large = "whole numbers beyond 2^53, which float64 rounds, in 1 cell, as in '9007199254740993'"
    assert rounded_reason(pa.array([2**53 + 1, None])) == large
    assert rounded_reason(pa.array([2**64 - 1], pa.uint64())).endswith("as in '18446744073709551615'")
