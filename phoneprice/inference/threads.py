"""How many threads prediction takes, and how many of them BLAS."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

import numpy as np

from phoneprice.guest import unnoticed
from phoneprice.shortage import available_processors, require_memory


class _OneBlasThread:
    """BLAS has one number of threads for the whole process: who is in first saves it, who leaves last sets it back."""

    def __init__(self) -> None:
        self._lock, self._inside = Lock(), 0
        self._saved: list[tuple[Any, int]] = []
        """Each library and its number of threads, where that isn't one."""

    def enter(self) -> None:
        with self._lock:
            if not self._inside:
                found = [(library, library.num_threads) for library in blas_libraries()]
                self._saved = [(library, threads) for library, threads in found if threads != 1]
                for library, _ in self._saved:
                    library.set_num_threads(1)
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            if self._inside == 1:
                self._restore()
            self._inside = max(self._inside - 1, 0)

    def leave_all(self) -> None:
        """In a new process: the threads that were inside have stayed behind, one of them with the lock perhaps."""
        self._lock = Lock()
        if self._inside:
            self._restore()
        self._inside = 0

    def _restore(self) -> None:
        for library, threads in self._saved:
            library.set_num_threads(threads)


_one_blas_thread = _OneBlasThread()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_one_blas_thread.leave_all)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """One BLAS thread while the body runs, or another thread is in one: reading and writing are the other threads.

    A block's matrix products take 50 microseconds, so a second thread costs more than it gives, and more than there
    are cores slow each other down. It also keeps results the same on any number of cores.
    """
    _one_blas_thread.enter()
    try:
        yield
    finally:
        _one_blas_thread.leave()


@cache
def blas_libraries() -> list[Any]:
    """The BLAS libraries of this process, NumPy's among them: to look for them takes longer than to predict a row."""
    with unnoticed("threadpoolctl"):
        from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]
    found: list[Any] = ThreadpoolController().select(user_api="blas").lib_controllers
    return found


_MOST_THREADS = 4
"""Reading can't keep more of them busy."""


def computing_threads() -> int:
    """Threads that compute chunks side by side: as many as there are cores, at most 4.

    Reading and writing want a core too, but not all the time: on two cores two threads take 0.94 (CSV) and 0.88
    (Parquet) times as long as one.
    """
    return min(available_processors(), _MOST_THREADS)


_THREAD_BYTES = 96 << 20
"""Addresses that a computing thread takes: 32 MiB for OpenBLAS's buffer, the rest for its stack and malloc's arena."""


_SQUARE = 128
"""Rows of a matrix that is multiplied in a buffer, not on the stack."""


def require_blas_memory() -> None:
    """Raise ``DeviceError`` where that memory can't be had: OpenBLAS, which can't get it, ends the whole process.

    This thread's buffer is taken at once, and kept: later there may be too little.
    """
    require_memory(computing_threads() * _THREAD_BYTES)
    square = np.ones((_SQUARE, _SQUARE))
    np.matmul(square, square)
