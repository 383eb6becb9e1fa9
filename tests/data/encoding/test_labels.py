"""Labels keep their text in every format; see ``test_values.py`` for the rule itself, which categories share."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from phoneprice.components.base import TaskKind
from phoneprice.config.schema import TaskConfig
from phoneprice.data.encoding.labels import Labels, infer_labels
from phoneprice.data.reading import ReadOptions, read_table
from phoneprice.data.values import MISSING, UNKNOWN, one_spelling
from phoneprice.errors import DataError
from tests.small_tables import table

MULTICLASS = TaskConfig.model_validate({"kind": "multiclass"})
LARGEST = 2**53


def labels_of(cells: list[Any]) -> Labels:
    return infer_labels(table(y=cells), "y", MULTICLASS)


@pytest.mark.parametrize(
    ("cells", "names", "kind"),
    [
        (["10", "9", "9.0"], ("9", "10"), "whole"),
        ([10.0, 9.0], ("9", "10"), "whole"),
        (["-1", "1", " 1"], ("-1", "1"), "whole"),
        (["9007199254740993", "9007199254740992", "5"], ("5", "9007199254740992", "9007199254740993"), "whole"),
        (["9" * 5000, "9" * 5000 + ".0", "1"], ("1", "9" * 5000), "whole"),
        (["1", "0.0", "1"], ("0", "1"), "whole"),
        (["1.10", "1.1", "5"], ("1.1", "1.10", "5"), "text"),
        (["10.5", "9.5"], ("9.5", "10.5"), "text"),
        ([2.0, 0.5, 2.0], ("0.5", "2.0"), "text"),
        (["007", "7"], ("007", "7"), "text"),
        (["01", "1"], ("01", "1"), "text"),
        (["00", "01"], ("00", "01"), "text"),
        (["+1", "-1"], ("-1", "+1"), "text"),
        (["1e3", "1000"], ("1000", "1e3"), "text"),
        (["1.00", "2"], ("1.00", "2"), "text"),
        (["1e400", "5", "9007199254740993"], ("5", "9007199254740993", "1e400"), "text"),
        (["1e99999999999999999999", "5"], ("5", "1e99999999999999999999"), "text"),
        (["1", "1.0", "A1"], ("1", "1.0", "A1"), "text"),
        (["b", "a", "b"], ("a", "b"), "text"),
        (["low", "low ", "LOW"], ("LOW", "low", "low "), "text"),
        (["Yes", "no", "yes", "Yes"], ("no", "Yes"), "boolean"),
        (["Yes", "0", "1.0", "1.0"], ("0", "1.0"), "boolean"),
    ],
)
def test_names_and_what_makes_them_one(cells: list[Any], names: tuple[str, ...], kind: str) -> None:
    assert labels_of(cells) == Labels(names, kind)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("labels", "cells", "codes"),
    [
        (Labels(("0", "1", "2"), "whole"), ["2", "0.0", " 1", "01", "+1", "1e0", "1.00", "one"], [2, 0, 1, *[-2] * 5]),
        (Labels(("0", "1", "2"), "whole"), [2.0, 0.0, 0.5], [2, 0, UNKNOWN]),
        (Labels(("0", "1"), "whole"), ["yes", "0", "FALSE", "1.0", "01", "2"], [1, 0, 0, 1, UNKNOWN, UNKNOWN]),
        (Labels(("4.1", "4.10"), "text"), ["4.10", "4.1", "4.100"], [1, 0, UNKNOWN]),
        (Labels(("4.1", "4.10"), "text"), [4.1], [0]),
        (Labels(("0.5", "1.0"), "text"), [1.0, 0.5], [1, 0]),
        (Labels(("7", "A1"), "text"), [7.0], [0]),
        # As runs of release 0.1 have it.
        (Labels(("1.5", "1e+16"), "number"), ["1.50", "10000000000000000", "1e16"], [0, 1, 1]),
        (Labels(("1.5", "1e+16"), "number"), [1.5, 1e16], [0, 1]),
        (Labels(("0", "1"), "number"), ["yes", "0", "+1"], [1, 0, 1]),
    ],
)
def test_the_rule_of_the_run_holds_for_later_cells(labels: Labels, cells: list[Any], codes: list[int]) -> None:
    assert labels.encode(table(y=cells).columns["y"]).tolist() == codes


NUMBERS = st.one_of(
    st.integers().map(str),
    st.integers(-3, 3).map(lambda n: f"{n}.0"),
    st.from_regex(r"[+-]?0{0,2}[0-9]{1,3}(\.[0-9]{0,3})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
)
TEXTS = st.one_of(NUMBERS, st.text("aA1 .", min_size=1, max_size=3))


@given(st.lists(st.one_of(NUMBERS, TEXTS), min_size=2, max_size=8, unique=True))
def test_different_texts_are_different_labels_but_for_whole_numbers(cells: list[str]) -> None:
    assume(len({one_spelling(text, "whole") for text in cells}) > 1)
    labels = labels_of(cells)
    codes = labels.encode(pa.array(cells)).tolist()
    assert labels.kind in {"whole", "text"}
    assert [labels.names[code] for code in codes] == [one_spelling(text, labels.kind) for text in cells]
    if labels.kind == "text":
        assert sorted(codes) == list(range(len(cells)))


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=2, max_size=9, unique=True))
def test_whole_numbers_are_in_order_and_come_back(numbers: list[int]) -> None:
    cells = list(map(str, numbers))
    labels = labels_of(cells)
    assert labels.names == tuple(map(str, sorted(numbers)))
    assert [labels.names[code] for code in labels.encode(pa.array(cells))] == cells


def csv_text(cells: list[Any]) -> str:
    return "".join(f"{'' if cell is None else cell},{row}\n" for row, cell in enumerate(["y", *cells]))


def write_csv(path: Path, cells: list[Any]) -> Path:
    (path / "t.csv").write_text(csv_text(cells), encoding="utf-8")
    return path / "t.csv"


def write_json_lines(path: Path, cells: list[Any]) -> Path:
    lines = [json.dumps({"y": cell, "0": row}) for row, cell in enumerate(cells)]
    (path / "t.jsonl").write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path / "t.jsonl"


def parquet_writer(cast: Callable[[list[Any]], pa.Array]) -> Callable[[Path, list[Any]], Path]:
    def write(path: Path, cells: list[Any]) -> Path:
        pq.write_table(pa.table({"y": cast(cells), "0": pa.array(range(len(cells)))}), path / "t.parquet")
        return path / "t.parquet"

    return write


def floats(cells: list[Any]) -> list[float]:
    return [float(cell) for cell in cells]


WRITERS: dict[str, Callable[[Path, list[Any]], Path]] = {
    "CSV": write_csv,
    "CSV by pandas": lambda path, cells: write_csv(path, floats(cells)),
    "JSON Lines": write_json_lines,
    "JSON Lines of texts": lambda path, cells: write_json_lines(path, list(map(str, cells))),
    "JSON Lines of floats": lambda path, cells: write_json_lines(path, floats(cells)),
    "int64": parquet_writer(lambda cells: pa.array(cells, pa.int64())),
    "float64": parquet_writer(lambda cells: pa.array(floats(cells), pa.float64())),
    "string": parquet_writer(lambda cells: pa.array(map(str, cells), pa.string())),
    "dictionary": parquet_writer(lambda cells: pa.array(list(map(str, cells))).dictionary_encode()),
    "dictionary of integers": parquet_writer(lambda cells: pa.array(cells, pa.int64()).dictionary_encode()),
}
WITHOUT_FLOATS = tuple(name for name in WRITERS if "float" not in name and "pandas" not in name)


QUANTITY = [*(f"{200 + i}.5" for i in range(30)), "1", "1"]


@pytest.mark.parametrize("kind", ["ordinal", "multiclass"])
def test_a_quantity_is_no_class(kind: TaskKind) -> None:
    with pytest.raises(DataError) as raised:
        infer_labels(table(y=QUANTITY), "y", TaskConfig(kind=kind))
    assert str(raised.value) == (
        "phones.csv, column 'y': 31 different numbers in 32 rows, 30 of them once: a quantity, not classes; to predict "
        "it use -c regression, or --target without -c; for classes set task.labels"
    )


@pytest.mark.parametrize(
    ("cells", "labels"),
    [
        (QUANTITY, tuple(dict.fromkeys(QUANTITY))),  # somebody wants them
        (QUANTITY[:20], ()),  # few
        ([str(i) for i in range(25)] * 2, ()),  # again and again
        ([f"k{i}" for i in range(30)], ()),
    ],
)
def test_many_labels_may_be_classes(cells: list[str], labels: tuple[str, ...]) -> None:
    found = infer_labels(table(y=cells), "y", TaskConfig(kind="multiclass", labels=labels))
    assert len(found.names) == len(set(cells))


def read_labels(path: Path, known: Labels | None = None) -> tuple[Labels, list[int]]:
    found = read_table(path, ReadOptions(), ["y"])
    labels = known or infer_labels(found, "y", MULTICLASS)
    return labels, labels.encode(found.columns["y"]).tolist()


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("cells", [[3, 1, 2, 1], [0, 1, 1], [LARGEST, LARGEST - 1, -LARGEST], [10**15, 10**15 + 1]])
def test_the_same_labels_from_every_format(name: str, cells: list[int], tmp_path: Path) -> None:
    labels, codes = read_labels(WRITERS[name](tmp_path, cells))
    assert labels == Labels(tuple(map(str, sorted(set(cells)))), "whole")
    assert [int(labels.names[code]) for code in codes] == cells


@pytest.mark.parametrize("name", WITHOUT_FLOATS)
def test_integers_keep_all_their_digits(name: str, tmp_path: Path) -> None:
    cells = [LARGEST + 1, LARGEST, 2**63 - 1, 2**63 - 2]
    labels, codes = read_labels(WRITERS[name](tmp_path, cells))
    assert [int(labels.names[code]) for code in codes] == cells


FRACTIONAL = [name for name in WRITERS if "int" not in name]


@pytest.mark.parametrize("name", FRACTIONAL)
@pytest.mark.parametrize("again", FRACTIONAL)
def test_fractions_are_labels_that_every_format_knows(name: str, again: str, tmp_path: Path) -> None:
    cells = [0.5, 1.0, 1.5, 1e-7, 0.1]
    labels, codes = read_labels(WRITERS[name](tmp_path, cells))
    assert labels == Labels(("1e-07", "0.1", "0.5", "1.0", "1.5"), "text")
    assert read_labels(WRITERS[again](tmp_path, cells), labels)[1] == codes == [2, 3, 4, 0, 1]


def test_narrow_floats_are_spelled_as_in_other_files(tmp_path: Path) -> None:
    write = parquet_writer(lambda cells: pa.array(np.array(cells, np.float32)))
    assert read_labels(write(tmp_path, [0.1, 1.0, 0.1]))[0] == Labels(("0.1", "1.0"), "text")


def test_a_label_that_is_missing_as_a_float_is_missing(tmp_path: Path) -> None:
    write = parquet_writer(lambda cells: pa.array(np.array(cells)))
    found = read_table(write(tmp_path, [1.0, np.nan, -999.0]), ReadOptions(missing_values=frozenset({"-999"})), ["y"])
    assert found.columns["y"].to_pylist() == [1.0, None, None]


@pytest.mark.parametrize(
    ("asked", "names"),
    [((), ("High", "low")), (("low", "high"), ("low", "high")), ((" LOW", "High"), (" LOW", "High"))],
)
def test_clean_labels_in_any_order(asked: tuple[str, ...], names: tuple[str, ...]) -> None:
    cells = table(y=["low", "low ", "High", "HIGH ", "High"])
    labels = infer_labels(cells, "y", TaskConfig(kind="binary", labels=asked), clean=True)
    assert (labels.names, labels.kind) == (names, "clean")
    low = [name.strip().casefold() for name in names].index("low")
    found = labels.encode(table(y=["Low", "high", "other", None]).columns["y"])
    assert found.tolist() == [low, 1 - low, UNKNOWN, MISSING]


def test_a_label_that_is_asked_for_is_found_clean() -> None:
    cells = table(y=["low", "low ", "High"])
    with pytest.raises(DataError, match=r"no row has the label 'mid' of task.labels; remove it there$"):
        infer_labels(cells, "y", TaskConfig(kind="multiclass", labels=("LOW", "mid", "high")), clean=True)
