"""Tables, runs and paths whose every word is what a terminal would obey, and a terminal that keeps what it was sent."""

from __future__ import annotations

import json
import os
import pty
import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from phoneprice.artifact.layout import MANIFEST
from tests.faults.mutants import read_run, seal

PATH = "\x1b]0;x\x07\u202e\u2066\x9b\x85\u2028\n\r\t\x7f\u200b"
"""What may stand in a file's name: a title for the window, other directions, line ends, deletions, no width."""
WORD = f"{PATH}\0"
"""What may stand in a cell or a column's name."""
UNDECODABLE = f"{PATH}\udcff"
"""What may stand in a file's name and is no text."""

OWN_SEQUENCES = re.compile(r"\x1b\[[0-9;]*m|\x1b\[\?25[lh]|\x1b\[1A|\x1b\[2K|\r")
"""Colours, and what a progress bar moves the cursor with."""


def obeyed(text: str) -> list[str]:
    """The characters that a terminal wouldn't just show; the ends of our own lines apart."""
    return sorted({character for character in text if not character.isprintable() and character != "\n"})


def write_table(path: Path, rows: int = 60) -> Path:
    """A column of numbers, one of categories, an id and a target, their names and values made of ``WORD``."""
    numbers = np.random.default_rng(0).normal(size=rows)
    columns: dict[str, Any] = {
        f"number{WORD}": numbers,
        f"category{WORD}": [f"{row % 3}{WORD}" for row in range(rows)],
        f"id{WORD}": [f"{row}{WORD}" for row in range(rows)],
        f"target{WORD}": [f"{int(value > 0)}{WORD}" for value in numbers],
    }
    pq.write_table(pa.table(columns), path)
    return path


def settings(target: str = f"target{WORD}") -> list[str]:
    """Options of ``train`` and ``cv`` for such a table."""
    values = {
        "data.target": target,
        "data.id_columns": [f"id{WORD}"],
        "task.kind": "multiclass",
        "training.epochs": 2,
        "training.device": "cpu",
        "model.hidden": [4],
    }
    return ["-s", *(f"{key}={json.dumps(value)}" for key, value in values.items())]


def forge(run: Path, copy: Path) -> None:
    """A copy of a run in which every text that is only shown holds a ``WORD``, and the hashes agree."""
    files = read_run(run)
    manifest, environment = json.loads(files[MANIFEST]), json.loads(files["environment.json"])
    for document in (manifest, environment, environment["libraries"]):
        document.update({key: f"{value}{WORD}" for key, value in document.items() if isinstance(value, str)})
    environment["libraries"][WORD] = WORD
    files |= {MANIFEST: json.dumps(manifest).encode(), "environment.json": json.dumps(environment).encode()}
    seal(files)
    copy.mkdir()
    for name, data in files.items():
        (copy / name).write_bytes(data)


def on_a_terminal(call: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """What ``call`` returns, and what it has sent to a terminal that is both streams, but for ``OWN_SEQUENCES``."""
    master, slave = pty.openpty()
    sent: list[bytes] = []
    reader = threading.Thread(target=_read, args=(master, sent))
    reader.start()
    with monkeypatch.context() as patch, os.fdopen(slave, "w", errors="backslashreplace", buffering=1) as screen:
        for name, value in {"TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": "80"}.items():
            patch.setenv(name, value)
        patch.delenv("NO_COLOR", raising=False)
        patch.setattr(sys, "stdout", screen)
        patch.setattr(sys, "stderr", screen)
        code = call()
    reader.join()
    return code, OWN_SEQUENCES.sub("", b"".join(sent).decode())


def _read(master: int, sent: list[bytes]) -> None:
    with os.fdopen(master, "rb", buffering=0) as screen:
        while True:
            try:
                sent.append(screen.read(65536))
            except OSError:  # how a terminal ends on Linux
                return
            if not sent[-1]:
                return
