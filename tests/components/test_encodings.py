"""Every encoding of numbers, for training and for prediction."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from phoneprice.components.encodings import Encoding, Periodic, PiecewiseLinear
from tests.components.families import choices

KINDS: dict[str, Any] = choices(Encoding)
MEMBERS, COLUMNS = 2, 3
VARIANTS = {
    **{name: kind() for name, kind in KINDS.items()},
    "one bin": PiecewiseLinear(bins=1),
    "one wave": Periodic(frequencies=1, width=1, sigma=3.0),
}


def arrays_of(encoding: Any, seed: int = 0) -> dict[str, Tensor]:
    """What it starts from, member by member; edges as a member could have them, some of them the same."""
    shapes = encoding.shapes(COLUMNS)
    arrays = {name: torch.zeros(MEMBERS, *size, dtype=torch.float64) for name, size in shapes.items()}
    generator = torch.Generator().manual_seed(seed)
    for k in range(MEMBERS):
        encoding.fill({name: array[k] for name, array in arrays.items()}, generator)
    if "edges" in arrays:
        edges = torch.randn(arrays["edges"].shape, generator=generator, dtype=torch.float64).sort(-1).values
        edges[0, 1] = edges[0, 1, 0]
        edges[1, 2, 1:] = edges[1, 2, 1:2]
        arrays["edges"] = edges
    return arrays


def both(encoding: Any, z: np.ndarray[Any, Any], seed: int = 0) -> tuple[Any, Any]:
    """``(K, B, c)`` numbers through torch and through NumPy, ``(K, B, outputs, c)`` each."""
    arrays = arrays_of(encoding, seed)
    trained = encoding.torch(torch.from_numpy(z), arrays).numpy()
    plain = {name: array.numpy() for name, array in arrays.items()}
    predicted = encoding.numpy(np.ascontiguousarray(z.swapaxes(1, 2)), plain)
    return trained, predicted.transpose(0, 3, 1, 2)


@pytest.mark.parametrize("name", VARIANTS)
@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-50, 50), min_size=1, max_size=9), st.integers(0, 100))
def test_torch_and_numpy_agree(name: str, values: list[float], seed: int) -> None:
    encoding = VARIANTS[name]
    z = np.resize(np.array(values), (MEMBERS, len(values), COLUMNS))
    trained, predicted = both(encoding, z, seed)
    assert trained.shape == (MEMBERS, len(values), encoding.outputs, COLUMNS)
    np.testing.assert_allclose(predicted, trained, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("value", [1e6, -1e6, 1e30, 0.0])
def test_extreme_numbers_stay_finite(name: str, value: float) -> None:
    for found in both(VARIANTS[name], np.full((MEMBERS, 4, COLUMNS), value)):
        assert np.isfinite(found).all()


@pytest.mark.parametrize("name", VARIANTS)
def test_gradients_are_those_of_finite_differences(name: str) -> None:
    encoding = VARIANTS[name]
    arrays = {n: a.requires_grad_(n != "edges") for n, a in arrays_of(encoding).items()}
    learned = [name for name in arrays if name != "edges"]
    z = torch.linspace(-2.05, 2.05, MEMBERS * 4 * COLUMNS, dtype=torch.float64).view(MEMBERS, 4, COLUMNS)
    if learned:
        given_arrays = tuple(arrays[n] for n in learned)
        function = lambda *own: encoding.torch(z, dict(zip(learned, own, strict=True)))  # noqa: E731
        assert torch.autograd.gradcheck(function, given_arrays)


@pytest.mark.parametrize("name", KINDS)
def test_each_number_has_its_own_outputs(name: str) -> None:
    """What a column or a row becomes depends on no other column or row."""
    encoding, z = VARIANTS[name], np.linspace(-1, 1, MEMBERS * 5 * COLUMNS).reshape(MEMBERS, 5, COLUMNS)
    other = z.copy()
    z[:, 2, 0], other[:, 2, 0] = -10, 10
    for before, after in zip(both(encoding, z), both(encoding, other), strict=True):
        changed = np.argwhere((before != after).any(axis=2))
        assert {tuple(place[1:]) for place in changed} == {(2, 0)}


def test_ramps_by_hand() -> None:
    edges = np.array([[[0.0, 1.0, 3.0], [5.0, 6.0, 6.0], [2.0, 2.0, 2.0]]])
    x = np.array([[[-1.0, 0.0, 0.25, 1.0, 2.0, 3.0, 9.0], [5.5, 5.0, 6.0, 9.0, 0.0, 5.5, 6.0], [2.0] * 7]])
    ramps = PiecewiseLinear(bins=2).numpy(x, {"edges": edges})
    assert ramps[0, :, 0].tolist() == [[0, 0, 0.25, 1, 1, 1, 1], [0, 0, 0, 0, 0.5, 1, 1]]
    assert ramps[0, :, 1].tolist() == [[0.5, 0, 1, 1, 0, 0.5, 1], [0] * 7]  # one bin less
    assert ramps[0, :, 2].tolist() == [[0] * 7] * 2  # no bin at all
    used = PiecewiseLinear(bins=2).used({"edges": torch.from_numpy(edges)})
    assert used is not None
    assert used.tolist() == [[[True, True, False], [True, False, False]]]


def test_waves_by_hand() -> None:
    arrays = {
        "frequencies": np.array([[[0.25], [1.0]]]),
        "projection": np.array([[[1.0, -1.0], [2.0, 0.5]]]),
        "bias": np.array([[[0.0, 0.25]]]),
    }
    # cos and sin of a quarter turn are 0 and 1, of a whole one 1 and 0.
    found = Periodic(frequencies=1, width=2).numpy(np.array([[[1.0], [1.0]]]), arrays)
    np.testing.assert_allclose(found[0, :, :, 0], [[2.0, 1.0], [0.75, 0.0]], atol=1e-12)


def test_frequencies_start_as_sigma_says() -> None:
    encoding = Periodic(frequencies=200, sigma=0.3, width=100)
    arrays = {name: torch.zeros(size) for name, size in encoding.shapes(100).items()}
    encoding.fill(arrays, torch.Generator().manual_seed(0))
    assert float(arrays["frequencies"].std()) == pytest.approx(0.3, rel=0.02)
    for name in ("projection", "bias"):
        assert 0.9 / 20 < float(arrays[name].abs().max()) <= 1 / 20


@pytest.mark.parametrize("name", KINDS)
def test_only_an_encoding_that_is_one_is_active(name: str) -> None:
    kind = KINDS[name]
    assert kind.active == (name != "none")
    if not kind.active:
        z = np.linspace(-1, 1, MEMBERS * 4 * COLUMNS).reshape(MEMBERS, 4, COLUMNS)
        assert all((found[:, :, 0] == z).all() for found in both(kind(), z))
