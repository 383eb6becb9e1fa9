"""The nearest known name."""

from pathlib import Path

import pytest

from phoneprice.config.near import nearest, nearest_path, with_near_name


def test_near_name() -> None:
    assert with_near_name("pricerange", ["ram", "price_range"]) == "'pricerange' (did you mean 'price_range'?)"
    assert with_near_name("zzz", ["ram"]) == "'zzz'"
    assert nearest("pricerange", ["ram", "price_range"]) == ' did you mean "price_range"?'
    assert nearest("zzz", ["ram"]) == ""


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("phoens.csv", "phones.csv"),
        ("phones.cvs", "phones.csv"),
        ("Phones.csv.gz", "phones.csv"),
        ("hidden", None),
        ("folder", None),
        ("b.csv", None),
        ("tablets.csv", None),
        ("nul\0.csv", None),
        ("none/phones.csv", None),
    ],
)
def test_near_path(tmp_path: Path, name: str, near: str | None) -> None:
    for file in ("phones.csv", "a.csv", ".hidden"):
        (tmp_path / file).touch()
    (tmp_path / "folders").mkdir()
    expected = f" did you mean '{tmp_path / near}'?" if near else ""
    assert nearest_path(tmp_path / name, Path.is_file) == expected
