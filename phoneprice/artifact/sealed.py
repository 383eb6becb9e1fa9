"""An open run directory: regular files with known names, read only when their size and SHA-256 are as listed.

All files are opened at one moment and held, so what is read later is of the same run, whatever has happened to its
name. They are opened relative to the directory's descriptor and without following links, so neither a link nor a
renamed parent leads elsewhere; opening doesn't wait, so a named pipe can't hang the program.
"""

import errno
import hashlib
import os
import stat
import weakref
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from phoneprice.artifact.folders import OpenDirectory, mode_of
from phoneprice.artifact.layout import (
    BEST,
    COMPARISON,
    DAMAGED,
    LIMITS,
    LISTED,
    MANIFEST,
    MANIFEST_HASH,
    PAGE,
    SEARCH_ALONE,
    WEIGHTS,
)
from phoneprice.artifact.manifest import Manifest, parse_manifest, render_manifest_hash
from phoneprice.artifact.work import run_places
from phoneprice.errors import ModelError, PhonePriceError
from phoneprice.shortage import resource_error
from phoneprice.wording import cut, printable

_LOOKS = 100
"""Times that a run is opened again because it has been replaced meanwhile."""
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
class CheckedFile:
    """A file whose bytes are as the manifest says."""

    name: str
    bytes: int
    sha256: str


class SealedDirectory(AbstractContextManager["SealedDirectory"]):
    """The files of a run whose manifest, list of files and sizes have been checked, in the open ``directory``.

    They are closed with it as a context manager, or when nobody has it any more. ``path`` is how messages call it.
    Raises ``ModelError``, naming the file, for whatever is not as the manifest says.
    """

    def __init__(self, directory: OpenDirectory, path: Path) -> None:
        self.path = path
        self.mode = mode_of(os.fstat(directory.descriptor))
        """Permissions of a file that is made of the run: whoever may read all of this may read that."""
        self._files = dict[str, int | bytes]()
        with ExitStack() as opened:
            self.manifest, self.manifest_file = self._read_manifest(directory)
            self._refuse_others(directory)
            for name, entry in self.manifest.files.items():
                self._files[name] = file = self._open(directory, name)
                opened.callback(os.close, file)
                status = os.fstat(file)
                if status.st_size != entry.bytes:
                    found = f"found {status.st_size} bytes, expected {entry.bytes}"
                    raise ModelError(f"{self.source(name)}: {found}; {DAMAGED}")
                self.mode &= mode_of(status)
            self.mode |= stat.S_IRUSR | stat.S_IWUSR
            self._close = weakref.finalize(self, opened.pop_all().close)

    def read(self, name: str) -> bytes:
        """The bytes of a listed file, after its hash is checked."""
        entry = self.manifest.files[name]
        held = self._files[name]
        try:
            data = held if isinstance(held, bytes) else _bytes_of(held, entry.bytes)
        except OSError as fault:
            raise self._unreadable(name, fault) from None
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            raise self._changed(name)
        return data

    def document(self, name: str) -> tuple[bytes, str]:
        """The same bytes, and how messages call the file."""
        return self.read(name), self.source(name)

    def source(self, name: str) -> str:
        """How messages call a file."""
        return str(self.path / name)

    def __exit__(self, *_: object) -> None:
        self._close()

    def __getstate__(self) -> dict[str, object]:
        """For pickle: the bytes themselves, but for the weights, which whoever has loaded the run has."""
        files = {name: self.read(name) for name in self._files if name != WEIGHTS}
        return {name: value for name, value in vars(self).items() if name != "_close"} | {"_files": files}

    def _read_manifest(self, directory: OpenDirectory) -> tuple[Manifest, CheckedFile]:
        if MANIFEST not in directory.names():
            raise ModelError(f"{self.path}: no run: {MANIFEST} is missing; name a directory that train has written")
        data = self._read_at_most(directory, MANIFEST, LIMITS[MANIFEST])
        manifest = parse_manifest(data, self.source(MANIFEST))
        if self._read_at_most(directory, MANIFEST_HASH, LIMITS[MANIFEST_HASH]) != render_manifest_hash(data):
            raise self._changed(MANIFEST)
        return manifest, CheckedFile(MANIFEST, len(data), hashlib.sha256(data).hexdigest())

    def _refuse_others(self, directory: OpenDirectory) -> None:
        """The directory holds no other than the listed files."""
        for name in sorted({*directory.names()} - {*self.manifest.files} - {MANIFEST, MANIFEST_HASH}):
            kind = "not listed in the manifest" if name in LISTED else "no file of a run"
            raise ModelError(
                f"{self.path / cut(printable(name), 80)}: {kind}; nothing in a run may be added, {DAMAGED}"
            )

    def _read_at_most(self, directory: OpenDirectory, name: str, limit: int) -> bytes:
        with os.fdopen(self._open(directory, name), "rb") as file:
            try:
                data = file.read(limit + 1)
            except OSError as fault:
                raise self._unreadable(name, fault) from None
        if len(data) > limit:
            raise ModelError(f"{self.source(name)}: found more than {limit} bytes; {DAMAGED}")
        return data

    def _open(self, directory: OpenDirectory, name: str) -> int:
        try:
            file = os.open(name, _FLAGS, dir_fd=directory.descriptor)
        except OSError as fault:
            raise self._unreadable(name, fault) from None
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise self._odd_kind(name)
        return file

    def _unreadable(self, name: str, fault: OSError) -> PhonePriceError:
        if short := resource_error(fault):
            return short
        if fault.errno == errno.ENOENT:
            return ModelError(f"{self.source(name)}: missing; {DAMAGED}")
        if fault.errno in {errno.ELOOP, errno.ENXIO, errno.EMLINK}:
            return self._odd_kind(name)
        return ModelError(f"{self.source(name)}: can't be read: {(fault.strerror or str(fault)).lower()}")

    def _odd_kind(self, name: str) -> ModelError:
        return ModelError(f"{self.source(name)}: not a regular file; links and devices are never followed, {DAMAGED}")

    def _changed(self, name: str) -> ModelError:
        return ModelError(f"{self.source(name)}: its SHA-256 is not the one listed; {DAMAGED}")


