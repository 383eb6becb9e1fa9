"""The nearest known name."""

from collections.abc import Collection
from pathlib import Path

import pytest

from phoneprice.components.activations import Activation
from phoneprice.components.initializers import Initializer
from phoneprice.components.losses import Loss
from phoneprice.components.normalization import Normalization
from phoneprice.metrics.catalogue import METRICS
from phoneprice.suggestions import OTHER_NAMES, did_you_mean, nearest, nearest_path, with_suggestion
from tests.components.families import choices


def test_near_name() -> None:
    assert with_suggestion("pricerange", ["ram", "price_range"]) == "'pricerange' (did you mean 'price_range'?)"
    assert with_suggestion("zzz", ["ram"]) == "'zzz'"
    assert did_you_mean("pricerange", ["ram", "price_range"]) == ' did you mean "price_range"?'
    assert did_you_mean("zzz", ["ram"]) == ""
    assert nearest("zzz", ["ram"]) is None
    assert with_suggestion("y", ["x", " Y "]) == "'y' (did you mean ' Y '?)"


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


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_what_others_call_it(name: str) -> None:
    unions = (Activation, Initializer, Loss, Normalization)
    families: list[Collection[str]] = [*map(choices, unions), METRICS]
    known = next(known for known in families if OTHER_NAMES[name] in known)
    assert name not in known
    assert nearest(name.upper(), known) == OTHER_NAMES[name]
