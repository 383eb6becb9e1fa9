import csv
import gzip
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from phoneprice.data.formats import CSV, JSON_LINES, PACKINGS, PARQUET, WRITTEN, OutputRows, open_writer
from phoneprice.errors import DataError
from tests.arrow_columns import ARROW_CASTS_VIEWS


def written(parts, format_=CSV, packing=None):
    file = io.BytesIO()
    with open_writer(file, format_, packing) as writer:
        for part in parts:
            writer.write(part)
    assert not file.closed
    return file.getvalue()


def rows(texts, name="id"):
    n = len(texts)
    numbers = pa.array(range(n), pa.int64())
    probabilities = {"prob_a": np.arange(n, dtype=np.int32) * 250_000}
    return OutputRows({name: pa.array(texts, pa.string()), "prediction": numbers}, probabilities)


def test_csv_text():
    assert written([rows(["a", "b"]), rows(["c"])]).decode() == (
        "id,prediction,prob_a\na,0,0.000000\nb,1,0.250000\nc,0,0.000000\n"
    )


cells = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8), max_size=5)


@settings(max_examples=150, deadline=None)
@given(cells, st.text('ab,"\n\r =', min_size=1, max_size=5))
def test_any_text_survives_csv(texts, name):
    header, *lines = csv.reader(io.StringIO(written([rows(texts, name)]).decode(), newline=""))
    assert header == [name, "prediction", "prob_a"]
    assert [line[0] for line in lines] == texts


@settings(max_examples=150, deadline=None)
@given(cells, st.text('ab,"\n\\', min_size=1, max_size=5))
def test_any_text_survives_json_lines(texts, name):
    lines = written([rows(texts, name)], JSON_LINES).decode().split("\n")[:-1]
    assert [json.loads(line)[name] for line in lines] == texts


def test_json_lines_hold_numbers_and_null():
    columns = {"id": pa.array(["a", None]), "x": pa.array([0.5, None]), "prediction": pa.array([1, 2])}
    lines = written([OutputRows(columns, {"confidence": np.array([5, 1_000_000], np.int32)})], JSON_LINES)
    assert lines.decode() == (
        '{"id": "a", "x": 0.5, "prediction": 1, "confidence": 0.000005}\n'
        '{"id": null, "x": null, "prediction": 2, "confidence": 1.000000}\n'
    )


def test_quoted_and_plain_rows_write_numbers_alike():
    values = pa.array([0.1, 1e300, -2.5e-7, 3.0, None])
    plain = OutputRows({"id": pa.array(["a"] * 5), "prediction": values}, {})
    quoted = OutputRows({"id": pa.array(["a,"] * 5), "prediction": values}, {})
    assert written([quoted]).decode().replace('"a,"', "a") == written([plain]).decode()


def test_missing_and_empty_cells_are_nothing():
    assert written([rows(["", None, 'q"'])]).decode() == (
        'id,prediction,prob_a\n,0,0.000000\n,1,0.250000\n"q""",2,0.500000\n'
    )
    assert written([rows(["", None])]).decode() == "id,prediction,prob_a\n,0,0.000000\n,1,0.250000\n"


@pytest.mark.parametrize(
    ("name", "unpack"),
    [("gzip", gzip.decompress), ("zstd", lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data))],
)
@pytest.mark.parametrize("format_", [CSV, JSON_LINES], ids=["csv", "jsonl"])
def test_packed_text_is_the_same_text(name, unpack, format_):
    (packing,) = (known for known in PACKINGS if known.name == name)
    parts = [rows(["a", "b"]), rows(["c"])]
    assert unpack(written(parts, format_, packing)) == written(parts, format_)
    assert written(parts, format_, packing) == written(parts, format_, packing)


def test_parquet_holds_the_numbers_that_csv_shows():
    table = pq.read_table(io.BytesIO(written([rows(["a", "b"]), rows(["c"])], PARQUET)))
    assert table.to_pydict() == {"id": ["a", "b", "c"], "prediction": [0, 1, 0], "prob_a": [0.0, 0.25, 0.0]}


