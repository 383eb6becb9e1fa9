import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoneprice.errors import ConfigError
from phoneprice.metrics.decisions import cost_matrix, decide, temper
from phoneprice.records import Calibration

P = np.array([[0.4, 0.1, 0.1, 0.4], [0.2, 0.3, 0.1, 0.4], [0.0, 0.0, 1.0, 0.0], [0.5, 0.5, 0.0, 0.0]], np.float32)


def test_argmax():
    assert decide(P, Calibration()).tolist() == [0, 3, 2, 0]


def test_median():
    assert decide(P, Calibration(decision="median")).tolist() == [1, 1, 2, 0]
    rounded = np.array([[0.1, 0.1, 0.1, 0.1]])  # never reaches one half
    assert decide(rounded, Calibration(decision="median")).tolist() == [3]


def test_expected_cost_defaults_to_class_distance():
    assert decide(P, Calibration(decision="expected_cost")).tolist() == [1, 1, 2, 0]


def test_expected_cost_of_own_costs():
    costs = ((0, 1, 1, 1), (1, 0, 1, 1), (1, 1, 0, 1), (100, 100, 100, 0))  # never miss the last class
    assert decide(P, Calibration(decision="expected_cost", costs=costs)).tolist() == [3, 3, 2, 0]


def test_threshold():
    p = np.array([[0.7, 0.3], [0.6, 0.4], [0.1, 0.9]], np.float32)
    assert decide(p, Calibration(threshold=0.35)).tolist() == [0, 1, 1]
    assert decide(p, Calibration(threshold=float(p[1, 1]))).tolist() == [0, 1, 1]


def test_a_threshold_between_neighbouring_floats_separates_them():
    low = np.float32(0.7)
    high = np.nextafter(low, np.float32(1))
    p = np.array([[1 - low, low], [1 - high, high]])
    assert decide(p, Calibration(threshold=(float(low) + float(high)) / 2)).tolist() == [0, 1]


def test_costs_must_be_square():
    assert cost_matrix((), 3).tolist() == [[0, 1, 2], [1, 0, 1], [2, 1, 0]]
    for costs, found in (
        (((0.0, 1.0), (1.0, 0.0)), "2 rows of 2"),
        (((0.0,), (1.0, 0.0), (1.0,)), "3 rows of 1/2"),
        (((0.0, 1.0, 2.0), (1.0, 0.0), (2.0, 1.0, 0.0)), "3 rows of 3/2"),
    ):
        with pytest.raises(ConfigError) as caught:
            cost_matrix(costs, 3)
        assert str(caught.value) == f"task.costs: found {found} numbers, must be 3 rows of 3"


def test_temperature_one_changes_nothing():
    assert np.array_equal(temper(P, 1.0), P.astype(np.float64))


def test_temper_divides_the_logarithms():
    p = np.array([[0.5, 0.3, 0.2]])
    powered = p ** (1 / 2.5)
    np.testing.assert_allclose(temper(p, 2.5), powered / powered.sum())


@given(
    st.lists(st.floats(0, 1, width=32), min_size=2, max_size=6).filter(lambda row: sum(row) > 1e-3),
    st.floats(1 / 20, 20),
)
def test_the_most_probable_class_never_changes(row, temperature):
    p = np.array([row], np.float32) / np.float32(sum(row))
    tempered = temper(p, temperature)
    assert tempered.argmax() == p.argmax()
    assert tempered.sum() == pytest.approx(1)


@pytest.mark.parametrize("temperature", [0.01, 1e-6, 50.0])
def test_certainty_stays_certain(temperature: float) -> None:
    q = temper(np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]), temperature)
    np.testing.assert_allclose(q.sum(axis=1), 1)
    assert (q[:2].argmax(axis=1) == [0, 1]).all()
