from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoneprice.config.schema import Config, DateForm
from phoneprice.data.encoding.conditioning import LARGEST_INPUT
from phoneprice.data.encoding.features import (
    FeatureEncoder,
    OddCells,
    Scaling,
    cycle_inputs,
    member_statistics,
)
from phoneprice.data.encoding.schema import Column, TableSchema, infer_schema
from phoneprice.data.reading import ReadOptions, read_chunks, read_table
from phoneprice.data.table import Table
from phoneprice.errors import DataError
from phoneprice.records import Inputs, InputStatistics, MemberPlan
from tests.small_tables import table

NOTHING = np.zeros(0, dtype=np.int64)

RAM = Column(name="ram", kind="numeric", low=1000.0, high=3000.0, center=2000.0, spread=1000.0, has_missing=True)
WIFI = Column(name="wifi", kind="boolean", low=0.0, high=1.0)
OS = Column(name="os", kind="categorical", categories=("Android", "iOS"), has_missing=True)
CORES = Column(name="cores", kind="categorical", categories=("4", "8"))


def encode(*columns: Column, **cells: list[Any]) -> tuple[Inputs, OddCells]:
    encoded = FeatureEncoder(TableSchema(columns=columns, target="price")).encode(table(**cells))
    return encoded.inputs, encoded.odd


def test_everything_at_once() -> None:
    inputs, odd = encode(
        RAM,
        WIFI,
        OS,
        os=["iOS", None, "BeOS", "Android"],
        ram=[2000.0, None, 5000.0, 1500.0],
        wifi=[0.0, 1.0, 1.0, 0.0],
    )
    # ram, ram is missing, wifi, os=Android, os=iOS, os is missing
    expected = [[0, 0, 0, 0, 1, 0], [0, 1, 1, 0, 0, 1], [3, 0, 1, 0, 0, 0], [-0.5, 0, 0, 1, 0, 0]]
    np.testing.assert_array_equal(inputs.values, np.array(expected, dtype=np.float32))
    assert inputs.values.dtype == np.float32
    assert inputs.missing is not None
    assert np.argwhere(inputs.missing).tolist() == [[1, 0]]
    assert odd.unseen_categories == {"os": 1}
    assert odd.out_of_range == {"ram": 1}


def test_nothing_missing_needs_no_mask() -> None:
    inputs, odd = encode(RAM, ram=[1000.0])
    assert inputs.missing is None
    assert odd.messages() == []


MISSING = "empty, or a word of data.missing_values"
NONE_KNOWN = "they count as none of the known ones"


def test_missing_where_training_had_none_is_imputed_without_indicator() -> None:
    inputs, odd = encode(WIFI, CORES, wifi=["yes", None], cores=["8", None])
    assert inputs.values.tolist() == [[1, 0, 1], [0, 0, 0]]
    assert inputs.missing is not None
    assert inputs.missing.tolist() == [[False] * 3, [True, False, False]]
    assert odd.messages() == [
        "1 missing cell in columns that had none in training (wifi 1): filled with the median of the training rows",
        f"1 missing cell in columns of categories that had none in training (cores 1): {MISSING}; {NONE_KNOWN}",
    ]


def test_missing_where_training_had_some_is_nothing_odd() -> None:
    assert encode(RAM, OS, ram=[None, 2000.0], os=[None, "iOS"])[1].messages() == []


def test_missing_cells_of_all_blocks_are_counted() -> None:
    ram = RAM.model_copy(update={"has_missing": False})
    parts = [encode(ram, ram=[None] * rows)[1] for rows in (3, 2)]
    assert sum(parts, OddCells()).messages() == [
        "5 missing cells in columns that had none in training (ram 5): filled with the median of the training rows"
    ]


@pytest.mark.parametrize(
    "cells",
    [["yes", "NO", "y"], ["1", "0", "1"], ["1.0", "no", "TRUE"], ["1", "no", "0"], [1.0, 0.0, 1.0], ["0.0", "0", "1"]],
)
def test_yes_and_no_in_every_spelling(cells: list[Any]) -> None:
    inputs, _ = encode(WIFI, wifi=cells)
    assert inputs.values[:, 0].tolist() == [float(str(c).lower() in {"yes", "y", "1", "1.0", "true"}) for c in cells]


