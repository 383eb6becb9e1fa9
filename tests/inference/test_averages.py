import numpy as np

from phoneprice.components.losses import Ordinal
from phoneprice.inference.averages import probabilities, values
from phoneprice.records import TargetStatistics


def test_members_are_averaged_after_the_link():
    outputs = np.random.default_rng(0).normal(0, 2, (3, 7, 2)).astype(np.float32)
    outputs.sort(axis=2)
    outputs = outputs[:, :, ::-1]
    loss = Ordinal(distribution="logit")
    expected = np.mean([loss.link(member.astype(np.float64)) for member in outputs], axis=0)
    np.testing.assert_allclose(probabilities(outputs, loss), expected, rtol=1e-12)


def test_no_probability_is_below_zero():
    """Logits on both sides of 0, as near to each other as to round: the difference was -6e-17."""
    near = np.linspace(-1e-7, 1e-7, 401, dtype=np.float32)
    outputs = np.stack([near, near, np.full(401, -1, np.float32)], axis=1)[None]
    for distribution in ("logit", "probit"):
        assert probabilities(outputs, Ordinal(distribution=distribution)).min() >= 0


def test_values_come_in_the_units_of_the_target():
    outputs = np.array([[[0.0], [1.0]], [[2.0], [-1.0]]], dtype=np.float32)
    target = TargetStatistics(shift=np.array([10.0, 20.0]), scale=np.array([2.0, 4.0]))
    assert values(outputs, target).tolist() == [(10 + 28) / 2, (12 + 16) / 2]


def test_each_member_stays_near_its_own_targets():
    outputs = np.array([[[0.5], [1e9]], [[2.0], [-1e9]]], dtype=np.float32)
    ends = {"low": np.array([0.0, 0.0]), "high": np.array([1.0, 10.0])}
    target = TargetStatistics(shift=np.zeros(2), scale=np.ones(2), **ends)
    np.testing.assert_allclose(values(outputs, target), [(0.5 + 2) / 2, (1.2 - 2) / 2])
