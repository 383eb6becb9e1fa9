"""Checkpoints: the state of an unfinished training, so that one that was killed can go on bit for bit.

A checkpoint is one safetensors file, ``NUMBER-SHA256.safetensors``: its name holds the hash of its exact bytes, and its
header the number, so whatever happens to it is noticed. It is written beside, flushed to the disk and renamed; the two
last ones are kept. The header's metadata say what the training was begun with, too.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.artifact import strict_json
from phoneprice.artifact.atomic import storage_faults
from phoneprice.artifact.folders import OpenDirectory
from phoneprice.artifact.manifest import sha256
from phoneprice.errors import ModelError, StorageError
from phoneprice.records import EpochRecord
from phoneprice.records.curves import Curves
from phoneprice.wording import first_of

FOLDER = "checkpoints"
"""The directory in a work directory that they are in."""
FORMAT = "phoneprice checkpoint 1"
KEPT = 2
_NAME = re.compile(r"(\d{8})-([0-9a-f]{64})\.safetensors")
_UNFINISHED = re.compile(r"\d{8}-[0-9a-f]{64}\.unfinished")
_STATE, _HISTORY, _PIECE = "state/", "history/", "piece/"
_CURVES = tuple(f.name for f in fields(Curves) if f.name not in {"health", "start"})
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Checkpoint:
    """Where a training stands."""

    origin: Mapping[str, Any]
    """What it was begun with, as JSON: only the same training may go on from here."""
    state: Arrays
    """All that changes during training, by name."""
    history: Sequence[EpochRecord] = field(default=())
    """The epochs done."""
    pieces: Sequence[Arrays] = field(default=())
    """What a search has found before the training, piece by piece."""

    @property
    def command(self) -> str:
        """What goes on from here."""
        return str(self.origin.get("the command", "train"))

    @property
    def epoch(self) -> int:
        """The epoch of the last step, 1 for the first; 0 before any step, when the first checkpoint is written."""
        place = self.state.get("place")
        return len(self.history) + int(place is not None and bool(np.any(place)))


class CheckpointStore:
    """The checkpoints in a work directory that nobody else writes to; ``run`` is how messages call its run."""

    def __init__(self, work: OpenDirectory, run: Path) -> None:
        self._work, self._run = work, run
        self._kept: list[str] = []
        self._number = 0

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint, whole or not at all, and delete all but the two last ones. Raises ``StorageError``."""
        self._number += 1
        data = _render(checkpoint, self._number)
        stem = f"{self._number:08d}-{sha256(data)}"
        name = f"{stem}.safetensors"
        with storage_faults(self._run), self._open_or_make() as folder:
            for other in filter(_UNFINISHED.fullmatch, folder.names()):  # before there is another: the disk may be full
                folder.discard(other)
            folder.write(f"{stem}.unfinished", data, name)
            folder.sync()
            self._kept = [*self._kept, name][-KEPT:]
            for other in folder.names():
                if _NAME.fullmatch(other) and other not in self._kept:
                    folder.discard(other)

    def load(self) -> tuple[Checkpoint | None, tuple[str, ...]]:
        """The latest undamaged checkpoint, and the names of damaged later ones; None where none was ever written.

        Raises ``ModelError`` when there are some and none is valid.
        """
        damaged: list[str] = []
        with suppress(FileNotFoundError), self._work.child(FOLDER) as folder:
            for name in _latest_first(folder):
                checkpoint = _read(folder, name)
                if checkpoint is not None:
                    self._number, self._kept = int(name[:8]), [name]
                    return checkpoint, tuple(damaged)
                damaged.append(name)
        if damaged:
            raise ModelError(
                f"{self._run}: all its checkpoints are damaged ({first_of(damaged)}); train without --resume"
            )
        return None, ()

    def last_saved(self) -> float | None:
        """When the newest one was written (POSIX time); None where there is none to be found."""
        try:
            with self._work.child(FOLDER) as folder:
                found = (folder.status(name) for name in _latest_first(folder))
                return max((status.st_mtime for status in found if status is not None), default=None)
        except (OSError, StorageError):  # another process may be deleting them
            return None

    def require_only(self) -> None:
        """Raise ``StorageError`` where anything in their directory has another name; odd ones count as damaged."""
        with suppress(FileNotFoundError), self._work.child(FOLDER) as folder:
            folder.require_names(_is_ours)

    def delete(self) -> None:
        """Delete them all. Raises ``OSError``, and ``StorageError`` where there is anything else."""
        self._work.delete_child(FOLDER, _is_ours)

    def _open_or_make(self) -> OpenDirectory:
        try:
            return self._work.child(FOLDER)
        except FileNotFoundError:
            made = self._work.new_child(FOLDER)
            self._work.sync()
            return made