@pytest.mark.parametrize(
    ("cells", "found"), [(["1", "2", "0"], "'2'"), (["no", "maybe"], "'maybe'"), ([0.0, 0.5], "'0.5'")]
)
def test_other_words_in_a_boolean_column(cells: list[Any], found: str) -> None:
    with pytest.raises(DataError) as fault:
        encode(WIFI, wifi=cells)
    assert str(fault.value) == (
        f"phones.csv line 3, column 'wifi': found {found}, expected yes or no as in training "
        "(yes, no, true, false, y, n, 1, 0); correct it"
    )


@pytest.mark.parametrize("cells", [["4", "8.0", " 8"], [4.0, 8.0, 8.0]])
def test_numbers_as_categories(cells: list[Any]) -> None:
    inputs, _ = encode(CORES, cores=cells)
    assert inputs.values.tolist() == [[1, 0], [0, 1], [0, 1]]


def test_categories_are_matched_as_the_schema_says() -> None:
    cells = ["4", "4.0", "04", "4.00", "1e1"]
    for spelling, known in (("whole", [1, 1, 0, 0, 0]), ("text", [1, 0, 0, 0, 0]), (None, [1, 1, 1, 1, 0])):
        column = Column.model_validate(CORES.model_dump() | {"spelling": spelling})
        inputs, odd = encode(column, cores=cells)
        assert inputs.values[:, 0].tolist() == known
        assert odd.unseen_categories.total() == known.count(0)


def test_text_in_a_numeric_column_is_named() -> None:
    with pytest.raises(DataError) as fault:
        encode(RAM, ram=["12", "many"])
    assert str(fault.value) == (
        "phones.csv line 3, column 'ram': found 'many', expected a number; "
        "correct it, or leave such rows out with --on-bad-row skip"
    )
    assert encode(RAM, ram=["3000", " 1e3"])[0].values[:, 0].tolist() == [1, -1]


def test_missing_columns_are_all_named() -> None:
    with pytest.raises(DataError) as fault:
        encode(RAM, WIFI, OS, rams=[1.0], os=["iOS"])
    assert str(fault.value) == "phones.csv: missing columns 'ram' (did you mean 'rams'?), 'wifi'; add or rename"
    with pytest.raises(DataError, match="missing column 'os'; add"):
        encode(OS, ram=[1.0])


@pytest.mark.parametrize("value", [1e30, -1e30, 1.7e308, -1.7e308])
def test_huge_values_stay_finite(value: float) -> None:
    inputs, odd = encode(RAM, ram=[value, 2000.0])
    assert inputs.values[:, 0].tolist() == [np.sign(value) * LARGEST_INPUT, 0]
    assert odd.messages() == ["1 cell outside the range of the training data (ram 1): the model extrapolates there"]


def test_missing_cells_are_never_out_of_range() -> None:
    # The rough centre of these is 0, which is below the least of them.
    cells = table(memory=[0.01, 16.0, 32.0, 64.0, 64.0, 1024.0, None], y=["p", "q"] * 3 + ["p"])
    schema = infer_schema(cells, Config.model_validate({"data": {"target": "y"}}))
    (memory,) = schema.columns
    assert (memory.low, memory.center) == (0.01, 0.0)
    encoded = FeatureEncoder(schema).encode(cells)
    assert encoded.odd.messages() == []
    assert encoded.inputs.values[-1, 0] == 0
    more = FeatureEncoder(schema).encode(table(memory=[None, 0.001, 2000.0, 0.01]))
    assert more.odd.out_of_range == {"memory": 2}


def test_a_real_training_table_is_within_its_own_range(real_data: Path) -> None:
    cells = read_table(real_data / "used_phones.csv", ReadOptions())
    schema = infer_schema(
        cells,
        Config.model_validate(
            {"data": {"target": "normalized_used_price"}, "task": {"kind": "regression"}, "loss": {"name": "huber"}}
        ),
    )
    assert FeatureEncoder(schema).encode(cells).odd.messages() == []


