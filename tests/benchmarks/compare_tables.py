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
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
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
    try:
        _ask(list(_tasks(tables, models, options)), options)
    except KeyboardInterrupt:
        print("stopped; the same command goes on", file=sys.stderr)
        return 130
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
    models: dict[str, tuple[str, ...] | None] = {**ours, **dict.fromkeys(PEERS)}
    usual = [name for name in models if name in ours or is_installed(PEERS[name]) or not PEERS[name].optional]
    wanted = options.only_models or usual
    if unknown := [name for name in wanted if name not in models]:
        raise ValueError(f"--only-models {unknown[0]}: must be of {', '.join(models)}")
    for needs in (PEERS[name].needs for name in wanted if name in PEERS and not is_installed(PEERS[name])):
        raise MissingPackageError(f"{needs} is not installed: pip install --no-deps {needs}")
    return {name: models[name] for name in wanted}


def _ours(text: str) -> tuple[str, tuple[str, ...]]:
    name, equals, settings = text.partition("=")
    if not name or not equals:
        raise ValueError(f"--ours {text}: must be NAME=SETTINGS, such as 'plain=training.epochs=50 model.hidden=[64]'")
    words = tuple(word for word in shlex.split(settings) if word != "-s")
    return NAME if name == "default" else f"{NAME} {name}", words


def _refuse(tables: list[Table], options: argparse.Namespace, models: Models) -> None:
    """Refuse what can't or must not be asked. Raises ``ValueError``, ``MissingPackageError``."""
    names = {table.name for table in TABLES}
    if unknown := [name for name in options.only_tables or [] if name not in names]:
        raise ValueError(f"--only-tables {unknown[0]}: must be of the catalogue, tests/benchmarks/tables/catalogue.py")
    if not tables:
        raise ValueError("no table is left: --only-tables and --split leave none of the catalogue")
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
    asking = Asking(_processors(options.processes, options.threads))
    with ThreadPoolExecutor(options.processes) as pool:
        try:
            for number, line in enumerate(pool.map(asking.one, tasks), 1):
                print(f"{number}/{len(tasks)} {line}", flush=True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            asking.stop()
            raise


def _processors(processes: int, threads: int) -> list[tuple[int, ...]]:
    there = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if processes * threads > len(there):
        return [()] * processes
    return [tuple(there[first : first + threads]) for first in range(0, processes * threads, threads)]


class Asking:
    """Processes under way, and the processors that are free for others."""

    def __init__(self, processors: Iterable[tuple[int, ...]]) -> None:
        self._free: SimpleQueue[tuple[int, ...]] = SimpleQueue()
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = False
        for own in processors:
            self._free.put(own)

    def one(self, task: Task) -> str:
        """Ask, and say in a line what came out; a process that ends without a result has its end as the result."""
        own, started = self._free.get(), time.time()
        try:
            code, words = self._run(replace(task, processors=own, started=started))
        finally:
            self._free.put(own)
        if code and not self._stopped:
            write(Path(task.folder), nothing(_ended(task, code, words)))
        if self._stopped:
            return f"{task.table}, {task.model}: stopped"
        found = read_facts(place_of(Path(task.folder), task.table, task.model))
        what = "" if found.outcome == "answered" else f", {found.outcome}: {found.words}"
        return f"{task.table}, {task.model}: {time.time() - started:.1f} s{what}"

    def stop(self) -> None:
        """End the processes; they leave nothing behind and are asked again next time."""
        self._stopped = True
        for process in list(self._running):
            process.kill()

    def _run(self, task: Task) -> tuple[int, str]:
        """Its exit code and what it wrote to stderr."""
        with subprocess.Popen(
            [sys.executable, "-m", "tables.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=_environment(task.threads),
            start_new_session=True,  # Ctrl-C is for the command, which stops them
        ) as process:
            self._running.add(process)
            _, words = process.communicate(task.text())
            self._running.discard(process)
        return process.returncode, words


def _ended(task: Task, code: int, words: str) -> Facts:
    facts = Facts(task.table, task.model, task.settings or ())
    if code == -signal.SIGALRM:
        return replace(facts, outcome="too slow", words=f"more than {task.seconds:g} s")
    last = (words.strip().splitlines() or [f"exit code {code}"])[-1]
    return replace(facts, outcome="failed", words=last[:200])


def _environment(threads: int) -> dict[str, str]:
    """This checkout's package and folder come first; every library takes the same number of threads."""
    given = environment()
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    return given | limits | {"PYTHONPATH": os.pathsep.join((str(HERE), given["PYTHONPATH"]))}


if __name__ == "__main__":
    sys.exit(main())
