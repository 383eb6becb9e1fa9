"""Which signals a training takes: those that nobody else has."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from phoneprice.workflows.stopping import StopRequests, interrupt_at_once, stop_at_once

TAKEN = signal.SIGINT, signal.SIGTERM
Came = list[int]


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """As Python begins, and after the test as before it."""
    numbers = (*TAKEN, signal.SIGALRM)
    before = {number: signal.getsignal(number) for number in numbers}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in numbers[1:]:
        signal.signal(number, signal.SIG_DFL)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", TAKEN)
@pytest.mark.parametrize("handler", [signal.SIG_DFL, signal.default_int_handler, stop_at_once, interrupt_at_once])
def test_a_signal_that_nobody_handles_asks_to_stop(number: signal.Signals, handler: signal.Handlers) -> None:
    signal.signal(number, handler)
    with StopRequests() as stop:
        os.kill(os.getpid(), number)
        assert stop.requested == number
        assert signal.getsignal(number) == signal.SIG_DFL  # the next one ends the process
    assert signal.getsignal(number) == handler
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.parametrize("number", TAKEN)
def test_an_ignored_signal_stays_ignored(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_IGN)
    with StopRequests() as stop:
        os.kill(os.getpid(), number)
        assert not stop.requested
        other = next(one for one in TAKEN if one != number)
        os.kill(os.getpid(), other)
        assert stop.requested == other
        assert signal.getsignal(number) == signal.SIG_IGN
    assert signal.getsignal(number) == signal.SIG_IGN


@pytest.mark.parametrize("number", [*TAKEN, signal.SIGALRM])
def test_the_callers_handler_runs(number: signal.Signals) -> None:
    came: Came = []
    signal.signal(number, lambda one, _frame: came.append(one))
    with StopRequests() as stop:
        os.kill(os.getpid(), number)
    assert (came, stop.requested) == ([number], 0)


@pytest.mark.parametrize("handled", [True, False])
def test_the_callers_alarm_is_left_alone_after_a_stop(handled: bool) -> None:
    came: Came = []
    if handled:
        signal.signal(signal.SIGALRM, lambda one, _frame: came.append(one))
    signal.setitimer(signal.ITIMER_REAL, 600)
    before = signal.getsignal(signal.SIGALRM)
    with StopRequests() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.requested
        assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL)[0] > 590
