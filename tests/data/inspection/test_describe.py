from pathlib import Path

import pytest

from phoneprice.config.schema import Config
from phoneprice.data.inspection.describe import describe
from phoneprice.data.reading import ReadOptions, read_table
from tests.small_tables import table


def config(**data: object) -> Config:
    return Config.model_validate({"data": {"target": "price", **data}})


def test_figures_of_each_column() -> None:
    cells = table(
        id=["a", "b", "c", "d"],
        ram=[1.0, 2.0, None, 6.0],
        wifi=["yes", "no", "yes", None],
        gap=[None] * 4,
        price=[0.0, 1.0, 1.0, 3.0],
    )
    ident, ram, wifi, gap, price = describe(cells, config(ignored_columns=["gap"]))
    assert [summary.role for summary in (ident, ram, wifi, gap, price)] == [
        "id",
        "feature",
        "feature",
        "ignored",
        "target",
    ]
    assert (ram.kind, ram.missing, ram.distinct) == ("numeric", 1, 3)
    assert (ram.low, ram.lower_quartile, ram.median, ram.upper_quartile, ram.high, ram.mean) == (1, 1.5, 2, 4, 6, 3)
    assert ram.top == ()
    assert (wifi.kind, wifi.missing, wifi.distinct, wifi.top) == ("boolean", 1, 2, (("yes", 2), ("no", 1)))
    assert wifi.mean is None
    assert (gap.kind, gap.missing, gap.distinct, gap.low) == ("numeric", 4, 0, None)
    assert (price.kind, price.top) == ("numeric", ())


def test_only_the_most_frequent_values_are_listed() -> None:
    (os,) = describe(table(os=[str(i % 7) + "x" for i in range(22)]), config())
    assert os.top == (("0x", 4), ("1x", 3), ("2x", 3), ("3x", 3), ("4x", 3))


def test_without_rows_or_target() -> None:
    (ram,) = describe(table(ram=[1.0]).slice(0, 0), config())
    assert (ram.missing, ram.distinct, ram.mean) == (0, 0, None)


def test_real_used_phones(real_data: Path) -> None:
    cells = read_table(real_data / "used_phones.csv", ReadOptions())
    summaries = {summary.name: summary for summary in describe(cells, config())}
    assert len(summaries) == 15
    assert summaries["os"].top[0] == ("Android", 3214)
    assert summaries["rear_camera_mp"].missing == 179
    assert summaries["release_year"].low == pytest.approx(2013)