@pytest.mark.parametrize("format_", WRITTEN, ids=lambda known: known.title)
def test_no_rows(format_):
    data = written([rows([])], format_)
    if format_ is PARQUET:
        assert pq.read_table(io.BytesIO(data)).column_names == ["id", "prediction", "prob_a"]
    else:
        assert data == (b"id,prediction,prob_a\n" if format_ is CSV else b"")


def safely_written(cells, format_):
    file = io.BytesIO()
    with open_writer(file, format_, spreadsheet_safe=True) as writer:
        writer.write(OutputRows(cells, {}))
    return file.getvalue()


def test_names_labels_and_cells_of_any_type_are_no_formulas():
    cells = {
        "=id": pa.array(["=1"], pa.large_string()),
        "d": pa.array([-1], pa.duration("s")),
        "n": pa.array([-5]),
        "prediction": pa.array(["@yes"]),
    }
    assert safely_written(cells, CSV).decode() == "'=id,d,n,prediction\n'=1,'-PT1S,-5,'@yes\n"
    assert safely_written(cells, JSON_LINES).decode() == (
        '{"\'=id": "\'=1", "d": "\'-PT1S", "n": -5, "prediction": "\'@yes"}\n'
    )
    table = pq.read_table(io.BytesIO(safely_written(cells, PARQUET)))
    assert table.column_names == ["'=id", "d", "n", "prediction"]
    assert table.drop_columns("d").to_pylist() == [{"'=id": "'=1", "n": -5, "prediction": "'@yes"}]


@pytest.mark.parametrize("format_", WRITTEN, ids=lambda known: known.title)
def test_names_that_are_one_without_formulas(format_):
    with pytest.raises(DataError) as caught:
        safely_written({"=a": pa.array([1]), "'=a": pa.array([2]), "prediction": pa.array([3])}, format_)
    assert str(caught.value) == 'two columns would be called "\'=a" without formulas; rename one in the input'


def test_numbers_that_json_lacks_are_null_and_counted():
    nan, file = float("nan"), io.BytesIO()
    with open_writer(file, JSON_LINES) as writer:
        for values in ([nan, 1.0], [float("inf"), None]):
            writer.write(OutputRows({"k": pa.array(values), "prediction": pa.array([0.5, nan])}, {}))
    assert [json.loads(line)["k"] for line in file.getvalue().splitlines()] == [None, 1.0, None, None]
    assert writer.notes() == ["4 cells with NaN or an infinite number (k 2, prediction 2): null in JSON"]


@pytest.mark.parametrize("format_", WRITTEN, ids=lambda known: known.title)
def test_a_type_that_a_format_lacks_is_refused_before_anything_is_written(format_):
    union = pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])])
    file = io.BytesIO()
    with pytest.raises(DataError) as caught, open_writer(file, format_) as writer:
        writer.write(OutputRows({"a": pa.array([1]), "u": union, "prediction": pa.array([1])}, {}))
    assert not file.getvalue()
    reason = (
        "there is no text for" if format_ is not PARQUET else "Unhandled type for Arrow to Parquet schema conversion:"
    )
    assert str(caught.value) == (
        f"column 'u' of type {union.type} can't be written as {format_.title} ({reason} {union.type}); "
        "convert it to text, or leave it out of the input"
    )


@pytest.mark.skipif(not ARROW_CASTS_VIEWS, reason="this PyArrow refuses more types, and so do we")
def test_parts_of_views_in_structs_are_written_to_parquet():
    cells = pa.array(
        [{"a": "x", "b": [b"y"]}] * 3000, pa.struct([("a", pa.string_view()), ("b", pa.list_(pa.binary_view()))])
    )
    batch = OutputRows({"k": cells[1:], "prediction": pa.array(range(2999))}, {})
    assert pq.read_table(io.BytesIO(written([batch], PARQUET)))["k"].to_pylist() == cells[1:].to_pylist()
