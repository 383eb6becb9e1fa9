"""How far a search is: one count of networks over all of its fits."""

from __future__ import annotations

from collections.abc import Sequence

from phoneprice.config.schema import Config
from phoneprice.workflows.events import Event, Noted, OnEvent, Progress, Warned

_RESOLUTION = 1000
"""Parts in which a network is counted, while it learns."""


class SearchProgress:
    """A listener of the fits of a search, which passes on how many networks of how many are trained."""

    def __init__(self, candidates: int, folds: int, on_event: OnEvent) -> None:
        self._folds, self._on_event = folds, on_event
        self._done, self._piece = 0.0, 0.0
        self._total = float(candidates * folds)

    def begin(self, configs: Sequence[Config], folds: int) -> None:
        """A fit of these configurations begins, a network each for as many folds."""
        self._piece = float(len(configs) * folds)

    def end(self) -> None:
        """It is done."""
        self._done += self._piece
        self._tell(self._done)

    def left(self, configs: Sequence[Config], done: int) -> None:
        """These go on after ``done`` folds."""
        self._total = self._done + len(configs) * (self._folds - done)

    def __call__(self, event: Event) -> None:
        """Take in an event of a fit."""
        if isinstance(event, Progress):
            self._tell(self._done + self._piece * event.done / (event.total or 1))
        elif isinstance(event, Noted | Warned):
            self._on_event(event)

    def _tell(self, done: float) -> None:
        self._on_event(Progress(int(done), int(self._total), "networks"))
