"""Searches over candidates whose accuracy is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from phoneprice.metrics.catalogue import METRICS
from phoneprice.records import Doubles
from phoneprice.search.correction import Corrected, Trial, correct
from phoneprice.search.figures import MeanFigures
from phoneprice.search.racing import Race


@dataclass(frozen=True)
class Simulation:
    """Candidates that are all equal: each is right with probability ``accuracy``."""

    candidates: int
    rows: int
    alike: float
    """Correlation of what makes a row difficult for two candidates: 0, they err independently; 1, on the same rows."""
    accuracy: float = 0.9
    folds: int = 5
    rungs: tuple[int, ...] = (1, 2, 3)
    resamples: int = 200

    def search(self, seed: int) -> Corrected:
        """One search with new rows, raced and corrected as ``tune`` does it."""
        generator = np.random.default_rng(seed)
        shared, own = generator.standard_normal(self.rows), generator.standard_normal((self.candidates, self.rows))
        difficulty = np.sqrt(self.alike) * shared + np.sqrt(1 - self.alike) * own
        losses = (difficulty > ndtri(self.accuracy)).astype(np.float64)
        race = Race(generator.permutation(np.arange(self.rows) % self.folds), self.rungs)
        raced(losses, race)
        trial = Trial(METRICS["accuracy"], MeanFigures("accuracy", losses), losses, race)
        return correct(trial, self.resamples)


def raced(losses: Doubles, race: Race) -> None:
    """Take from ``losses`` what the race leaves untrained; in place."""
    for rung in race.rungs:
        running = race.running(losses, np.ones((1, losses.shape[1])), done=rung)[0]
        losses[np.ix_(~running, race.folds >= rung)] = np.nan


@dataclass(frozen=True)
class Outcome:
    """What many searches gave, on average."""

    raw: float
    """Of the candidate that was picked."""
    corrected: float
    error: float
    """The standard error of ``corrected``."""
    covered: float
    """How often the interval held the truth."""


def outcome(simulation: Simulation, searches: int) -> Outcome:
    """``searches`` of them."""
    found = [simulation.search(seed) for seed in range(searches)]
    raw = [own.standings[own.picked].figure.value for own in found]
    estimates = [own.estimate for own in found]
    values = [own.value for own in estimates]
    held = [own.low <= simulation.accuracy <= own.high for own in estimates]
    error = float(np.std(values, ddof=1)) / np.sqrt(searches)
    return Outcome(float(np.mean(raw)), float(np.mean(values)), error, float(np.mean(held)))
