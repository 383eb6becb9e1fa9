"""Kept columns of every type of Arrow's, from Parquet through ``predict`` into every format: valid, or refused."""

from __future__ import annotations

import csv
import json
import tempfile
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st

from phoneprice.data.formats import WRITTEN, Format
from phoneprice.errors import DataError
from phoneprice.workflows.predict import predict
from tests.arrow_columns import ARROW_CASTS_VIEWS, Column, columns
from tests.faults.counts import SEED, report, share_of
from tests.random_runs import numeric_schema, random_contents, write_run
from tests.read_back import check, strict_json

ROWS = 3
younger = pytest.mark.skipif(not ARROW_CASTS_VIEWS, reason="this PyArrow refuses more types, and so do we")


def plan(count: int):
    """Settings of a proof of ``count`` examples."""
    return settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck),
                    phases=[Phase.explicit, Phase.generate, Phase.shrink])  # fmt: skip


@st.composite
def unchecked_texts(draw: st.DrawFn) -> tuple[pa.Array, int | None]:
    """Text of any layout whose bytes may be no UTF-8, and the first row in which they are none."""
    cells = draw(st.lists(st.none() | st.sampled_from([b"a", "é手".encode(), b"\xff", b"a\xc3", b"\xed\xa0\x80"]),
                          min_size=ROWS, max_size=ROWS))  # fmt: skip
    bad = [row for row, cell in enumerate(cells) if cell is not None and not _is_text(cell)]
    plain = pa.array(cells, pa.binary()).view(pa.string())
    ends = pa.array(range(ROWS + 1), pa.int32())
    layouts = [
        plain,
        pa.array(cells, pa.large_binary()).view(pa.large_string()),
        pa.array(cells, pa.binary_view()).view(pa.string_view()),
        plain.dictionary_encode(),
        pa.ListArray.from_arrays(ends, plain),
        pa.StructArray.from_arrays([plain], ["a"]),
        pa.MapArray.from_arrays(ends, pa.array(["k"] * ROWS), plain),
    ]
    return draw(st.sampled_from(layouts)), bad[0] if bad else None


def _is_text(cell: bytes) -> bool:
    try:
        cell.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "run"
    write_run(path, random_contents(schema=numeric_schema(1, has_missing=True)))
    return path


def predicted(run: Path, cells: pa.Array, name: str, format_: Format, *, safe: bool) -> str:
    """What comes of a column that is called ``name`` and kept: "written", or the message of a refusal."""
    with tempfile.TemporaryDirectory() as folder:
        data, output = Path(folder) / "in.parquet", Path(folder) / f"out{format_.suffixes[0]}"
        try:
            pq.write_table(pa.table({"x0": pa.array([0.5] * ROWS), name: cells}), data)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError):
            assume(False)
        try:
            predict(run, data, output, keep=[name], spreadsheet_safe=safe)
        except DataError as fault:
            assert not output.exists()
            return str(fault).removeprefix(f"{data} ")
        _check_valid(output)
    return "written"


def _check_valid(output: Path) -> None:
    if output.suffix == ".parquet":
        assert pq.read_table(output).num_rows == ROWS
    elif output.suffix == ".jsonl":
        assert len([strict_json(line) for line in output.read_text("utf-8").split("\n")[:-1]]) == ROWS
    else:
        with output.open(encoding="utf-8", newline="") as file:
            assert {len(record) for record in csv.reader(file, strict=True)} == {7}


def through_predict(run: Path, count: int) -> Counter[str]:
    """Outcomes of ``count`` columns of any type, and of as many whose text may be no UTF-8."""
    outcomes = Counter[str]()
    formats = st.sampled_from(WRITTEN)

    @seed(SEED)
    @plan(count)
    @given(columns(ROWS), st.sampled_from(["id", "k"]), formats, st.booleans())
    def each(column: Column, name: str, format_: Format, safe: bool) -> None:
        outcomes[predicted(run, column.array, name, format_, safe=safe)] += 1

    @seed(SEED)
    @plan(count)
    @given(unchecked_texts(), st.sampled_from(["id", "k"]), formats, st.booleans())
    def each_text(texts: tuple[pa.Array, int | None], name: str, format_: Format, safe: bool) -> None:
        cells, bad = texts
        found = predicted(run, cells, name, format_, safe=safe)
        outcomes["written" if bad is None else "no UTF-8"] += 1
        assert found.startswith(
            "written" if bad is None else f"row {bad + 1}, column {name!r}: found bytes that are no "
        )

    each()
    each_text()
    return outcomes


@younger
def test_some_columns_through_predict(run: Path) -> None:
    outcomes = through_predict(run, 25)
    assert set(outcomes) == {"written", "no UTF-8"}


@younger
@pytest.mark.long
def test_columns_through_predict(run: Path) -> None:
    outcomes = through_predict(run, share_of(2_000))
    report(f"{outcomes.total()} columns of any type through predict: {outcomes.pop('written')} valid outputs, "
           f"{outcomes.pop('no UTF-8')} refused as no UTF-8, {json.dumps(outcomes)}")  # fmt: skip


@younger
@pytest.mark.long
def test_columns_read_back() -> None:
    outcomes = Counter[bool]()

    @seed(SEED)
    @plan(share_of(20_000))
    @given(columns(), st.sampled_from(WRITTEN), st.booleans())
    def each(column: Column, format_: Format, safe: bool) -> None:
        outcomes[check(column, format_, safe=safe)] += 1

    each()
    report(f"{outcomes.total()} columns of any type of Arrow's written and read back: "
           f"{outcomes[True]} equal, {outcomes[False]} refused by name before a byte was written")  # fmt: skip


@pytest.mark.parametrize("cells", [b"1\xff345", b"\xff1234"])
def test_a_feature_that_is_no_text(run: Path, tmp_path: Path, cells: bytes) -> None:
    texts = pa.array([b"1", cells], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"x0": texts}), tmp_path / "in.parquet")
    with pytest.raises(DataError) as caught:
        predict(run, tmp_path / "in.parquet", tmp_path / "out.csv")
    assert str(caught.value) == (
        f"{tmp_path}/in.parquet row 2, column 'x0': found bytes that are no string (text must be UTF-8); "
        "correct the value where the file is made"
    )
