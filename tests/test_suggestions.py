"""The nearest known name."""

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoneprice.config.fields import known_paths
from phoneprice.config.schema import Config
from phoneprice.data.samples.sample import COLUMNS
from phoneprice.metrics.catalogue import METRICS
from phoneprice.suggestions import (
    NOT_HERE,
    OTHER_NAMES,
    called_here,
    did_you_mean,
    nearest,
    nearest_path,
    suggested,
    the_same,
    with_suggestion,
)
from tests.components.families import FAMILIES, choices

KNOWN: dict[str, list[str]] = {
    **{family: [*choices(union)] for family, union in FAMILIES.items()},
    "metric": [*METRICS],
    "setting": sorted({path.rpartition(".")[2] for path in known_paths(Config)}),
}
"""What there is of each kind."""


def test_near_name() -> None:
    assert with_suggestion("pricerange", ["ram", "price_range"]) == "'pricerange' (did you mean 'price_range'?)"
    assert with_suggestion("zzz", ["ram"]) == "'zzz'"
    assert suggested(["rma", "zzz"], ["ram"]) == "'rma' (did you mean 'ram'?), 'zzz'"
    assert did_you_mean("pricerange", ["ram", "price_range"]) == ' did you mean "price_range"?'
    assert did_you_mean("zzz", ["ram"]) == ""
    assert nearest("zzz", ["ram"]) is None
    assert with_suggestion("y", ["x", " Y "]) == "'y' (did you mean ' Y '?)"


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ("adamm", "adam"),
        ("rleu", "relu"),
        ("accurcy", "accuracy"),
        ("Balanced Accuracy", "balanced_accuracy"),
        ("batery_power", "battery_power"),
        ("battery", "battery_power"),
        ("priceRange", "price_range"),
        ("price_eur", "price"),
        ("ram", "ram_gb"),
        ("ram_gb", "ram"),
        ("stor_gb", "storage_gb"),
        ("storagegb", "storage_gb"),
        ("px_hieght", "px_height"),
        ("prices_range", "price_range"),
        ("Gr\u00f6\u00dfe", "Gro\u0308\u00dfe"),
        ("\uff32\uff21\uff2d", "ram"),
    ],
)
def test_slips(typed: str, known: str) -> None:
    assert nearest(typed, ["wifi", known, "colour"]) == known


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ("ram_gb", "storage_gb"),
        ("ram_gb", "gb"),
        ("px_width", "px_height"),
        ("sc_h", "sc_w"),
        ("x1", "x2"),
        ("feature_12", "feature_13"),
        ("front_cam", "back_cam"),
        ("min_temp", "max_temp"),
        ("start_date", "end_date"),
        ("none", "cosine"),
        ("softsign", "softplus"),
        ("id", "is"),
        ("--json", "--version"),
        ("___", "---"),
        ("", "ram"),
    ],
)
def test_what_has_something_in_common_only(typed: str, known: str) -> None:
    assert nearest(typed, [known]) is None
    assert nearest(known, [typed]) is None


def test_columns_of_the_sample_are_not_each_other() -> None:
    assert {name: near for name in COLUMNS if (near := nearest(name, {*COLUMNS} - {name}))} == {}


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_what_others_call_it(name: str) -> None:
    families = [known for known in KNOWN.values() if name in known]
    assert families
    for other in OTHER_NAMES[name].split():
        meant = [known for known in families if other not in known and called_here(other, known) == name]
        assert meant, f"{other} is no name of others for {name}"
        for known in meant:
            assert nearest(other, known) == nearest(other.upper(), known) == name


@pytest.mark.parametrize("name", NOT_HERE.split())
def test_what_there_is_not(name: str) -> None:
    assert [known for known in KNOWN.values() if name in known or nearest(name, known) is not None] == []


@pytest.mark.parametrize("kind", [*FAMILIES, "metric"])
def test_every_name_in_another_writing(kind: str) -> None:
    for name in KNOWN[kind]:
        parts = name.split("_")
        for written in (name.upper(), name.title(), "".join(map(str.title, parts)), "-".join(parts), " ".join(parts)):
            assert the_same(written, KNOWN[kind]) == name
        assert the_same(f"{name}x", KNOWN[kind]) is None


NAMES = st.one_of(st.text(max_size=12), st.sampled_from([name for known in KNOWN.values() for name in known]))


@given(NAMES, st.lists(NAMES, max_size=6))
def test_never_what_was_typed(typed: str, known: list[str]) -> None:
    near = nearest(typed, known)
    assert near is None or (near in known and near != typed)
    if typed in known:
        assert near is None
    shown = with_suggestion(typed, known)
    if found := re.fullmatch(r"(.+) \(did you mean (.+)\?\)", shown, re.DOTALL):
        assert unicodedata.normalize("NFC", found[1]) != unicodedata.normalize("NFC", found[2])


def test_names_that_look_alike_are_told_apart() -> None:
    assert with_suggestion("Gr\u00f6\u00dfe", ["Gro\u0308\u00dfe"]) == (
        "'Gr\u00f6\u00dfe' (did you mean 'Gro\\u0308\\xdfe'?)"
    )


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("phoens.csv", "phones.csv"),
        ("phones.cvs", "phones.csv"),
        ("phones", "phones.csv"),
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
