"""How many threads prediction takes, and how many of them BLAS."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """One BLAS thread while the body runs: reading and writing are the other threads.

    A block's matrix products take 50 microseconds, so a second thread costs more than it gives, and more than there
    are cores slow each other down. It also keeps results the same on any number of cores.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1, user_api="blas"):
        yield


_MOST_THREADS = 4
"""Reading can't keep more of them busy."""


def computing_threads() -> int:
    """Threads that compute chunks side by side: as many as there are cores, at most 4.

    Reading and writing want a core too, but not all the time: on two cores two threads take 0.94 (CSV) and 0.88
    (Parquet) times as long as one.
    """
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(available, _MOST_THREADS)
