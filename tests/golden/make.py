"""Makes the golden runs of a release: ``python tests/golden/make.py``, once, before the release; never afterwards.

A golden run is what ``train`` of this release wrote, with a table and what ``predict`` made of it. Later versions of
the program must read it and predict the same for as long as they read ``format_version`` 1.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from phoneprice.config.load import load_config
from phoneprice.data.samples.sample import generate
from phoneprice.workflows.predict import predict
from phoneprice.workflows.train import train

HERE = Path(__file__).parent
ROWS, NEW_ROWS = 160, 25
COMMON = ["training.epochs=6", "training.threads=1", "training.device=cpu", "validation.folds=2", "model.hidden=[4]"]
GOLDEN = {
    "ordinal": ["data.target=price_range"],
    "multiclass": [
        "task.kind=multiclass",
        "data.target=brand",
        "model.activation.name=prelu",
        "model.normalization.name=layer_norm",
    ],
    "binary": [
        "task.kind=binary",
        "data.target=four_g",
        "task.threshold_metric=f1",
        "model.normalization.name=batch_norm",
        "data.ignored_columns=['price_range']",
    ],
    "regression": ["task.kind=regression", "data.target=ram", "data.scaling=robust", "model.activation.name=gelu"],
}


def phones(rows: int, seed: int) -> pa.Table:
    """The sample's columns, and text, categories and missing cells as other people's tables have them."""
    random = np.random.default_rng(seed)
    table = generate(rows, seed=seed, labelled=True)
    brand = random.choice(["Ka", "Lumo", "Zhǐ"], rows)
    battery = [None if random.random() < 0.1 else float(v) for v in table["battery_power"].to_pylist()]
    table = table.set_column(table.column_names.index("battery_power"), "battery_power", pa.array(battery, pa.int64()))
    wifi = pa.array(np.where(table["wifi"].to_numpy() == 1, "yes", "no"))
    table = table.set_column(table.column_names.index("wifi"), "wifi", wifi)
    ids = pa.array([f"p-{i:03d}" for i in range(rows)])
    return table.add_column(0, "id", ids).append_column("brand", pa.array(brand))


def make(name: str, folder: Path) -> None:
    """Write ``NAME/run``, ``NAME/phones.csv`` and ``NAME/predictions.csv``."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    data = folder / "train.csv"
    pyarrow.csv.write_csv(phones(ROWS, seed=1), data)
    train(data, load_config(None, [*COMMON, *GOLDEN[name]]), folder / "run", command_line=("phoneprice", "train"))
    data.unlink()
    pyarrow.csv.write_csv(phones(NEW_ROWS, seed=2), folder / "phones.csv")
    predict(folder / "run", folder / "phones.csv", folder / "predictions.csv")


if __name__ == "__main__":
    for each in GOLDEN:
        make(each, HERE / each)
