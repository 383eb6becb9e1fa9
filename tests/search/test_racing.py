"""Who is surely behind, and who may not be dropped."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from phoneprice.search.racing import LEVEL, Race, surely_behind

ROWS = 400
FOLDS = np.arange(ROWS) % 5
ONE = np.ones((1, ROWS))


def noise(candidates: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(1, 1, (candidates, ROWS))


@pytest.mark.parametrize("spread", [1.0, 1.75])
def test_the_test_is_the_paired_t_test(spread: float) -> None:
    """Just at the level by SciPy's figure, a little less and it isn't."""
    losses = noise(2)
    losses[0] -= 0.2
    found = stats.ttest_rel(losses[1], losses[0], alternative="greater")
    statistic = found.statistic / math.sqrt(spread)
    p = stats.t.sf(statistic, ROWS - 1)
    for tests, expected in ((int(LEVEL / p) - 1, True), (int(LEVEL / p) + 1, False)):
        behind = surely_behind(losses, ONE, np.ones((1, 2), bool), spread, tests)
        assert behind.tolist() == [[False, expected]]


def test_every_line_of_weights_is_a_race_of_its_own() -> None:
    losses, generator = noise(6), np.random.default_rng(1)
    losses[3] += 0.5
    weights = generator.multinomial(ROWS, np.full(ROWS, 1 / ROWS), size=5).astype(float)
    running = generator.random((5, 6)) < 0.8
    together = surely_behind(losses, weights, running, 1.25, 3)
    for b in range(5):
        rows = np.repeat(np.arange(ROWS), weights[b].astype(int))
        alone = surely_behind(losses[:, rows], np.ones((1, ROWS)), running[[b]], 1.25, 3)
        assert together[b].tolist() == alone[0].tolist()


def test_equal_candidates_stay_whatever_rounding_does() -> None:
    losses = np.repeat(noise(1) * 1e6, 5, axis=0)
    assert Race(FOLDS, (1, 2, 3, 4)).running(losses, ONE).all()


def test_who_is_far_behind_is_dropped_at_the_first_rung() -> None:
    losses = noise(4)
    losses[2] += 1
    assert Race(FOLDS, (1,)).running(losses, ONE).tolist() == [[True, True, False, True]]
    assert Race(FOLDS, ()).running(losses, ONE).all()


def test_the_configuration_as_given_is_never_dropped() -> None:
    losses = noise(3)
    losses[0] += 5
    assert Race(FOLDS, (1, 2)).running(losses, ONE).tolist() == [[True, True, True]]


def test_who_has_left_does_not_lead() -> None:
    """The best on the rows that it has, without those of later folds."""
    losses = noise(3)
    losses[1] -= 5
    losses[1, FOLDS > 1] = np.nan
    assert Race(FOLDS, (2, 3)).running(losses, ONE).tolist() == [[True, False, False]]
    losses[1, FOLDS > 0] = np.nan
    assert Race(FOLDS, (2, 3)).running(losses, ONE).tolist() == [[True, False, True]]


def test_a_loss_that_is_infinite_counts_as_none() -> None:
    losses = noise(2)
    losses[1, 3] = np.inf
    assert Race(FOLDS, ()).running(losses, ONE).tolist() == [[True, False]]


def test_between_two_rungs_only_the_rows_that_are_known_count() -> None:
    losses = noise(3)
    losses[1, FOLDS < 2] += 1
    losses[:, FOLDS >= 2] = np.nan
    race = Race(FOLDS, (2, 4))
    assert race.running(losses, ONE, done=1).all()
    assert race.running(losses, ONE, done=2).tolist() == [[True, False, True]]
    assert not race.running(losses, ONE).any()


def test_one_row_drops_nobody() -> None:
    assert Race(np.zeros(1, int), (1,)).running(np.array([[0.0], [9.0]]), np.ones((1, 1))).all()


def test_a_race_seldom_drops_an_equal() -> None:
    """In 200 races of ten candidates that are equal the level allows ten; as many or more come in 1 of 40,000."""
    dropped = [not Race(FOLDS, (1, 2, 3, 4)).running(noise(10, seed), ONE).all() for seed in range(200)]
    assert sum(dropped) <= 10
