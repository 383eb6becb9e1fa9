"""Signals that ask a training to stop."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Self

from phoneprice.errors import StoppedError

GRACE_SECONDS = 4.0
"""The time that a step may take to end by itself after a signal; then it is broken off."""


class StopRequests:
    """While open, the first SIGINT or SIGTERM is only noted in ``requested``; the second one ends the process at once.

    A context manager. Outside of the main thread, where Python handles no signals, it does nothing.
    """

    def __init__(self) -> None:
        self.requested = 0
        """The number of the signal that came, 0 for none."""
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            wanted = {signal.SIGINT: self._note, signal.SIGTERM: self._note, signal.SIGALRM: self._break_off}
            self._before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
        return self

    def __exit__(self, *_error: object) -> None:
        if self.requested:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.requested = number
        # The kernel's own action ends the process even where Python doesn't come to run a handler.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)

    def _break_off(self, _number: int, _frame: FrameType | None) -> None:
        raise StoppedError(self.requested)
