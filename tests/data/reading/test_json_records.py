"""A JSON array of objects is the same table as its objects one a line."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoneprice.data.packing import Readable
from phoneprice.data.reading import ReadOptions, read_table
from phoneprice.data.reading.json_records import _elements
from phoneprice.data.reading.text_source import Utf8Source
from phoneprice.errors import DataError

ROWS = [{"a": 1.5, "b": 'é, \\ " [{]}'}, {"a": None, "b": "007"}, {"a": 3, "b": "x"}]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_same_as_one_a_line(indent: int | None, encoding: str, tmp_path: Path) -> None:
    array, lines = tmp_path / "t.json", tmp_path / "t.jsonl"
    array.write_text(json.dumps(ROWS, indent=indent, ensure_ascii=False), encoding=encoding)
    lines.write_text("\n".join(map(json.dumps, ROWS)), encoding="utf-8")
    options = ReadOptions(encoding="auto")
    found, expected = read_table(array, options), read_table(lines, options)
    assert {n: c.to_pylist() for n, c in found.columns.items()} == {
        n: c.to_pylist() for n, c in expected.columns.items()
    }
    assert found.place(1, "a") == f"{array} row 2, column 'a'"


class Pieces(Readable):
    """Bytes that come in pieces of a few bytes."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data, self._size = data, size

    def read(self, _: int, /) -> bytes:
        taken, self._data = self._data[: self._size], self._data[self._size :]
        return taken

    def close(self) -> None:
        pass


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


@given(st.lists(st.dictionaries(texts, texts | st.booleans() | st.none())), st.data())
def test_any_cut(rows: list[dict[str, object]], data: st.DataObject) -> None:
    ascii_only, indent = data.draw(st.booleans()), data.draw(st.sampled_from([None, 1]))
    written = json.dumps(rows, ensure_ascii=ascii_only, indent=indent).encode()
    stream = Utf8Source("t.json", Pieces(written, data.draw(st.integers(1, 9))), "utf-8")
    assert [dict(pairs) for pairs in _elements(stream)] == rows


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[]", ": the file is empty, expected objects; check that it is the right file"),
        (b"[{}]", " row 1: found an object without keys, expected the columns; add them"),
        (b'[{"a": 1}', ": found the end of the file, expected ']' of a JSON array; correct it"),
        (b'[{"a": 1} {"a": 2}]', ": found '{\"a\": 2}]', expected ']' of a JSON array; correct it"),
        (b'[{"a": 1}, 7]', " row 2: found '7]', expected a JSON object; correct it"),
        (b'[{"a": 1}] x', ": found text after the end of the JSON array; remove it"),
        (b'[{"a": 1}, {"a": [1]}]', " row 2, column 'a': found a nested value, expected a number or text; flatten it"),
        (b'[{"a": 1}, {"a": 1, "a": 2}]', " row 2, column 'a': found the key twice, expected it once; remove one"),
        (
            b'[{"a": 1}, {"b": 2}]',
            (
                " row 2: found the key 'b', expected the keys of row 1 only; "
                "write every key there (null where it is missing)"
            ),
        ),
        (
            b'[{"a": 1}, {"a": 1x}' + b" " * 100,
            " row 2: found invalid JSON (Expecting ',' delimiter at character 19), expected a JSON object; correct it",
        ),
        (b'[{"a": ' + b"[" * 200_000, " row 1: found deep nesting, expected a JSON object; correct it"),
        (b'[{"a": "' + b"x" * (17 << 20), " row 1: found a record of more than 16 MiB, expected a row"),
    ],
    ids=lambda value: None if isinstance(value, str) else "",
)
def test_faults(data: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_bytes(data)
    with pytest.raises(DataError) as caught:
        read_table(path, ReadOptions())
    assert str(caught.value) == f"{path}{message}"
