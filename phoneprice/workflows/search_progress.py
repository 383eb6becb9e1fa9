"""How far a search is: one count of networks over all of its fits, by the time that they take."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from phoneprice.workflows.events import Event, Noted, OnEvent, Progress, Warned

SURVIVORS: Mapping[int, float] = {1: 0.65, 2: 0.55}
"""The share of all candidates that go on after as many folds, until it is known: about as in searches of the default
space on the bundled sample. Where fewer are left out, the search takes longer than it said at first."""


_OVERHEAD = 5
"""A fit takes the time of so many networks more than it has: a step of 1 network took 0.38 ms on two cores, of 16 it
took 1.3 ms (a layer of 64, batches of 128 rows)."""


class SearchProgress:
    """A listener of the fits of a search, which passes on how many networks of how many are trained.

    A fit takes a time for each of its networks, those of one shape one time, and some more. What shapes take that were
    not trained yet is taken for the mean of the others.
    """

    def __init__(self, rungs: Sequence[int], folds: int, on_event: OnEvent) -> None:
        self._rungs, self._folds, self._on_event = (0, *rungs, folds), folds, on_event
        self._work = defaultdict[str, float](float)
        """That is left of each shape, in networks with the overhead of their fits, as far as is known."""
        self._rates = dict[str, float]()
        """Seconds of such a network of each shape."""
        self._networks = 0.0
        """Of the whole search, as far as is known."""
        self._done, self._told, self._spent, self._started = 0, 0, 0.0, 0.0
        self._shape, self._size = "", 0
        """Of the fit under way."""

    def enter(self, shapes: Sequence[str]) -> None:
        """Candidates of these shapes are to be trained: on the first folds all, then those that will be left."""
        for done, last in pairwise(self._rungs):
            self._expect(shapes, SURVIVORS.get(done, 1.0) * (last - done))

    def go_on(self, shapes: Sequence[str], folds: range) -> None:
        """Those of these shapes are left, and are to be trained on some more folds."""
        self._work.clear()
        self._networks = self._done
        self._expect(shapes, len(folds))
        self._expect(shapes, self._folds - folds.stop)

    def _expect(self, shapes: Sequence[str], folds: float) -> None:
        for shape, count in Counter(shapes).items() if folds else ():
            self._networks += count * folds
            self._work[shape] += count * folds + _OVERHEAD

    def begin(self, shape: str, networks: int) -> None:
        """A fit of networks of one shape begins."""
        self._shape, self._size, self._started = shape, networks, time.perf_counter()

    def end(self) -> None:
        """It is done."""
        seconds = time.perf_counter() - self._started
        self._note(1.0, seconds)
        self._work[self._shape] -= self._size + _OVERHEAD
        self._done, self._spent = self._done + self._size, self._spent + seconds
        self._tell(0.0, 0.0)

    def __call__(self, event: Event) -> None:
        """Take in an event of a fit."""
        if isinstance(event, Progress):
            share, seconds = event.done / (event.total or 1), time.perf_counter() - self._started
            self._note(share, seconds)
            self._tell(share, seconds)
        elif isinstance(event, Noted | Warned):
            self._on_event(event)

    def _note(self, share: float, seconds: float) -> None:
        """A share of the fit under way has taken so long."""
        if share and seconds:
            self._rates[self._shape] = seconds / share / (self._size + _OVERHEAD)

    def _tell(self, share: float, seconds: float) -> None:
        """Pass on the share of the time that has gone, as a share of the networks."""
        mean = sum(self._rates.values()) / len(self._rates) if self._rates else 0.0
        rest = sum(max(work, 0) * self._rates.get(shape, mean) for shape, work in self._work.items())
        rest -= share * (self._size + _OVERHEAD) * self._rates.get(self._shape, mean)
        spent, total = self._spent + seconds, round(self._networks)
        self._told = max(self._told, int(total * spent / (spent + max(rest, 0)))) if spent else 0
        self._on_event(Progress(min(self._told, total), total, "networks"))
