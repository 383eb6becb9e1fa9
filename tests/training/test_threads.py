"""How many threads the environment asks for."""

import threading
from typing import Any

import pytest

from phoneprice.errors import DeviceError, UsageError
from phoneprice.shortage import NO_THREADS
from phoneprice.training.threads import require_threads, threads_of_environment


@pytest.mark.parametrize(("text", "threads"), [("", 0), ("3", 3), (" 1024 ", 1024), ("4,2", 0), ("abc", 0), ("-3", 0)])
def test_threads_of_the_environment(monkeypatch: pytest.MonkeyPatch, text: str, threads: int) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", text)
    assert threads_of_environment() == threads


@pytest.mark.parametrize("text", ["0", "1025", "100000", "4294967297", "9" * 30])
def test_absurd_numbers_of_threads(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", text)
    with pytest.raises(UsageError) as caught:
        threads_of_environment()
    assert str(caught.value) == f"OMP_NUM_THREADS: found {text!r}, must be a whole number from 1 to 1024"


def test_as_many_threads_as_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    before = threading.active_count()
    require_threads(3)
    started = threading.Thread.start

    def start(thread: Any) -> None:
        if threading.active_count() >= before + 2:
            raise RuntimeError("can't start new thread")
        started(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    require_threads(3)
    with pytest.raises(DeviceError) as caught:
        require_threads(4)
    assert str(caught.value) == NO_THREADS
    assert threading.active_count() == before
