"""Rows of Python values give what a table of the same cells gives, to the last bit."""

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phoneprice.data.encoding import row_encoder
from phoneprice.data.encoding.features import Encoded, FeatureEncoder
from phoneprice.data.encoding.row_encoder import RowEncoder
from phoneprice.data.encoding.schema import Column, TableSchema
from phoneprice.data.number_formats import NumberFormat
from phoneprice.data.reading import ReadOptions
from phoneprice.data.reading.frames import frame_table
from phoneprice.data.reading.options import CellRules
from phoneprice.errors import DataError

RAM = Column(name="ram", kind="numeric", low=-5.0, high=2000.0, usual=(0.0, 1000.0), center=500.0, spread=256.0)
AREA = Column(name="area", kind="numeric", has_missing=True)
PRICE = Column(name="price", kind="numeric", low=0.0, high=1e4, usual=(0.0, 5e3), center=64.0, spread=8.0)
CODED = Column(name="coded", kind="numeric", low=0.0, high=9.0)
WIFI = Column(name="wifi", kind="boolean", low=0.0, high=1.0)
DUAL = Column(name="dual", kind="boolean", low=0.0, high=1.0, has_missing=True)
OS = Column(name="os", kind="categorical", categories=("Android", "iOS", "äß"), spelling="clean", has_missing=True)
CORES = Column(name="cores", kind="categorical", categories=("4", "8", "0"), spelling="whole")
SIZE = Column(name="size", kind="categorical", categories=("4.5", "0.1", "nan "), spelling="text")
OLD = Column(name="old", kind="categorical", categories=("1", "1.5"), spelling="number")
SOLD = Column(name="sold", kind="date", date_form="ymd", cycles=("month", "weekday"), center=2e4, spread=512.0)
MADE = Column(name="made", kind="date", date_form="dmy", has_missing=True, low=1e4, high=3e4, usual=(1e4, 3e4))
AT = Column(name="at", kind="date", date_form="time", cycles=("hour",))
COLUMNS = (RAM, AREA, PRICE, CODED, WIFI, DUAL, OS, CORES, SIZE, OLD, SOLD, MADE, AT)
OPTIONS = ReadOptions(
    infinite="missing",
    columns={
        "price": CellRules(frozenset({"", "na"}), NumberFormat(",", ".", ("€", ""))),
        "coded": CellRules(frozenset({"", "-999", "1E3"})),
    },
)
PLAIN: dict[str, tuple[Any, ...]] = {
    "numeric": (0, -0.0, 3, 500.5, 5e3, -1e9, 1e300, True, None, float("nan"), " 7 ", "1e3", "+.5", "NA", "-999", -999,
                np.float32(0.1), np.int8(-3), np.uint64(2**63), np.bool_(True), 2**70),
    "boolean": (0, 1, True, False, 1.0, "yes", " No", "F", "0.0", None, "", np.int64(1), np.float64(0)),
    "categorical": ("Android", " IOS ", "ÄSS", "4", "8.0", 8, 8.0, 4.5, 0.1, np.float32(0.1), -0.0, 0, True, "BeOS",
                    None, "null", float("nan"), 1.5, "1.50", "nan ", 2**70),
    "date": ("2024-05-31", "2024-05-31T12:30:00.5+02:00", "31.05.2024", "12:30", "1:05 PM", None, "", "31 May 2024",
             dt.date(2024, 5, 31), dt.datetime(2024, 5, 31, 12, 30, tzinfo=dt.UTC), pd.Timestamp("1999-01-01"), pd.NaT,
             dt.time(12, 30), np.datetime64("2020-02-29")),
}  # fmt: skip
ODD: tuple[Any, ...] = (
    "abc", "1.234,5 €", "1,5", "inf", float("inf"), 10**400, "1e999", Decimal("1.5"), [1], {}, b"x", pd.NA, 1j,
    "\ud800", np.datetime64("NaT"), dt.timedelta(1), object(),
)  # fmt: skip


def by_table(schema: TableSchema, columns: dict[str, list[Any]], options: ReadOptions) -> Encoded | None:
    """None where the table is faulty, or says more than what is odd."""
    try:
        table = frame_table(columns, options, (), schema.matched_names)
        return None if table.infinite_cells else FeatureEncoder(schema).encode(table)
    except DataError:
        return None


