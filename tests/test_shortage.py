"""What libraries and the operating system say of a lack, and what we make of it."""

import errno
import os

import numpy as np
import pyarrow as pa
import pytest

from phoneprice.errors import DeviceError, PhonePriceError, StorageError
from phoneprice.shortage import (
    NO_THREADS,
    OUT_OF_MEMORY,
    TOO_MANY_FILES,
    is_out_of_memory,
    resource_error,
    system_error,
    write_error,
)


def error_of(number: int, place: str | None = None) -> OSError:
    return OSError(number, os.strerror(number), place)


def wrapped(fault: BaseException) -> ImportError:
    """As NumPy has it: what the loader said is the cause of what the package says."""
    error = ImportError("Error importing numpy")
    error.__cause__ = fault
    return error


MEMORY, THREADS, FILES = DeviceError(OUT_OF_MEMORY), DeviceError(NO_THREADS), StorageError(TOO_MANY_FILES)
FULL = "no space left on device; free some space and run again"
LACKS: list[tuple[BaseException, PhonePriceError]] = [
    (MemoryError(), MEMORY),
    (pa.ArrowMemoryError("malloc of size 9 failed"), MEMORY),
    (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), MEMORY),
    (RuntimeError("std::bad_alloc"), MEMORY),
    (error_of(errno.ENOMEM), MEMORY),
    (ImportError("libtorch.so: failed to map segment from shared object"), MEMORY),
    (wrapped(ImportError("libblas.so: cannot open shared object file: Cannot allocate memory")), MEMORY),
    (RuntimeError("can't start new thread"), THREADS),
    (error_of(errno.EAGAIN), THREADS),
    (pa.ArrowException("Unknown error: Failed to launch worker thread: Resource temporarily unavailable"), THREADS),
    (error_of(errno.EMFILE, "libm.so"), FILES),
    (error_of(errno.ENFILE), FILES),
    (wrapped(error_of(errno.EMFILE)), FILES),
    (ImportError("libm.so: cannot open shared object file: Too many open files"), FILES),
    (error_of(errno.ENOSPC), StorageError(f"standard output: can't be written: {FULL}")),
    (error_of(errno.ENOSPC, "out.csv"), StorageError(f"out.csv: can't be written: {FULL}")),
    (
        error_of(errno.EFBIG),
        StorageError(
            "standard output: can't be written: file too large; "
            "raise the limit on the size of files (ulimit -f), or write less"
        ),
    ),
]


@pytest.mark.parametrize(("fault", "expected"), LACKS, ids=lambda value: f"{type(value).__name__} {value}"[:40])
def test_every_way_of_saying_it(fault: BaseException, expected: PhonePriceError) -> None:
    found = system_error(fault)
    assert (type(found), str(found)) == (type(expected), str(expected))


@pytest.mark.parametrize(
    "fault",
    [
        ValueError("out of memory"),  # the words of a table, say
        KeyError("too many open files"),
        RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
        ImportError("No module named 'x'"),
        SystemError("error return without exception set"),
        error_of(errno.ENOENT),
        error_of(errno.EBADF),  # of stdout alone, and only where that was closed: see test_limits
    ],
    ids=repr,
)
def test_what_is_no_lack(fault: BaseException) -> None:
    assert system_error(fault) is None


def test_a_pipe_that_does_not_wait_is_no_lack_of_threads() -> None:
    blocked = BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN), 0)
    assert system_error(blocked) is None


def test_numpy_runs_out_of_memory() -> None:
    with pytest.raises(MemoryError) as caught:
        np.zeros(1 << 60, np.int8)
    assert is_out_of_memory(caught.value)


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.ENOSPC, StorageError), (errno.EMFILE, StorageError), (errno.ENOMEM, DeviceError)]
)
def test_a_place_that_is_not_written(number: int, kind: type[PhonePriceError]) -> None:
    assert isinstance(write_error("out.csv", error_of(number)), kind)


@pytest.mark.parametrize(
    "error",
    [
        PermissionError(errno.EACCES, os.strerror(errno.EACCES), "out of memory.csv"),
        pa.ArrowInvalid("Invalid value 'out of memory' in column 'note'"),
        FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "too many open files"),
    ],
    ids=["a file", "a cell", "another file"],
)
def test_names_and_cells_are_no_shortage(error: Exception) -> None:
    assert resource_error(error) is None


def test_code_in_c_that_did_not_say_why_it_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_arguments: object) -> None:
        raise error_of(errno.ENOMEM)

    monkeypatch.setattr("mmap.mmap", none_left)
    assert str(system_error(SystemError("error return without exception set"))) == OUT_OF_MEMORY
