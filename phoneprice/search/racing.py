"""Which candidates are surely behind after some of the folds, so that the others may go on without them.

The test is a one-sided paired t test of a candidate's row losses against those of the leader on the same rows. Folds
share training rows, so the variance of the mean difference after ``J`` folds is taken for ``1 + J * test_rows /
train_rows`` times that of independent rows (Nadeau and Bengio 2003, section 3). The leader is whoever has been
luckiest, so all pairs of candidates count as tested, at every rung, and the level is divided by their number
(Bonferroni): the chance of a race to drop any candidate that is as good as its leader is at most ``LEVEL``.

All candidates share the seed. What another one would have made of them is not in the test, as it is in no score.

It takes the place of the bootstrap test of Tsamardinos, Greasidou and Borboudakis (2018), since it can be replayed in
each resample of another bootstrap. Races between models are Maron and Moore's (1994).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phoneprice.guest import unnoticed
from phoneprice.records import Doubles

Bools = NDArray[np.bool_]
LEVEL = 0.05


@dataclass(frozen=True)
class Race:
    """Which rows are known when, and who is judged by them."""

    folds: NDArray[np.int64]
    """``(n,)``: in which fold each row is held out, numbered in the order in which the folds are trained."""
    rungs: tuple[int, ...] = ()
    """After how many folds the candidates are judged; none without a race."""

    def running(self, losses: Doubles, weights: Doubles, done: int | None = None) -> Bools:
        """``(B, K)``: who is in the race after ``done`` folds, once for every line of ``weights``; None: after all.

        ``losses`` ``(K, n)`` are NaN where a candidate has not predicted a row: it has left the race there.
        ``weights`` ``(B, n)`` say as how many each row counts. Candidate 0 is what all are compared with in the end:
        it goes on as long as it has losses.
        """
        last, there = int(self.folds.max()) + 1, np.isfinite(losses)
        done = last if done is None else done
        tests = len(losses) * (len(losses) - 1) // 2 * len(self.rungs)
        running = np.ones((len(weights), len(losses)), bool)
        for rung in (own for own in self.rungs if own <= done):
            rows = self.folds < rung
            running &= there[:, rows].all(axis=1)
            known = np.where(there[:, rows], losses[:, rows], 0)
            behind = surely_behind(known, weights[:, rows], running, 1 + rung / max(last - 1, 1), tests)
            behind[:, 0] = False
            running &= ~behind
        return np.asarray(running & there[:, self.folds < done].all(axis=1))


def surely_behind(losses: Doubles, weights: Doubles, running: Bools, spread: float, tests: int) -> Bools:
    """``(B, K)``: whose ``losses`` ``(K, n)`` are too large for chance, by each line of ``weights`` ``(B, n)``.

    The leader is the best of those that are ``running`` ``(B, K)``; ``spread`` multiplies the variance of the mean
    difference from it, and the level is divided by ``tests``.
    """
    with unnoticed("scipy.special"):
        from scipy.special import stdtrit
    rows = weights.sum(axis=1, keepdims=True)
    losses = losses - losses.mean(axis=0)  # differences stay, and their squares are no small rest of large ones
    means = weights @ losses.T / rows
    leaders = np.where(running, means, np.inf).argmin(axis=1)
    mean, squares = _less_leader(means, leaders), weights @ (losses * losses).T / rows
    # (a - b)^2 = a^2 + b^2 - 2ab, without a matrix of differences for each leader
    products = (weights * losses[leaders]) @ losses.T / rows
    square = squares + np.take_along_axis(squares, leaders[:, np.newaxis], axis=1) - 2 * products
    error = np.sqrt(np.clip(square - mean**2, 0, None) / (rows - 1).clip(1) * spread)
    rounding = 1e-9 * np.sqrt(squares.mean(axis=1, keepdims=True))
    chance = error * stdtrit((rows - 1).clip(1), 1 - LEVEL / max(tests, 1))
    return np.asarray((mean > chance + rounding) & (rows > 1))


def _less_leader(values: Doubles, leaders: NDArray[np.intp]) -> Doubles:
    """``(B, K)`` less each line's own leader."""
    return np.asarray(values - np.take_along_axis(values, leaders[:, np.newaxis], axis=1))