def test_no_rows() -> None:
    schema = TableSchema(columns=(RAM, WIFI, OS), target="price")
    empty = Table(
        "x", {"ram": pa.array([], pa.float64()), "wifi": pa.array([], pa.string()), "os": pa.array([], pa.string())}
    )
    assert FeatureEncoder(schema).encode(empty).inputs.values.shape == (0, 6)


def test_odd_cells_add_up() -> None:
    first = encode(RAM, OS, ram=[9000.0, 1.0], os=["BeOS", "iOS"])[1]
    second = encode(RAM, OS, ram=[9000.0], os=["iOS"])[1]
    assert (first + second).messages() == [
        "3 cells outside the range of the training data (ram 3): the model extrapolates there",
        "1 cell of categories that have no input (os 1): they count as none of the known ones",
    ]


@given(
    st.lists(st.one_of(st.none(), st.floats(-1e9, 1e9)), min_size=1, max_size=20),
    st.integers(1, 19),
)
def test_blocks_encode_like_the_whole(cells: list[float | None], cut: int) -> None:
    schema = TableSchema(columns=(RAM,), target="price")
    whole = Table("x", {"ram": pa.array(cells, pa.float64())})
    encoder = FeatureEncoder(schema)
    parts = [encoder.encode(whole.slice(start, cut)) for start in range(0, len(cells), cut)]
    together = encoder.encode(whole)
    np.testing.assert_array_equal(np.concatenate([part.inputs.values for part in parts]), together.inputs.values)
    assert sum((part.odd for part in parts), OddCells()) == together.odd


def test_an_offset_costs_no_precision() -> None:
    seconds = [1.7e9 + step for step in range(100)]
    schema = infer_schema(
        table(time=seconds, price=["a", "b"] * 50), Config.model_validate({"data": {"target": "price"}})
    )
    values = FeatureEncoder(schema).encode(table(time=seconds)).inputs.values
    assert len(np.unique(values)) == 100


def plan(*rows: int) -> MemberPlan:
    return MemberPlan(0, np.array(rows), NOTHING, NOTHING)


def statistics(scaling: Scaling, schema: TableSchema, cells: Table, *plans: MemberPlan) -> InputStatistics:
    return member_statistics(FeatureEncoder(schema).encode(cells).inputs, schema, plans, scaling)


def raw(statistic: InputStatistics, schema: TableSchema, cells: Table) -> np.ndarray[Any, Any]:
    """What the first member sees."""
    inputs = FeatureEncoder(schema).encode(cells).inputs
    values = inputs.values.astype(np.float64)
    if inputs.missing is not None:
        values = np.where(inputs.missing, statistic.fill[0], values)
    return (values - statistic.shift[0]) * statistic.factor[0]


def test_standard_scaling_of_a_members_rows_alone() -> None:
    schema = TableSchema(columns=(RAM,), target="price")
    cells = table(ram=[1000.0, 2000.0, 3000.0, 1e9])
    seen = raw(statistics("standard", schema, cells, plan(0, 1, 2)), schema, cells)
    np.testing.assert_allclose(seen[:3, 0], [-np.sqrt(1.5), 0, np.sqrt(1.5)], rtol=1e-6)


def test_robust_scaling() -> None:
    schema = TableSchema(columns=(RAM, RAM.model_copy(update={"name": "pc"})), target="price")
    cells = table(ram=[1.0, 2.0, 3.0, 4.0, 500.0], pc=[0.0, 0.0, 0.0, 0.0, 5.0])
    seen = raw(statistics("robust", schema, cells, plan(0, 1, 2, 3, 4)), schema, cells)
    np.testing.assert_allclose(seen[:, 0], [-1, -0.5, 0, 0.5, 248.5], rtol=1e-4)
    # An interquartile range of zero: the standard deviation, which is 2.
    np.testing.assert_allclose(seen[:, 2], [0, 0, 0, 0, 2.5], rtol=1e-4)


