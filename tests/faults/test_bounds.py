"""Tables that would take too much time or memory, and numbers that nobody means: refused, or worked through."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from phoneprice.artifact.held_out import parse_held_out
from phoneprice.cli.program import run as run_program
from phoneprice.config.fields import choices, section
from phoneprice.config.schema import Config
from phoneprice.data.reading.faults import require_named
from phoneprice.data.reading.headers import checked_header, edge_keys, require_distinct
from phoneprice.errors import DataError, ModelError, UsageError
from phoneprice.records.documents import Protocol
from phoneprice.workflows.cross_validate import cross_validate

MANY = 100_000
NAMES = tuple(f"c{i}" for i in range(MANY))
SECONDS = 20
"""What grows with the square of the columns takes minutes."""


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def call(*words: object) -> tuple[int, str]:
        code = run_program([str(word) for word in words])
        return code, capsys.readouterr().err

    return call


@pytest.mark.parametrize(
    "look",
    [
        lambda: checked_header("t.csv", NAMES),
        lambda: require_named("t.csv", NAMES, NAMES),
        lambda: require_distinct("t.csv", NAMES),
        lambda: edge_keys(MANY),
    ],
    ids=["header", "features", "frame", "edge"],
)
def test_a_wide_header_takes_no_time(look: Callable[[], object]) -> None:
    begun = time.perf_counter()
    look()
    assert time.perf_counter() - begun < SECONDS


def write_wide(path: Path, golden_data: Path) -> None:
    table = pyarrow.csv.read_csv(golden_data).slice(0, 2)
    wide = pa.table({**dict(zip(table.column_names, table.columns, strict=True)), **{n: [1, 2] for n in NAMES[:5000]}})
    if path.suffix == ".parquet":
        pq.write_table(wide, path)
    elif path.suffix == ".csv":
        pyarrow.csv.write_csv(wide, path)
    else:
        rows = wide.to_pylist()
        path.write_text("".join(f"{row}\n".replace("'", '"') for row in rows))


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_many_columns_are_counted(
    call: Callable[..., tuple[int, str]], golden_run: Path, golden_data: Path, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"in.{suffix}"
    write_wide(path, golden_data)
    first = ", ".join(NAMES[:10])
    code, err = call("predict", golden_run, path, "-o", tmp_path / "out.csv", "-q")
    warned = f"phoneprice: warning: {path}: not used in training, so ignored: columns {first} and 4,990 more\n"
    assert (code, err) in {(0, warned), (0, "")}
    code, err = call("predict", golden_run, path, "-o", tmp_path / "out.csv", "--keep", "zzz")
    assert (code, "and" in err, err.count("c11")) == (2, True, 0)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_many_columns_take_little_memory_each(tmp_path: Path) -> None:
    """Of 100,000 columns 20 kB each were 2 GB."""
    peaks = []
    for columns in (10, 4000):
        path = tmp_path / f"{columns}.csv"
        rows = [",".join([*(str(i * row % 7) for i in range(columns)), "ab"[row % 2]]) for row in range(4)]
        path.write_text("\n".join([",".join([*NAMES[:columns], "y"]), *rows, ""]))
        words = [sys.executable, "-c", PEAK, "data", "check", str(path), "--target", "y", "-q"]
        kibibytes, code = map(int, subprocess.run(words, capture_output=True, text=True, check=True).stdout.split())
        assert code == 0
        peaks.append(kibibytes)
    assert peaks[1] - peaks[0] < 12 * 4000


def test_missing_columns_are_counted() -> None:
    with pytest.raises(DataError) as caught:
        require_named("t.csv", [f"ram {i}" for i in range(MANY)], ["id"])
    first = ", ".join(f"'ram {i}'" for i in range(10))
    assert str(caught.value) == f"t.csv: missing columns {first} and 99,990 more; add or rename"


def bomb(golden_data: Path, ram: pa.Array, **options: Any) -> bytes:
    """The rows of the golden table over and over, with another column 'ram'."""
    table = pyarrow.csv.read_csv(golden_data)
    table = table.take(np.arange(len(ram)) % table.num_rows)
    file = io.BytesIO()
    pq.write_table(table.set_column(table.column_names.index("ram"), "ram", ram), file, compression="zstd", **options)
    return file.getvalue()


LARGE = "found a record of more than 16 MiB, expected a row; shorten its text"
NO_NUMBER = "expected a number; correct it, or leave such rows out with --on-bad-row skip"
BOMBS: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "a cell": (
        lambda data: bomb(data, pa.array(["x" * (100 << 20), "1"], pa.large_string()), use_dictionary=False),
        f"column 'ram': {LARGE}",
    ),
    "a cell that a page has room for": (
        lambda data: bomb(data, pa.array(["1", "x" * (20 << 20)]), use_dictionary=False),
        f"row 2, column 'ram': {LARGE}",
    ),
    "a word in many rows": (
        lambda data: bomb(
            data,
            pa.DictionaryArray.from_arrays(pa.array(np.zeros(50_000, np.int32)), pa.array(["x" * (10 << 20)])),
            dictionary_pagesize_limit=1 << 30,
        ),
        f"row 1, column 'ram': found '{'x' * 39}\N{HORIZONTAL ELLIPSIS}', {NO_NUMBER}",
    ),
}
PEAK = (
    "import sys\nfrom phoneprice.cli import main\ncode = main(sys.argv[1:])\n"
    "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')), code)"
)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
@pytest.mark.parametrize("kind", BOMBS)
def test_a_parquet_bomb(golden_run: Path, golden_data: Path, tmp_path: Path, kind: str) -> None:
    """A file of some kilobytes is refused, and the process has never held what it unpacks to."""
    make, message = BOMBS[kind]
    path = tmp_path / "in.parquet"
    path.write_bytes(make(golden_data))
    assert path.stat().st_size < 200_000
    words = [sys.executable, "-c", PEAK, "predict", str(golden_run), str(path), "-o", str(tmp_path / "out.csv")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    kibibytes, code = map(int, done.stdout.split())
    assert (code, done.stderr.splitlines()[-1]) == (3, f"phoneprice: error: {path} {message}")
    assert kibibytes < 400 * 1024
    assert not (tmp_path / "out.csv").exists()


def test_a_whole_table_that_is_a_bomb(call: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    zeros = pa.array(np.zeros(9_000_000))
    pq.write_table(pa.table({f"x{i}": zeros for i in range(8)}), path, compression="zstd", row_group_size=1 << 26)
    assert path.stat().st_size < 500_000
    what = "found values of more than 537 MB in memory, far more than the file has; split the table"
    assert call("data", "describe", path) == (3, f"phoneprice: error: {path}: {what}\n")


def test_held_out_predictions_that_are_a_bomb() -> None:
    rows = 6_000_000
    zeros = np.zeros(rows)
    table = pa.table({"row": np.arange(rows), "fold": np.zeros(rows, np.int64), "target": zeros, "prediction": zeros})
    file = io.BytesIO()
    pq.write_table(
        table,
        file,
        compression="zstd",
        use_dictionary=["fold", "target", "prediction"],
        column_encoding={"row": "DELTA_BINARY_PACKED"},
        row_group_size=1 << 26,
    )
    assert len(file.getvalue()) < 130_000
    with pytest.raises(ModelError) as caught:
        parse_held_out(file.getvalue(), "run/oof.parquet", ())
    what = "found values of more than 134 MB in memory, far more than the file has; split the table"
    assert str(caught.value) == f"run/oof.parquet: not valid: {what}; the run is damaged, use another copy of it"


def test_rows_of_long_text_that_are_kept(
    call: Callable[..., tuple[int, str]],
    golden_run: Path,
    golden_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each is allowed, all of a chunk are too much."""
    monkeypatch.setattr("phoneprice.workflows.predict.CHUNK_BYTES", 40 << 20)
    header, row, *_ = golden_data.read_text().splitlines()
    path = tmp_path / "in.csv.gz"
    with gzip.open(path, "wt", compresslevel=1) as file:
        file.write(f"note,{header}\n")
        for _ in range(8):
            file.write(f"{'x' * (7 << 20)},{row}\n")
    code, err = call("predict", golden_run, path, "-o", tmp_path / "out.csv", "--keep", "note")
    what = "found 44 MB in 6 rows up to here, expected at most 42 MB"
    advice = "use a smaller --chunk-rows, or leave out the columns of long text"
    assert (code, err.splitlines()[-1]) == (3, f"phoneprice: error: {path} line 7: {what}; {advice}")


