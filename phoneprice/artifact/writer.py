"""Writing a run: everything goes to ``.NAME.partial/`` first and appears under its name complete, or not at all.

``.NAME.partial/`` is a work directory: its marker, ``lock``, is held by the process that writes.
``run-TOKEN/`` in it becomes the run, by one rename, after all of it is on the disk; with ``force`` an older run steps
aside to ``old-TOKEN/`` and is deleted afterwards, as ``gone-TOKEN/``. Whatever a killed process leaves is put right by
the next writer: the older run goes back to its name where nothing has it, everything else is deleted. Only what the
program has made is ever renamed or deleted.
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

from phoneprice import __version__
from phoneprice.artifact import layout
from phoneprice.artifact.atomic import storage_faults
from phoneprice.artifact.checkpoints import CheckpointStore
from phoneprice.artifact.folders import OpenDirectory, keep_folder_access, mode_of
from phoneprice.artifact.manifest import (
    FileEntry,
    Manifest,
    is_manifest_hash,
    parse_manifest,
    render_manifest,
    render_manifest_hash,
    sha256,
)
from phoneprice.artifact.prediction_files import (
    SCHEMA_VALUES,
    render_calibration,
    render_features,
    render_schema,
)
from phoneprice.artifact.sealed import SealedDirectory
from phoneprice.artifact.strict_json import values_in
from phoneprice.artifact.weights import recipe_parameters, render_weights
from phoneprice.artifact.work import OLDER, Purpose, WorkDirectory, delete_strays, work_name
from phoneprice.config.render import to_toml
from phoneprice.data.encoding.schema import input_names
from phoneprice.errors import (
    ConfigError,
    DataError,
    DivergedError,
    LockedError,
    ModelError,
    PhonePriceError,
    StorageError,
    UsageError,
)
from phoneprice.places import is_directory, real_entry
from phoneprice.wording import count, size

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from types import TracebackType

    from phoneprice.artifact.search_files import SearchContents
    from phoneprice.config.schema import Config
    from phoneprice.data.encoding.schema import TableSchema
    from phoneprice.records import Calibration, HeldOut, TrainedRecipe
    from phoneprice.records.curves import Curves
    from phoneprice.records.documents import Environment, RunMetrics, Splits

_WORK_NAME = re.compile(r"\..*\.partial", re.DOTALL)
_OTHER = "choose another -o"
_LARGE: dict[str, tuple[type[PhonePriceError], str]] = {
    layout.CONFIG: (
        ConfigError,
        "a list in it is too long, such as data.ignored_columns; leave columns out of the table",
    ),
    layout.SCHEMA: (
        DataError,
        "columns, labels or categories are too many or too long; name columns of no use in data.ignored_columns",
    ),
    layout.ENVIRONMENT: (UsageError, "the command line is too long; train with --no-command-line"),
}
"""Why a file of a run can be larger than its readers take, and what to do."""
_is_run_file = layout.is_known


@dataclass(frozen=True)
class RunContents:
    """All that a run holds."""

    config: Config
    schema: TableSchema
    recipes: Sequence[TrainedRecipe]
    calibration: Calibration
    metrics: RunMetrics
    splits: Splits
    environment: Environment
    history: Curves
    held_out: HeldOut | None = None
    """Predictions of held-out rows as they were judged, where there are any."""
    search: SearchContents | None = None
    """The search that the configuration comes from, if it does."""


@dataclass(frozen=True)
class SearchAlone:
    """All that a search without a training holds."""

    search: SearchContents
    environment: Environment


class RunWriter:
    """The only process that writes the run ``path``, from its creation to its end as a context manager.

    Raises ``UsageError`` if the run, or an unfinished training of it, is there and neither ``force`` nor ``resume``
    says what to do with it, or if the place is inside another run, ``LockedError`` if another process writes it,
    ``ModelError`` if there is nothing to ``resume``, ``StorageError`` if the place can't be written to, or something
    else has the name of the work directory: all at once, before any training.
    """

    def __init__(self, path: str | Path, *, force: bool = False, resume: bool = False) -> None:
        self.path = _whole(Path(path))
        self._shown, self._name = Path(path), self.path.name
        self._force = force
        _refuse_place(self._shown, force=force, resume=resume)
        with storage_faults(self._shown), ExitStack() as opened:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._parent = opened.enter_context(_open_parent(self._shown))
            self._work = opened.enter_context(_take(self._parent, self._name, self._shown))
            self._stage, self._old, self._gone = map(self._work.made_name, ("run", OLDER, "gone"))
            self.checkpoints = CheckpointStore(self._work, self._shown)
            """The state of an unfinished training."""
            opened.callback(self._leave, keep_checkpoints=True)
            self._recover()
            # Another process may have finished it just now.
            _refuse_existing(self._parent, self._name, self._shown, force=force, resume=resume)
            if not (force or resume):
                _refuse_unfinished(self.checkpoints, self._shown)
            self.checkpoints.require_only()  # those that nobody misses go when there are new ones, or at the end
            if not (force or resume):
                self.checkpoints.delete()
            opened.pop_all()

    def finish(self, contents: RunContents | SearchAlone) -> None:
        """Write all files, flush them to the disk and give the run its name. Raises ``StorageError``."""
        self.finish_with(_render(contents))

    def finish_with(self, files: Mapping[str, bytes]) -> None:
        """The same for files that are rendered already: those of a run or of a comparison, as ``layout`` has them."""
        with storage_faults(self._shown):
            old = self._parent.status(self._name) if self._force else None
            with self._work.new_child(self._stage, mode_of(old)) as stage:
                if old is not None:
                    keep_folder_access(stage.descriptor, old)
                older = _files_of(self._parent, self._name) if self._force else {}
                _write_files(stage, files, _time_after_all_in(self._parent), older, mode_of(old) | stat.S_IRWXU)
                self._work.sync()
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
        with self._parent, self._work:
            self._leave(keep_checkpoints=keep_checkpoints)

    def _recover(self) -> None:
        """Put right what a killed process has left, but for checkpoints."""
        for made in (self._stage, self._gone):
            self._work.delete_child(made, _is_run_file)
        self._settle_older()

    def _settle_older(self) -> None:
        """Put the older version back, or give it up where a run that is whole has its name."""
        if self._work.status(self._old) is None:
            return
        if self._parent.status(self._name) is None:
            _move_run(self._work, self._old, self._parent, self._name)
            self._parent.sync()
        elif _is_whole(self._parent, self._name):
            self._parent.sync()
            self._give_up_older()

    def _swap_in(self, stage: OpenDirectory) -> None:
        if self._force and self._parent.status(self._name) is not None:
            # An older version that waits already is whole, and what has its name is not.
            aside = self._old if self._work.status(self._old) is None else self._gone
            _move_run(self._parent, self._name, self._work, aside)
        try:
            self._work.move_child(self._stage, stage, self._parent, self._name)
        except OSError:
            self._recover()
            raise
        self._parent.sync()
        self._work.delete_child(self._gone, _is_run_file)
        if self._work.status(self._old) is not None:
            self._give_up_older()

    def _give_up_older(self) -> None:
        """Delete the older version; renamed first, so that one of which half is deleted is known for what it was."""
        _move_run(self._work, self._old, self._work, self._gone)
        self._work.delete_child(self._gone, _is_run_file)

    def _leave(self, *, keep_checkpoints: bool) -> None:
        """Delete the work directory, unless it holds checkpoints that a failed or stopped training can use."""
        with suppress(OSError, StorageError):
            self._recover()
            if not (keep_checkpoints and self.checkpoints.last_saved() is not None):
                self.checkpoints.delete()
                self._work.delete()


def refuse_place(path: str | Path, *, force: bool = False, resume: bool = False) -> None:
    """Raise what ``RunWriter`` raises for a place that can't be the run's, without writing anything.

    Only of a training that goes on at the moment it says that it is unfinished: to ask its lock would be to take it.
    """
    shown = Path(path)
    _refuse_place(shown, force=force, resume=resume)
    with storage_faults(shown), open_work(shown) as work:
        if work is not None and not (force or resume):
            _refuse_unfinished(CheckpointStore(work, shown), shown)


@contextmanager
def open_work(path: Path) -> Iterator[WorkDirectory | None]:
    """The work directory of the run ``path``, None without one. Raises ``StorageError`` for what is not ours."""
    name = _whole(path).name
    if not is_directory(_whole(path).parent):
        yield None
        return
    with _open_parent(path) as opened, ExitStack() as stack:
        work = WorkDirectory.find(opened, work_name(name), Purpose("run", name))
        yield work and stack.enter_context(work)


def _take(parent: OpenDirectory, name: str, shown: Path) -> WorkDirectory:
    """The work directory of the run, made if need be, for this process alone."""
    purpose = Purpose("run", name)
    delete_strays(parent, purpose)
    while True:
        found = WorkDirectory.find(parent, work_name(name), purpose, os.O_RDWR)
        mode = _mode_of_all(parent, name)
        work = found or WorkDirectory.create(parent, purpose, mode)
        with ExitStack() as opened:
            opened.enter_context(work)
            if found is None:
                opened.callback(work.delete)
                if (old := parent.status(name)) is not None:  # whoever may read the run may where it waits
                    keep_folder_access(work.descriptor, old, mode, owner=False)
                with suppress(FileExistsError):  # another process was faster
                    work.take_name(work_name(name))
                    parent.sync()
            elif not work.hold():
                raise LockedError(f"{shown}: is being written by another process (pid {work.holder()}); wait for it")
            if work.in_place() and not work.is_unnamed():
                opened.pop_all()
                return work


def _refuse_place(shown: Path, *, force: bool, resume: bool) -> None:
    path = _whole(shown)
    if path.name in {"", ".."}:
        raise _taken(shown)
    if _WORK_NAME.fullmatch(path.name):
        raise UsageError(f"{shown}: is no name for a run, {work_name('NAME')} is what unfinished ones have; {_OTHER}")
    with storage_faults(shown), open_work(shown) as work:
        if resume and work is None:
            found = "is finished" if is_directory(path) else "found no training of it"
            raise ModelError(f"{shown}: {found}, so there is nothing to resume; train without --resume")
        _refuse_inside_a_run(path, shown)
        if os.path.lexists(path):
            with _open_parent(shown) as parent:
                _refuse_existing(parent, path.name, shown, force=force, resume=resume)


def _refuse_inside_a_run(path: Path, shown: Path) -> None:
    if layout.is_inside_a_run(real_entry(path)):
        raise UsageError(f"{shown}: is inside a run, to which nothing may be added; {_OTHER}")


def _refuse_existing(parent: OpenDirectory, name: str, shown: Path, *, force: bool, resume: bool) -> None:
    if parent.status(name) is None:
        return
    try:
        _open_run(parent, name).close()
    except FileNotFoundError:  # gone since
        return
    except StorageError:
        raise _taken(shown) from None
    if not force:
        goes_on = "the training goes on with --resume --force, and replaces it"
        raise UsageError(f"{shown}: exists already; {_OTHER}, or {goes_on if resume else 'replace it with --force'}")
    parent.require_movable(name)  # now, and not when all the training is done


def _taken(shown: Path) -> UsageError:
    return UsageError(f"{shown}: exists already, and is no run that --force would replace; {_OTHER}")


def _refuse_unfinished(checkpoints: CheckpointStore, shown: Path) -> None:
    """Hours of training are not thrown away unasked; what can't be resumed, or has not taken a step, is."""
    try:
        checkpoint, _ = checkpoints.load()
    except ModelError:
        return
    if checkpoint is None or not (checkpoint.epoch or checkpoint.pieces):
        return
    place = f"training, saved in epoch {checkpoint.epoch}" if checkpoint.epoch else "search"
    raise UsageError(f"{shown}: holds an unfinished {place}; go on with --resume, or start over with --force")


