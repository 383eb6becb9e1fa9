"""Directories that are held open: neither a link nor a renamed parent leads elsewhere, and nothing is waited on.

All that happens in one goes through its descriptor and follows no link. What must be a file or a directory is looked
at before it is opened, so no device is touched and no named pipe hangs the program.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from phoneprice.errors import StorageError
from phoneprice.places import kind_of

_FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK | os.O_CLOEXEC


def mode_of(status: os.stat_result | None) -> int:
    """Who may do what; before the umask where there is nothing yet."""
    return 0o777 if status is None else stat.S_IMODE(status.st_mode) & 0o777


def keep_access(file: int, old: os.stat_result, within: int = 0o777) -> None:
    """Let those use the open file who could use the old one, and nobody else; ``within`` says what at most."""
    with suppress(OSError):
        os.fchown(file, old.st_uid, -1)
    mode = _with_group_of(file, old, mode_of(old) & within)
    with suppress(PermissionError):  # file systems without permissions
        os.fchmod(file, mode)


def keep_folder_access(folder: int, old: os.stat_result, within: int = 0o777, *, owner: bool = True) -> None:
    """The same of an open directory, in which this process can go on working; its ``owner`` may stay this user."""
    if owner:
        with suppress(OSError):
            os.fchown(folder, old.st_uid, -1)
    mode = _with_group_of(folder, old, mode_of(old) & within) | old.st_mode & stat.S_ISGID
    with suppress(PermissionError):
        os.fchmod(folder, mode | stat.S_IRWXU)


def _with_group_of(file: int, old: os.stat_result, mode: int) -> int:
    """Give the open file or directory the group of the old one; what ``mode`` it may then have."""
    try:
        os.fchown(file, -1, old.st_gid)
    except OSError:
        # The old group is among the others now, and some of the others are the new group.
        shared = mode & mode >> 3 & 0o007
        return mode & 0o700 | shared << 3 | shared
    return mode


class OpenDirectory:
    """A directory and its descriptor, as a context manager; ``path`` is how messages call it.

    Methods raise ``OSError``, and ``StorageError`` for what is not of the kind that the program makes.
    """

    def __init__(self, descriptor: int, path: Path) -> None:
        self.descriptor, self.path = descriptor, path
        self.advice = "choose another name"
        """What else to do about an entry that is not ours."""

    @classmethod
    def at(cls, path: Path) -> OpenDirectory:
        """The directory that somebody has named; links in the path are followed."""
        return OpenDirectory(os.open(path, _DIRECTORY), path)

    def child(self, name: str) -> OpenDirectory:
        """A directory in this one."""
        self._require(name, stat.S_IFDIR)
        try:
            return OpenDirectory(os.open(name, _DIRECTORY | _FLAGS, dir_fd=self.descriptor), self.path / name)
        except OSError as fault:
            if fault.errno in {errno.ELOOP, errno.EMLINK, errno.ENOTDIR}:  # it has just become one
                self.refuse(name, "a symbolic link")
            raise

    def new_child(self, name: str, mode: int = 0o777) -> OpenDirectory:
        """A directory that was not there before; the umask applies to ``mode``."""
        os.mkdir(name, mode | stat.S_IRWXU, dir_fd=self.descriptor)
        try:
            made = self.child(name)
        except OSError:
            with suppress(OSError):
                self.remove(name)
            raise
        if made.names():  # another one has taken its place
            made.close()
            self.refuse(name, "a directory of others")
        return made

    def open_file(self, name: str, flags: int = os.O_RDONLY) -> int:
        """The descriptor of a regular file."""
        self._require(name, stat.S_IFREG)
        file = os.open(name, flags | _FLAGS, dir_fd=self.descriptor)
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            self.refuse(name, "another file now")
        return file

    def new_file(self, name: str, mode: int = 0o666) -> int:
        """The descriptor, for reading and writing, of a file that was not there before."""
        return os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | _FLAGS, mode, dir_fd=self.descriptor)

    def write(
        self,
        name: str,
        data: bytes,
        final: str | None = None,
        *,
        like: os.stat_result | None = None,
        within: int = 0o777,
    ) -> None:
        """A new file with these bytes, on the disk when this returns; it gets the ``final`` name when it is whole.

        Who may use it is ``like`` that of an older file, and at most what ``within`` says.
        """
        with os.fdopen(self.new_file(name, mode_of(like) & within & 0o666), "wb") as file:
            file.write(data)
            file.flush()
            if like is not None:
                keep_access(file.fileno(), like, within)
            os.fsync(file.fileno())
            if final is not None:
                self.move_file(name, file.fileno(), self, final)

    def read(self, name: str, limit: int | None = None) -> bytes:
        """The bytes of a regular file, ``limit`` at most."""
        with os.fdopen(self.open_file(name), "rb") as file:
            return file.read(-1 if limit is None else limit)

    def names(self) -> list[str]:
        """The names of all entries of the directory."""
        return os.listdir(self.descriptor)  # noqa: PTH208

    def status(self, name: str) -> os.stat_result | None:
        """The status of an entry, links not followed; None where there is no such entry."""
        try:
            return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def file_status(self, name: str) -> os.stat_result | None:
        """The status of a regular file in the directory; None where there is none of that name."""
        status = self.status(name)
        return status if status is not None and stat.S_ISREG(status.st_mode) else None

    def require_file(self, name: str) -> None:
        """Raise ``StorageError`` where an entry of that name is anything else than a regular file."""
        self._require(name, stat.S_IFREG)

    def holds(self, name: str, descriptor: int) -> bool:
        """Whether the entry ``name`` is the file or directory open as ``descriptor``."""
        status = self.status(name)
        return status is not None and os.path.samestat(status, os.fstat(descriptor))

    def move_file(self, name: str, file: int, to: OpenDirectory, new: str) -> None:
        """Rename the open file ``name``; it replaces what is called ``new``, unless that is a directory."""
        self._require_open(name, file)
        os.rename(name, new, src_dir_fd=self.descriptor, dst_dir_fd=to.descriptor)

    def move_child(self, name: str, child: OpenDirectory, to: OpenDirectory, new: str) -> None:
        """Rename the open directory ``name`` to a name that is free; anything that has taken either name stays."""
        self._require_open(name, child.descriptor)
        self._rename_new(name, to, new)
        if not to.holds(new, child.descriptor):
            to._rename_new(new, self, name)
            self._require_open(name, child.descriptor)

    def require_movable(self, name: str) -> None:
        """Raise the ``OSError`` that moving or replacing an entry would end in, where that can be foreseen."""
        status, own = self.status(name), os.fstat(self.descriptor)
        if status is None:
            return
        if own.st_mode & stat.S_ISVTX and os.geteuid() not in {0, own.st_uid, status.st_uid}:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        # The ".." in a directory changes when it moves.
        if stat.S_ISDIR(status.st_mode) and not os.access(name, os.W_OK, dir_fd=self.descriptor):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    def unlink(self, name: str) -> None:
        """Delete a file."""
        os.unlink(name, dir_fd=self.descriptor)

    def discard(self, name: str) -> None:
        """Delete a regular file of the directory, if there is one of that name."""
        if self.file_status(name) is not None:
            self.unlink(name)

    def require_names(self, ours: Callable[[str], bool]) -> list[str]:
        """The sorted names of all entries; ``StorageError`` for a name that is not of ``ours``."""
        names = sorted(self.names())
        for name in names:
            if not ours(name):
                self.refuse(name, "something else than belongs there")
        return names

    def require_files(self, ours: Callable[[str], bool]) -> list[str]:
        """What is in it: regular files with names of ``ours``; anything else is refused."""
        names = self.require_names(ours)
        for name in names:
            self._require(name, stat.S_IFREG)
        return names

    def delete_child(self, name: str, ours: Callable[[str], bool]) -> None:
        """Delete a directory in it, if there is one, and the files with names of ``ours`` that are all it may hold."""
        if self.status(name) is None:
            return
        with self.child(name) as child:
            for file in child.require_files(ours):
                child.unlink(file)
        self.remove(name)

    def remove(self, name: str) -> None:
        """Delete an empty directory."""
        os.rmdir(name, dir_fd=self.descriptor)

    def sync(self) -> None:
        """Flush its entries to the disk, so that a rename in it survives a power cut."""
        os.fsync(self.descriptor)

    def refuse(self, name: str, found: str) -> NoReturn:
        """Raise the ``StorageError`` that says what an entry of the directory is, and what to do."""
        raise StorageError(
            f"{self.path / name}: is {found}, which this program has not made, so it was not touched; "
            f"rename or delete it, or {self.advice}"
        )

    def close(self) -> None:
        """Close the directory's descriptor; closing again does nothing."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _require(self, name: str, kind: int) -> None:
        status = self.status(name)
        if status is not None and stat.S_IFMT(status.st_mode) != kind:
            self.refuse(name, kind_of(status.st_mode))

    def _require_open(self, name: str, descriptor: int) -> None:
        if not self.holds(name, descriptor):
            raise OSError(errno.ESTALE, "another process has moved what this one writes")

    def _rename_new(self, name: str, to: OpenDirectory, new: str) -> None:
        if to.status(new) is not None:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        try:
            os.rename(name, new, src_dir_fd=self.descriptor, dst_dir_fd=to.descriptor)
        except OSError as fault:
            if fault.errno in {errno.ENOTEMPTY, errno.ENOTDIR, errno.EISDIR}:  # it has just been taken
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
            raise