def _is_ours(name: str) -> bool:
    return _NAME.fullmatch(name) is not None or _UNFINISHED.fullmatch(name) is not None


def _latest_first(folder: OpenDirectory) -> list[str]:
    return sorted(filter(_NAME.fullmatch, folder.names()), reverse=True)


def _is_as_long_as_it_says(file: BufferedReader) -> bool:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(f"/dev/fd/{file.fileno()}", "numpy"):
            return True
    except SafetensorError:
        return False


def _hash_of(file: BufferedReader) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()


def _read(folder: OpenDirectory, name: str) -> Checkpoint | None:
    """The checkpoint, or None if it is damaged."""
    with suppress(OSError, StorageError), os.fdopen(folder.open_file(name), "rb") as file:
        # Somebody may have made it as large as can be, so it comes into memory only when its hash is known to fit.
        if not _is_as_long_as_it_says(file) or _hash_of(file) != name[9:73]:
            return None
        file.seek(0)
        data = file.read()
        if sha256(data) == name[9:73]:
            return _parse(data, int(name[:8]), str(folder.path / name))
    return None


def _render(checkpoint: Checkpoint, number: int) -> bytes:
    from safetensors.numpy import save

    arrays = {f"{_STATE}{name}": values for name, values in checkpoint.state.items()}
    arrays |= {f"{_HISTORY}{name}": values for name, values in _columns(checkpoint.history).items()}
    for place, piece in enumerate(checkpoint.pieces):
        arrays |= {f"{_PIECE}{place}/{name}": values for name, values in piece.items()}
    origin = strict_json.render_line(checkpoint.origin).decode()
    # safetensors takes the bytes as they lie in memory, and a () array must stay one.
    whole = {name: values.copy(order="C") for name, values in arrays.items()}
    data: bytes = save(whole, {"format": FORMAT, "number": str(number), "origin": origin})
    return data


def _parse(data: bytes, number: int, source: str) -> Checkpoint | None:
    """What ``_render`` has written; None for another format, which another version may have, or another number."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    length = int.from_bytes(data[:8], "little")
    try:
        header = strict_json.parse(data[8 : 8 + length], source)
        metadata = header["__metadata__"]
        if (metadata["format"], metadata["number"]) != (FORMAT, str(number)):
            return None
        origin = {**strict_json.parse(metadata["origin"].encode(), source)}
        arrays = load(data)
        history = tuple(_records(_part(arrays, _HISTORY)))
        return Checkpoint(origin, _part(arrays, _STATE), history, tuple(_pieces(_part(arrays, _PIECE))))
    except (SafetensorError, ModelError, LookupError, TypeError, AttributeError):
        return None


def _part(arrays: Arrays, prefix: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}


def _pieces(arrays: Arrays) -> Iterator[Arrays]:
    """The arrays of each piece, which begin with its number."""
    place = 0
    while piece := _part(arrays, f"{place}/"):
        yield piece
        place += 1


def _columns(history: Sequence[EpochRecord]) -> dict[str, NDArray[Any]]:
    """A history as arrays whose first axis is the epoch; ``health`` has one for each measurement."""
    if not history:
        return {}
    curves = Curves.of(history)
    columns = {name: getattr(curves, name) for name in _CURVES}
    return columns | {f"health/{name}": values for name, values in curves.health.items()}


def _records(columns: Arrays) -> Iterator[EpochRecord]:
    if columns:
        own = {name: columns[name] for name in _CURVES}
        yield from Curves(**own, health=_part(columns, "health/"), start=None).records()
