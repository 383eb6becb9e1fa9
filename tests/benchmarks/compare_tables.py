"""How good on real tables: ``python tests/benchmarks/compare_tables.py FOLDER [options]``.

Puts the tables of ``tables/catalogue.py`` to phoneprice and to what a user would pick instead, each on the same five
folds, and writes FOLDER/page.md and FOLDER/page.html. Each table and model is a file in FOLDER; what is there is not
done again, so the command goes on where it was stopped. ``tests/benchmarks/README.md`` says what the figures mean.
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from measuring import HERE, environment
from tables.catalogue import EXCLUDED, TABLES, Table, excluded_hashes, forbidden
from tables.comparison import Comparison
from tables.loading import MissingPackageError, folder_of
from tables.ours import NAME
from tables.page import html, markdown, summary
from tables.peers import PEERS, is_installed
from tables.protocol import SECONDS
from tables.results import Facts, nothing, place_of, read_facts, write
from tables.worker import Task

Models = Mapping[str, tuple[str, ...] | None]
"""The settings of our own by name, None for a peer."""


def main() -> int:
    """Ask all that have not been asked, and write the page; 2 where that can't begin, 1 where a model has failed."""
    options = _options()
    tables = [table for table in TABLES if _is_asked(table, options)]
    try:
        models = _models(options)
        _refuse(tables, options, models)
    except (MissingPackageError, ValueError) as fault:
        print(f"error: {fault}", file=sys.stderr)
        return 2
    options.folder.mkdir(parents=True, exist_ok=True)
    _ask(list(_tasks(tables, models, options)), options)
    comparison = Comparison.of(options.folder, tables, models)
    (options.folder / "page.md").write_text(markdown(comparison), encoding="utf-8")
    (options.folder / "page.html").write_text(html(comparison), encoding="utf-8")
    print(summary(comparison))
    print(f"\n{options.folder / 'page.md'}\n{options.folder / 'page.html'}")
    return 1 if comparison.failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the results are kept")
    parser.add_argument(
        "--ours", action="append", metavar="NAME=SETTINGS", help="phoneprice with settings as after -s; may be repeated"
    )
    parser.add_argument("--only-tables", nargs="+", metavar="TABLE", help="those alone")
    parser.add_argument("--only-models", nargs="+", metavar="MODEL", help=f"of {', '.join(PEERS)}, and of ours")
    parser.add_argument("--split", choices=("development", "confirmation", "all"), default="all")
    parser.add_argument("--processes", type=int, default=1, help="tables and models at the same time")
    parser.add_argument("--threads", type=int, default=2, help="of each process")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="a fold may take as long")
    parser.add_argument("--excluded", type=Path, default=EXCLUDED, help="hashes of names that must not be used")
    parser.add_argument("--page-only", action="store_true", help="ask nobody, write the page of what is there")
    return parser.parse_args()


def _is_asked(table: Table, options: argparse.Namespace) -> bool:
    named = not options.only_tables or table.name in options.only_tables
    return named and options.split in {"all", table.split}


def _models(options: argparse.Namespace) -> Models:
    """Raises ``ValueError``, ``MissingPackageError``."""
    ours = dict(_ours(text) for text in options.ours or ["default="])
    models: dict[str, tuple[str, ...] | None] = dict(ours)
    models |= {name: None for name, peer in PEERS.items() if is_installed(peer) or not peer.optional}
    wanted = options.only_models or list(models)
    if unknown := [name for name in wanted if name not in models]:
        raise ValueError(f"--only-models {unknown[0]}: must be of {', '.join(models)}")
    for name in wanted:
        if models[name] is None and not is_installed(PEERS[name]):
            raise MissingPackageError(
                f"{PEERS[name].needs} is not installed: pip install --no-deps {PEERS[name].needs}"
            )
    return {name: models[name] for name in wanted}


def _ours(text: str) -> tuple[str, tuple[str, ...]]:
    name, equals, settings = text.partition("=")
    if not name or not equals:
        raise ValueError(f"--ours {text}: must be NAME=SETTINGS, such as 'plain=training.epochs=50 model.hidden=[64]'")
    words = tuple(word for word in shlex.split(settings) if word != "-s")
    return NAME if name == "default" else f"{NAME} {name}", words


