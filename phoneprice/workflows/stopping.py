"""Signals that ask a training to stop."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, NoReturn, Self

from phoneprice.errors import DeviceError, StoppedError
from phoneprice.shortage import NO_THREADS

GRACE_SECONDS = 4.0
"""The time that a step may take to end by itself after a signal; then it is broken off."""


def stop_at_once(number: int, _frame: FrameType | None) -> NoReturn:
    """Handle a signal as Python does SIGINT: what is half-written is removed, and a line says what happened."""
    raise StoppedError(number, "terminated")


def interrupt_at_once(_number: int, frame: FrameType | None) -> NoReturn:
    """Handle SIGINT as Python does, but for the one that OpenBLAS sends where it can't start its threads.

    That comes while NumPy's library is loaded.
    """
    loaded = frame.f_locals.get("f") if frame and frame.f_code.co_name == "_call_with_frames_removed" else None
    if getattr(loaded, "__name__", "") == "create_dynamic":
        raise DeviceError(NO_THREADS)
    raise KeyboardInterrupt


_OURS = (signal.SIG_DFL, signal.default_int_handler, stop_at_once, interrupt_at_once)


class StopRequests:
    """While open, the first SIGINT or SIGTERM is only noted in ``requested``; the second one ends the process at once.

    A context manager. A signal that is ignored, or that the caller handles, stays so. Outside of the main thread,
    where Python handles no signals, it does nothing.
    """

    def __init__(self) -> None:
        self.requested = 0
        """The number of the signal that came, 0 for none."""
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if _is_free(number):
                    self._take(number, self._note)
        return self

    def __exit__(self, *_error: object) -> None:
        if signal.SIGALRM in self._before:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _take(self, number: signal.Signals, handler: Any) -> None:
        self._before[number] = signal.getsignal(number)
        signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.requested = number
        # The kernel's own action ends the process even where Python doesn't come to run a handler.
        for taken in self._before:
            signal.signal(taken, signal.SIG_DFL)
        # The caller's alarm is not ours to set, and a step that is broken off is no more than a courtesy.
        if _is_free(signal.SIGALRM) and signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0):
            self._take(signal.SIGALRM, self._break_off)
            signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)

    def _break_off(self, _number: int, _frame: FrameType | None) -> None:
        raise StoppedError(self.requested)


def _is_free(number: signal.Signals) -> bool:
    """Whether nobody but Python, or our own command line, has said what a signal is to do."""
    return signal.getsignal(number) in _OURS