def test_no_scaling_means_the_values_of_the_table() -> None:
    schema = TableSchema(columns=(RAM, WIFI), target="price")
    cells = table(ram=[1500.0, 2600.0, None, 1700.0], wifi=["no", "yes", "no", "yes"])
    seen = raw(statistics("none", schema, cells, plan(0, 1, 2, 3)), schema, cells)
    np.testing.assert_allclose(seen[:, 0], [1500, 2600, 1700, 1700], rtol=1e-6)
    assert seen[:, 1].tolist() == [0, 0, 1, 0]
    assert seen[:, 2].tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("scaling", ["standard", "robust", "none"])
def test_what_is_constant_in_a_members_rows_is_masked(scaling: Scaling) -> None:
    schema = TableSchema(columns=(RAM, WIFI, OS), target="price")
    cells = table(ram=[1500.0, 1500.0, None, 9.0], wifi=["no", "no", "no", "yes"], os=["iOS", "iOS", "Android", None])
    found = statistics(scaling, schema, cells, plan(0, 1), plan(0, 1, 2, 3))
    assert found.factor[0].tolist() == [0] * 6
    assert (found.factor[1] != 0).all()
    assert found.shift.shape == found.factor.shape == found.fill.shape == (2, 6)


def test_fill_is_the_members_median_or_more_frequent_word() -> None:
    schema = TableSchema(columns=(RAM, WIFI), target="price")
    cells = table(ram=[1000.0, 3000.0, None, 2500.0], wifi=["yes", "yes", "no", None])
    found = statistics("standard", schema, cells, plan(0, 1, 2), plan(1, 3), plan(0, 1, 2, 3))
    np.testing.assert_allclose(found.fill[:, 0], [0, 0.75, 0.5])
    assert found.fill[:, 2].tolist() == [1, 1, 1]


def test_a_column_without_values_in_a_members_rows() -> None:
    schema = TableSchema(columns=(RAM,), target="price")
    found = statistics("standard", schema, table(ram=[None, None, 5.0]), plan(0, 1))
    assert (found.shift[0, 0], found.factor[0, 0], found.fill[0, 0]) == (0, 0, 0)


def test_one_row_trains_without_nan() -> None:
    schema = TableSchema(columns=(RAM, WIFI, OS), target="price")
    found = statistics("standard", schema, table(ram=[5.0], wifi=["no"], os=[None]), plan(0))
    assert np.isfinite([found.shift, found.factor, found.fill]).all()


def test_quantiles_of_many_rows_are_estimates() -> None:
    schema = TableSchema(columns=(RAM,), target="price")
    values = np.random.default_rng(0).normal(2000, 500, 300_000)
    inputs = FeatureEncoder(schema).encode(Table("x", {"ram": pa.array(values)})).inputs
    found = member_statistics(inputs, schema, [plan(*range(300_000))], "robust")
    np.testing.assert_allclose(1 / found.factor[0, 0], 2 * 0.6745 * 0.5, rtol=0.02)


