import errno
import os

import numpy as np  # noqa: F401  # with its BLAS
import pytest
from threadpoolctl import threadpool_info, threadpool_limits  # type: ignore[import-untyped]

from phoneprice.errors import DeviceError
from phoneprice.inference.threads import blas_libraries, computing_threads, one_blas_thread, require_blas_memory
from phoneprice.shortage import OUT_OF_MEMORY


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="counts the cores another way here")
@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 2), (3, 3), (64, 4)])
def test_as_many_threads_as_cores_and_four_at_most(cores: int, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    assert computing_threads() == threads


@pytest.fixture(autouse=True)
def _libraries_that_are_there_now() -> None:
    """Other tests may have brought more of them."""
    blas_libraries.cache_clear()


def blas_threads() -> list[int]:
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_predictions_side_by_side_leave_the_number_of_threads() -> None:
    """The first one in leaves before the last one."""
    with threadpool_limits(3, user_api="blas"):
        before = blas_threads()
        first, second = one_blas_thread(), one_blas_thread()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        within = blas_threads()
        second.__exit__(None, None, None)
        assert (set(within), blas_threads()) == ({1}, before)


def test_a_fault_leaves_the_number_of_threads() -> None:
    with threadpool_limits(3, user_api="blas"):
        before = blas_threads()
        with pytest.raises(ZeroDivisionError), one_blas_thread():
            _ = 1 / 0
        assert blas_threads() == before


def test_a_forked_process_has_the_number_of_threads() -> None:
    with threadpool_limits(3, user_api="blas"):
        before = blas_threads()
        with one_blas_thread():
            if not (child := os.fork()):
                os._exit(0 if blas_threads() == before else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_blas_is_not_called_without_memory_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would end the process, without a word to Python."""
    asked = list[int]()

    def none_left(_file: int, size: int) -> None:
        asked.append(size)
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    monkeypatch.setattr("mmap.mmap", none_left)
    with pytest.raises(DeviceError) as caught:
        require_blas_memory()
    assert str(caught.value) == OUT_OF_MEMORY
    assert asked == [computing_threads() * (96 << 20)]
