"""The default network is no linear model under another name: it learns curved scores.

Phone-like columns, four classes at the quartiles of a score; a model that is linear in the columns is far off.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from phoneprice.config.load import load_config
from phoneprice.data.samples.sample import generate
from phoneprice.workflows.evaluate import evaluate
from phoneprice.workflows.train import train

ROWS = 2000


def unit(values: np.ndarray) -> np.ndarray:
    return (values - values.min()) / (values.max() - values.min()) * 2 - 1


SCORES = {
    "product": lambda a, b: (a + 1.1) * (b + 1.1),
    "xor": lambda a, b: a * b,
    "ring": lambda a, b: a**2 + b**2,
}


def write(path: Path, kind: str, seed: int) -> None:
    """All 20 columns of a phone; the class depends on two of them."""
    from pyarrow import csv

    table = generate(ROWS, seed).drop_columns(["price_range"])
    a, b = (unit(table[name].to_numpy().astype(float)) for name in ("ram", "battery_power"))
    score = SCORES[kind](a, b)
    classes = np.digitize(score, np.quantile(score, [0.25, 0.5, 0.75]))
    csv.write_csv(table.append_column("price_range", pa.array(classes)), path)


def accuracy(tmp_path: Path, *settings: str) -> float:
    config = load_config(None, ["validation.scheme=none", "training.threads=1", *settings])
    train(tmp_path / "train.csv", config, tmp_path / "run", force=True)
    report = evaluate(tmp_path / "run", tmp_path / "test.csv")
    return report.metrics["accuracy"].value


@pytest.mark.parametrize(("kind", "linear_at_most"), [("product", 0.85), ("xor", 0.4), ("ring", 0.4)])
def test_curved_scores_are_learned(kind: str, linear_at_most: float, tmp_path: Path) -> None:
    write(tmp_path / "train.csv", kind, seed=1)
    write(tmp_path / "test.csv", kind, seed=2)
    assert accuracy(tmp_path) >= 0.93
    assert accuracy(tmp_path, "model.hidden=[]") <= linear_at_most
