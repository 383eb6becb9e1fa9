"""What the machine runs short of: storage, open files, memory, threads; and what then needs less.

Each library says so in its own way. Here is the one place that knows them all.
"""

import errno
import mmap
import os
from collections.abc import Iterator
from pathlib import Path

from phoneprice.errors import DeviceError, PhonePriceError, StorageError

OUT_OF_MEMORY = (
    "out of memory; use a smaller --chunk-rows (predict) or training.batch_rows, or a smaller network, or free memory"
    " or raise its limit (ulimit -v)"
)
NO_THREADS = (
    "no more threads or processes can be started; end some, raise the limit on them (ulimit -u), "
    "or set OMP_NUM_THREADS=1"
)
TOO_MANY_FILES = "too many files are open; raise the limit on them (ulimit -n)"

_ADVICE = {
    errno.ENOSPC: "free some space and run again",
    errno.EDQUOT: "free some of your quota and run again",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f), or write less",
    errno.EROFS: "choose a place that can be written to",
    errno.EACCES: "choose a place that you may write to",
    errno.EPERM: "choose a place that you may write to",
    errno.ENOENT: "make the directory first",
    errno.ESTALE: "run again, in a directory that no other process changes meanwhile",
    errno.ENOTDIR: "choose another name",
    errno.EEXIST: "choose another name",
    errno.ENOTEMPTY: "choose another name",
    errno.ENXIO: "start the program that reads from it first",
    errno.EISDIR: "name a file in it",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EBADF: "redirect it to a file or a program, or name a file",
}
_REASONS = {errno.EBADF: "it is closed"}
"""Where the operating system's own words say too little."""
_NOT_WRITTEN = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})
"""What an error that nobody has caught says of the disk, and not of a bug."""
_SOME_MEMORY = 64 << 20
"""Bytes that a process which has not run out of memory gets."""
_NEW_THREAD_BYTES = 80 << 20
"""Addresses that a thread takes as it begins: its stack, and the arena that glibc gives it."""
_MEMORY_WORDS = (
    "defaultcpuallocator", "cannot allocate memory", "can't allocate memory", "not enough memory", "bad_alloc",
    "failed to map segment", "out of memory",
)  # fmt: skip
_THREAD_WORDS = ("can't start new thread", "resource temporarily unavailable")
_FILE_WORDS = ("too many open files",)


def write_error(place: Path | str, fault: OSError) -> PhonePriceError:
    """The error for a place that the operating system does not let us write to, or for what it lacks meanwhile."""
    if (short := resource_error(fault)) is not None:
        return short
    reason = _REASONS.get(fault.errno or 0) or (fault.strerror or str(fault)).lower()
    return StorageError(f"{place}: can't be written: {reason}; {_ADVICE.get(fault.errno or 0, 'check the disk')}")


def resource_error(error: BaseException) -> PhonePriceError | None:
    """The error as one of ours where there is too little memory, or too few threads or open files; else None."""
    if is_out_of_memory(error):
        return DeviceError(OUT_OF_MEMORY)
    number = error.errno if isinstance(error, OSError) else None
    if number in {errno.EMFILE, errno.ENFILE} or _says(error, _FILE_WORDS):
        return StorageError(TOO_MANY_FILES)
    if hasattr(error, "characters_written"):
        return None  # a pipe that is full, and not to be waited on
    if number == errno.EAGAIN or _says(error, _THREAD_WORDS):
        return DeviceError(NO_THREADS)
    return None


def system_error(error: BaseException) -> PhonePriceError | None:
    """The error of an exception that nobody has caught: the same, or a disk that is full or broken. None for a bug."""
    for fault in _said_by(error):
        if (short := resource_error(fault)) is not None:
            return short
        if isinstance(fault, OSError) and fault.errno in _NOT_WRITTEN:
            return write_error(fault.filename or "standard output", fault)
    return None


def require_memory(wanted: int) -> None:
    """Raise ``DeviceError`` where so many bytes of addresses can't be had.

    For what can't say so itself: OpenBLAS ends the whole process where it can't get its buffers, or waits for ever.
    """
    try:
        mmap.mmap(-1, wanted).close()
    except OSError as fault:
        raise resource_error(fault) or fault from None


def require_room_for_threads(threads: int) -> None:
    """Raise ``DeviceError`` where there are no addresses for so many new threads.

    Python waits for ever for a thread that finds no memory as it begins.
    """
    require_memory((threads + 1) * _NEW_THREAD_BYTES)  # one more: glibc maps twice an arena, to align it


def available_processors() -> int:
    """As many as this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def is_out_of_memory(error: BaseException) -> bool:
    """Whether Python, NumPy, Arrow or PyTorch found no memory."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    if isinstance(error, SystemError):  # a library whose code in C did not say what it failed for
        return _no_memory_left()
    return _says(error, _MEMORY_WORDS)


def _no_memory_left() -> bool:
    try:
        mmap.mmap(-1, _SOME_MEMORY).close()
    except OSError:
        return True
    return False


def _said_by(error: BaseException) -> Iterator[BaseException]:
    """The error itself; of a module that can't be imported also what came before, since packages wrap it."""
    fault: BaseException | None = error
    while fault is not None:
        yield fault
        fault = (fault.__cause__ or fault.__context__) if isinstance(fault, ImportError) else None


def _says(error: BaseException, words: tuple[str, ...]) -> bool:
    """Whether a library or the loader of libraries says one of the words; an error about a value may quote any."""
    ours = isinstance(error, (RuntimeError, ImportError, OSError)) or type(error).__module__ == "pyarrow.lib"
    if not ours or isinstance(error, ValueError):
        return False
    # What stands beside the system's own words is the name of a file.
    text = (getattr(error, "strerror", None) or str(error)).lower()
    return any(word in text for word in words)
