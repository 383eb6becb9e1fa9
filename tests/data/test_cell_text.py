"""What each of Arrow's types becomes: by examples, and by any column of any type, written and read back."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from uuid import UUID

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from phoneprice.data.cell_text import csv_values, json_values, simple, without_formulas
from phoneprice.data.formats import WRITTEN, Format
from tests.arrow_columns import (
    ARROW_CASTS_VIEWS,
    BUILDERS,
    EXTENSION_ID,
    EXTENSIONS,
    UNMAKEABLE,
    Column,
    columns_of,
    every_id,
)
from tests.read_back import check

younger = pytest.mark.skipif(not ARROW_CASTS_VIEWS, reason="this PyArrow refuses more types, and so do we")


def test_no_type_is_forgotten() -> None:
    assert set(every_id()) | {EXTENSION_ID} == set(BUILDERS) | UNMAKEABLE
    known = {type(kind) for kind, _ in EXTENSIONS}
    assert set(pa.BaseExtensionType.__subclasses__()) - {pa.ExtensionType} <= known


@younger
@pytest.mark.parametrize("number", sorted(BUILDERS), ids=lambda number: every_id().get(number, "Type_EXTENSION")[5:])
@pytest.mark.parametrize("format_", WRITTEN, ids=lambda known: known.title)
def test_any_column_of_any_type(format_: Format, number: int) -> None:
    @settings(max_examples=5, deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(columns_of(number), st.booleans())
    def each(column: Column, safe: bool) -> None:
        check(column, format_, safe=safe)

    each()


@pytest.mark.parametrize(
    ("cells", "text", "json_text"),
    [
        (pa.array([1.5]), "1.5", "1.5"),
        (pa.array([1e300]), "1e+300", "1e+300"),
        (pa.array([float("nan")]), "nan", "null"),
        (pa.array([float("-inf")], pa.float32()), "-inf", "null"),
        (pa.array([np.float16(0.1)]), "0.099975586", "0.099975586"),
        (pa.array([Decimal("1.50")]), "1.50", "1.50"),
        (pa.array([True]), "true", "true"),
        (pa.array([None]), None, "null"),
        (pa.array(['a "b"\n'], pa.large_string()), 'a "b"\n', r'"a \"b\"\n"'),
        (pa.array([date(2024, 5, 1)]), "2024-05-01", '"2024-05-01"'),
        (pa.array([2**31 - 1], pa.int32()).view(pa.date32()), "<value out of range: 2147483647>", None),
        (pa.array([time(12, 30)]), "12:30:00.000000", '"12:30:00.000000"'),
        (pa.array([-1500]).view(pa.timestamp("ms")), "1969-12-31 23:59:58.500", '"1969-12-31 23:59:58.500"'),
        (pa.array([0]).view(pa.timestamp("s", "Asia/Tokyo")), "1970-01-01 00:00:00Z", '"1970-01-01 00:00:00Z"'),
        (pa.array([0]).view(pa.timestamp("s", "No/Where")), "1970-01-01 00:00:00Z", '"1970-01-01 00:00:00Z"'),
        (pa.array([-1500]).view(pa.duration("ms")), "-PT1.500S", '"-PT1.500S"'),
        (pa.array([-(2**63)]).view(pa.duration("ns")), "-PT9223372036.854775808S", None),
        (pa.array([b"\x00\xff"]), "00ff", '"00ff"'),
        (pa.array(["a"]).dictionary_encode(), "a", '"a"'),
        (pa.array([[1.5, None, float("inf")]]), "[1.5, null, null]", "[1.5, null, null]"),
        (pa.array([{"a": "=1", "b": [date(1, 1, 1)]}]), '{"a": "=1", "b": ["0001-01-01"]}', None),
        (
            pa.array([[("k", None)]], pa.map_(pa.string(), pa.int8())),
            '[{"key": "k", "value": null}]',
            '[{"key": "k", "value": null}]',
        ),
    ],
    ids=lambda cells: str(cells.type) if isinstance(cells, pa.Array) else "",
)
def test_examples(cells: pa.Array, text: str | None, json_text: str | None) -> None:
    found, _ = csv_values(simple(cells))
    assert found.cast(pa.string()).to_pylist() == [text]
    if json_text is not None:
        assert json_values(cells)[0].to_pylist() == [json_text]


@younger
def test_a_uuid() -> None:
    cells = pa.array([UUID(int=255)], pa.uuid())
    assert simple(cells).to_pylist() == ["00000000-0000-0000-0000-0000000000ff"]


def test_numbers_that_json_lacks_are_counted_by_cell() -> None:
    nan = float("nan")
    lists = pa.array([[nan, 1.0, nan], None, [], [nan]])
    assert json_values(lists)[1].tolist() == [2, 0, 0, 1]
    assert json_values(pa.array([{"a": nan, "b": [nan]}, None]))[1].tolist() == [2, 0]
    assert csv_values(pa.array([nan]))[1].tolist() == [0]
    assert csv_values(lists)[1].tolist() == [2, 0, 0, 1]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (pa.array([(1, 2, 3)], pa.month_day_nano_interval()), "there is no text for month_day_nano_interval"),
        (
            pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"]),
            "a JSON object has no two fields of one name",
        ),
    ],
)
def test_what_has_no_text(cells: pa.Array, message: str) -> None:
    with pytest.raises(pa.ArrowNotImplementedError) as caught:
        csv_values(simple(cells))
    assert str(caught.value) == message


def test_formulas_get_an_apostrophe_and_numbers_do_not() -> None:
    risky = [
        "=1+1",
        "+x",
        "@a",
        "-",
        "\tx",
        "\rx",
        "\nx",
        " =1",
        "\0=1",
        "\N{FULLWIDTH EQUALS SIGN}1",
        "\N{NO-BREAK SPACE}@",
    ]
    harmless = ["-5", "+1.5e3", " -5 ", "a=b", None, "", " a", "(1)"]
    assert without_formulas(pa.array(risky)).to_pylist() == [f"'{text}" for text in risky]
    assert without_formulas(pa.array(harmless)).to_pylist() == harmless
    assert without_formulas(pa.array([1, 2])).to_pylist() == [1, 2]
