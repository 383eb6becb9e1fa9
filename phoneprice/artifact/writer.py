"""Writing a run: everything goes to ``.NAME.partial/`` first and appears under its name complete, or not at all.

``.NAME.partial/lock`` is held (flock) by the process that writes; the kernel releases it when the process dies.
``.NAME.partial/run/`` becomes the run, by one rename, after all of it is on the disk; with ``force`` an older run
steps aside to ``.NAME.old`` and is deleted afterwards. Whatever a killed process leaves is put right by the next
writer: ``.NAME.old`` without NAME goes back to its name, everything else is deleted.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from phoneprice import __version__
from phoneprice.artifact import layout
from phoneprice.artifact.atomic import storage_faults, sync_directory, write_file
from phoneprice.artifact.checkpoints import CheckpointStore
from phoneprice.artifact.documents import render_calibration, render_features, render_schema
from phoneprice.artifact.manifest import FileEntry, Manifest, render_manifest, render_manifest_hash, sha256
from phoneprice.artifact.results import render_document, render_history
from phoneprice.artifact.weights import render_weights
from phoneprice.config.render import to_toml
from phoneprice.data.schema import input_names
from phoneprice.errors import DivergedError, LockedError, ModelError, UsageError

if TYPE_CHECKING:
    from types import TracebackType

    from phoneprice.config.schema import Config
    from phoneprice.data.schema import TableSchema
    from phoneprice.records import Calibration, Ensemble, HeldOut
    from phoneprice.records.curves import Curves
    from phoneprice.records.documents import Environment, RunMetrics, Splits

_LOCK = "lock"
_STAGE = "run"
_CHECKPOINTS = "checkpoints"


@dataclass(frozen=True)
class RunContents:
    """All that a run holds."""

    config: Config
    schema: TableSchema
    ensemble: Ensemble
    calibration: Calibration
    metrics: RunMetrics
    splits: Splits
    environment: Environment
    history: Curves
    held_out: HeldOut | None = None
    """Predictions of held-out rows as they were judged, where there are any."""


class RunWriter:
    """The only process that writes the run ``path``, from its creation to its end as a context manager.

    Raises ``UsageError`` if the run, or an unfinished training of it, is there and neither ``force`` nor ``resume``
    says what to do with it, or if the place is inside another run, ``LockedError`` if another process writes it,
    ``ModelError`` if there is nothing to ``resume``, ``StorageError`` if the place can't be written to: all at
    once, before any training.
    """

    def __init__(self, path: str | Path, *, force: bool = False, resume: bool = False) -> None:
        self.path = Path(os.path.abspath(path))  # noqa: PTH100  # a link at the end stays one
        self._shown = Path(path)
        self._force = force
        _refuse_place(path, force=force, resume=resume)
        with storage_faults(self._shown):
            self.partial = partial_path(self.path)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = _Lock(self.partial, self._shown)
            try:
                recover(self.path)
                _refuse_existing(self.path, self._shown, force=force)  # another process may have finished it just now
                if not (force or resume):
                    _refuse_unfinished(self.path, self._shown)
                self._clean(keep_checkpoints=force or resume)
            except BaseException:
                self.close(keep_checkpoints=True)
                raise

    @property
    def checkpoints(self) -> Path:
        """A directory beside the run's files for the state of an unfinished training; made when first used."""
        return checkpoints_path(self.path)

    def finish(self, contents: RunContents) -> None:
        """Write all files, flush them to the disk and give the run its name. Raises ``StorageError``."""
        stage = self.partial / _STAGE
        with storage_faults(self._shown):
            stage.mkdir()
            _write_files(stage, contents)
            sync_directory(self.partial)
            self._swap_in(stage)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Going on from its checkpoints, a diverged training would diverge again.
        self.close(keep_checkpoints=kind is not None and not issubclass(kind, DivergedError))

    def close(self, *, keep_checkpoints: bool) -> None:
        """Let go of the run; checkpoints stay only where an unfinished training may be resumed."""
        with suppress(OSError):
            self._leave(keep_checkpoints=keep_checkpoints)
        self._lock.release()

    def _clean(self, *, keep_checkpoints: bool) -> None:
        """What a killed process left goes; checkpoints that may be missed do when there are new ones."""
        for entry in self.partial.iterdir():
            if entry.name != _LOCK and not (keep_checkpoints and entry.name == _CHECKPOINTS):
                _delete(entry)

    def _swap_in(self, stage: Path) -> None:
        old = old_path(self.path)
        if self._force and os.path.lexists(self.path):
            self.path.rename(old)
        try:
            stage.rename(self.path)
        except OSError:
            recover(self.path)
            raise
        sync_directory(self.path.parent)
        _delete(old)

    def _leave(self, *, keep_checkpoints: bool) -> None:
        """Delete the partial directory, unless it holds checkpoints that a failed or stopped training can use."""
        _delete(self.partial / _STAGE)
        if keep_checkpoints and self.checkpoints.is_dir() and any(self.checkpoints.iterdir()):
            return
        _delete(self.checkpoints)
        # Others that find no lock file here make a new directory; see _Lock.
        (self.partial / _LOCK).unlink()
        self.partial.rmdir()


def write_run(path: str | Path, contents: RunContents, *, force: bool = False) -> None:
    """Write a whole run at once; raises as ``RunWriter`` does."""
    with RunWriter(path, force=force) as writer:
        writer.finish(contents)