def _open_run(parent: OpenDirectory, name: str) -> OpenDirectory:
    """A run, whole or damaged: it has a manifest of ours, and no other files than a run has; else ``StorageError``.

    Raises ``FileNotFoundError`` where nothing has the name.
    """
    while True:
        with ExitStack() as opened:
            run = opened.enter_context(parent.child(name))
            try:
                _require_run(parent, name, run)
            except (OSError, StorageError):
                if parent.holds(name, run.descriptor):
                    raise
                continue  # another process has just replaced it
            opened.pop_all()
            return run


def _is_whole(parent: OpenDirectory, name: str) -> bool:
    """Whether it is a run of which every byte is as its manifest says."""
    with (
        suppress(OSError, StorageError, ModelError),
        parent.child(name) as opened,
        SealedDirectory(opened, parent.path / name) as run,
    ):
        for file in run.manifest.files:
            run.read(file)
        return True
    return False


def _move_run(source: OpenDirectory, name: str, to: OpenDirectory, new: str) -> None:
    """Rename a run, whole or damaged, to a name that is free."""
    with _open_run(source, name) as run:
        source.move_child(name, run, to, new)


def _require_run(parent: OpenDirectory, name: str, run: OpenDirectory) -> None:
    listed = _listed_files(run)
    if not listed:
        parent.refuse(name, "no run")
    run.require_files(listed.__contains__)


