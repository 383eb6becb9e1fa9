import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import phoneprice.data.samples.sample as sample_module
from phoneprice.data.reading import ReadOptions, read_table
from phoneprice.data.samples.sample import (
    COLUMNS,
    NEW_ROWS,
    PRICE_CUTS,
    PRICE_WEIGHTS,
    TARGET,
    TRAIN_ROWS,
    generate,
    sample_path,
    write_csv,
)
from phoneprice.errors import UsageError

Columns = dict[str, np.ndarray[Any, Any]]
REPOSITORY = Path(__file__).parents[3]
RANGES = {
    "battery_power": (501, 1998), "clock_speed": (0.5, 3.0), "fc": (0, 19), "int_memory": (2, 64), "m_dep": (0.1, 1.0),
    "mobile_wt": (80, 200), "n_cores": (1, 8), "pc": (0, 20), "px_height": (0, 1960), "px_width": (500, 1998),
    "ram": (256, 3998), "sc_h": (5, 19), "sc_w": (0, 18), "talk_time": (2, 20), "blue": (0, 1), "dual_sim": (0, 1),
    "four_g": (0, 1), "three_g": (0, 1), "touch_screen": (0, 1), "wifi": (0, 1),
}  # fmt: skip


def columns(table: pa.Table) -> Columns:
    return {name: table[name].to_numpy() for name in table.column_names}


def as_bytes(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    write_csv(table, sink)
    return sink.getvalue()


@pytest.fixture(scope="module")
def many() -> Columns:
    return columns(generate(40_000, seed=3))


def test_bundled_files_are_what_the_code_makes() -> None:
    assert sample_path("train").read_bytes() == as_bytes(generate(TRAIN_ROWS))
    assert sample_path("new").read_bytes() == as_bytes(generate(NEW_ROWS, labelled=False))


def test_bundled_files_in_a_checkout_and_in_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sample_path("train") == REPOSITORY / "data" / "phones_train.csv"
    assert sample_path("new") == REPOSITORY / "data" / "phones_new.csv"
    installed = tmp_path / "phoneprice" / "_sample" / "phones_new.csv"
    installed.parent.mkdir(parents=True)
    installed.touch()
    monkeypatch.setattr(sample_module, "__file__", str(tmp_path / "phoneprice" / "data" / "samples" / "sample.py"))
    assert sample_path("new") == installed


def test_the_column_dictionary_names_every_column() -> None:
    text = (REPOSITORY / "data" / "README.md").read_text()
    assert "synthetic" in text
    for name in ("id", *COLUMNS, TARGET):
        assert f"| `{name}` |" in text


def test_columns_and_their_order() -> None:
    assert generate(4).column_names == [*COLUMNS, "price_range"]
    assert generate(4, labelled=False).column_names == ["id", *COLUMNS]
    assert generate(4, labelled=False)["id"].to_pylist() == [1, 2, 3, 4]


@pytest.mark.parametrize(("rows", "counts"), [(2000, [500] * 4), (1, [1, 0, 0, 0]), (7, [2, 2, 2, 1])])
def test_class_quotas(rows: int, counts: list[int]) -> None:
    labels = generate(rows)["price_range"].to_numpy()
    assert np.bincount(labels, minlength=4).tolist() == counts


def test_rows_are_shuffled() -> None:
    labels = generate(2000)["price_range"].to_numpy()
    assert abs(np.corrcoef(np.arange(2000), labels)[0, 1]) < 0.1
    assert np.count_nonzero(np.diff(labels)) > 1000


@pytest.mark.parametrize("name", COLUMNS)
def test_ranges(many: Columns, name: str) -> None:
    low, high = RANGES[name]
    assert many[name].min() == low
    assert high * 0.99 <= many[name].max() <= high


def test_what_is_always_true(many: Columns) -> None:
    assert (many["three_g"] >= many["four_g"]).all()
    assert (many["fc"] <= many["pc"]).all()
    assert (many["sc_w"] <= many["sc_h"]).all()
    assert (many["px_height"] <= many["px_width"]).all()


@pytest.mark.parametrize(("name", "share"), [("three_g", 0.75), ("four_g", 0.5), ("wifi", 0.5)])
def test_shares(many: Columns, name: str, share: float) -> None:
    assert many[name].mean() == pytest.approx(share, abs=0.015)


@pytest.mark.parametrize(
    ("name", "value", "share"), [("clock_speed", 0.5, 1 / 5), ("m_dep", 0.1, 1 / 6), ("sc_w", 0, 0.09)]
)
def test_piles(many: Columns, name: str, value: float, share: float) -> None:
    assert np.mean(many[name] == value) == pytest.approx(share, abs=0.01)


def test_the_price_rule_with_its_noise(many: Columns) -> None:
    score = np.sum([weight * many[name] for name, weight in PRICE_WEIGHTS.items()], axis=0)
    right = np.searchsorted(PRICE_CUTS, score) == many["price_range"]
    assert np.mean(right) == pytest.approx(0.977, abs=0.003)
    nearest_cut = np.abs(score[:, None] - np.array(PRICE_CUTS)).min(axis=1)
    assert nearest_cut[~right].max() < 5 * sample_module.PRICE_NOISE


def test_the_seed_decides() -> None:
    assert generate(50, 5).equals(generate(50, 5))
    assert not generate(50, 5).equals(generate(50, 6))
    assert not generate(50, 5, labelled=False).drop_columns("id").equals(generate(50, 5).drop_columns("price_range"))


@pytest.mark.parametrize(
    ("rows", "seed", "message"),
    [
        (0, 0, "found 0 rows, from 1 to 100000000 are allowed; correct --rows"),
        (10**9, 0, "found 1000000000 rows, from 1 to 100000000 are allowed; correct --rows"),
        (1, -1, "found seed -1, from 0 to 18446744073709551615 are allowed; correct --seed"),
    ],
)
def test_faults(rows: int, seed: int, message: str) -> None:
    with pytest.raises(UsageError) as fault:
        generate(rows, seed)
    assert str(fault.value) == message


def test_csv_is_plain() -> None:
    text = as_bytes(generate(30)).decode()
    assert '"' not in text
    assert "\r" not in text
    header, *rows = csv.reader(io.StringIO(text))
    assert header == [*COLUMNS, "price_range"]
    assert len(rows) == 30


def test_the_program_reads_it() -> None:
    table = read_table(sample_path("train"), ReadOptions())
    assert table.rows == 2000
    assert table.names == (*COLUMNS, "price_range")


def test_no_row_of_the_real_file(real_data: Path) -> None:
    real = set((real_data / "mobile_price_train.csv").read_text().split())
    assert not real.intersection(sample_path("train").read_text().split()[1:])
