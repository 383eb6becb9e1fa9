"""``search.json``: what a search has found, as ``tune --json`` has it, too."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from phoneprice.components.base import TaskKind
from phoneprice.records.documents import Count, Figure, FormatOne, Hash, Positive, Record
from phoneprice.records.predictions import Interval

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=1e10)]


class TriedCandidate(Record):
    """A candidate, and what became of it."""

    candidate: Count
    """Its number; 0 is the configuration as given."""
    settings: Mapping[str, str]
    """What it has of the space, by key, as ``-s`` takes it; settings of components that it has not are left out."""
    parameters: Count
    """Of one network."""
    scores: tuple[Figure | None, ...]
    """The metric on each fold that it was trained for; null where it is undefined."""
    seconds: tuple[Seconds, ...]
    """Of each fold that was tried: its share of the time of the networks that trained together."""
    figure: Interval | None = None
    """The metric on all folds, without any correction; none where it has not finished."""
    lead: Interval | None = None
    """How much better than candidate 0 on the same rows, positive: better."""
    why_not: str | None = None
    """Why it has not finished."""


class NestedEstimate(Record):
    """What the whole search, with the training of what it picks, is worth on folds that had no part in it."""

    folds: Positive
    figure: Interval
    lead: Interval
    """How much better than the configuration as given, trained on the same rows, positive: better."""


class Search(Record):
    """What a search has found; candidates are named by their numbers."""

    format: FormatOne
    task: TaskKind
    rows: Positive
    """That were held out by all folds together."""
    data_sha256: Hash
    metric: str
    """By which the best is picked."""
    folds: Positive
    seed: Count
    racing: bool
    space: Mapping[str, str]
    """The alternatives by key, as ``-x`` takes them."""
    picked: Count
    """The candidate with the best figure, which is too good to be true."""
    estimate: Interval
    """The metric of what such a search picks, on rows that had no part in it."""
    lead: Interval | None
    """How much better than candidate 0 that is; null where that has not finished."""
    smallest: Count
    """What the one-standard-error rule would choose."""
    ranking: tuple[Count, ...]
    """The candidates that have finished, the best one first."""
    importances: Mapping[str, Share]
    """The share of the variance between candidates that is due to a setting alone, by key, the largest first."""
    edges: tuple[str, ...]
    """Where the best lies at the end of a range."""
    candidates: Annotated[tuple[TriedCandidate, ...], Field(min_length=1)]
    nested: NestedEstimate | None = None

    @property
    def winner(self) -> TriedCandidate:
        """The candidate that is picked."""
        return self.candidates[self.picked]

    @property
    def seconds(self) -> float:
        """What all candidates have taken together."""
        return sum(sum(own.seconds) for own in self.candidates)

    def changes(self, number: int) -> dict[str, str]:
        """The settings in which a candidate differs from the configuration as given."""
        given = self.candidates[0].settings
        return {key: value for key, value in self.candidates[number].settings.items() if given.get(key) != value}

    def words(self, number: int) -> str:
        """The same in a few words: settings by the last part of their keys, where no two have the same."""
        last = Counter(key.rpartition(".")[2] for key in self.space)
        names = {key: key if last[own := key.rpartition(".")[2]] > 1 else own for key in self.space}
        return " ".join(f"{names[key]}={value}" for key, value in self.changes(number).items()) or "as given"

    @property
    def course(self) -> tuple[TriedCandidate, ...]:
        """The candidates that were better than all before them, in the order in which they came."""
        place = {number: place for place, number in enumerate(self.ranking)}
        best, found = len(place), list[TriedCandidate]()
        for own in self.candidates:
            if place.get(own.candidate, best) < best:
                best = place[own.candidate]
                found.append(own)
        return tuple(found)