def _listed_files(folder: OpenDirectory) -> Collection[str]:
    """The files that its manifest allows; all those of a run where only the manifest's hash tells that it is one."""
    with suppress(OSError, StorageError, ModelError):
        data = folder.read(layout.MANIFEST, layout.LIMITS[layout.MANIFEST])
        return {*parse_manifest(data, "").files, layout.MANIFEST, layout.MANIFEST_HASH}
    with suppress(OSError, StorageError):
        data = folder.read(layout.MANIFEST_HASH, layout.LIMITS[layout.MANIFEST_HASH])
        return (*layout.LIMITS, *layout.LIMITS_OF_COMPARISONS) if is_manifest_hash(data) else ()
    return ()


def _whole(path: Path) -> Path:
    return real_entry(path)  # a link at the end stays one


def _open_parent(shown: Path) -> OpenDirectory:
    path = _whole(shown)
    opened = OpenDirectory.at(path.parent)
    opened.path = shown.parent if shown.name == path.name else path.parent
    return opened


def _files_of(parent: OpenDirectory, name: str) -> dict[str, os.stat_result]:
    """The status of each file of a run, whole or damaged; none where there is no run."""
    with suppress(OSError, StorageError), _open_run(parent, name) as run:
        return {file: status for file in run.names() if (status := run.file_status(file)) is not None}
    return {}