def test_real_phones_read_either_way(real_data: Path) -> None:
    file = real_data / "mobile_price_train.csv"
    whole = read_table(file, ReadOptions())
    schema = infer_schema(whole, Config())
    encoder = FeatureEncoder(schema)
    inputs = encoder.encode(whole).inputs
    with read_chunks(file, ReadOptions(), schema.numeric_names, schema.text_names, 700) as chunks:
        parts = [encoder.encode(chunk) for chunk in chunks]
    np.testing.assert_array_equal(np.concatenate([part.inputs.values for part in parts]), inputs.values)
    assert sum((part.odd for part in parts), OddCells()).messages() == []
    everything = plan(*range(2000))
    found = member_statistics(inputs, schema, [everything], "standard")
    seen = (inputs.values - found.shift[0]) * found.factor[0]
    np.testing.assert_allclose(seen.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(seen.std(axis=0), 1, rtol=1e-6)


def test_real_used_phones(real_data: Path) -> None:
    settings = {
        "data": {"target": "normalized_used_price"},
        "task": {"kind": "regression"},
        "loss": {"name": "mse"},
    }
    cells = read_table(real_data / "used_phones.csv", ReadOptions())
    schema = infer_schema(cells, Config.model_validate(settings))
    inputs = FeatureEncoder(schema).encode(cells).inputs
    assert inputs.missing is not None
    assert inputs.missing.sum() == 202
    found = member_statistics(inputs, schema, [plan(*range(0, cells.rows, 2)), plan(*range(50))], "robust")
    assert np.isfinite([found.shift, found.factor, found.fill]).all()


def test_what_is_far_out_is_drawn_in_and_counted() -> None:
    ram = RAM.model_copy(update={"usual": (1000.0, 3000.0), "high": 1e12})
    inputs, odd = encode(ram, ram=[2500.0, 1e12, None, -1e12])
    np.testing.assert_allclose(inputs.values[:, 0], [0.5, 1.4, 0, -1.4], rtol=1e-6)
    assert odd.drawn_in == {"ram": 2}
    assert odd.messages() == [
        "1 cell outside the range of the training data (ram 1): drawn in to near it (data.clip_inputs)"
    ]


@pytest.mark.parametrize("clipped", [True, False])
def test_one_absurd_cell_in_training_flattens_no_column(clipped: bool) -> None:
    values = [*np.random.default_rng(0).normal(0, 1, 99), 1e12]
    settings = {"data": {"target": "price", "clip_inputs": clipped}}
    cells = table(x=values, price=["a", "b"] * 50)
    schema = infer_schema(cells, Config.model_validate(settings))
    seen = raw(statistics("standard", schema, cells, plan(*range(100))), schema, cells)[:99, 0]
    assert bool(seen.std() > 0.5) is clipped


def test_dates_are_days_and_waves():
    texts = pa.array(["2024-01-01", None, "2024-07-16"])
    column = Column(name="when", kind="date", date_form="ymd", cycles=("month",), center=19_700.0, spread=100.0,
                    low=19_723.0, high=19_900.0, has_missing=True)  # fmt: skip
    schema = TableSchema(target="y", columns=(column,))
    assert column.input_names == ("when", "when: sine of month", "when: cosine of month", "when is missing")
    days = pa.array([19_723.0, None, 19_920.0])
    read: dict[str, DateForm] = {"when": "ymd"}
    for cells, dates in ((texts, {}), (days, read)):
        encoded = FeatureEncoder(schema).encode(Table("t.csv", {"when": cells}, dates=dates))
        angle = 2 * np.pi * (6 + 15 / 31) / 12
        waves = [[0, 1], [0, 0], [np.sin(angle), np.cos(angle)]]
        expected = np.column_stack([[0.23, 0, 2.2], waves, [0, 1, 0]])
        np.testing.assert_allclose(encoded.inputs.values, expected, atol=1e-6)
        assert encoded.inputs.missing is not None
        assert encoded.inputs.missing.tolist() == [[False] * 4, [True, False, False, False], [False] * 4]
        assert encoded.odd.out_of_range == {"when": 1}


def test_a_date_far_out_is_drawn_in_and_its_waves_are_not():
    column = Column(name="when", kind="date", date_form="ymd", cycles=("month",), usual=(19_700.0, 19_800.0))
    days = pa.array([19_750.0, 90_000.0])
    encoded = FeatureEncoder(TableSchema(target="y", columns=(column,))).encode(
        Table("t.csv", {"when": days}, dates={"when": "ymd"})
    )
    assert encoded.odd.drawn_in == {"when": 1}
    np.testing.assert_allclose(encoded.inputs.values[:, 0], [19_750, 19_820], rtol=1e-4)
    np.testing.assert_allclose(encoded.inputs.values[:, 1:], cycle_inputs(days.to_numpy(), ("month",)), atol=1e-6)


def test_a_date_of_another_form_is_refused():
    schema = TableSchema(target="y", columns=(Column(name="when", kind="date", date_form="dmy"),))
    with pytest.raises(DataError) as caught:
        FeatureEncoder(schema).encode(Table("t.csv", {"when": pa.array(["31/05/2024", "05/31/2024"])}))
    advice = "correct it, or leave such rows out with --on-bad-row skip"
    what = f"found '05/31/2024', expected a date or a time as in the rest of the column; {advice}"
    assert str(caught.value) == f"t.csv row 2, column 'when': {what}"
