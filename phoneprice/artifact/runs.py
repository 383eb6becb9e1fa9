"""Finding and naming runs."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from phoneprice.artifact.checkpoints import CheckpointStore
from phoneprice.artifact.layout import MANIFEST
from phoneprice.artifact.manifest import BEGINNING
from phoneprice.artifact.sealed import open_run
from phoneprice.artifact.work import partial_path, run_places, work_name
from phoneprice.artifact.writer import open_work
from phoneprice.errors import ModelError, StorageError
from phoneprice.places import is_directory, is_file, why_hidden
from phoneprice.suggestions import nearest_path

RUNS = Path("runs")
LATEST = "latest"


@dataclass(frozen=True)
class ListedRun:
    """A run in a directory of runs: ``created`` in UTC (ISO 8601), ``fault`` says why it can't be used, if so."""

    path: Path
    created: str
    fault: str | None = None


def new_run_path(config_name: str, root: Path = RUNS, now: datetime | None = None) -> Path:
    """A name that no run has yet, nor one that is being trained: ``runs/20261123T041500Z-default``."""
    time = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    path, count = root / f"{time}-{config_name}", 1
    while os.path.lexists(path) or os.path.lexists(partial_path(path)):
        count += 1
        path = root / f"{time}-{config_name}-{count}"
    return path


def require_runs(root: Path) -> None:
    """Raise ``ModelError`` where ``root`` can't hold runs; that there is no ``runs/`` yet is no fault."""
    if _is_run(root):
        raise ModelError(f"{root}: is a run itself; 'phoneprice runs show' shows it")
    if hidden := why_hidden(root):
        raise ModelError(f"{root}: can't be read: {hidden}")
    if root != RUNS and not is_directory(root):
        raise ModelError(f"{root}: no such directory; name one that holds runs")


def list_runs(root: Path = RUNS) -> tuple[ListedRun, ...]:
    """The runs directly in ``root``, oldest first, damaged ones included; none if there is no such directory."""
    try:
        names = {_named_by(entry.name) or entry.name for entry in root.iterdir()}
    except OSError:
        return ()
    runs = (root / name for name in names if not name.startswith("."))
    entries = [run for run in runs if any(is_directory(place) for place in run_places(run))]
    listed = sorted(map(_listed, entries), key=lambda found: (found[0], found[1].path.name))
    return tuple(run for _, run in listed)


def is_latest(run: str | Path) -> bool:
    """Whether ``run`` is the special word: the bare text alone, so ``./latest`` and every ``Path`` are directories."""
    return run == LATEST


def resolve_run(run: str | Path, root: Path = RUNS) -> Path:
    """The path of a run; the text ``latest`` is the newest undamaged one in ``root``.

    Raises ``ModelError`` where there is no run for ``latest``, or none of that name but one that is nearly called so.
    """
    if not is_latest(run):
        _refuse_near_miss(Path(run), root)
        return Path(run)
    usable = [listed for listed in list_runs(root) if listed.fault is None]
    if not usable:
        raise ModelError(f"{root}{os.sep}: holds no run to be the latest; train one, or name a run directory")
    return usable[-1].path


def latest_unfinished(root: Path = RUNS, *, force: bool = False) -> Path:
    """The run in ``root`` whose training was stopped last and can be resumed. Raises ``ModelError`` without any.

    One that stands beside a finished run can only be resumed with ``force``; one that goes on now can't be at all.
    """
    stopped = dict[Path, float]()
    for partial in root.glob(work_name("*")):
        run = root / _named_by(partial.name)
        if (force or not os.path.lexists(run)) and (saved := _last_saved(run, only_idle=True)) is not None:
            stopped[run] = saved
    if not stopped:
        raise ModelError(f"{root}{os.sep}: holds no unfinished training to resume; name the run with -o")
    return max(stopped, key=stopped.__getitem__)


def _named_by(work: str) -> str:
    """The name of the run with a work directory that is called so; none for other names."""
    before, after = work_name("*").split("*")
    return work[len(before) : -len(after)] if work.startswith(before) and work.endswith(after) else ""


def _last_saved(run: Path, *, only_idle: bool = False) -> float | None:
    """When an unfinished training was saved last (POSIX time), None without one; or with one that goes on now."""
    with suppress(OSError, StorageError), open_work(run) as work:
        if work is not None and not (only_idle and work.held()):
            return CheckpointStore(work, run).last_saved()
    return None


def _unfinished_command(run: Path) -> str:
    """The command that goes on with an unfinished training; that of most where its checkpoints are damaged."""
    with suppress(OSError, StorageError, ModelError), open_work(run) as work:
        if work is not None and (checkpoint := CheckpointStore(work, run).load()[0]):
            return checkpoint.command
    return "train"


def _refuse_near_miss(path: Path, root: Path) -> None:
    if not path.name or any(map(os.path.lexists, run_places(path))):
        return
    if _last_saved(path) is not None:
        command = _unfinished_command(path)
        what = "search" if command == "tune" else "training"
        goes_on = f"go on with 'phoneprice {command} DATA -o {path} --resume'"
        raise ModelError(f"{path}: its {what} is unfinished; {goes_on}")
    if _is_run(aside := path.with_name(f".{path.name}.old")):
        raise ModelError(f"{path}: no such run; an earlier version has put it aside, so rename {aside} to {path}")
    if near := nearest_path(path, _is_run) or nearest_path(root / path, _is_run):
        raise ModelError(f"{path}: no such run;{near} 'phoneprice runs list' shows those there are")


def _is_run(path: Path) -> bool:
    return is_file(path / MANIFEST)


def _listed(path: Path) -> tuple[datetime, ListedRun]:
    try:
        with open_run(path) as files:
            return files.manifest.time(), ListedRun(path, files.manifest.created)
    except ModelError as fault:
        return BEGINNING, ListedRun(path, "", str(fault))
