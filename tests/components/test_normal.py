import numpy as np
import pytest
from scipy.special import ndtr

from phoneprice.components.normal import normal_cdf, normal_tail


def test_agrees_with_scipy():
    x = np.linspace(-37, 37, 500_001)
    error = np.abs(normal_cdf(x) - ndtr(x))
    assert error.max() < 1e-15
    assert (error / ndtr(x))[x > -7].max() < 1e-8
    assert (error / ndtr(x)).max() < 1e-5


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_limits_type_and_shape(dtype):
    x = np.array([[-np.inf, -1e30, 0, -0.0, 1e30, np.inf]], dtype)
    p = normal_cdf(x)
    assert p.dtype == dtype
    assert p.shape == x.shape
    np.testing.assert_allclose(p, [[0, 0, 0.5, 0.5, 1, 1]], atol=1e-299)


def test_never_decreases():
    assert (np.diff(normal_cdf(np.linspace(-9, 9, 100_001))) >= 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tail_is_the_smaller_side(dtype):
    x = np.linspace(-9, 9, 1001, dtype=dtype)
    tail = normal_tail(x)
    assert tail.dtype == dtype
    np.testing.assert_allclose(tail, ndtr(-np.abs(x.astype(np.float64))), rtol=1e-6)
    np.testing.assert_array_equal(tail, normal_tail(-x))
