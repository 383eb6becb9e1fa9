"""Bars 2 and 3: prediction as a whole process, in time and in memory."""

import filecmp
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from files import TRAINED, parquet_of, phones, run_directory
from measuring import HERE, PHONEPRICE, Bar, Finished, bar, interleaved, processes, run_process, seconds

IMPORT_TORCH = "python -c 'import torch'"
ARROW = "bare pyarrow read + write"
LIMIT_BYTES = 500e6
SMALL, LARGE, HUGE = 1_000, 1_000_000, 10_000_000


def measure(*, quick: bool) -> Iterator[Bar]:
    """A thousand rows; a million in CSV and Parquet; ten million."""
    run = run_directory(TRAINED)
    yield from _small(run, 5 if quick else 11)
    yield from _large(run, 3 if quick else 7)
    if not quick:
        yield from _huge(run)


def _predict(run: Path, source: Path, output: Path, *options: str) -> tuple[str | Path, ...]:
    return (*PHONEPRICE, "predict", run, source, "-o", output, "--quiet", *options)


def _small(run: Path, repetitions: int) -> Iterator[Bar]:
    source = phones(SMALL)
    commands = {
        "predict": _predict(run, source, source.with_suffix(".out.csv")),
        IMPORT_TORCH: (sys.executable, "-c", "import torch"),
    }
    runs = processes(commands, repetitions)
    yield bar("predict 1,000 rows", seconds(runs["predict"]), seconds(runs[IMPORT_TORCH]), IMPORT_TORCH, "at most", 0.5)


def _large(run: Path, repetitions: int) -> Iterator[Bar]:
    source, parquet = phones(LARGE), parquet_of(LARGE)
    outputs = [source.with_suffix(suffix) for suffix in (".out.csv", ".out.parquet", ".chunks.csv")]
    commands = {
        "csv": _predict(run, source, outputs[0]),
        "parquet": _predict(run, parquet, outputs[1]),
        ARROW: _arrow_copy(source),
    }
    runs = processes(commands, repetitions)
    csv = seconds(runs["csv"])
    yield bar("predict 1,000,000 rows", csv, seconds(runs[ARROW]), ARROW, "at most", 2.0)
    parquet_seconds = seconds(runs["parquet"])
    yield bar("the same, Parquet in and out", parquet_seconds, csv, "CSV in and out", "at most", 0.5)
    yield bar("the same, Parquet in and out", parquet_seconds, seconds(runs[ARROW]), f"{ARROW} of CSV", "at most", 1.0)
    yield _memory("memory at 1,000,000 rows of CSV", runs["csv"])
    processes({"chunks": _predict(run, source, outputs[2], "--chunk-rows", "50000")}, 0)
    same = filecmp.cmp(outputs[0], outputs[2], shallow=False)
    yield Bar("files that differ in other chunks", 0.0 if same else 1.0, 1.0, "files", "one file", "at most", 0.0, 0.0)


def _huge(run: Path) -> Iterator[Bar]:
    source = phones(HUGE)
    outputs = [source.with_suffix(suffix) for suffix in (".out.csv", ".out.parquet")]
    few = {
        "predict": _predict(run, phones(LARGE), outputs[0]),
        "parquet": _predict(run, parquet_of(LARGE), outputs[1]),
    }
    large = processes(few, 3)
    commands = {
        "predict": _predict(run, source, outputs[0]),
        "parquet": _predict(run, parquet_of(HUGE), outputs[1]),
        ARROW: _arrow_copy(source),
    }
    runs = interleaved({name: partial(run_process, words) for name, words in commands.items()}, 2, warm_up=False)
    csv, parquet = seconds(runs["predict"]), seconds(runs["parquet"])
    yield bar("predict 10,000,000 rows", csv, seconds(runs[ARROW]), ARROW, "at most", 2.0)
    yield bar("the same, Parquet in and out", parquet, csv, "CSV in and out", "at most", 0.5)
    for kind, name in (("CSV", "predict"), ("Parquet", "parquet")):
        yield _memory(f"memory at 10,000,000 rows of {kind}", runs[name])
        yield _growth(f"memory at 10 million rows of {kind}", runs[name], large[name])


def _arrow_copy(source: Path) -> tuple[str | Path, ...]:
    return (sys.executable, HERE / "references" / "arrow_copy.py", source, source.with_suffix(".copy.csv"))


def _memory(name: str, runs: list[Finished]) -> Bar:
    peaks = [run.peak_bytes / 1e6 for run in runs]
    return bar(name, peaks, [LIMIT_BYTES / 1e6], "the limit", "at most", 1.0, "MB")


def _growth(name: str, runs: list[Finished], few: list[Finished]) -> Bar:
    peaks, before = ([run.peak_bytes / 1e6 for run in some] for some in (runs, few))
    return bar(name, peaks, before, "1,000,000 rows", "at most", 1.2, "MB")
