"""Work ahead of its consumer: in order, bounded, faults in their place, no thread left behind."""

import threading
from collections.abc import Iterator

import pytest

from phoneprice.data.reading.ahead import ahead


def working_threads() -> int:
    return sum(thread.name.startswith("phoneprice-test") for thread in threading.enumerate())


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("most", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 20])
def test_results_come_in_order_whatever_is_done_first(threads: int, most: int, count: int) -> None:
    barrier = threading.Event()

    def work(item: int) -> int:
        if item == 0 and threads > 1 and most > 1 and count > 1:
            assert barrier.wait(10)  # the first one is done after the second
        if item == 1:
            barrier.set()
        return item * item

    assert list(ahead(work, range(count), threads=threads, most=most, name="test")) == [i * i for i in range(count)]
    assert working_threads() == 0


@pytest.mark.parametrize("most", [1, 2, 5])
def test_no_more_items_are_taken_than_allowed(most: int) -> None:
    taken = []

    def items() -> Iterator[int]:
        for item in range(20):
            taken.append(threading.current_thread())
            yield item

    results = ahead(abs, items(), threads=2, most=most, name="test")
    for received in range(1, 21):
        next(results)
        assert len(taken) == min(received - 1 + most, 20)
    assert set(taken) == {threading.current_thread()}
    assert list(results) == []


def test_a_fault_of_the_items_comes_after_the_results_before_it() -> None:
    def items() -> Iterator[int]:
        yield from range(3)
        raise ValueError("the fourth")

    results = ahead(abs, items(), threads=1, most=9, name="test")
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="the fourth"):
        next(results)
    assert working_threads() == 0


def test_a_fault_of_the_work_comes_in_its_place() -> None:
    results = ahead(lambda item: 1 // (item - 1), range(9), threads=2, most=4, name="test")
    assert next(results) == -1
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert working_threads() == 0


def test_an_interruption_waits_for_nothing() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        next(ahead(abs, items(), threads=1, most=9, name="test"))
    assert working_threads() == 0


def test_closing_ends_the_threads() -> None:
    results = ahead(abs, range(100), threads=3, most=6, name="test")
    next(results)
    assert working_threads() > 0
    results.close()
    assert working_threads() == 0
