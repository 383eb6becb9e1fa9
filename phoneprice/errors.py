"""Every failure a user can meet, with the exit code that scripts rely on.

A message is one line: what was found, where, what is allowed and what to do. Names and values in it come from files,
and whoever catches nothing has it printed by Python: so it is ``printable`` from the start.
The command line prints it and exits with ``exit_code``.
"""

from typing import ClassVar

from phoneprice.wording import printable


class PhonePriceError(Exception):
    """Base of all expected failures; anything else that escapes is a bug of ours (exit code 1)."""

    exit_code: ClassVar[int] = 1

    def __init__(self, *lines: str) -> None:
        super().__init__(*map(printable, lines))

    def __str__(self) -> str:
        return "\n".join(self.args)


class UsageError(PhonePriceError):
    """The command line asks for something that can't be done."""

    exit_code = 2


class ConfigError(PhonePriceError):
    """The configuration breaks the schema; every fault is a line."""

    exit_code = 2


class DataError(PhonePriceError):
    """A table is missing, unreadable or not what the model needs."""

    exit_code = 3


class ModelError(PhonePriceError):
    """A run directory is missing, damaged or not one of ours."""

    exit_code = 4


class StorageError(PhonePriceError):
    """The disk refuses: full, read-only, or failing."""

    exit_code = 5


class DeviceError(PhonePriceError):
    """The device asked for is absent or out of memory."""

    exit_code = 6


class MemoryShortageError(DeviceError):
    """A training doesn't fit into the memory of its device."""


class DivergedError(PhonePriceError):
    """Every member's loss became NaN or infinite."""

    exit_code = 7


class StoppedError(KeyboardInterrupt):
    """The signal ``number`` has stopped the work; the message says how to go on, if there is a way."""

    def __init__(self, number: int, message: str = "stopped") -> None:
        super().__init__(printable(message))
        self.number = number
        self.exit_code = 128 + number
        """What shells report for a process that a signal ended."""


class LockedError(PhonePriceError):
    """Another process is writing to the same run."""

    exit_code = 8


class QualityGateError(PhonePriceError):
    """A ``--require`` condition does not hold."""

    exit_code = 9
