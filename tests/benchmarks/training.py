"""Bars 4 and 5: training as a whole process, and its throughput."""

import shutil
import sys
from collections.abc import Iterator

from files import folder, phones, training_table
from measuring import PHONEPRICE, Bar, bar, in_own_process, processes, seconds

IMPORTS = "import torch, pandas, sklearn.model_selection"
TEXTBOOK = "textbook DataLoader loop"
PRODUCTS = "bare matrix products"
LINEAR = 1.25
"""Time a row may grow by this, as tables outgrow the caches, and still count as linear."""


def measure(*, quick: bool) -> Iterator[Bar]:
    """A fit, a cross-validation, and training rows a second."""
    yield from _whole_process(3 if quick else 7)
    yield from _cross_validation(1 if quick else 3)
    yield from _throughput(quick=quick)
    yield from _growth(quick=quick)


def _whole_process(repetitions: int) -> Iterator[Bar]:
    run = folder() / "run-again"
    commands = {
        "train": (*PHONEPRICE, "train", training_table(), "-o", run, "--force", "--quiet"),
        IMPORTS: (sys.executable, "-c", IMPORTS),
    }
    runs = processes(commands, repetitions)
    shutil.rmtree(run)
    reference = f"python -c '{IMPORTS}'"
    yield bar("train 2,000 rows", seconds(runs["train"]), seconds(runs[IMPORTS]), reference, "at most", 2.0)


def _cross_validation(repetitions: int) -> Iterator[Bar]:
    found = in_own_process("fits.py", "cross-validation", training_table(), repetitions)
    for name in ("training of cv 5 x 3", "cv 5 x 3, all of it"):
        yield bar(name, found[name], found["one fit"], "training of one fit", "at most", 8.0)


def _throughput(*, quick: bool) -> Iterator[Bar]:
    table = phones(100_000 if quick else 1_000_000, labelled=True)
    found = in_own_process("fits.py", "throughput", table, 2 if quick else 5)
    textbook, name = found["textbook"], "training, (128, 64) ReLU"
    yield bar(name, found["plain"], textbook, TEXTBOOK, "at least", 60.0, "rows/s")
    yield bar(name, found["plain"], found["products"], PRODUCTS, "at least", 0.5, "rows/s")
    wide, products = found["wide and deep"], found["products of one score"]
    yield bar(f"{name}, wide and deep", wide, textbook, TEXTBOOK, "at least", 60.0, "rows/s")
    yield bar(f"{name}, wide and deep", wide, products, PRODUCTS, "at least", 0.5, "rows/s")
    full = found["dropout and BatchNorm"]
    yield bar("training, with dropout and BatchNorm", full, textbook, TEXTBOOK, "at least", 30.0, "rows/s")


def _growth(*, quick: bool) -> Iterator[Bar]:
    thousands = (25, 50) if quick else (100, 200, 400, 800)
    tables = [phones(1000 * n, labelled=True) for n in thousands]
    found = in_own_process("fits.py", "rows", ",".join(map(str, tables)), 2 if quick else 3)
    first = thousands[0]
    for n in thousands[1:]:
        more = n // first
        times, reference = [t / more for t in found[str(1000 * n)]], f"an epoch of {first},000 rows"
        yield bar(f"an epoch of {n},000 rows / {more}", times, found[str(1000 * first)], reference, "at most", LINEAR)
    found = in_own_process("fits.py", "members", training_table(), 5 if quick else 11)
    yield bar("16 members, 2,000 rows", found["16"], found["1"], "one member", "at most", 5.0)

    found = in_own_process("fits.py", "stacking", training_table(), 2 if quick else 5)
    name = f"64 members, batch 128, {found.pop('device')}"
    yield bar(name, found["64"], found["1"], "one member", "at least", 20.0, "rows/s")