def open_run(path: Path, *, or_search: bool = False) -> SealedDirectory:
    """The run called ``path``; the older or the newer one, whole, where another process replaces it meanwhile.

    Where ``train --force`` was killed before it put the new one there, that is the older one, which it has put aside.
    With ``or_search`` a search without networks will do, too. Raises ``ModelError``.
    """
    for _ in range(_LOOKS):
        with _open_directory(path) as directory:
            try:
                return _run_of(SealedDirectory(directory, path), or_search=or_search)
            except ModelError:
                if _is_still(path, directory):
                    raise
    raise ModelError(f"{path}: is replaced again and again by another process; run again when that is done")


def _run_of(found: SealedDirectory, *, or_search: bool) -> SealedDirectory:
    if COMPARISON in found.manifest.files:
        page = found.path / PAGE
        raise ModelError(f"{found.path}: is a comparison of several trainings, not a run; open {page} in a browser")
    if {*found.manifest.files} == SEARCH_ALONE and not or_search:
        learn = f"'phoneprice train DATA -c {found.path / BEST}' trains the best"
        raise ModelError(f"{found.path}: holds a search and no networks; {learn}")
    return found


def _is_still(path: Path, directory: OpenDirectory) -> bool:
    with _open_directory(path) as again:
        return os.path.samestat(os.fstat(again.descriptor), os.fstat(directory.descriptor))


def _open_directory(path: Path) -> OpenDirectory:
    try:
        for place in run_places(path):
            with suppress(FileNotFoundError if place == path else OSError):
                return OpenDirectory.at(place)
    except NotADirectoryError:
        raise ModelError(f"{path}: is a file, a run is a directory; name a directory that train has written") from None
    except (OSError, ValueError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) and fault.strerror else str(fault)
        raise resource_error(fault) or ModelError(f"{path}: can't be read: {reason.lower()}") from None
    raise ModelError(f"{path}: no such run; 'phoneprice runs list' shows those there are")


def _bytes_of(file: int, size: int) -> bytes:
    """The first bytes of an open file, from its beginning, wherever others have read to."""
    parts, have = list[bytes](), 0
    while have < size and (part := os.pread(file, size - have, have)):
        parts.append(part)
        have += len(part)
    return b"".join(parts)
