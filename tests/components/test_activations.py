"""Every activation, for training and for prediction."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from phoneprice.components.activations import Activation
from tests.components.families import choices

KINDS: dict[str, Any] = choices(Activation)
ACTIVATIONS = {name: kind() for name, kind in KINDS.items()}
VARIANTS = {
    **ACTIVATIONS,
    "leaky_relu 0.3": KINDS["leaky_relu"](slope=0.3),
    "elu 2.5": KINDS["elu"](alpha=2.5),
    "hardtanh 3": KINDS["hardtanh"](limit=3.0),
}
_SIZES = np.logspace(-8, 4, 400)
GRID = np.concatenate([np.linspace(-45, 45, 20_001), _SIZES, -_SIZES, [0.0]])


def both(activation: Any, x: np.ndarray, slope: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """The same inputs through torch and through NumPy."""
    slopes = np.full(1, slope, dtype=x.dtype) if activation.learned_slope else None
    tensor = None if slopes is None else torch.from_numpy(slopes)
    return activation.torch(torch.from_numpy(x.copy()), tensor).numpy(), activation.numpy(x.copy(), slopes)


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-6), (np.float64, 1e-12)])
def test_torch_and_numpy_agree(name: str, dtype: Any, tolerance: float) -> None:
    trained, predicted = both(VARIANTS[name], GRID.astype(dtype))
    assert predicted.dtype == dtype
    assert np.isfinite(predicted).all()
    np.testing.assert_allclose(predicted, trained, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", VARIANTS)
def test_gradients_are_finite(name: str) -> None:
    x = torch.from_numpy(GRID.astype(np.float32)).requires_grad_()
    slope = torch.tensor([0.25], requires_grad=True) if VARIANTS[name].learned_slope else None
    VARIANTS[name].torch(x.clone(), slope).sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()
    assert slope is None or (slope.grad is not None and slope.grad.isfinite().all())


@pytest.mark.parametrize("name", VARIANTS)
def test_gradient_is_the_slope(name: str) -> None:
    # Points that stay clear of the kinks at 0, +-1 and +-3.
    x = torch.linspace(-4.05, 4.05, 82, dtype=torch.float64).requires_grad_()
    slope = torch.full((82,), 0.2, dtype=torch.float64, requires_grad=True) if VARIANTS[name].learned_slope else None
    inputs = (x,) if slope is None else (x, slope)
    assert torch.autograd.gradcheck(lambda x, *slope: VARIANTS[name].torch(x.clone(), *slope), inputs)


@pytest.mark.parametrize("name", VARIANTS)
def test_numpy_overwrites_nothing_but_its_argument(name: str) -> None:
    """``numpy`` may work in place: in the array it is given, never around it, and what it returns is the answer."""
    activation = VARIANTS[name]
    whole = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
    before, slope = whole.copy(), np.full(3, 0.1, dtype=np.float32)
    expected, _ = both(activation, whole[:, 1:4].copy(), 0.1)
    answer = activation.numpy(whole[:, 1:4], slope if activation.learned_slope else None)
    np.testing.assert_allclose(answer, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(whole[:, [0, 4]], before[:, [0, 4]])
    np.testing.assert_array_equal(slope, np.full(3, 0.1, dtype=np.float32))
    assert np.array_equal(whole, before) or np.array_equal(whole[:, 1:4], answer)


def second_moment(activation: Any) -> float:
    """``E[f(z)**2]`` for a standard normal ``z``, by the trapezoid rule."""
    z = np.linspace(-12, 12, 1_000_001)
    density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    values = both(activation, z, getattr(activation, "initial_slope", 0.0))[1]
    return float(np.trapezoid(values**2 * density, z))


@pytest.mark.parametrize("name", VARIANTS)
def test_gain(name: str) -> None:
    activation = VARIANTS[name]
    defined: dict[str, Any] = {"identity": "linear", "sigmoid": "sigmoid", "tanh": "tanh", "relu": "relu"}
    leak = getattr(activation, "slope", getattr(activation, "initial_slope", None))
    if activation.name in defined:
        assert activation.gain == pytest.approx(torch.nn.init.calculate_gain(defined[activation.name]), rel=1e-12)
    elif leak is not None:
        assert activation.gain == pytest.approx(torch.nn.init.calculate_gain("leaky_relu", leak), rel=1e-12)
    else:
        assert activation.gain == pytest.approx(second_moment(activation) ** -0.5, rel=1e-8)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_flags_are_true_of_the_function(name: str) -> None:
    activation = ACTIVATIONS[name]
    x = torch.linspace(-100, -0.01, 1000, dtype=torch.float64).requires_grad_()
    y = activation.torch(x.clone(), torch.tensor(0.25, dtype=torch.float64))
    (slope,) = torch.autograd.grad(y.sum(), x, allow_unused=True)
    assert activation.rectifier == bool((y == 0).all() and (slope == 0).all())

    ends = torch.tensor([-2e4, -1e4, 1e4, 2e4], dtype=torch.float64)
    far = activation.torch(ends, torch.tensor(0.25, dtype=torch.float64))
    assert activation.saturates == bool(far[0] == far[1] and far[2] == far[3])
