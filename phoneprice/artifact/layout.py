"""What a run directory consists of, and that of a comparison: the names, and how large each file may be.

Names come from here only, never from a file, so no run can point outside its directory.
"""

from collections.abc import Collection
from pathlib import Path

from phoneprice.places import is_file

FORMAT_VERSION = 1
DAMAGED = "the run is damaged, use another copy of it"
"""What messages say of a file that can't be used, and what to do."""

MANIFEST = "manifest.json"
MANIFEST_HASH = "manifest.sha256"
CONFIG = "config.toml"
SCHEMA = "schema.json"
FEATURES = "features.json"
SPLITS = "splits.json"
WEIGHTS = "model.safetensors"
CALIBRATION = "calibration.json"
METRICS = "metrics.json"
HISTORY = "history.jsonl"
ENVIRONMENT = "environment.json"
OUT_OF_FOLD = "oof.parquet"
BEST = "best.toml"
SEARCH = "search.json"
CANDIDATES = "search.parquet"
COMPARISON = "comparison.json"
CURVES = "curves.parquet"
PAGE = "report.html"

MIB = 1 << 20
LIMITS = {
    MANIFEST: 64 << 10,
    MANIFEST_HASH: 256,
    CONFIG: MIB,
    SCHEMA: 64 * MIB,
    FEATURES: 256 * MIB,
    SPLITS: MIB,
    WEIGHTS: 16 << 30,
    CALIBRATION: 16 * MIB,
    METRICS: 16 * MIB,
    HISTORY: 1 << 30,
    ENVIRONMENT: MIB,
    OUT_OF_FOLD: 16 << 30,
    BEST: 2 * MIB,
    SEARCH: 64 * MIB,
    CANDIDATES: 64 * MIB,
}
"""Bytes that a file may have at most. The loader knows the exact size of the weights before it reads them."""

LISTED = tuple(name for name in LIMITS if name not in {MANIFEST, MANIFEST_HASH})
"""The files that a manifest lists; it lists them all but for ``OPTIONAL``."""
OF_SEARCH = frozenset({BEST, SEARCH, CANDIDATES})
"""What a run has more that comes from a search."""
OPTIONAL = frozenset({OUT_OF_FOLD}) | OF_SEARCH
SEARCH_ALONE = frozenset({ENVIRONMENT}) | OF_SEARCH
"""All that is listed by a search without networks."""

LIMITS_OF_COMPARISONS = {CONFIG: LIMITS[CONFIG], COMPARISON: 64 * MIB, CURVES: 1 << 30, PAGE: 256 * MIB}
"""The same of the files that the manifest of a comparison lists."""


def listed_with(names: Collection[str]) -> tuple[str, ...]:
    """All that a manifest may list that lists these files: those of a comparison, or those of a run."""
    return tuple(LIMITS_OF_COMPARISONS) if COMPARISON in names else LISTED


def needed_with(names: Collection[str]) -> frozenset[str]:
    """What a manifest has to list that lists these: of a comparison, of a run, or of a search without networks."""
    if COMPARISON in names:
        return frozenset(LIMITS_OF_COMPARISONS)
    if {*names} == SEARCH_ALONE:
        return SEARCH_ALONE
    return frozenset(LISTED) - OPTIONAL | (OF_SEARCH if OF_SEARCH & {*names} else frozenset())


def is_known(name: str) -> bool:
    """Whether a run or a comparison has a file of this name."""
    return name in LIMITS or name in LIMITS_OF_COMPARISONS


def limit(name: str) -> int:
    """Bytes that a file that ``is_known`` may have at most."""
    return LIMITS[name] if name in LIMITS else LIMITS_OF_COMPARISONS[name]


def is_inside_a_run(path: Path) -> bool:
    """Whether one of the folders above a path is a run."""
    return any(all(is_file(folder / name) for name in (MANIFEST, MANIFEST_HASH)) for folder in path.parents)