def _mode_of_all(parent: OpenDirectory, name: str) -> int:
    """Who may look at a run while it is made: whoever may read all of the one that it replaces."""
    mode = mode_of(parent.status(name))
    for status in _files_of(parent, name).values():
        readers = status.st_mode & (stat.S_IRGRP | stat.S_IROTH)
        mode &= stat.S_IRWXU | readers | readers >> 1 | readers >> 2
    return mode


def refuse_unreadable(config: Config, schema: TableSchema) -> None:
    """Refuse a table or a configuration that makes a run which nobody could read: now, and not after the training.

    Raises ``DataError`` for the table, ``ConfigError`` for the configuration.
    """
    _refuse_large({layout.CONFIG: to_toml(config).encode(), layout.SCHEMA: render_schema(schema)})


def _refuse_large(files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        kind, cause = _LARGE.get(name, (DataError, "classes, members or epochs are too many"))
        if len(data) > layout.limit(name):
            found, most = size(len(data)), size(layout.limit(name))
            raise kind(f"{name} of the run would have {found}, and may have {most}: {cause}")
        if name == layout.SCHEMA and values_in(data) > SCHEMA_VALUES:
            raise kind(f"{name} of the run would have more than {count(SCHEMA_VALUES)} values: {cause}")


def _write_files(
    stage: OpenDirectory,
    rendered: Mapping[str, bytes],
    created: datetime,
    older: Mapping[str, os.stat_result],
    within: int,
) -> None:
    """Write all files; each is for those whom the ``older`` one of its name, or else the older manifest, was for."""
    files = dict(rendered)
    _refuse_large(files)
    entries = {name: FileEntry(len(data), sha256(data)) for name, data in files.items()}
    manifest = render_manifest(Manifest(__version__, created.isoformat(timespec="microseconds"), entries))
    files |= {layout.MANIFEST_HASH: render_manifest_hash(manifest), layout.MANIFEST: manifest}
    for name, data in files.items():
        stage.write(name, data, like=older.get(name) or older.get(layout.MANIFEST), within=within)
    stage.require_files(files.__contains__)
    stage.sync()


def _time_after_all_in(folder: OpenDirectory) -> datetime:
    """Now, or just after the newest run there: the run written last is the latest, even if a clock was wrong once."""
    newest = datetime.now(UTC)
    for name in folder.names():
        with suppress(OSError, StorageError, ModelError), folder.child(name) as run:
            manifest = parse_manifest(run.read(layout.MANIFEST, layout.LIMITS[layout.MANIFEST]), "")
            newest = max(newest, manifest.time() + timedelta(microseconds=1))
    return newest


def _render(contents: RunContents | SearchAlone) -> dict[str, bytes]:
    # Whoever only reads runs does without these; see ``loader.Run``.
    from phoneprice.artifact.search_files import render_search
    from phoneprice.artifact.training_files import render_document

    files = {} if contents.search is None else render_search(contents.search)
    files[layout.ENVIRONMENT] = render_document(contents.environment)
    files |= {} if isinstance(contents, SearchAlone) else _render_run(contents)
    return {name: files[name] for name in layout.LISTED if name in files}


def _render_run(contents: RunContents) -> dict[str, bytes]:
    from phoneprice.artifact.held_out import render_held_out
    from phoneprice.artifact.training_files import render_document, render_history

    ensemble, names = contents.recipes[0].ensemble, input_names(contents.schema)
    files = {
        layout.CONFIG: to_toml(contents.config).encode(),
        layout.SCHEMA: render_schema(contents.schema),
        layout.FEATURES: render_features(ensemble.inputs, ensemble.target, names),
        layout.SPLITS: render_document(contents.splits),
        layout.WEIGHTS: render_weights(recipe_parameters(contents.recipes)),
        layout.CALIBRATION: render_calibration(contents.calibration, contents.recipes),
        layout.METRICS: render_document(contents.metrics),
        layout.HISTORY: render_history(contents.history),
    }
    if contents.held_out is not None:
        files[layout.OUT_OF_FOLD] = render_held_out(contents.held_out, contents.schema.labels)
    return files
