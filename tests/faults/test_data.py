"""The rows of the fault table about data, as users meet them: through the command line, with exit code and message."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from phoneprice.cli.program import run as run_program
from phoneprice.data.samples.sample import generate
from tests.faults.counts import report, share_of
from tests.faults.small_trainings import COMMON

QUICK = [word for s in (*COMMON, "training.epochs=2", "model.hidden=[3]") for word in ("-s", s)]


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


Call = Callable[..., Answer]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    def call(*words: object) -> Answer:
        code = run_program([str(word) for word in words])
        return Answer(code, *capsys.readouterr())

    return call


def phones(rows: int = 40, seed: int = 3) -> str:
    sink = pa.BufferOutputStream()
    pyarrow.csv.write_csv(generate(rows, seed=seed, labelled=True), sink)
    return sink.getvalue().to_pybytes().decode()


TEXT = phones()
HEADER, FIRST, *REST = TEXT.splitlines()


def with_cell(column: str, value: str, line: int = 2) -> str:
    """The table with another cell."""
    lines = TEXT.splitlines()
    cells = lines[line - 1].split(",")
    cells[HEADER.replace('"', "").split(",").index(column)] = value
    lines[line - 1] = ",".join(cells)
    return "\n".join(lines) + "\n"


REFUSED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "in.csv: "),
    "header only": (f"{HEADER}\n".encode(), "found a header but no rows"),
    "wrong delimiter": (
        TEXT.replace(",", ";").encode(),
        "one column found; the file looks like it uses ';' (use --deli",
    ),
    "UTF-16": (TEXT.encode("utf-16"), "--encoding"),
    "Latin-1": (with_cell("ram", "é").encode("latin-1"), "--encoding"),
    "NUL": (with_cell("ram", "\0").encode(), "line 2"),
    "open quote": (with_cell("ram", '"1', 5).encode(), "line 5"),
    "too few fields": (f"{HEADER}\n{FIRST}\n1,2\n{REST[0]}\n".encode(), "line 3"),
    "too many fields": (f"{HEADER}\n{FIRST},1\n{REST[0]}\n".encode(), "line 2"),
    "blank line": (f"{HEADER}\n{FIRST}\n\n{REST[0]}\n".encode(), "line 3"),
    "no number": (with_cell("ram", "1_000", 3).encode(), "line 3, column 'ram'"),
    "comma": (with_cell("ram", '"1,5"', 3).encode(), "line 3, column 'ram'"),
    "hexadecimal": (with_cell("ram", "0x10", 3).encode(), "line 3, column 'ram'"),
    "infinite": (with_cell("ram", "inf", 3).encode(), "line 3, column 'ram'"),
    "1e999": (with_cell("ram", "1e999", 3).encode(), "line 3, column 'ram'"),
    "column twice": (TEXT.replace("battery_power", "ram", 1).encode(), "ram"),
    "column without a name": (TEXT.replace("clock_speed", "", 1).encode(), "line 1: found no name for column 3"),
    "value at the edge": (
        TEXT.replace("\n", ",\n", 1).replace("\n", ",z\n").replace(",,z", ",", 1).encode(),
        "'z' in column",
    ),
    "no target at all": ("\n".join([HEADER, *(r[: r.rindex(",")] + "," for r in REST)]).encode(), "'price_range'"),
    "one class": ("\n".join([HEADER, *(r[: r.rindex(",")] + ",1" for r in REST)]).encode(), "class"),
}

SAID = {
    "wrong delimiter": ("--delimiter", ","),
    "UTF-16": ("--encoding", "utf-8"),
    "Latin-1": ("--encoding", "utf-8"),
    "infinite": ("-s", "data.infinite=fail"),
    "1e999": ("-s", "data.infinite=fail"),
}
"""What would be recognised or taken for missing if nobody had said otherwise."""


@pytest.mark.parametrize("fault", list(REFUSED))
def test_train_refuses(call: Call, tmp_path: Path, fault: str) -> None:
    data, fragment = REFUSED[fault]
    (tmp_path / "in.csv").write_bytes(data)
    answer = call("train", tmp_path / "in.csv", "-o", tmp_path / "run", *QUICK, *SAID.get(fault, ()))
    assert (answer.code, answer.out) == (3, ""), answer.err
    assert answer.err.count("\n") == 1
    assert fragment in answer.err
    assert (tmp_path / "in.csv").read_bytes() == data
    assert [entry.name for entry in tmp_path.iterdir()] == ["in.csv"]


def test_header_only_is_an_empty_prediction(call: Call, golden_run: Path, golden_data: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(golden_data.read_text().splitlines()[0] + "\n")
    answer = call("predict", golden_run, tmp_path / "in.csv", "-o", tmp_path / "out.csv")
    assert answer.code == 0
    assert (tmp_path / "out.csv").read_text() == "id,prediction,confidence,prob_0,prob_1,prob_2,prob_3\n"
    assert call("evaluate", golden_run, tmp_path / "in.csv").code == 3


def test_the_same_rows_in_every_dress(call: Call, golden_run: Path, golden_data: Path, tmp_path: Path) -> None:
    text = golden_data.read_text(encoding="utf-8")
    table = pyarrow.csv.read_csv(golden_data)
    (tmp_path / "bom.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    (tmp_path / "crlf.csv").write_bytes(text.replace("\n", "\r\n").encode())
    (tmp_path / "no end.csv").write_bytes(text.rstrip("\n").encode())
    (tmp_path / "blank end.csv").write_bytes((text + "\n\n").encode())
    (tmp_path / "手机价格预测.csv").write_bytes(text.encode())
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "a.csv.zst").write_bytes(pa.Codec("zstd").compress(text.encode(), asbytes=True))
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    expected = (golden_data.parent / "predictions.csv").read_bytes()
    for path in sorted(tmp_path.iterdir()):
        answer = call("predict", golden_run, path, "-o", tmp_path / "out.csv")
        assert answer.code == 0, (path, answer.err)
        assert (tmp_path / "out.csv").read_bytes() == expected, path


def test_a_truncated_gzip_file(call: Call, golden_run: Path, golden_data: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv.gz").write_bytes(gzip.compress(golden_data.read_bytes())[:-20])
    answer = call("predict", golden_run, tmp_path / "in.csv.gz", "-o", tmp_path / "out.csv")
    assert (answer.code, (tmp_path / "out.csv").exists()) == (3, False)


@pytest.mark.parametrize("rows", [3, 33])
def test_small_tables_train(call: Call, tmp_path: Path, rows: int) -> None:
    """One feature that varies, a constant one, a last batch of one row with batch normalisation: no NaN."""
    lines = [f"{i},7,{'yes' if i % 3 else 'no'}" for i in range(rows)]
    (tmp_path / "in.csv").write_text("\n".join(["x,constant,y", *lines]))
    small = ["task.kind=binary", "data.target=y", "training.batch_rows=16", "model.normalization.name=batch_norm"]
    words = [word for setting in small for word in ("-s", setting)]
    answer = call("train", tmp_path / "in.csv", "-o", tmp_path / "run", *QUICK, *words, "-q")
    assert answer.code == 0, answer.err
    assert call("runs", "verify", tmp_path / "run", "-q").code == 0


def test_a_loss_that_becomes_infinite(call: Call, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(TEXT)
    # Found by trying: float32 overflows with this rate.
    wild = ["task.kind=regression", "data.target=ram", "optimizer.name=sgd", "optimizer.lr=1e20", "training.epochs=9"]
    wild += ["training.network_start=0", "scheduler.name=constant"]
    words = [word for setting in wild for word in ("-s", setting)]
    answer = call("train", tmp_path / "in.csv", "-o", tmp_path / "run", *QUICK, *words)
    assert (answer.code, answer.out) == (7, "")
    last = answer.err.splitlines()[-1]
    assert last.startswith("phoneprice: error: training diverged: the loss became NaN or infinite in epoch ")
    assert last.endswith(
        "; the likely cause is optimizer.lr = 1e+20: try optimizer.lr = 0.1 or training.gradient_clip_norm = 1"
    )
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("settings", "cause"),
    [
        (["data.scaling=none"], "data.scaling = 'none': try data.scaling = 'standard'"),
        (["model.init.name=ones"], "model.init = 'ones': try model.init = 'kaiming_normal'"),
        ([], "optimizer.lr = 0.02: try optimizer.lr = 0.002 or training.gradient_clip_norm = 1"),
    ],
)
def test_the_likely_cause(settings: list[str], cause: str) -> None:
    from phoneprice.config.load import load_config
    from phoneprice.errors import DivergedError
    from phoneprice.workflows.events import Event, Warned
    from phoneprice.workflows.fitting import _judge_divergence

    config, heard = load_config(None, settings), list[Event]()
    with pytest.raises(DivergedError) as caught:
        _judge_divergence(np.array([3, 2]), [config] * 2, heard.append)
    assert str(caught.value) == (
        f"training diverged: the loss became NaN or infinite in epoch 2; the likely cause is {cause}"
    )
    _judge_divergence(np.array([0, 2]), [config] * 2, heard.append)
    kept = (
        "1 of 2 members diverged; they predict with earlier weights, or untrained where those are worse; "
        f"the likely cause is {cause}"
    )
    assert heard == [Warned(kept)]
    _judge_divergence(np.array([0, 0]), [config] * 2, heard.append)
    assert len(heard) == 1


def test_a_device_that_is_not_there(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    (tmp_path / "in.csv").write_text(TEXT)
    answer = call("train", tmp_path / "in.csv", "-o", tmp_path / "run", "--device", "cuda", *QUICK[4:])
    assert (answer.code, answer.out) == (6, "")
    assert answer.err.startswith("phoneprice: error: training.device: found 'cuda', but PyTorch ")


OUT_OF_MEMORY = [
    "CUDA out of memory",
    "DefaultCPUAllocator: can't allocate memory",
    "[enforce fail at alloc_cpu.cpp:127] data. DefaultCPUAllocator: not enough memory: you tried to allocate 17 bytes",
]


@pytest.mark.parametrize("place", ["_fresh_network", "_losses"])
@pytest.mark.parametrize("message", OUT_OF_MEMORY)
def test_out_of_memory_in_training(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, message: str, place: str
) -> None:
    import torch

    from phoneprice.training.stack import Stack

    def full(*_arguments: object) -> None:
        raise (torch.OutOfMemoryError if "CUDA" in message else RuntimeError)(message)

    monkeypatch.setattr(Stack, place, full)
    (tmp_path / "in.csv").write_text(TEXT)
    answer = call("train", tmp_path / "in.csv", "-o", tmp_path / "run", *QUICK)
    assert answer.code == 6
    assert "is full; try a smaller training.batch_rows, a smaller training.stack_members" in answer.err


def peak_of_predict(run: Path, data: Path, output: Path) -> int:
    """KiB of the whole process at its largest."""
    process = subprocess.Popen(
        [sys.executable, "-m", "phoneprice", "predict", str(run), str(data), "-o", str(output), "-q"]
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss


def grow(golden: Path, folder: Path, rows: int) -> float:
    """How much more memory ``rows`` rows need than a tenth of them."""
    header, *lines = (golden / "ordinal" / "phones.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    block = "".join(lines * (10_000 // len(lines)))
    peaks = []
    for size in (rows // 10, rows):
        with (folder / "in.csv").open("w", encoding="utf-8") as file:
            file.write(header)
            for _ in range(size // 10_000):
                file.write(block)
        peaks.append(peak_of_predict(golden / "ordinal" / "run", folder / "in.csv", folder / "out.csv"))
        (folder / "in.csv").unlink()
        (folder / "out.csv").unlink()
    return peaks[1] / peaks[0]


@pytest.mark.long
def test_memory_does_not_grow_with_the_rows(golden: Path, tmp_path: Path) -> None:
    rows = max(share_of(10_000_000), 1_000_000)
    ratio = grow(golden, tmp_path, rows)
    report(f"{rows} rows predicted: {ratio:.2f} times the memory of {rows // 10} rows")
    assert ratio <= 1.2


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_a_decompression_bomb(golden_run: Path, golden_data: Path, tmp_path: Path) -> None:
    """A line of 256 MiB that packs to 256 KiB is refused, and the process has never held it."""
    header = golden_data.read_bytes().splitlines()[0]
    with gzip.open(tmp_path / "in.csv.gz", "wb", compresslevel=1) as file:
        file.write(header + b"\n")
        for _ in range(256):
            file.write(b"1" * (1 << 20))
    # The child's own peak: what wait4 says begins with that of the process it was forked from.
    script = (
        "import sys\nfrom phoneprice.cli import main\ncode = main(sys.argv[1:])\n"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')), code)"
    )
    files = (golden_run, tmp_path / "in.csv.gz", "-o", tmp_path / "out.csv")
    words = [sys.executable, "-c", script, "predict", *map(str, files)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    kibibytes, code = map(int, done.stdout.split())
    assert code == 3
    assert kibibytes < 400 * 1024
