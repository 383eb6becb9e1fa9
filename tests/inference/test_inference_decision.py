import numpy as np
import pytest

from phoneprice.components.losses import Ordinal
from phoneprice.inference.decision import calibrated, decide, expected_costs, probabilities
from phoneprice.records import Calibration

P = np.array([[0.4, 0.1, 0.5], [0.2, 0.3, 0.5], [0.5, 0.25, 0.25]])


def test_members_are_averaged_after_the_link():
    outputs = np.random.default_rng(0).normal(0, 2, (3, 7, 2)).astype(np.float32)
    outputs.sort(axis=2)
    outputs = outputs[:, :, ::-1]
    loss = Ordinal(distribution="logit")
    expected = np.mean([loss.link(member.astype(np.float64)) for member in outputs], axis=0)
    np.testing.assert_allclose(probabilities(outputs, loss), expected, rtol=1e-12)


def test_temperature_is_a_power():
    q = calibrated(P, Calibration(temperature=2.0))
    expected = np.sqrt(P) / np.sqrt(P).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(q, expected, rtol=1e-12)
    assert (q.argmax(axis=1) == P.argmax(axis=1)).all()
    assert calibrated(P, Calibration()) is P


@pytest.mark.parametrize("temperature", [0.01, 1e-6, 50.0])
def test_certainty_stays_certain(temperature):
    q = calibrated(np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]), Calibration(temperature=temperature))
    assert np.isfinite(q).all()
    np.testing.assert_allclose(q.sum(axis=1), 1)
    assert (q[:2].argmax(axis=1) == [0, 1]).all()


@pytest.mark.parametrize(
    ("calibration", "classes"),
    [
        (Calibration(), [2, 2, 0]),
        (Calibration(decision="median"), [1, 1, 0]),
        (Calibration(decision="expected_cost"), [1, 1, 0]),
        (Calibration(decision="expected_cost", costs=((0, 1, 1), (1, 0, 1), (1, 1, 0))), [2, 2, 0]),
        (Calibration(decision="expected_cost", costs=((0, 9, 9), (1, 0, 1), (1, 1, 0))), [0, 0, 0]),
    ],
)
def test_decision_rules(calibration, classes):
    assert decide(P, calibration).tolist() == classes


def test_median_of_probabilities_that_sum_to_less_than_one_half():
    assert decide(np.array([[0.1, 0.1, 0.1]]), Calibration(decision="median")).tolist() == [2]


def test_threshold_is_the_least_probability_of_the_second_class():
    p = np.array([[0.7, 0.3], [0.71, 0.29]])
    assert decide(p, Calibration(threshold=0.3)).tolist() == [1, 0]


def test_expected_costs_are_the_matrix_product():
    costs = np.random.default_rng(0).random((3, 3))
    np.testing.assert_allclose(expected_costs(P, tuple(map(tuple, costs))), P @ costs, rtol=1e-12)
