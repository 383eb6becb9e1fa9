import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from phoneprice.evaluation.paired import lead, mcnemar, row_errors
from phoneprice.records import Classified, Interval, Valued

Floats = NDArray[np.float64]


def test_row_errors_and_leads() -> None:
    y = np.array([0, 1, 1])
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    predicted = Classified(p.argmax(1), p)
    assert row_errors("accuracy", y, predicted).tolist() == [0, 0, 1]
    assert row_errors("log_loss", y, predicted) == pytest.approx(-np.log([0.9, 0.8, 0.4]))
    ours, theirs = (Valued(np.array(values)) for values in ([1.0, 2.0, 3.5], [1.0, 3.0, 5.0]))
    truth = np.array([1.0, 2.0, 3.0])
    errors = [row_errors("rmse", truth, v) for v in (ours, theirs)]
    gain = lead("rmse", *errors)
    assert gain.value == pytest.approx(np.sqrt(errors[1].mean()) - np.sqrt(errors[0].mean()))
    assert gain.low < gain.value < gain.high


def test_mcnemar() -> None:
    def errors(only_ours: int, only_theirs: int) -> tuple[Floats, Floats]:
        ours = np.array([0.0] * only_ours + [1.0] * only_theirs + [0.0] * 50)
        theirs = np.array([1.0] * only_ours + [0.0] * only_theirs + [0.0] * 50)
        return ours, theirs

    for right, wrong in ((1, 0), (0, 1), (3, 1), (10, 2), (2, 10), (5, 5), (400, 300), (700, 300)):
        expected = stats.binomtest(right, right + wrong).pvalue
        assert mcnemar(*errors(right, wrong)) == pytest.approx(expected, rel=1e-9)
    assert mcnemar(*errors(0, 0)) == 1
    for right, wrong in ((1100, 900), (900, 1100), (501, 500), (600, 600)):
        assert mcnemar(*errors(right, wrong)) == pytest.approx(stats.binomtest(right, right + wrong).pvalue, rel=0.02)


def test_numbers_are_off_by_a_distance() -> None:
    truth, found = np.array([1.0, 2.0, 3.0]), Valued(np.array([1.5, 2.0, 1.0]))
    assert row_errors("mae", truth, found).tolist() == [0.5, 0, 2]
    assert row_errors("rmse", truth, found).tolist() == [0.25, 0, 4]


def test_a_lead_is_the_mean_difference_with_students_interval() -> None:
    ours, theirs = np.array([0.0, 0, 1, 0, 1]), np.array([1.0, 0, 1, 1, 0])
    found = lead("accuracy", ours, theirs)
    half = stats.t.ppf(0.975, 4) * np.std(theirs - ours, ddof=1) / np.sqrt(5)
    assert found.value == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.2 - half, 0.2 + half))


def test_no_errors_on_either_side_is_no_lead() -> None:
    assert lead("rmse", np.zeros(3), np.zeros(3)) == Interval(0, 0, 0)
