"""The headers of pages, against what Arrow says of the same file; and nonsense in their place."""

import io
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from phoneprice.data.reading.parquet_pages import Leaf, PageError, Unpacked, unpacked

ROWS = 5000
WORDS = pa.table({"x": [f"word {i % 50}" for i in range(ROWS)]})
TEXT = Leaf("x", None, nested=False, text=True)


def looked_at(data: bytes, leaf: Leaf = TEXT) -> Unpacked:
    return unpacked(io.BytesIO(data), pq.read_metadata(io.BytesIO(data)), 0, leaf)


def written(table: pa.Table = WORDS, **options: object) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["none", "snappy", "zstd", "gzip", "lz4", "brotli"])
def test_all_rows_have_a_page(version: str, compression: str) -> None:
    data = written(data_page_version=version, compression=compression, row_group_size=1700, data_page_size=300)
    found = looked_at(data)
    assert found.words == "all"
    assert found.row_ends[-1] == ROWS
    group = pq.read_metadata(io.BytesIO(data)).row_group(0).column(0)
    assert 0 < found.open_bytes < group.total_uncompressed_size


def test_text_as_it_stands_counts_by_its_pages() -> None:
    data = written(use_dictionary=False, data_page_size=1000, write_batch_size=100)
    found = looked_at(data)
    total = sum(len(text) + 4 for text in WORDS["x"].to_pylist())
    assert total <= found.page_bytes.sum() <= 1.1 * total
    assert found.words == "unknown"
    assert found.batch_bytes(1) < found.batch_bytes(1000) < found.batch_bytes(ROWS)
    assert found.batch_bytes(ROWS) == found.batch_bytes(10 * ROWS) - 9 * ROWS * found.row_bytes


def test_text_of_which_some_is_in_dictionaries() -> None:
    table = pa.table({"x": [f"text {i}" for i in range(ROWS)]})
    found = looked_at(written(table, dictionary_pagesize_limit=200, write_batch_size=100))
    assert found.words == "first"
    assert found.page_bytes.sum() > 0


def test_where_values_may_repeat_others_each_counts_for_all() -> None:
    found = looked_at(written(use_dictionary=False, column_encoding={"x": "DELTA_BYTE_ARRAY"}))
    assert found.row_bytes > 1000


def test_nonsense_in_the_headers() -> None:
    """Whatever stands there: pages, or ``PageError``; no other error, and no end of work."""
    data, draw = written(data_page_size=300, compression="none"), random.Random(7)
    metadata = pq.read_metadata(io.BytesIO(data))
    faults = 0
    for _ in range(2000):
        changed = bytearray(data)
        for _ in range(draw.randint(1, 8)):
            changed[draw.randrange(4, 200)] = draw.randrange(256)
        try:
            unpacked(io.BytesIO(bytes(changed)), metadata, 0, TEXT)
        except PageError:
            faults += 1
    assert faults > 200