def whole_numbers(model: type = Config, prefix: str = "") -> list[str]:
    """The settings that are whole numbers."""
    found: list[str] = []
    for name, field in model.model_fields.items():  # type: ignore[attr-defined]
        below = section(field)
        for kind in (below,) if below else choices(field).values():
            assert kind is not None
            chosen = "" if below else f"{prefix}{name}.name={kind.model_fields['name'].default} "
            found += [f"{chosen}{setting}" for setting in whole_numbers(kind, f"{prefix}{name}.")]
        if field.annotation is int:
            found.append(f"{prefix}{name}")
    return found


@pytest.mark.parametrize("value", [2**31, 2**63, 10**30], ids=["2**31", "2**63", "10**30"])
@pytest.mark.parametrize("setting", whole_numbers())
def test_absurd_settings(
    call: Callable[..., tuple[int, str]], golden_data: Path, tmp_path: Path, setting: str, value: int
) -> None:
    words = f"{setting}={value} {'' if 'epochs' in setting else 'training.epochs=1'} validation.folds=2".split()
    settings = [
        word
        for text in words
        if not text.startswith("validation.folds=2") or "folds" not in setting
        for word in ("-s", text)
    ]
    code, err = call("train", golden_data, "-o", tmp_path / "run", "-q", "-s", "data.target=price_range", *settings)
    assert code in {0, 2}, err
    assert "bug" not in err