def _refuse(tables: list[Table], options: argparse.Namespace, models: Models) -> None:
    """Refuse what can't or must not be asked. Raises ``ValueError``, ``MissingPackageError``."""
    if not tables:
        raise ValueError("no table is left: --only-tables and --split leave none of the catalogue")
    names = {table.name for table in TABLES}
    if unknown := [name for name in options.only_tables or [] if name not in names]:
        raise ValueError(f"--only-tables {unknown[0]}: must be of the catalogue, tests/benchmarks/tables/catalogue.py")
    if found := list(forbidden(TABLES, excluded_hashes(options.excluded))):
        raise ValueError(f"{found[0]}: is excluded by {options.excluded}; take it out of the catalogue")
    for source in dict.fromkeys(table.source for table in tables):
        folder_of(source)
    for table in tables:
        for model, settings in models.items():
            place = place_of(options.folder, table.name, model)
            if settings is not None and place.is_file() and read_facts(place).settings != settings:
                made = " ".join(read_facts(place).settings) or "no settings"
                raise ValueError(f"{place}: was made with {made}; give the new settings another name, or delete it")


def _tasks(tables: list[Table], models: Models, options: argparse.Namespace) -> Iterator[Task]:
    if options.page_only:
        return
    for table in tables:
        for model, settings in models.items():
            if not place_of(options.folder, table.name, model).is_file():
                folder = str(options.folder.resolve())
                yield Task(table.name, model, settings, folder, options.threads, (), options.seconds, 0.0)


def _ask(tasks: list[Task], options: argparse.Namespace) -> None:
    """Each in a process of its own, on processors that no other has where there are enough."""
    places: SimpleQueue[tuple[int, ...]] = SimpleQueue()
    for own in _processors(options.processes, options.threads):
        places.put(own)

    def one(task: Task) -> str:
        own = places.get()
        try:
            return _asked(task, own)
        finally:
            places.put(own)

    with ThreadPoolExecutor(options.processes) as pool:
        for number, line in enumerate(pool.map(one, tasks), 1):
            print(f"{number}/{len(tasks)} {line}", flush=True)


def _processors(processes: int, threads: int) -> list[tuple[int, ...]]:
    there = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if processes * threads > len(there):
        return [()] * processes
    return [tuple(there[first : first + threads]) for first in range(0, processes * threads, threads)]


def _asked(task: Task, processors: tuple[int, ...]) -> str:
    """Run the process; where it ends without a result, that is the result. A line of what came out."""
    started = time.time()
    task = Task(**vars(task) | {"processors": processors, "started": started})
    ended = subprocess.run(
        [sys.executable, "-m", "tables.worker"],
        input=task.text(),
        text=True,
        capture_output=True,
        check=False,
        env=_environment(task.threads),
    )
    facts = Facts(task.table, task.model, task.settings or ())
    if ended.returncode == -signal.SIGALRM:
        write(
            Path(task.folder), nothing(Facts(**vars(facts) | {"outcome": "too slow", "words": f"{task.seconds:g} s"}))
        )
    elif ended.returncode:
        words = (ended.stderr.strip().splitlines() or [f"exit code {ended.returncode}"])[-1][:200]
        write(Path(task.folder), nothing(Facts(**vars(facts) | {"outcome": "failed", "words": words})))
    found = read_facts(place_of(Path(task.folder), task.table, task.model))
    what = "" if found.outcome == "answered" else f", {found.outcome}: {found.words}"
    return f"{task.table}, {task.model}: {time.time() - started:.1f} s{what}"


def _environment(threads: int) -> dict[str, str]:
    """This checkout's package and folder come first; every library takes the same number of threads."""
    given = environment()
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    return given | limits | {"PYTHONPATH": os.pathsep.join((str(HERE), given["PYTHONPATH"]))}


if __name__ == "__main__":
    sys.exit(main())
