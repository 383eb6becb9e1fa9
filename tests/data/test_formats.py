"""The table of formats: each entry must be found by its name and by its content, and read back what it writes."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from phoneprice.data.formats import (
    CSV,
    FORMATS,
    JSON,
    JSON_LINES,
    PACKINGS,
    PARQUET,
    WRITTEN,
    BinaryFormat,
    OutputRows,
    TextFormat,
    binary_format,
    format_of,
    open_writer,
    packing_of,
    text_format,
)
from phoneprice.data.reading import ReadOptions, read_table
from phoneprice.errors import UsageError

WAYS = [
    (known, packing) for known in WRITTEN for packing in (None, *PACKINGS) if not packing or known in (CSV, JSON_LINES)
]
ROWS = OutputRows(
    {"id": pa.array(["a", "b,", None]), "prediction": pa.array([1, 0, 2])},
    {"prob_0": np.array([0, 500_000, 1_000_000], np.int32)},
)


def name(way) -> str:
    known, packing = way
    return "p" + known.suffixes[0] + (packing.suffixes[0] if packing else "")


@pytest.mark.parametrize("way", WAYS, ids=name)
@pytest.mark.parametrize("named", [True, False])
def test_what_is_written_is_read_by_name_and_by_content(way, named, tmp_path: Path) -> None:
    path = tmp_path / (name(way) if named else "predictions")
    with path.open("wb") as file, open_writer(file, *way) as writer:
        writer.write(ROWS)
    table = read_table(path, ReadOptions(), ["id"])
    assert {column: cells.to_pylist() for column, cells in table.columns.items()} == {
        "id": ["a", "b,", None],
        "prediction": [1, 0, 2],
        "prob_0": [0, 0.5, 1],
    }


@pytest.mark.parametrize("way", WAYS, ids=name)
def test_what_is_written_is_recognised(way) -> None:
    file = io.BytesIO()
    with open_writer(file, *way) as writer:
        writer.write(ROWS)
    known, packing = way
    assert packing_of(file.getvalue()) is packing
    assert binary_format(file.getvalue()) is (known if isinstance(known, BinaryFormat) else None)
    assert format_of(Path(name(way))) == way


def test_no_suffix_means_two_things() -> None:
    suffixes = [suffix for known in (*FORMATS, *PACKINGS) for suffix in known.suffixes]
    suffixes += [suffix for known in FORMATS for suffix in known.read_suffixes]
    assert len(set(suffixes)) == len(suffixes)


@pytest.mark.parametrize(
    ("head", "file", "expected"),
    [
        (b' \n{ "a": 1}', "x.csv", JSON_LINES),
        (b"{}", "-", JSON_LINES),
        (b"{a},b\n", "<stdin>", CSV),
        (b"[1]", "x.JSONL.gz", JSON_LINES),
        (b"[1]", "x.json", JSON_LINES),
        (b'[{"a": 1}]', "x.csv", JSON),
        (b" [\n ]", "-", JSON),
        (b"[a];b\n", "x.csv", CSV),
        (b"a,b\n", "x.csv.gz", CSV),
        (b"a,b\n", "x.parquet", CSV),
        (b"", "x.anything", CSV),
    ],
)
def test_text_is_told_by_content_then_by_suffix(head: bytes, file: str, expected: TextFormat) -> None:
    assert text_format(head, file) is expected


def test_the_table_costs_nothing() -> None:
    code = "import sys, phoneprice.data.formats; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not {"pyarrow", "numpy", "gzip"} & set(loaded)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.csv", (CSV, None)),
        ("a", (CSV, None)),
        ("v1.2/out.CSV.GZ", (CSV, "gzip")),
        ("a.b.csv.zst", (CSV, "zstd")),
        ("a.jsonl", (JSON_LINES, None)),
        ("a.ndjson.gz", (JSON_LINES, "gzip")),
        ("a.parquet", (PARQUET, None)),
    ],
)
def test_formats_by_suffix(name, expected):
    found, packing = format_of(Path(name))
    assert (found, packing and packing.name) == expected


@pytest.mark.parametrize(
    ("name", "found"), [("a.xlsx", ".xlsx"), ("a.tsv", ".tsv"), ("a.parquet.gz", ".parquet.gz"), ("a.json", ".json")]
)
def test_other_suffixes(name, found):
    with pytest.raises(UsageError) as caught:
        format_of(Path(name))
    assert str(caught.value) == (
        f"{name}: can't write '{found}'; name a .csv, .jsonl or .parquet file (.csv and .jsonl also with .gz or .zst)"
    )
