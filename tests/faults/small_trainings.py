"""Quick trainings whose every part has state: what a resume could get wrong is in one of them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pyarrow.csv

from phoneprice.data.samples.sample import generate

COMMON = ["training.threads=1", "training.device=cpu", "validation.folds=2"]
TRAININGS = {
    "ordinal": [
        *COMMON,
        "training.epochs=8",
        "training.batch_rows=32",
        "model.hidden=[6]",
        "model.dropout=0.2",
    ],
    "textbook": [
        *COMMON,
        "training.epochs=6",
        "training.batch_rows=40",
        "loss.name=cross_entropy",
        "model.normalization.name=batch_norm",
        "model.hidden=[6,5]",
        "model.skip=false",
        "model.init.name=kaiming_normal",
        "optimizer.name=adamw",
        "scheduler.name=step",
        "training.ema_decay=0.9",
        "training.gradient_clip_norm=1.0",
        "training.network_start=0",
    ],
    "regression": [
        *COMMON,
        "task.kind=regression",
        "data.target=ram",
        "training.epochs=12",
        "training.batch_rows=50",
        "scheduler.name=reduce_on_plateau",
        "scheduler.patience_epochs=1",
        "optimizer.name=momentum",
        "optimizer.lr=0.01",
        "training.early_stopping.patience_epochs=3",
        "training.network_start=0",
    ],
}
SEARCHES: dict[str, dict[str, object]] = {
    "search": {
        "space": ["model.hidden=[]|[4]|[6]", "optimizer.lr=0.01..0.1:log", "model.dropout=0|0.1..0.4"],
        "candidates": 9,
        "folds": 3,
    }
}
"""The options of trainings that come after a search; those have the settings of ``ordinal``."""
UNLIKE = frozenset({"environment.json", "manifest.json", "manifest.sha256", "search.parquet"})
"""Files with times in them."""


def write_phones(path: Path, rows: int = 120) -> Path:
    """A labelled sample as CSV."""
    pyarrow.csv.write_csv(generate(rows, seed=5, labelled=True), path)
    return path


def fingerprint(run: Path) -> dict[str, str]:
    """SHA-256 of the files that must be equal in two equal trainings."""
    return {
        entry.name: hashlib.sha256(_SECONDS.sub(b"", entry.read_bytes())).hexdigest()
        for entry in sorted(run.iterdir())
        if entry.name not in UNLIKE
    }


_SECONDS = re.compile(rb'"seconds": \[[^\]]*\]')
"""In ``search.json``."""
