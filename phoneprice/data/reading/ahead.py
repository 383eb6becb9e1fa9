"""Threads work ahead of whoever takes its results, in bounded memory."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from phoneprice.shortage import require_room_for_threads

Item = TypeVar("Item")
Result = TypeVar("Result")


def ahead(
    work: Callable[[Item], Result], items: Iterable[Item], *, threads: int, most: int, name: str
) -> Generator[Result]:
    """What ``work`` makes of each item, in order, with at most ``most`` items under way or waiting to be taken.

    The items are taken in the caller's thread, the work is done by ``threads`` others, which are called ``name`` and
    end when the generator does or is closed. A fault of the items comes after the results of those before it.
    """
    require_room_for_threads(threads)
    waiting = deque[Future[Result]]()
    pool = ThreadPoolExecutor(threads, thread_name_prefix=f"phoneprice-{name}")
    try:
        for future in _submitted(pool, work, items):
            waiting.append(future)
            if len(waiting) == most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _submitted(
    pool: ThreadPoolExecutor, work: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[Future[Result]]:
    try:
        for item in items:
            yield pool.submit(work, item)
    except Exception as fault:  # noqa: BLE001  # it is raised where its turn comes
        failed = Future[Result]()
        failed.set_exception(fault)
        yield failed
