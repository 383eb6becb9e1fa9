"""How many real tables go through without a hand: ``python tests/benchmarks/real_tables.py FOLDER [options]``.

For each table in FOLDER, and for some of its columns as the target: ``data check``, ``config init``, ``train`` and
``predict``, with no setting that a user would have to find. Prints the share of the pairs of table and target for which
all four end with exit code 0, what stopped the others and what was warned of, the most frequent first.

A target is a column that a user could mean: numbers, yes and no, or text of a few words, with two values or more. A
table that pandas can't read, or that has no such column beside another, is left out, and said.
"""

import argparse
import json
import os
import random
import re
import resource
import signal
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module  # noqa: TID251
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import phoneprice
from phoneprice.config.schema import INDEX_COLUMNS

STEPS = ("data check", "config init", "train", "predict")
SUFFIXES = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".parquet", ".tsv", ".xlsx", ".zip", ".json", ".feather")
SECONDS = 300
"""A command that takes longer is stopped and counts as failed."""


@dataclass(frozen=True)
class Outcome:
    """What became of a table and a target: the step that stopped it, its exit code and its last words; None if none."""

    table: str
    target: str
    step: str | None
    code: int
    words: str
    warnings: tuple[str, ...]
    """Of all steps, each once."""


def main() -> int:
    """Try the tables and print what became of them; 1 if fewer than the share of ``--bar`` go through."""
    options = _options()
    pairs = list(_pairs(options))
    _import_once()
    with ThreadPoolExecutor(options.processes) as pool, tempfile.TemporaryDirectory() as scratch:
        found = pool.map(partial(_through, Path(scratch), options.epochs), range(len(pairs)), pairs)
        outcomes = list(_kept(found, options.jsonl))
    _show(outcomes)
    return 0 if sum(one.step is None for one in outcomes) >= options.bar * len(outcomes) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the tables are, at any depth")
    parser.add_argument("--targets", type=int, default=2, help="columns a table: the last one, and others by chance")
    parser.add_argument("--share", type=float, default=1.0, help="share of the tables to try, by chance")
    parser.add_argument("--seed", type=int, default=0, help="of what is left to chance")
    parser.add_argument(
        "--epochs", type=int, default=5, help="of each training; how well they learn is not judged here"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="commands at the same time")
    parser.add_argument("--bar", type=float, default=0.98, help="share that is to go through")
    parser.add_argument("--jsonl", type=Path, metavar="FILE", help="write what became of each there, a line each")
    return parser.parse_args()


def _pairs(options: argparse.Namespace) -> Iterator[tuple[Path, str]]:
    chance = random.Random(options.seed)
    tables = sorted(path for path in options.folder.rglob("*") if path.name.endswith(SUFFIXES))
    chance.shuffle(tables)  # what is done is a fair sample of the rest
    for table in tables:
        if chance.random() >= options.share:
            continue
        names = _targets(table)
        others = chance.sample(names[:-1], min(options.targets - 1, len(names) - 1)) if names else []
        yield from ((table, name) for name in [*names[-1:], *others])


def _kept(outcomes: Iterator[Outcome], file: Path | None) -> Iterator[Outcome]:
    """The same, each written down as soon as it is there."""
    with file.open("w", buffering=1) if file else nullcontext() as lines:
        for one in outcomes:
            if lines:
                lines.write(json.dumps(asdict(one)) + "\n")
            yield one


def _targets(table: Path) -> list[str]:
    """The columns that may be the target, as pandas reads them; none where it can't, or where no other is left."""
    import pandas as pd

    readers: dict[str, Callable[..., Any]] = {
        ".jsonl": partial(pd.read_json, lines=True),
        ".parquet": pd.read_parquet,
        ".json": pd.read_json,
    }
    readers |= {
        ".xlsx": partial(pd.read_excel, engine="calamine"),
        ".feather": pd.read_feather,
        ".tsv": partial(pd.read_csv, sep="\t"),
    }
    reader = next((readers[suffix] for suffix in table.suffixes if suffix in readers), pd.read_csv)
    try:
        frame = reader(table)
    except Exception as fault:  # noqa: BLE001  # whatever a reader of any format raises
        print(f"{table}: left out, pandas says: {str(fault)[:100]}", file=sys.stderr)
        return []
    columns = {str(name): frame[name] for name in frame if not _is_index(str(name), frame[name])}
    names = [name for name, column in columns.items() if _may_be_target(column)]
    if len(columns) < 2 or not names:
        print(f"{table}: left out, {len(columns)} columns but indexes, {len(names)} targets", file=sys.stderr)
        return []
    return names


