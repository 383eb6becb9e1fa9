"""What a run directory consists of: the names, and how large each file may be.

Names come from here only, never from a file, so no run can point outside its directory.
"""

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


def is_inside_a_run(path: Path) -> bool:
    """Whether one of the folders above a path is a run."""
    return any(all(is_file(folder / name) for name in (MANIFEST, MANIFEST_HASH)) for folder in path.parents)
