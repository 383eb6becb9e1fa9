import csv
import gzip
import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from phoneprice.errors import UsageError
from phoneprice.inference.decimals import six_decimals
from phoneprice.inference.results import ResultColumns, ResultRows
from phoneprice.inference.writers import format_of, open_writer, without_formulas
from phoneprice.records import Classified, Task, Valued

TASK = Task("ordinal", "price_range", ("0", "1", "2"))


def written(blocks, kind="csv", packing="none"):
    file = io.BytesIO()
    with open_writer(file, kind, packing) as writer:
        for block in blocks:
            writer.write(block)
    assert not file.closed
    return file.getvalue()


def block(texts, name="id"):
    n = len(texts)
    numbers = pa.array(range(n), pa.int64())
    probabilities = {"prob_a": np.arange(n, dtype=np.int32) * 250_000}
    return ResultRows({name: pa.array(texts, pa.string()), "prediction": numbers}, probabilities)


def test_all_millionths():
    numbers = np.arange(1_000_001, dtype=np.int32)
    assert six_decimals(numbers).to_pylist() == [f"{i / 1e6:.6f}" for i in range(1_000_001)]
    assert six_decimals(numbers[:0]).to_pylist() == []


def test_csv_text():
    assert written([block(["a", "b"]), block(["c"])]).decode() == (
        "id,prediction,prob_a\na,0,0.000000\nb,1,0.250000\nc,0,0.000000\n"
    )


cells = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8), max_size=5)


@settings(max_examples=150, deadline=None)
@given(cells, st.text('ab,"\n\r =', min_size=1, max_size=5))
def test_any_text_survives_csv(texts, name):
    rows = list(csv.reader(io.StringIO(written([block(texts, name)]).decode(), newline="")))
    assert rows[0] == [name, "prediction", "prob_a"]
    assert [row[0] for row in rows[1:]] == texts


@settings(max_examples=150, deadline=None)
@given(cells, st.text('ab,"\n\\', min_size=1, max_size=5))
def test_any_text_survives_json_lines(texts, name):
    lines = written([block(texts, name)], "jsonl").decode().split("\n")[:-1]
    assert [json.loads(line)[name] for line in lines] == texts


def test_json_lines_hold_numbers_and_null():
    columns = {"id": pa.array(["a", None]), "x": pa.array([0.5, None]), "prediction": pa.array([1, 2])}
    lines = written([ResultRows(columns, {"confidence": np.array([5, 1_000_000], np.int32)})], "jsonl")
    assert lines.decode() == (
        '{"id": "a", "x": 0.5, "prediction": 1, "confidence": 0.000005}\n'
        '{"id": null, "x": null, "prediction": 2, "confidence": 1.000000}\n'
    )


def test_quoted_and_plain_blocks_write_numbers_alike():
    values = pa.array([0.1, 1e300, -2.5e-7, 3.0, None])
    plain = ResultRows({"id": pa.array(["a"] * 5), "prediction": values}, {})
    quoted = ResultRows({"id": pa.array(["a,"] * 5), "prediction": values}, {})
    assert written([quoted]).decode().replace('"a,"', "a") == written([plain]).decode()


def test_missing_and_empty_cells_are_nothing():
    assert written([block(["", None, 'q"'])]).decode() == (
        'id,prediction,prob_a\n,0,0.000000\n,1,0.250000\n"q""",2,0.500000\n'
    )
    assert written([block(["", None])]).decode() == "id,prediction,prob_a\n,0,0.000000\n,1,0.250000\n"


@pytest.mark.parametrize(
    ("packing", "unpack"),
    [("gzip", gzip.decompress), ("zstd", lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data))],
)
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_packed_text_is_the_same_text(packing, unpack, kind):
    blocks = [block(["a", "b"]), block(["c"])]
    assert unpack(written(blocks, kind, packing)) == written(blocks, kind)
    assert written(blocks, kind, packing) == written(blocks, kind, packing)


def test_parquet_holds_the_numbers_that_csv_shows():
    table = pq.read_table(io.BytesIO(written([block(["a", "b"]), block(["c"])], "parquet")))
    assert table.to_pydict() == {"id": ["a", "b", "c"], "prediction": [0, 1, 0], "prob_a": [0.0, 0.25, 0.0]}


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_no_rows(kind):
    data = written([block([])], kind)
    if kind == "parquet":
        assert pq.read_table(io.BytesIO(data)).column_names == ["id", "prediction", "prob_a"]
    else:
        assert data == (b"id,prediction,prob_a\n" if kind == "csv" else b"")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.csv", ("csv", "none")),
        ("a", ("csv", "none")),
        ("v1.2/out.CSV.GZ", ("csv", "gzip")),
        ("a.b.csv.zst", ("csv", "zstd")),
        ("a.jsonl", ("jsonl", "none")),
        ("a.ndjson.gz", ("jsonl", "gzip")),
        ("a.parquet", ("parquet", "none")),
    ],
)
def test_formats_by_suffix(name, expected):
    assert format_of(Path(name)) == expected


@pytest.mark.parametrize(
    ("name", "found"), [("a.xlsx", ".xlsx"), ("a.tsv", ".tsv"), ("a.parquet.gz", ".parquet.gz"), ("a.json", ".json")]
)
def test_other_suffixes(name, found):
    with pytest.raises(UsageError) as caught:
        format_of(Path(name))
    assert str(caught.value) == (
        f"{name}: can't write '{found}'; name a .csv, .jsonl or .parquet file (.csv and .jsonl also with .gz or .zst)"
    )


def test_formulas_get_an_apostrophe_and_numbers_do_not():
    found = without_formulas(pa.array(["=1+1", "+x", "-5", "+1.5e3", "@a", "a=b", None, "", "-", "\tx"]))
    assert found.to_pylist() == ["'=1+1", "'+x", "-5", "+1.5e3", "'@a", "a=b", None, "", "'-", "'\tx"]
    assert without_formulas(pa.array([1, 2])).to_pylist() == [1, 2]


def test_result_columns_of_classes():
    columns = ResultColumns(TASK, "number", ("id",))
    predicted = Classified(np.array([1, 0]), np.array([[0.25, 0.5, 0.25], [0.9999999, 1e-7, 0]]))
    result = columns.block({"id": pa.array(["a", "b"]), "other": pa.array([1, 2])}, predicted)
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
        (("0", "1"), "number", [0, 1]),
        (("0.5", "2"), "number", [0.5, 2.0]),
        (("no", "yes"), "boolean", ["no", "yes"]),
        (("1", "x"), "text", ["1", "x"]),
    ],
)
def test_predictions_have_the_type_of_the_target(labels, kind, expected):
    columns = ResultColumns(Task("binary", "y", labels), kind, ())
    result = columns.block({}, Classified(np.array([0, 1]), np.full((2, 2), 0.5)))
    assert result.cells["prediction"].to_pylist() == expected


def test_regression_has_one_column():
    columns = ResultColumns(Task("regression", "y"), "number", ())
    assert columns.added == ("prediction",)
    assert columns.block({}, Valued(np.array([1.5]))).cells["prediction"].to_pylist() == [1.5]


def test_clashes_are_listed():
    columns = ResultColumns(TASK, "number", ())
    with pytest.raises(UsageError) as caught:
        columns.refuse_clashes(["ram", "prob_1", "prediction"])
    assert str(caught.value) == (
        "the input has a column 'prediction', 'prob_1', which predictions have too; rename it in the input"
    )
    columns.refuse_clashes(["ram", "prob_9"])
