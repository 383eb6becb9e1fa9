"""How good the candidate that is picked is in truth: its own figure is the luckiest of many, and so too good.

Bootstrap bias-corrected cross-validation (Tsamardinos, Greasidou and Borboudakis 2018, "Bootstrapping the
out-of-sample predictions for efficient and accurate cross-validation", Machine Learning 107): rows are drawn with
replacement from the held-out predictions of all candidates, the best is picked again by what was drawn, the race
included, and judged on the rows that were not. No network is trained again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.metrics.catalogue import Metric
from phoneprice.metrics.intervals import bootstrap, seeded
from phoneprice.records import Doubles, Interval
from phoneprice.search.racing import Bools, Race

RESAMPLES = 500
_WEIGHTS = 2**22
"""Held at once."""

Figures = Callable[[Doubles, Bools], Doubles]
"""From weights of the rows ``(B, n)`` and the candidates that are asked for ``(B, K)`` to a metric ``(B, K)``.

NaN where it is undefined, and maybe for those that aren't asked for."""


@dataclass(frozen=True)
class Trial:
    """What candidates are worth on the rows that they held out."""

    metric: Metric
    """By which the best is picked."""
    figures: Figures
    losses: Doubles
    """``(K, n)``: by which they race; NaN where a candidate has not predicted a row."""
    race: Race
    weights: Doubles | None = None
    """``(n,)``: as how many rows each counts; None: as one."""
    groups: NDArray[Any] | None = None
    """``(n,)``: rows of one group are drawn together; None: each by itself."""

    @property
    def row_weights(self) -> Doubles:
        """``(n,)``."""
        return np.ones(self.losses.shape[1]) if self.weights is None else self.weights

    @cached_property
    def finished(self) -> Bools:
        """``(K,)``: who has predicted every row."""
        return np.asarray(np.isfinite(self.losses).all(axis=1))

    def gain(self, before: Doubles, after: Doubles) -> Doubles:
        """By how much figures are better than others."""
        return after - before if self.metric.better == "higher" else before - after

    def badness(self, figures: Doubles) -> Doubles:
        """Figures turned so that less is better, infinite where there is none."""
        return np.where(np.isnan(figures), np.inf, self.gain(figures, np.zeros(1)))


@dataclass(frozen=True)
class Standing:
    """A candidate that has predicted every row, without any correction."""

    figure: Interval
    lead: Interval | None
    """How much better than candidate 0 on the same rows, positive: better; None where that has not predicted them."""


@dataclass(frozen=True)
class Corrected:
    """The result of a search, and what it is worth."""

    picked: int
    """The candidate with the best figure."""
    standings: tuple[Standing | None, ...]
    """Of each candidate; None: it was dropped, or diverged."""
    estimate: Interval
    """The metric of what such a search picks, on rows that had no part in it."""
    lead: Interval | None
    """How much better than candidate 0 that is, positive: better."""
    wins: Doubles
    """``(K,)``: the share of the resamples in which each candidate was picked."""
    error: float
    """The standard error of the picked figure."""

    def within_error(self, metric: Metric, sizes: Sequence[float]) -> int:
        """The smallest candidate by ``sizes``, and of several the best, within one standard error of the best figure.

        The one-standard-error rule (Breiman, Friedman, Olshen and Stone 1984, section 3.4.3).
        """
        sign = -1 if metric.better == "higher" else 1
        found = {k: sign * own.figure.value for k, own in enumerate(self.standings) if own is not None}
        near = [k for k, value in found.items() if value <= found[self.picked] + self.error]
        return min(near, key=lambda k: (sizes[k], found[k], k))


