"""Work directories: where a run or an output is made, beside the name that it gets when it is whole.

A directory is one of ours if a file in it says so: the marker, ``lock``, with a random token, the user, and what the
directory is for. Anything else of such a name is not followed, emptied, renamed or waited on. The process that works
in a directory holds the marker (flock); the kernel lets go of it when that process dies.

What is made in it has the token in its name, too (``made_name``), and a checkpoint its hash. Whatever else is there
was put there by somebody, and stays.

A work directory begins and ends under a name of its own, ``.STEM.TOKEN.partial``: so one of another name that has no
marker is never one that another process is making or deleting just now.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn, Self

from phoneprice.artifact.folders import OpenDirectory
from phoneprice.errors import StorageError
from phoneprice.wording import quoted

OLDER = "old"
"""What an older version of a run is made as in a work directory, where it waits while the new one takes its name."""
_MARKER = "lock"
_TEXT = re.compile(
    rb"phoneprice work directory 1\ntoken ([0-9a-f]{32})\nuser (\d+), owner (\d+)\nfor (.+)\npid +(\d+)\n", re.DOTALL
)

_WAITING = re.compile(rf"{OLDER}-[0-9a-f]{{32}}")
_OWNER = "owner"
"""What is made for a moment, to see whom it belongs to."""
_LOOKS = 5
_TRIES, _MOMENT = 3, 0.01
"""Others hold a marker for a moment to ask whether somebody works there (seconds)."""


@dataclass(frozen=True)
class Purpose:
    """What a work directory is for: the run, or the output file, of this name beside it."""

    kind: Literal["run", "output"]
    name: str

    def work_name(self, token: str) -> str:
        """What its work directory is called while it is made and while it goes."""
        # 50 characters are at most 200 bytes of UTF-8: the name stays under the file system's 255.
        return f".{self.name[:50]}.{token}.partial"

    def __bytes__(self) -> bytes:
        return f"{self.kind} ".encode() + os.fsencode(self.name)


class WorkDirectory(OpenDirectory):
    """An open directory with a marker of ours, as a context manager that lets go of it."""

    def __init__(
        self, folder: OpenDirectory, marker: int, parent: OpenDirectory, name: str, purpose: Purpose, token: str = ""
    ) -> None:
        super().__init__(folder.descriptor, folder.path)
        self._marker, self._parent, self._name = marker, parent, name
        self._purpose, self._token = purpose, token

    @classmethod
    def create(cls, parent: OpenDirectory, purpose: Purpose, mode: int = 0o777) -> Self:
        """A new one, held by this process, under a name that nothing else has."""
        token = secrets.token_hex(16)
        name = purpose.work_name(token)
        folder = parent.new_child(name, mode)
        try:
            marker = folder.new_file(_MARKER, 0o600)
        except BaseException:
            folder.close()
            parent.remove(name)
            raise
        work = cls(folder, marker, parent, name, purpose, token)
        try:
            work._mark()
        except BaseException:
            with work, suppress(OSError):
                work.delete()
            raise
        return work

    @classmethod
    def find(cls, parent: OpenDirectory, name: str, purpose: Purpose, flags: int = os.O_RDONLY) -> Self | None:
        """Open the work directory of this name; None where nothing is, ``StorageError`` for whatever is not ours."""
        while True:
            try:
                folder = parent.child(name)
            except FileNotFoundError:
                return None
            found = cls(folder, -1, parent, name, purpose)
            try:
                with suppress(FileNotFoundError):
                    found._marker = found.open_file(_MARKER, flags)
                if found._recognise():
                    return found
                if found.in_place():  # else its process has just deleted it
                    found._refuse_this()
            except BaseException:
                found.close()
                raise
            found.close()

    def hold(self) -> bool:
        """Take it for this process; False where another one has it, ``StorageError`` where it is not ours to change."""
        if not self._lock():
            return False
        if not (self._recognise() and self._is_given_to_us()):
            self._refuse_this()
        os.pwrite(self._marker, _pid_line(), os.fstat(self._marker).st_size - len(_pid_line()))
        return True

    def _lock(self) -> bool:
        for _ in range(_TRIES):
            with suppress(BlockingIOError):
                fcntl.flock(self._marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            time.sleep(_MOMENT)
        return False

    def held(self) -> bool:
        """Whether another process works in it."""
        try:
            fcntl.flock(self._marker, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self._marker, fcntl.LOCK_UN)
        return False

    def holder(self) -> str:
        """The number of the process that took the work directory last."""
        match = self._text()
        return match[5].decode() if match else "?"

    def in_place(self) -> bool:
        """Whether the work directory still has its name."""
        return self._parent.holds(self._name, self.descriptor)

    def is_unnamed(self) -> bool:
        """Whether the work directory has the name under which it begins and ends."""
        return self._name == self._purpose.work_name(self._token)

    def made_name(self, what: str) -> str:
        """The name of an entry that is made in it: with the token, so that nobody else has it by accident."""
        return f"{what}-{self._token}"

    def take_name(self, name: str) -> None:
        """Rename it to a name that is free."""
        self._parent.move_child(self._name, self, self._parent, name)
        self._name, self.path = name, self._parent.path / name

    def delete(self) -> None:
        """Delete it, unless somebody has put something into it."""
        self.discard(self.made_name(_OWNER))
        if self._purpose.kind == "output":
            self.discard(self.made_name("output"))
        if self.names() != [_MARKER] or not self.in_place() or not self.holds(_MARKER, self._marker):
            return
        if not self.is_unnamed():
            self.take_name(self._purpose.work_name(self._token))
        self.unlink(_MARKER)
        self._parent.remove(self._name)

    def close(self) -> None:
        """Close the work directory, which gives up its lock: others may take it."""
        super().close()
        if self._marker >= 0:
            os.close(self._marker)
            self._marker = -1

    def _mark(self) -> None:
        fcntl.flock(self._marker, fcntl.LOCK_EX)
        owner = os.fstat(self.descriptor).st_uid
        head = f"phoneprice work directory 1\ntoken {self._token}\nuser {os.geteuid()}, owner {owner}\nfor "
        os.write(self._marker, head.encode() + bytes(self._purpose) + b"\n" + _pid_line())
        os.fsync(self._marker)
        self.sync()  # what flushes a file says nothing of its name

    def _recognise(self) -> bool:
        match = self._text()
        if match is None or match[4] != bytes(self._purpose):
            return False
        self._token = match[1].decode()
        owner = os.fstat(self.descriptor).st_uid
        # Network file systems may give what we make to another user.
        ours = owner == os.geteuid() or (os.geteuid(), owner) == (int(match[2]), int(match[3]))
        return ours and owner == os.fstat(self._marker).st_uid

    def _is_given_to_us(self) -> bool:
        """Whether it belongs to this user, or to the one who is given what this process makes there."""
        owner = os.fstat(self.descriptor).st_uid
        if owner == os.geteuid():
            return True
        name = self.made_name(_OWNER)
        self.discard(name)
        try:
            file = self.new_file(name, 0o600)
        except OSError:
            return False
        try:
            return os.fstat(file).st_uid == owner
        finally:
            os.close(file)
            self.unlink(name)

    def _refuse_this(self) -> NoReturn:
        match = self._text()
        if match is None:
            self._parent.refuse(self._name, "a directory without the mark of this version")
        if match[4] != bytes(self._purpose):
            kind, _, made = os.fsdecode(match[4]).partition(" ")
            found, advice = f"is where the {kind} {quoted(made)} was being written", "give it its old name again"
        else:
            owner = os.fstat(self._marker).st_uid
            found, advice = f"is a work directory of another user ({owner})", "leave it to that user"
        raise StorageError(
            f"{self._parent.path / self._name}: {found}, so it was not touched; {advice}, or {self._parent.advice}"
        )

    def _text(self) -> re.Match[bytes] | None:
        return _TEXT.fullmatch(os.pread(self._marker, 1024, 0)) if self._marker >= 0 else None


def work_name(name: str) -> str:
    """What the work directory of the run ``name`` is called; no run is called so."""
    return f".{name}.partial"


def partial_path(path: Path) -> Path:
    """Where the run ``path`` lives until it is finished."""
    return path.with_name(work_name(path.name))


def run_places(path: Path) -> Iterator[Path]:
    """Where to look for the run ``path``, in this order: it may move to its other place, and back, meanwhile."""
    yield path
    for _ in range(_LOOKS if path.name else 0):
        with suppress(OSError, ValueError, StorageError):
            yield from _waiting(path)
        yield path


def _waiting(path: Path) -> list[Path]:
    """The older version in the work directory of the run ``path``; one at most.

    Only the user who writes the run may read its marker, and so its token. Others take what alone has such a name.
    """
    place = partial_path(path)
    with OpenDirectory.at(path.parent) as parent, parent.child(place.name) as folder:
        found = [place / name for name in folder.names() if _WAITING.fullmatch(name)]
        marker = folder.file_status(_MARKER)
        if marker is not None and marker.st_uid != os.geteuid():
            return found if len(found) == 1 else []
        work = WorkDirectory.find(parent, place.name, Purpose("run", path.name))
        if work is None:
            return []
        with work:
            return [older for older in found if older.name == work.made_name(OLDER)]


def files_that_go(path: Path) -> Iterator[os.stat_result]:
    """The status of each file that killed processes have left of the run or output ``path``, in work directories.

    When it is written the next time, they are deleted, or go with the run: those in what has the token in its name.
    """
    run, output = Purpose("run", path.name), Purpose("output", path.name)
    with suppress(OSError, ValueError), OpenDirectory.at(path.parent) as parent:
        for name in parent.names():
            if name in {work_name(path.name), output.work_name(_token_in(name))}:
                with suppress(OSError, StorageError):
                    yield from _files_made_in(parent, name, run if name == work_name(path.name) else output)


def _files_made_in(parent: OpenDirectory, name: str, purpose: Purpose) -> Iterator[os.stat_result]:
    work = WorkDirectory.find(parent, name, purpose)
    if work is None:
        return
    with work:
        for made in (entry for entry in work.names() if entry.endswith(work.made_name(""))):
            if (status := work.file_status(made)) is not None:
                yield status
            else:
                with suppress(StorageError), work.child(made) as folder:
                    yield from filter(None, map(folder.file_status, folder.names()))


def delete_strays(parent: OpenDirectory, purpose: Purpose) -> None:
    """Delete what killed processes have left while they made or deleted the same thing."""
    for name in parent.names():
        if name == purpose.work_name(_token_in(name)):
            with suppress(OSError, StorageError):
                _delete_stray(parent, name, purpose)


def _token_in(name: str) -> str:
    """The token in what may be the name of a work directory."""
    return name[-40:].removesuffix(".partial")


def _delete_stray(parent: OpenDirectory, name: str, purpose: Purpose) -> None:
    stray = WorkDirectory.find(parent, name, purpose, os.O_RDWR)
    if stray is not None:
        with stray:
            if stray.is_unnamed() and stray.hold():
                stray.delete()


def _pid_line() -> bytes:
    return f"pid {os.getpid():>10}\n".encode()
