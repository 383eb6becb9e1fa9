"""Same seed, same bits; and predictions that don't depend on how the input is cut."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from pathlib import Path

import pytest

from phoneprice.workflows.predict import predict
from tests.faults.counts import SEED, report, share_of
from tests.faults.forking import Forks
from tests.faults.small_trainings import TRAININGS, fingerprint, write_phones

CHUNKS = (1, 2, 3, 7, 64, 100, 511, 512, 513, 1000, 1023, 1024, 4096, 9999, 10_000)


def train_twice(folder: Path, seeds: int, threads_tried: tuple[int, ...] = (1, 2)) -> int:
    """Returns how many trainings agreed with their twin, each in an interpreter of its own."""
    data = write_phones(folder / "phones.csv", rows=400)
    found: dict[tuple[int, int], set[str]] = defaultdict(set)
    for attempt in range(2):
        for threads in threads_tried:
            with Forks(threads) as forks:
                for seed in range(SEED, SEED + seeds):
                    run = folder / f"{attempt}-{threads}-{seed}"
                    settings = [*TRAININGS["textbook"], f"training.threads={threads}", f"training.seed={seed}"]
                    outcome = forks.train(data, [*settings, "model.hidden=[64,32]"], run, here=True)
                    assert outcome.error is None
                    found[threads, seed].add(str(fingerprint(run)))
    assert {len(prints) for prints in found.values()} == {1}
    assert len({str(prints) for (threads, _), prints in found.items() if threads == 1}) == seeds
    return 2 * len(found)


def predicted(run: Path, data: Path, output: Path, chunk_rows: int | None) -> str:
    predict(run, data, output, chunk_rows=chunk_rows)
    return hashlib.sha256(output.read_bytes()).hexdigest()


def cut_differently(golden: Path, folder: Path, rows: int, chunks: tuple[int, ...]) -> int:
    """Every chunk size, for every golden run; returns how many predictions of the table were equal."""
    for kind in ("ordinal", "multiclass", "binary", "regression"):
        lines = (golden / kind / "phones.csv").read_text(encoding="utf-8").splitlines(keepends=True)
        data = folder / f"{kind}.csv"
        data.write_text(lines[0] + "".join((lines[1:] * (rows // 20))[:rows]), encoding="utf-8")
        hashes = {predicted(golden / kind / "run", data, folder / "out.csv", size) for size in (None, *chunks)}
        assert len(hashes) == 1, kind
    return 4 * (len(chunks) + 1)


def test_the_same_seed_gives_the_same_run(tmp_path: Path) -> None:
    assert train_twice(tmp_path, 1, (1,)) == 2


def test_chunk_sizes(golden: Path, tmp_path: Path) -> None:
    assert cut_differently(golden, tmp_path, 1200, (1, 700, 1024, 10_000))


def test_order_of_columns_and_rows(golden_run: Path, golden_data: Path, tmp_path: Path) -> None:
    """Another order of columns, quoting and line ends give the same bytes; reversed rows the same lines."""
    header, *lines = golden_data.read_text(encoding="utf-8").splitlines()
    turned = [",".join(reversed(line.split(","))) for line in (header, *lines)]
    (tmp_path / "turned.csv").write_bytes(("\ufeff" + "\r\n".join(turned)).encode())
    (tmp_path / "reversed.csv").write_text("\n".join([header, *reversed(lines)]), encoding="utf-8")
    expected = (golden_data.parent / "predictions.csv").read_bytes()
    assert predicted(golden_run, tmp_path / "turned.csv", tmp_path / "out.csv", None)
    assert (tmp_path / "out.csv").read_bytes() == expected
    predict(golden_run, tmp_path / "reversed.csv", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes().splitlines()[1:] == expected.splitlines()[:0:-1]


@pytest.mark.long
def test_seeds_and_threads(tmp_path: Path) -> None:
    seeds = share_of(20)
    trainings = train_twice(tmp_path, seeds)
    report(f"{seeds} seeds x threads 1 and 2 x 2 interpreters: {trainings} trainings, equal hashes per thread count")


@pytest.mark.long
def test_many_chunk_sizes(golden: Path, tmp_path: Path) -> None:
    predictions = cut_differently(golden, tmp_path, 20_000, CHUNKS)
    report(f"chunks of 1 to 10,000 rows: {predictions} predictions of 20,000 rows, equal bytes for each of 4 runs")
