"""The share of a training's time that checkpoints take: ``python -m tests.faults.checkpoint_cost [EPOCHS]``."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from phoneprice.config.load import load_config
from phoneprice.workflows import checkpointing
from phoneprice.workflows.train import train


def cost(epochs: int, seconds: str) -> str:
    """Train the default on the bundled sample and time each checkpoint."""
    spent: list[float] = []
    marks: list[float] = []
    save = checkpointing.Checkpointer._save

    def timed(self: Any, training: Any = None) -> None:
        started = time.perf_counter()
        save(self, training)
        spent.append(time.perf_counter() - started)

    checkpointing.Checkpointer._save = timed  # type: ignore[method-assign]
    settings = [f"training.checkpoint_seconds={seconds}", f"training.epochs={epochs}", "training.threads=1"]
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        train(None, load_config(None, settings), run, on_event=lambda _event: marks.append(time.perf_counter()))
    checkpointing.Checkpointer._save = save  # type: ignore[method-assign]
    whole = marks[-1] - marks[0]
    share = sum(spent) / whole
    return f"every {seconds} s: {len(spent)} checkpoints, {sum(spent):.3f} s of {whole:.2f} s, {share:.2%}"


if __name__ == "__main__":
    for interval in ("10", "1", "0"):
        print(cost(int(sys.argv[1]) if len(sys.argv) > 1 else 300, interval))