def _is_index(name: str, column: Any) -> bool:
    """Whether it numbers the rows, or names them as the packages do."""
    counts = column.dtype.kind in "iu" and (column.diff().dropna() == 1).all()
    return counts or name.startswith("Unnamed:") or name in INDEX_COLUMNS


def _may_be_target(column: Any) -> bool:
    import pandas as pd

    present = column.dropna()
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return bool(present.nunique() > 1)
    words = present.astype(str)
    return bool(column.dtype.kind != "M" and 2 <= words.nunique() <= max(2, min(50, len(words) // 5)))


def _import_once() -> None:
    """What the forked commands need: imports are most of the time of a small training."""
    os.environ["OMP_NUM_THREADS"] = "1"
    theirs = ("torch", "sklearn.discriminant_analysis", "sklearn.impute", "sklearn.linear_model", "rich.progress")
    ours = (module.name for module in walk_packages(phoneprice.__path__, "phoneprice."))
    for name in (*theirs, *ours):
        if not name.endswith("__main__"):
            import_module(name)  # all that there is


def _through(scratch: Path, epochs: int, number: int, pair: tuple[Path, str]) -> Outcome:
    table, target = pair
    folder = scratch / str(number)
    folder.mkdir()
    data, config, run = str(table), str(folder / "config.toml"), str(folder / "run")
    commands: dict[str, Sequence[str]] = {
        "data check": ("data", "check", data, "--target", target),
        "config init": ("config", "init", "--from-data", data, "--target", target, "-o", config),
        "train": ("train", data, "-c", config, "-o", run, "-s", f"training.epochs={epochs}"),
        "predict": ("predict", run, data, "-o", str(folder / "predictions.csv")),
    }
    warnings: dict[str, None] = {}
    for step in STEPS:
        code, lines = _run(commands[step], folder)
        warnings |= dict.fromkeys(line for line in lines if line.startswith("phoneprice: warning: "))
        if code:
            return Outcome(str(table), target, step, code, lines[-1] if lines else "", tuple(warnings))
    return Outcome(str(table), target, None, 0, "", tuple(warnings))


def _run(command: Sequence[str], folder: Path) -> tuple[int, list[str]]:
    """Its exit code and the lines of its stderr, from a child of this process."""
    errors = folder / "stderr"
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for descriptor, file in ((0, os.devnull), (1, os.devnull), (2, errors)):
            os.dup2(os.open(file, os.O_RDWR | os.O_CREAT | os.O_TRUNC), descriptor)
        from phoneprice.cli import main as program

        os._exit(program(tuple(command)))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), errors.read_text(errors="replace").strip().splitlines()


def _show(outcomes: list[Outcome]) -> None:
    through = [one for one in outcomes if one.step is None]
    tables = {one.table for one in outcomes}
    whole = tables - {one.table for one in outcomes if one.step}
    print(
        f"{len(whole)} of {len(tables)} tables, {len(through)} of {len(outcomes)} pairs of table and target go through"
    )
    kinds: dict[tuple[str, int, str], list[Outcome]] = defaultdict(list)
    for one in outcomes:
        if one.step:
            kinds[one.step, one.code, _kind(one.words)].append(one)
    for (step, code, _), some in sorted(kinds.items(), key=lambda item: -len(item[1])):
        print(f"\n{len(some):4} x {step} ends with {code}, such as {some[0].table} --target {some[0].target}")
        print(f"       {some[0].words}")
    warned: dict[str, list[str]] = defaultdict(list)
    for one in outcomes:
        for warning in one.warnings:
            warned[_kind(warning)].append(f"{one.table} --target {one.target}: {warning}")
    for some_warnings in sorted(warned.values(), key=len, reverse=True):
        print(f"\n{len(some_warnings):4} x warned, such as {some_warnings[0]}")


def _kind(words: str) -> str:
    """The words without what is particular to the table."""
    return re.sub(r"'[^']*'|\"[^\"]*\"|\d[\d,.]*", "_", words)[:110]


if __name__ == "__main__":
    sys.exit(main())
