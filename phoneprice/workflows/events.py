"""The events that a workflow tells of while it works, for whoever shows them."""

import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from phoneprice.records import EpochRecord
from phoneprice.wording import printable


@dataclass(frozen=True)
class Warned:
    """Something the user should look at; the work goes on."""

    message: str


@dataclass(frozen=True)
class Noted:
    """Something the user should know, such as a default that was chosen."""

    message: str


@dataclass(frozen=True)
class TrainingStarted:
    """The table is read and the members are planned."""

    members: int
    epochs: int
    rows: int
    inputs: int
    device: str
    parameters: int
    """Of all members together."""


@dataclass(frozen=True)
class EpochDone:
    """One epoch of ``epochs``."""

    record: EpochRecord
    epochs: int


@dataclass(frozen=True)
class Progress:
    """``done`` of ``total`` units; ``total`` is None where it can't be known."""

    done: int
    total: int | None
    unit: str


_PACKAGE = __name__.partition(".")[0]

Event = Warned | Noted | TrainingStarted | EpochDone | Progress
OnEvent = Callable[[Event], None]


class WarningCollector:
    """A listener that passes every event on to another one, and keeps the messages of the warnings."""

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event
        self._messages: list[str] = []

    def __call__(self, event: Event) -> None:
        """Pass ``event`` on."""
        if isinstance(event, Warned):
            self._messages.append(event.message)
        self._on_event(event)

    def warn(self, message: str) -> None:
        """Report a warning of one's own."""
        self(Warned(message))

    @property
    def messages(self) -> tuple[str, ...]:
        """All warnings so far, in order."""
        return tuple(self._messages)


def warn_caller(event: Event) -> None:
    """The listener of the Python API: warnings become Python's own, of the line that called it."""
    if isinstance(event, Warned):
        warnings.warn(printable(event.message), UserWarning, stacklevel=_levels_of_ours() + 2)


def _levels_of_ours() -> int:
    """How many calls lie between the listener and the line of somebody's that called the package."""
    frame, levels = sys._getframe(2), 0  # noqa: SLF001  # as warnings does
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        frame, levels = frame.f_back, levels + 1
    return levels


def ignore(_event: Event) -> None:
    """The listener of those who don't ask."""
