"""How many threads BLAS takes for prediction."""

from __future__ import annotations

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
