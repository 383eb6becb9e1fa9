"""The score behind ordered classes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, ndtr

from phoneprice.evaluation.latent_score import mean_cut_points, score_behind

CUTS = np.array([-4.0, -0.5, 0.25, 6.0])


def probabilities(score: np.ndarray, *, probit: bool) -> np.ndarray:
    """Of each class, by the definition: each tail from its own side, so that none is rounding."""
    link = ndtr if probit else expit
    edges = np.concatenate([[-np.inf], CUTS, [np.inf]])
    low, high = score[:, None] - edges[1:], score[:, None] - edges[:-1]
    return np.where(low > 0, link(-low) - link(-high), link(high) - link(low))


@pytest.mark.parametrize("probit", [False, True])
def test_the_score_is_found_again(probit: bool) -> None:
    score = np.linspace(-9, 11, 201)
    found = score_behind(probabilities(score, probit=probit), CUTS, probit=probit)
    np.testing.assert_allclose(found, score, atol=1e-6)


@pytest.mark.parametrize("probit", [False, True])
def test_certain_rows_are_beyond_the_cut_next_to_their_class(probit: bool) -> None:
    found = score_behind(np.eye(5), CUTS, probit=probit)
    assert np.isfinite(found).all()
    assert found[0] < CUTS[0]
    assert found[-1] > CUTS[-1]


def test_cut_points_are_those_of_the_members_on_the_scale_of_the_noise() -> None:
    gaps, sharpness = np.array([[[1.0, 3.0]], [[2.0, 2.0]]]), np.array([[[2.0]], [[0.5]]])
    parameters = {
        "cuts.first": np.full((2, 1, 1), 7.0),
        "cuts.log_gaps": np.log(gaps),
        "cuts.log_sharpness": np.log(sharpness),
    }
    members = np.array([[0.0, 2.0, 8.0], [0.0, 1.0, 2.0]])
    expected = (members - members.mean(axis=1, keepdims=True)).mean(axis=0)
    np.testing.assert_allclose(mean_cut_points(parameters), expected, rtol=1e-6)