def assert_same(found: Encoded, expected: Encoded) -> None:
    assert found.inputs.values.tobytes() == expected.inputs.values.tobytes()
    assert (found.inputs.missing is None) == (expected.inputs.missing is None)
    if found.inputs.missing is not None:
        np.testing.assert_array_equal(found.inputs.missing, expected.inputs.missing)
    assert found.odd == expected.odd


def cells(column: Column) -> st.SearchStrategy[Any]:
    plain = st.sampled_from(PLAIN[column.kind])
    numbers = st.floats() | st.integers() | st.floats().map(str) | st.integers().map(str)
    texts = st.text(max_size=8) | st.sampled_from([cell for own in PLAIN.values() for cell in own])
    return st.one_of(plain, plain, plain, numbers, texts, st.sampled_from(ODD))


@settings(max_examples=40)  # a date that is none takes 20 ms
@given(st.data(), st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=6, unique=True))
def test_a_row_is_a_table_of_one_row(data: st.DataObject, columns: list[Column]) -> None:
    schema = TableSchema(columns=tuple(columns), target="y")
    row = [data.draw(cells(column)) for column in columns]
    encoder = RowEncoder(schema, OPTIONS)
    for _ in range(2):  # what is remembered is the same
        found = encoder.encode([row])
        expected = by_table(schema, {column.name: [cell] for column, cell in zip(columns, row, strict=True)}, OPTIONS)
        if found is not None:
            assert expected is not None
            assert_same(found, expected)


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_every_cell_is_what_a_table_of_it_is(column: Column) -> None:
    schema = TableSchema(columns=(column,), target="y")
    encoder = RowEncoder(schema, OPTIONS)
    odd = ODD[3:6] if column.kind == "date" else ODD
    found_of = [(cell, by_table(schema, {column.name: [cell]}, OPTIONS)) for cell in (*PLAIN[column.kind], *odd)]
    for cell, expected in [*found_of, *found_of[::-1]]:  # what is remembered is the same
        found = encoder.encode([[cell]])
        if found is None:
            # What is plain waits for no table, unless a table refuses it.
            assert expected is None or not isinstance(cell, str | int | float)
        else:
            assert expected is not None
            assert_same(found, expected)
    assert all(encoder.encode([[cell]]) is not None for cell, expected in found_of[:3] if expected is not None)


def test_rows_together_are_the_rows_one_by_one() -> None:
    columns: dict[str, list[Any]] = {"ram": [7.0, 1e9, None], "wifi": [0, 1, None], "os": ["iOS", "BeOS", None]}
    columns["sold"] = [None] * 3
    schema = TableSchema(columns=(RAM, WIFI, OS, SOLD), target="y")
    rows = list(zip(*columns.values(), strict=True))
    found = RowEncoder(schema, OPTIONS).encode(rows)
    expected = by_table(schema, columns, OPTIONS)
    assert found is not None
    assert expected is not None
    assert_same(found, expected)
    assert found.odd.messages() == expected.odd.messages() != []


def test_a_schema_of_numbers_alone_or_of_none() -> None:
    for columns, row in (((RAM, AREA), [1, 2]), ((WIFI, OS), [1, "iOS"])):
        schema = TableSchema(columns=columns, target="y")
        found = RowEncoder(schema, OPTIONS).encode([row])
        expected = by_table(schema, {own.name: [cell] for own, cell in zip(columns, row, strict=True)}, OPTIONS)
        assert found is not None
        assert expected is not None
        assert_same(found, expected)


def test_a_cell_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[object] = []

    def looked(columns: dict[str, list[object]], *rest: Any) -> Any:
        looked_at.extend(cell for cells in columns.values() for cell in cells)
        return frame_table(columns, *rest)

    monkeypatch.setattr(row_encoder, "frame_table", looked)
    encoder = RowEncoder(TableSchema(columns=(RAM, PRICE, OS, CORES), target="y"), OPTIONS)
    for row in ([1, "5 €", "iOS", 4], ["2", "5 €", "iOS", 4], [3, 6, "iOS", "4"], [3, 6, "iOS", 4.0]):
        assert encoder.encode([row]) is not None
    assert looked_at == ["5 €", "iOS", 4, "4", 4.0]
