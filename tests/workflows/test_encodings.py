"""Encoded numbers from a table to predictions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from phoneprice import load
from phoneprice.artifact.loader import verify_run
from phoneprice.components.encodings import Encoding
from phoneprice.config.load import load_config
from phoneprice.config.schema import Config
from phoneprice.records.documents import Protocol
from phoneprice.workflows.cross_validate import cross_validate
from phoneprice.workflows.events import Event, Warned
from phoneprice.workflows.train import train
from tests.components.families import choices

ROWS = 240
LONGER = ["training.epochs=60", "training.batch_rows=32", "penalty.name=none", "model.hidden=[16]"]
LONGER += ["data.ignored_columns=['two', 'same', 'gaps', 'far', 'wifi', 'os']"]
NUMBERS = ["x", "two", "same", "gaps", "far", "sold"]


def phones(seed: int = 0) -> pd.DataFrame:
    """A wave of one column, and a column of each kind that is hard to put into bins."""
    chance = np.random.default_rng(seed)
    x = chance.uniform(-3, 3, ROWS)
    return pd.DataFrame(
        {
            "x": x,
            "two": chance.choice([1.5, 7.0], ROWS),
            "same": np.full(ROWS, 4.25),
            "gaps": np.where(chance.random(ROWS) < 0.3, np.nan, chance.normal(size=ROWS)),
            "far": np.where(np.arange(ROWS) == 7, 1e12, chance.normal(size=ROWS)),
            "wifi": chance.choice(["yes", "no"], ROWS),
            "os": chance.choice(["Android", "iOS", "Tizen"], ROWS),
            "sold": pd.Timestamp("2020-01-01") + pd.to_timedelta(chance.integers(0, 900, ROWS), unit="D"),
            "rows": chance.uniform(0.5, 2, ROWS),
            "price": np.sin(3 * x) + 0.05 * chance.normal(size=ROWS),
        }
    )


def config_of(encoding: str, *settings: str) -> Config:
    own = [f"model.encoding.name={encoding}", "data.target=price", "data.weight_column=rows"]
    short = [
        "data.date_columns=['sold']",
        "training.epochs=1",
        "training.threads=1",
        "training.device=cpu",
        "validation.folds=2",
    ]
    return load_config(None, ["task.kind=regression", "loss.name=mse", "model.hidden=[4]", *own, *short, *settings])


def written(table: pd.DataFrame, path: Path) -> Path:
    table.to_csv(path, index=False)
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return written(phones(), tmp_path / "phones.csv")


@pytest.mark.parametrize("encoding", choices(Encoding))
@pytest.mark.filterwarnings("ignore:.*(outside|missing|far beyond)")
def test_odd_columns_and_odd_cells(data: Path, tmp_path: Path, encoding: str) -> None:
    train(data, config_of(encoding), tmp_path / "run")
    verify_run(tmp_path / "run")
    model = load(tmp_path / "run")
    names = model.run.input_names
    assert [names[place] for place in model.run.recipes[0].ensemble.inputs.numbers] == NUMBERS
    odd = phones(1).drop(columns="price").head(4)
    odd.loc[0, ["x", "two", "same"]] = np.nan
    odd.loc[1, ["x", "far"]] = 1e30
    odd.loc[2, ["x", "same"]] = -1e30
    assert np.isfinite(np.asarray(model.predict(odd)["prediction"])).all()


@pytest.mark.parametrize("encoding", sorted({*choices(Encoding)} - {"none"}))
def test_a_wave_is_learned_at_once(data: Path, tmp_path: Path, encoding: str) -> None:
    errors = {}
    for name in ("none", encoding):
        trained = train(data, config_of(name, *LONGER), tmp_path / name)
        errors[name] = trained.metrics["rmse"].value
    assert errors[encoding] < 0.5 * errors["none"]


@pytest.mark.parametrize("encoding", choices(Encoding))
def test_a_table_without_numbers(tmp_path: Path, encoding: str) -> None:
    data, heard = written(phones()[["wifi", "os", "rows", "price"]], tmp_path / "phones.csv"), list[Event]()
    train(data, config_of(encoding, "data.date_columns=[]"), tmp_path / "run", on_event=heard.append)
    nothing = f"{data}: no column holds numbers or dates, so model.encoding has nothing to encode"
    assert heard.count(Warned(nothing)) == (encoding != "none")
    assert verify_run(tmp_path / "run")


@pytest.mark.parametrize("encoding", choices(Encoding))
def test_cross_validation(data: Path, encoding: str) -> None:
    found = cross_validate(data, config_of(encoding), Protocol(2, 1, 0))
    assert np.isfinite(found.metrics["rmse"].value)
