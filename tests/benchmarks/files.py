"""Tables and a trained run that the benchmarks share, made once in a folder that the call names."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from measuring import HERE, PHONEPRICE, run_process

TRAINED = "default"
"""The network that predicts: the default configuration's."""


def folder() -> Path:
    """Where files are; ``run.py`` sets it."""
    return Path(os.environ["PHONEPRICE_BENCHMARKS"])


def phones(rows: int, *, labelled: bool = False) -> Path:
    """Synthetic phones from ``phoneprice data sample``."""
    kind = "labelled" if labelled else "new"
    options = () if labelled else ("--unlabelled",)
    return _made(f"{kind}-{rows}.csv", ("data", "sample", "--rows", str(rows), *options, "-q", "-o"))


def parquet_of(rows: int) -> Path:
    """The same table as a Parquet file."""
    path = folder() / f"new-{rows}.parquet"
    if not path.exists():
        # In a process of its own: what this one has in memory counts as its children's largest memory, too.
        convert = (
            "import sys, pyarrow.csv as c, pyarrow.parquet as p; p.write_table(c.read_csv(sys.argv[1]), sys.argv[2])"
        )
        run_process((sys.executable, "-c", convert, phones(rows), path))
    return path


def training_table() -> Path:
    """The real 2,000 rows where they lie beside the project, else the synthetic ones."""
    real = HERE.parents[2] / "shared" / "data" / "mobile_price_train.csv"
    return real if real.exists() else HERE.parents[1] / "data" / "phones_train.csv"


def run_directory(name: str) -> Path:
    """A run trained on the training table."""
    return _made(f"run-{name}", ("train", str(training_table()), "-c", name, "--quiet", "-o"))


def _made(name: str, command: Sequence[str]) -> Path:
    path = folder() / name
    if not path.exists():
        run_process((*PHONEPRICE, *command, path))
    return path