def correct(trial: Trial, resamples: int = RESAMPLES) -> Corrected:
    """Pick the best candidate of a trial, and say what it is worth.

    Raises ``ValueError`` where no candidate has predicted every row.
    """
    finished = trial.finished
    if not finished.any():
        raise ValueError("no candidate has predicted every row")
    found = trial.figures(trial.row_weights[np.newaxis], finished[np.newaxis])[0]
    picked = int(np.where(finished, trial.badness(found), np.inf).argmin())
    replays = _replayed(trial, resamples)
    standings = tuple(_standing(trial, k, found, replays.inside) if finished[k] else None for k in range(len(found)))
    shares = np.bincount(replays.winners, minlength=len(found)) / resamples
    gains = trial.gain(replays.first, replays.won)
    return Corrected(
        picked,
        standings,
        _outside_interval(replays.won, trial.metric.limits),
        _outside_interval(gains) if finished[0] else None,
        shares,
        float(np.nanstd(replays.inside[:, picked])),
    )


@dataclass(frozen=True)
class _Replays:
    """What came out in each of ``B`` resamples."""

    inside: Doubles
    """``(B, K)``: the candidates' figures on the rows that were drawn."""
    winners: NDArray[np.intp]
    """``(B,)``: who was picked by them."""
    won: Doubles
    """``(B,)``: the winner's figure on the other rows."""
    first: Doubles
    """``(B,)``: candidate 0's on the same."""


def _replayed(trial: Trial, resamples: int) -> _Replays:
    parts = [_replay(trial, drawn) for drawn in _resamples(trial, resamples)]
    return _Replays(*(np.concatenate([getattr(part, own.name) for part in parts]) for own in fields(_Replays)))


def _replay(trial: Trial, drawn: Doubles) -> _Replays:
    """The search by how often each row was ``drawn`` ``(B, n)``."""
    weights, others = drawn * trial.row_weights, (drawn == 0) * trial.row_weights
    running = trial.race.running(trial.losses, weights) & trial.finished
    running |= trial.finished & ~running.any(axis=1, keepdims=True)  # where one that was dropped would have won
    inside = trial.figures(weights, np.broadcast_to(trial.finished, running.shape))
    winners = np.where(running, trial.badness(inside), np.inf).argmin(axis=1)
    asked = np.zeros(running.shape, bool)
    asked[np.arange(len(asked)), winners] = asked[:, 0] = True
    outside = trial.figures(others, asked)
    return _Replays(inside, winners, outside[np.arange(len(asked)), winners], outside[:, 0])


def _resamples(trial: Trial, resamples: int) -> Iterator[Doubles]:
    """How often each row is drawn, ``(b, n)``, some resamples at a time."""
    rows = trial.losses.shape[1]
    units = np.arange(rows) if trial.groups is None else np.unique(trial.groups, return_inverse=True)[1]
    count, generator = int(units.max()) + 1, seeded()
    at_once = max(_WEIGHTS // rows, 1)
    for first in range(0, resamples, at_once):
        size = min(at_once, resamples - first)
        yield generator.multinomial(count, np.full(count, 1 / count), size=size)[:, units].astype(np.float64)


def _standing(trial: Trial, k: int, found: Doubles, inside: Doubles) -> Standing:
    figure = bootstrap(inside[:, k], float(found[k]), trial.metric.limits)
    if not trial.finished[0]:
        return Standing(figure, None)
    gain = float(trial.gain(found[0], found[k]))
    return Standing(figure, bootstrap(trial.gain(inside[:, 0], inside[:, k]), gain, (-np.inf, np.inf)))


def _outside_interval(values: Doubles, limits: tuple[float, float] = (-math.inf, math.inf)) -> Interval:
    """The mean of figures ``(B,)`` of the rows that each resample leaves out, and 95% of them, drawn in to the mean.

    A resample leaves out one row in e. The mean of such a part of the rows has, around the mean of all, ``e - 1`` times
    the variance that this has around the truth (drawing without replacement: Cochran 1977, theorem 2.2).
    """
    values = values[np.isfinite(values)]
    if not len(values):
        return Interval(math.nan, math.nan, math.nan)
    mean = float(values.mean())
    low, high = mean + (np.quantile(values, [0.025, 0.975]) - mean) / math.sqrt(math.e - 1)
    return Interval(mean, float(np.clip(low, limits[0], mean)), float(np.clip(high, mean, limits[1])))
