"""An open run directory: regular files with known names, read only when their size and SHA-256 are as listed.

Files are opened relative to the directory's descriptor and without following links, so neither a link nor a
renamed parent leads elsewhere; opening doesn't wait, so a named pipe can't hang the program.
"""

import errno
import hashlib
import os
import stat
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from phoneprice.artifact.layout import DAMAGED, LIMITS, LISTED, MANIFEST, MANIFEST_HASH
from phoneprice.artifact.manifest import Manifest, parse_manifest, render_manifest_hash
from phoneprice.errors import ModelError
from phoneprice.wording import cut, printable

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class CheckedFile:
    """A file whose bytes are as the manifest says."""

    name: str
    bytes: int
    sha256: str


class SealedDirectory(AbstractContextManager["SealedDirectory"]):
    """A run directory whose manifest, list of files and sizes have been checked; a context manager.

    Raises ``ModelError``, naming the file, for whatever is not as the manifest says.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._directory = _open_directory(path)
        try:
            self.manifest, self.manifest_file = self._read_manifest()
            self._check_listing()
        except BaseException:
            self.close()
            raise

    def read(self, name: str) -> bytes:
        """The bytes of a listed file, after its hash is checked."""
        entry = self.manifest.files[name]
        data = self._read_at_most(name, entry.bytes)
        if hashlib.sha256(data).hexdigest() != entry.sha256:
            raise self._changed(name)
        return data

    def check(self, name: str) -> CheckedFile:
        """Check a listed file's hash without holding it in memory."""
        entry = self.manifest.files[name]
        digest = hashlib.sha256()
        with os.fdopen(self._open(name), "rb", buffering=0) as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
        if digest.hexdigest() != entry.sha256:
            raise self._changed(name)
        return CheckedFile(name, entry.bytes, entry.sha256)

    def document(self, name: str) -> tuple[bytes, str]:
        """The same bytes, and how messages call the file."""
        return self.read(name), self.source(name)

    def source(self, name: str) -> str:
        """How messages call a file."""
        return str(self.path / name)

    def close(self) -> None:
        """Close the directory."""
        if self._directory >= 0:
            os.close(self._directory)
            self._directory = -1

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read_manifest(self) -> tuple[Manifest, CheckedFile]:
        if MANIFEST not in self._names():
            raise ModelError(f"{self.path}: no run: {MANIFEST} is missing; name a directory that train has written")
        data = self._read_at_most(MANIFEST, LIMITS[MANIFEST])
        manifest = parse_manifest(data, self.source(MANIFEST))
        if self._read_at_most(MANIFEST_HASH, LIMITS[MANIFEST_HASH]) != render_manifest_hash(data):
            raise self._changed(MANIFEST)
        return manifest, CheckedFile(MANIFEST, len(data), hashlib.sha256(data).hexdigest())

    def _check_listing(self) -> None:
        """The directory holds the listed files, no other, each regular and of its size."""
        for name in sorted(self._names() - set(self.manifest.files) - {MANIFEST, MANIFEST_HASH}):
            kind = "not listed in the manifest" if name in LISTED else "no file of a run"
            raise ModelError(
                f"{self.path / cut(printable(name), 80)}: {kind}; nothing in a run may be added, {DAMAGED}"
            )
        for name, entry in self.manifest.files.items():
            size = self._size(name)
            if size != entry.bytes:
                raise ModelError(f"{self.source(name)}: found {size} bytes, expected {entry.bytes}; {DAMAGED}")

    def _names(self) -> frozenset[str]:
        with os.scandir(self._directory) as entries:
            return frozenset(entry.name for entry in entries)

    def _size(self, name: str) -> int:
        try:
            status = os.stat(name, dir_fd=self._directory, follow_symlinks=False)
        except OSError as fault:
            raise self._unreadable(name, fault) from None
        if not stat.S_ISREG(status.st_mode):
            raise self._odd_kind(name)
        return status.st_size

    def _read_at_most(self, name: str, limit: int) -> bytes:
        with os.fdopen(self._open(name), "rb") as file:
            try:
                data = file.read(limit + 1)
            except OSError as fault:
                raise self._unreadable(name, fault) from None
        if len(data) > limit:
            raise ModelError(f"{self.source(name)}: found more than {limit} bytes; {DAMAGED}")
        return data

    def _open(self, name: str) -> int:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            descriptor = os.open(name, flags, dir_fd=self._directory)
        except OSError as fault:
            raise self._unreadable(name, fault) from None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise self._odd_kind(name)
        return descriptor

    def _unreadable(self, name: str, fault: OSError) -> ModelError:
        if fault.errno == errno.ENOENT:
            return ModelError(f"{self.source(name)}: missing; {DAMAGED}")
        if fault.errno in {errno.ELOOP, errno.ENXIO, errno.EMLINK}:
            return self._odd_kind(name)
        return ModelError(f"{self.source(name)}: can't be read: {(fault.strerror or str(fault)).lower()}")

    def _odd_kind(self, name: str) -> ModelError:
        return ModelError(f"{self.source(name)}: not a regular file; links and devices are never followed, {DAMAGED}")

    def _changed(self, name: str) -> ModelError:
        return ModelError(f"{self.source(name)}: its SHA-256 is not the one listed; {DAMAGED}")


def _open_directory(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise ModelError(f"{path}: no such run; 'phoneprice runs list' shows those there are") from None
    except NotADirectoryError:
        raise ModelError(f"{path}: is a file, a run is a directory; name a directory that train has written") from None
    except (OSError, ValueError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) and fault.strerror else str(fault)
        raise ModelError(f"{path}: can't be read: {reason.lower()}") from None
