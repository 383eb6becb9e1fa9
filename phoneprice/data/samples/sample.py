"""The bundled sample: synthetic phones, drawn from a seed, with the columns of the Kaggle file and a known price rule.

No real phone is in it. ``PRICE_WEIGHTS`` and ``PRICE_CUTS`` make the sample; no other part of the package knows them.
With the noise of ``PRICE_NOISE`` a linear score with ordered cut points classifies about 97 of 100 rows right.
"""

from __future__ import annotations  # numpy.random, 15 ms, is imported for its own use alone

from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from phoneprice.errors import UsageError
from phoneprice.places import is_file

Phones = dict[str, NDArray[Any]]

SEED = 0
"""The seed of the bundled files and the default of ``data sample``."""
TRAIN_ROWS = 2_000
NEW_ROWS = 1_000
MAX_ROWS = 100_000_000
TARGET = "price_range"
CLASSES = 4

COLUMNS = (
    "battery_power", "blue", "clock_speed", "dual_sim", "fc", "four_g", "int_memory", "m_dep", "mobile_wt", "n_cores",
    "pc", "px_height", "px_width", "ram", "sc_h", "sc_w", "talk_time", "three_g", "touch_screen", "wifi",
)  # fmt: skip

PRICE_WEIGHTS = {
    "ram": 0.0706,
    "battery_power": 0.0437,
    "px_height": 0.0265,
    "px_width": 0.0257,
    "mobile_wt": -0.0945,
}
PRICE_CUTS = (172.0, 238.0, 304.0)
PRICE_NOISE = 2.5
"""Standard deviation of what the score does not explain, in units of the score."""

_FILES = {"train": "phones_train.csv", "new": "phones_new.csv"}


def generate(rows: int = TRAIN_ROWS, seed: int = SEED, *, labelled: bool = True) -> pa.Table:
    """Draw ``rows`` phones: the 20 columns of ``COLUMNS``, in whole numbers but for ``clock_speed`` and ``m_dep``.

    The same arguments give the same rows (with the same release of NumPy).
    ``labelled`` adds ``price_range`` 0-3 as the last column, each class as often as the others (the first ones once
    more where ``rows`` is no multiple of 4), in random order; else a column ``id`` from 1 comes first. Raises
    ``UsageError`` for a number of rows or a seed out of range.
    """
    if not 1 <= rows <= MAX_ROWS:
        raise UsageError(f"found {rows} rows, from 1 to {MAX_ROWS} are allowed; correct --rows")
    if not 0 <= seed < 2**64:
        raise UsageError(f"found seed {seed}, from 0 to {2**64 - 1} are allowed; correct --seed")
    generator = np.random.Generator(np.random.PCG64([seed, int(labelled)]))
    if labelled:
        return pa.table(_labelled(rows, generator))
    return pa.table({"id": np.arange(1, rows + 1), **_draw(rows, generator)})


def write_csv(table: pa.Table, sink: IO[bytes]) -> None:
    """Write a sample as CSV: a header, commas, no quotes, LF line ends."""
    sink.write((",".join(table.column_names) + "\n").encode())
    csv.write_csv(table, sink, csv.WriteOptions(include_header=False, quoting_style="none"))


def sample_path(which: Literal["train", "new"]) -> Path:
    """The bundled file, in an installed package or in a checkout."""
    package = Path(__file__).parents[2]
    installed = package / "_sample" / _FILES[which]
    return installed if is_file(installed) else package.parent / "data" / _FILES[which]


def _labelled(rows: int, generator: np.random.Generator) -> Phones:
    """Draw until every class has its quota, and shuffle what it takes."""
    quota = np.full(CLASSES, rows // CLASSES)
    quota[: rows % CLASSES] += 1
    parts: list[Phones] = []
    while quota.any():
        phones = _draw(int(quota.sum()) + int(quota.max()), generator)
        phones[TARGET] = _price_range(phones, generator)
        chosen = np.concatenate([np.flatnonzero(phones[TARGET] == c)[: quota[c]] for c in range(CLASSES)])
        quota -= np.bincount(phones[TARGET][chosen], minlength=CLASSES)
        parts.append({name: values[chosen] for name, values in phones.items()})
    order = generator.permutation(rows)
    return {name: np.concatenate([part[name] for part in parts])[order] for name in (*COLUMNS, TARGET)}


def _price_range(phones: Phones, generator: np.random.Generator) -> NDArray[np.int64]:
    """The class 0-3: where a linear score with a little noise stands among the cut points."""
    score = generator.normal(0.0, PRICE_NOISE, len(phones["ram"]))
    for name, weight in PRICE_WEIGHTS.items():
        score += weight * phones[name]
    return np.searchsorted(np.array(PRICE_CUTS), score).astype(np.int64)


def _draw(rows: int, generator: np.random.Generator) -> Phones:
    """Unlabelled phones; what must hold of one column given another is in how it is drawn."""

    def whole(low: int, high: int | NDArray[np.int64]) -> NDArray[np.int64]:
        return generator.integers(low, high, rows, endpoint=True)

    phones = {name: whole(low, high) for name, (low, high) in _UNIFORM.items()}
    phones["px_height"] = whole(0, np.minimum(phones["px_width"], 1960))
    phones["fc"] = whole(0, np.minimum(phones["pc"], 19))
    phones["sc_w"] = whole(0, np.minimum(phones["sc_h"], 18))
    phones["three_g"] = phones["four_g"] | whole(0, 1)
    tenths = {"clock_speed": _tenths(whole, 5, 30, piled=6), "m_dep": _tenths(whole, 1, 10, piled=13)}
    drawn = {**phones, **tenths}
    return {name: drawn[name] for name in COLUMNS}


def _tenths(whole: Callable[[int, int], NDArray[np.int64]], low: int, high: int, *, piled: int) -> NDArray[np.float64]:
    """Uniform tenths from ``low`` to ``high``, after one row in ``piled`` has been put at the low end."""
    tenths = whole(low, high)
    tenths[whole(1, piled) == 1] = low
    return tenths / 10


_UNIFORM = {
    "battery_power": (501, 1998),
    "blue": (0, 1),
    "dual_sim": (0, 1),
    "four_g": (0, 1),
    "int_memory": (2, 64),
    "mobile_wt": (80, 200),
    "n_cores": (1, 8),
    "pc": (0, 20),
    "px_width": (500, 1998),
    "ram": (256, 3998),
    "sc_h": (5, 19),
    "talk_time": (2, 20),
    "touch_screen": (0, 1),
    "wifi": (0, 1),
}
