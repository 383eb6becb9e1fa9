"""Numbers of CPU threads: what the environment asks for, and whether the system grants as many."""

import os
from threading import Event, Thread

from phoneprice.config.schema import MOST_THREADS
from phoneprice.errors import DeviceError, UsageError
from phoneprice.shortage import NO_THREADS, require_room_for_threads
from phoneprice.wording import quoted


def threads_of_environment() -> int:
    """``OMP_NUM_THREADS``; 0 where it is not set, or no number. Raises ``UsageError`` for one that is out of range."""
    text = os.environ.get("OMP_NUM_THREADS", "").strip()
    if not (text.isascii() and text.isdigit()):
        return 0
    digits = text.lstrip("0")
    if not digits or len(digits) > len(str(MOST_THREADS)) or int(digits) > MOST_THREADS:
        raise UsageError(f"OMP_NUM_THREADS: found {quoted(text)}, must be a whole number from 1 to {MOST_THREADS}")
    return int(digits)


def require_threads(threads: int) -> None:
    """Raise ``DeviceError`` where that many threads can't run at once.

    GNU OpenMP ends the whole process where it can't start one; Python says so.
    """
    require_room_for_threads(threads - 1)
    done, started = Event(), list[Thread]()
    try:
        for _ in range(threads - 1):  # the caller is one itself
            thread = Thread(target=done.wait, daemon=True)
            thread.start()
            started.append(thread)
    except RuntimeError:
        raise DeviceError(NO_THREADS) from None
    finally:
        done.set()
        for thread in started:
            thread.join()