def refuse_place(path: str | Path, *, force: bool = False, resume: bool = False) -> None:
    """Raise what ``RunWriter`` raises for a place that can't be the run's, without writing anything.

    Only of a training that goes on at the moment it says that it is unfinished: to ask its lock would be to take it.
    """
    _refuse_place(path, force=force, resume=resume)
    if not (force or resume):
        with storage_faults(Path(path)):
            _refuse_unfinished(Path(os.path.abspath(path)), Path(path))  # noqa: PTH100


def _refuse_place(path: str | Path, *, force: bool, resume: bool) -> None:
    shown, whole = Path(path), Path(os.path.abspath(path))  # noqa: PTH100  # a link at the end stays one
    with storage_faults(shown):
        if resume and not partial_path(whole).is_dir():
            found = "is finished" if whole.is_dir() else "found no training of it"
            raise ModelError(f"{shown}: {found}, so there is nothing to resume; train without --resume")
        _refuse_inside_a_run(whole, shown)
        _refuse_existing(whole, shown, force=force)


def _refuse_inside_a_run(path: Path, shown: Path) -> None:
    parent = Path(os.path.realpath(path.parent))
    for folder in parent, *parent.parents:
        if all((folder / name).is_file() for name in (layout.MANIFEST, layout.MANIFEST_HASH)):
            raise UsageError(f"{shown}: is inside a run, to which nothing may be added; choose another -o")


def _refuse_existing(path: Path, shown: Path, *, force: bool) -> None:
    if not os.path.lexists(path):
        return
    if not force:
        raise UsageError(f"{shown}: exists already; choose another -o, or replace it with --force")
    if not _looks_like_run(path):
        raise UsageError(f"{shown}: is no run, so --force doesn't replace it; choose another -o")


def _refuse_unfinished(path: Path, shown: Path) -> None:
    """Hours of training are not thrown away unasked; what can't be resumed, or has not taken a step, is."""
    try:
        checkpoint, _ = CheckpointStore(checkpoints_path(path), shown).load()
    except ModelError:
        return
    if checkpoint is not None and checkpoint.epoch:
        raise UsageError(
            f"{shown}: holds an unfinished training, saved in epoch {checkpoint.epoch}; "
            "go on with --resume, or start over with --force"
        )


def partial_path(path: Path) -> Path:
    """Where the run ``path`` lives until it is finished."""
    return path.with_name(f".{path.name}.partial")


def checkpoints_path(path: Path) -> Path:
    """Where the state of an unfinished training of the run ``path`` is saved."""
    return partial_path(path) / _CHECKPOINTS


def old_path(path: Path) -> Path:
    """Where an older version of the run ``path`` waits while the new one takes its name."""
    return path.with_name(f".{path.name}.old")


def being_written(path: Path) -> bool:
    """Whether a process writes the run ``path`` at this moment; asked without writing anything."""
    try:
        file = os.open(partial_path(path) / _LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def recover(path: Path) -> None:
    """Put right what a process killed between the renames of ``--force`` has left; raises ``OSError``."""
    old = old_path(path)
    if not os.path.lexists(old):
        return
    if os.path.lexists(path):
        _delete(old)
    else:
        old.rename(path)
        sync_directory(path.parent)


class _Lock:
    """The exclusive right to write in a directory, which is made if need be."""

    def __init__(self, directory: Path, shown: Path) -> None:
        path = directory / _LOCK
        while True:
            directory.mkdir(exist_ok=True)
            try:
                self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
            except FileNotFoundError:
                continue  # the process before us has just deleted the directory
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = _holder(self._file)
                os.close(self._file)
                raise LockedError(f"{shown}: is being written by another process{holder}; wait for it") from None
            if _same_file(self._file, path):
                break
            os.close(self._file)
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let others write."""
        os.close(self._file)


def _holder(file: int) -> str:
    pid = os.pread(file, 20, 0).decode("ascii", "replace").strip()
    return f" (pid {pid})" if pid.isdigit() else ""


def _same_file(file: int, path: Path) -> bool:
    """Whether the locked file is still the one at ``path``."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _write_files(stage: Path, contents: RunContents) -> None:
    files = _render(contents)
    entries = {name: FileEntry(len(data), sha256(data)) for name, data in files.items()}
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    manifest = render_manifest(Manifest(__version__, now, entries))
    files |= {layout.MANIFEST_HASH: render_manifest_hash(manifest), layout.MANIFEST: manifest}
    for name, data in files.items():
        write_file(stage / name, data)
    sync_directory(stage)


def _render(contents: RunContents) -> dict[str, bytes]:
    ensemble, names = contents.ensemble, input_names(contents.schema)
    files = {
        layout.CONFIG: to_toml(contents.config).encode(),
        layout.SCHEMA: render_schema(contents.schema),
        layout.FEATURES: render_features(ensemble.inputs, ensemble.target, names),
        layout.SPLITS: render_document(contents.splits),
        layout.WEIGHTS: render_weights(ensemble.parameters),
        layout.CALIBRATION: render_calibration(contents.calibration),
        layout.METRICS: render_document(contents.metrics),
        layout.HISTORY: render_history(contents.history),
        layout.ENVIRONMENT: render_document(contents.environment),
    }
    if contents.held_out is not None:
        from phoneprice.artifact.held_out import render_held_out

        files[layout.OUT_OF_FOLD] = render_held_out(contents.held_out, contents.schema.labels)
    return files


def _looks_like_run(path: Path) -> bool:
    """A directory that holds nothing but files of a run: the only kind that ``force`` may delete."""
    return path.is_dir() and not path.is_symlink() and all(entry.name in layout.LIMITS for entry in path.iterdir())


def _delete(path: Path) -> None:
    """Delete a file or a directory, if it is there; links are not followed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