@pytest.mark.parametrize(
    ("words", "most"),
    [
        ("cv --folds {}", 1000),
        ("cv --repeats {}", 1000),
        ("cv --seed {}", 2**32 - 1),
        ("data sample --rows {}", 100_000_000),
        ("data sample --seed {}", 2**64 - 1),
        ("predict x y --chunk-rows {}", 2**31 - 1),
    ],
)
def test_absurd_options(call: Callable[..., tuple[int, str]], words: str, most: int) -> None:
    option = words.split()[-2]
    for value in (most + 1, 10**30, "-1"):
        code, err = call(*words.format(value).split())
        least = {"--folds": 2, "--seed": 0}.get(option, 1)
        assert code == 2
        what = f"found '{value}', must be a whole number from {least} to {most}"
        assert err.startswith(f"phoneprice: error: invalid value for '{option}': {what}; see ")


@pytest.mark.parametrize(("name", "least"), [("folds", 2), ("repeats", 1)])
def test_the_python_api_has_the_bounds_of_the_options(name: str, least: int) -> None:
    for value in (1001, least - 1):
        with pytest.raises(UsageError) as caught:
            cross_validate(protocol=replace(Protocol(), **{name: value}))
        assert str(caught.value) == f"{name}: found {value}, must be a whole number from {least} to 1000"


@pytest.mark.parametrize("rows", ["2147483647", "1"])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_chunks_of_any_size(
    call: Callable[..., tuple[int, str]], golden_run: Path, golden_data: Path, tmp_path: Path, rows: str, suffix: str
) -> None:
    path = tmp_path / f"in.{suffix}"
    table = pyarrow.csv.read_csv(golden_data)
    (pq.write_table if suffix == "parquet" else pyarrow.csv.write_csv)(table, path)
    assert call("predict", golden_run, path, "-o", tmp_path / "out.csv", "--chunk-rows", rows, "-q") == (0, "")
    assert (tmp_path / "out.csv").read_bytes() == (golden_data.parent / "predictions.csv").read_bytes()


@pytest.mark.parametrize("encoding", ["utf-7", "utf-16", "utf-32", "punycode", "idna", "unicode_escape", "rot13"])
@pytest.mark.parametrize("data", [b"a,b\n+2AA-,1\n", b"a,b\n\\ud800,1\n", b"a,b\n\xff\xfe\x80,1\n"], ids=repr)
def test_odd_encodings(call: Callable[..., tuple[int, str]], tmp_path: Path, encoding: str, data: bytes) -> None:
    (tmp_path / "in.csv").write_bytes(data)
    code, err = call("data", "describe", tmp_path / "in.csv", "--encoding", encoding)
    assert code in {0, 2, 3}, err
    assert "bug" not in err
