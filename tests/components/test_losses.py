"""Every loss, its gradient and its link."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from phoneprice.components.losses import Loss
from tests.components.families import choices

KINDS: dict[str, Any] = choices(Loss)
LOSSES: dict[str, Any] = {
    **{name: kind() for name, kind in KINDS.items()},
    "ordinal probit": KINDS["ordinal"](distribution="probit"),
    "cross_entropy smoothed": KINDS["cross_entropy"](label_smoothing=0.1),
    "cross_entropy focal": KINDS["cross_entropy"](focal_gamma=2.0),
    "binary_cross_entropy smoothed": KINDS["binary_cross_entropy"](label_smoothing=0.1),
    "binary_cross_entropy focal": KINDS["binary_cross_entropy"](focal_gamma=0.5),
    "smooth_l1 0.3": KINDS["smooth_l1"](beta=0.3),
    "huber 2": KINDS["huber"](delta=2.0),
}
PLAIN = [
    n for n, loss in LOSSES.items() if loss.class_targets and not n.endswith(("smoothed", "focal"))
]  # whose row losses are -log of the link's probabilities
K, B = 3, 40


def classes_of(loss: Any) -> int:
    if not loss.class_targets:
        return 0
    return 2 if loss.tasks == {"binary"} else 4


def outputs_of(loss: Any, scale: float = 1.0, dtype: torch.dtype = torch.float64) -> Tensor:
    """``(K, B, W)`` outputs such as a network gives: for ordered classes they fall along the last axis."""
    generator = torch.Generator().manual_seed(0)
    width = loss.output_width(classes_of(loss))
    outputs = scale * torch.randn(K, B, width, generator=generator, dtype=torch.float64)
    return (outputs.sort(-1, descending=True).values if loss.ordered else outputs).to(dtype)


def targets_of(loss: Any, dtype: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    if loss.class_targets:
        return torch.randint(classes_of(loss), (K, B), generator=generator)
    return 2 * torch.randn(K, B, generator=generator, dtype=torch.float64).to(dtype)


@pytest.mark.parametrize("name", LOSSES)
class TestEveryLoss:
    def test_one_loss_a_row(self, name: str) -> None:
        loss = LOSSES[name]
        outputs, targets = outputs_of(loss), targets_of(loss)
        losses = loss.row_losses(outputs, targets)
        assert losses.shape == (K, B)
        assert (losses >= 0).all()
        torch.testing.assert_close(losses[1, 7], loss.row_losses(outputs[1:2, 7:8], targets[1:2, 7:8])[0, 0])

    def test_gradient_agrees_with_finite_differences(self, name: str) -> None:
        loss = LOSSES[name]
        targets = targets_of(loss)[:1, :12]
        for scale in (0.5, 4.0):
            outputs = outputs_of(loss, scale)[:1, :12].requires_grad_()
            assert torch.autograd.gradcheck(lambda o: loss.row_losses(o, targets), (outputs,))

    @pytest.mark.parametrize("scale", [30.0, 1e3, 1e4, 1e6])
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_extreme_outputs_stay_finite(self, name: str, scale: float, dtype: torch.dtype) -> None:
        loss = LOSSES[name]
        outputs = outputs_of(loss, scale, dtype).requires_grad_()
        losses = loss.row_losses(outputs, targets_of(loss, dtype))
        losses.sum().backward()
        assert losses.isfinite().all()
        assert outputs.grad is not None
        assert outputs.grad.isfinite().all()
        link = loss.link(outputs.detach().numpy().reshape(K * B, -1))
        assert np.isfinite(link).all()

    def test_output_width_fits_the_link(self, name: str) -> None:
        loss = LOSSES[name]
        link = loss.link(outputs_of(loss, dtype=torch.float32)[0].numpy())
        assert link.dtype == np.float32
        assert link.shape == (B, classes_of(loss) or 1)

    def test_its_tasks_are_of_its_kind(self, name: str) -> None:
        loss = LOSSES[name]
        assert loss.tasks
        assert loss.class_targets == ("regression" not in loss.tasks)
        assert not loss.ordered or loss.tasks == {"ordinal"}


@pytest.mark.parametrize("name", PLAIN)
def test_loss_is_minus_the_log_of_the_probability(name: str) -> None:
    loss = LOSSES[name]
    outputs = outputs_of(loss, 2.0)
    p = loss.link(outputs[0].numpy())
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-14)
    assert (p >= 0).all()
    for c in range(classes_of(loss)):
        losses = loss.row_losses(outputs[:1], torch.full((1, B), c))
        np.testing.assert_allclose(-np.log(p[:, c]), losses[0].numpy(), rtol=1e-10)


@pytest.mark.parametrize("name", PLAIN)
def test_far_probabilities_sum_to_one(name: str) -> None:
    loss = LOSSES[name]
    p = loss.link(outputs_of(loss, 1e4, torch.float32)[0].numpy())
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
def test_cross_entropy_is_that_of_torch(smoothing: float) -> None:
    loss = KINDS["cross_entropy"](label_smoothing=smoothing)
    outputs, targets = outputs_of(loss, 3.0), targets_of(loss)
    expected = F.cross_entropy(outputs.flatten(0, 1), targets.flatten(), reduction="none", label_smoothing=smoothing)
    torch.testing.assert_close(loss.row_losses(outputs, targets), expected.view(K, B))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
def test_binary_cross_entropy_is_that_of_torch(smoothing: float) -> None:
    loss = KINDS["binary_cross_entropy"](label_smoothing=smoothing)
    outputs, targets = outputs_of(loss, 3.0), targets_of(loss)
    soft = targets.double() * (1 - smoothing) + smoothing / 2
    expected = F.binary_cross_entropy_with_logits(outputs.squeeze(-1), soft, reduction="none")
    torch.testing.assert_close(loss.row_losses(outputs, targets), expected)


def test_binary_cross_entropy_is_cross_entropy_on_two_outputs() -> None:
    one, two = KINDS["binary_cross_entropy"](focal_gamma=1.5), KINDS["cross_entropy"](focal_gamma=1.5)
    logit, targets = outputs_of(one), targets_of(one)
    both = torch.cat([torch.zeros_like(logit), logit], dim=-1)
    torch.testing.assert_close(one.row_losses(logit, targets), two.row_losses(both, targets))
    np.testing.assert_allclose(one.link(logit[0].numpy()), two.link(both[0].numpy()), rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("l1", F.l1_loss),
        ("mse", F.mse_loss),
        ("smooth_l1", F.smooth_l1_loss),
        ("huber", F.huber_loss),
        ("smooth_l1 0.3", lambda o, t, reduction: F.smooth_l1_loss(o, t, reduction=reduction, beta=0.3)),
        ("huber 2", lambda o, t, reduction: F.huber_loss(o, t, reduction=reduction, delta=2.0)),
    ],
)
def test_regression_losses_are_those_of_torch(name: str, expected: Any) -> None:
    loss = LOSSES[name]
    outputs, targets = outputs_of(loss), targets_of(loss)
    torch.testing.assert_close(
        loss.row_losses(outputs, targets), expected(outputs.squeeze(-1), targets, reduction="none")
    )
    assert loss.link(outputs[0].numpy()).tolist() == outputs[0].tolist()


@pytest.mark.parametrize("name", ["cross_entropy", "binary_cross_entropy"])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal_formula(name: str, gamma: float) -> None:
    """``-(1 - p)**gamma log p`` (Lin et al. 2017, equation 4)."""
    loss: Any = KINDS[name](focal_gamma=gamma)
    outputs, targets = outputs_of(loss), targets_of(loss)
    p = np.stack([loss.link(o.numpy()) for o in outputs])
    p_target = np.take_along_axis(p, targets.numpy()[..., None], axis=-1)[..., 0]
    expected = -((1 - p_target) ** gamma) * np.log(p_target)
    np.testing.assert_allclose(loss.row_losses(outputs, targets).numpy(), expected, rtol=1e-9)


DISTRIBUTIONS = {
    "logit": lambda x: 1 / (1 + math.exp(-x)),
    "probit": lambda x: 0.5 * math.erfc(-x / math.sqrt(2)),
}


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_ordinal_against_the_plain_formula(distribution: str) -> None:
    """``P(y = c) = F(logit_{c - 1}) - F(logit_c)``, a row and a class at a time."""
    loss: Any = KINDS["ordinal"](distribution=distribution)
    f = DISTRIBUTIONS[distribution]
    outputs, targets = outputs_of(loss, 1.5), targets_of(loss)
    losses = loss.row_losses(outputs, targets)
    for k in range(K):
        for i in range(B):
            above = [1.0, *(f(x) for x in outputs[k, i].tolist()), 0.0]
            c = int(targets[k, i])
            assert float(losses[k, i]) == pytest.approx(-math.log(above[c] - above[c + 1]), rel=1e-9)


LOG_F = {
    "logit": lambda x: -np.logaddexp(0, -x),
    "probit": lambda x: float(torch.special.log_ndtr(torch.tensor(x).double())),
}


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_ordinal_does_not_cancel_in_either_tail(distribution: str) -> None:
    """A row beyond all of its cut points by so much that ``F(a) - F(b)`` is 0 near 1; its logarithm is not."""
    loss: Any = KINDS["ordinal"](distribution=distribution)
    near, far = LOG_F[distribution](-10.0), LOG_F[distribution](-11.0)
    expected = -(near + math.log(1 - math.exp(far - near)))
    for outputs, c in (([11.0, 10.0, 9.0], 1), ([-9.0, -10.0, -11.0], 2)):
        for dtype, tolerance in ((torch.float64, 1e-12), (torch.float32, 1e-6)):
            value = loss.row_losses(torch.tensor([[outputs]], dtype=dtype), torch.tensor([[c]]))
            assert float(value) == pytest.approx(expected, rel=tolerance)
            link = loss.link(np.array([outputs], dtype=str(dtype).removeprefix("torch.")))[0, c]
            assert -math.log(link) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_probit_goes_on_linearly_beyond_twelve_deviations(dtype: torch.dtype) -> None:
    loss: Any = KINDS["ordinal"](distribution="probit")
    outputs = torch.tensor([-11.999, -12.001, -13.0, -100.0, -1e4, -1e8], dtype=dtype).view(1, -1, 1).requires_grad_()
    losses = loss.row_losses(outputs, torch.ones(1, 6, dtype=torch.int64))
    (slope,) = torch.autograd.grad(losses.sum(), outputs)
    torch.testing.assert_close(slope.flatten(), torch.full((6,), -12.0822, dtype=dtype), rtol=1e-4, atol=0)
    at_12 = -LOG_F["probit"](-12.0)
    expected = [at_12 + 12.082214 * (x - 12) for x in (11.999, 12.001, 13.0, 100.0, 1e4, 1e8)]
    assert losses.flatten().tolist() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_quantile_undoes_the_distribution(distribution: str) -> None:
    loss: Any = KINDS["ordinal"](distribution=distribution)
    p = torch.tensor([0.01, 0.25, 0.5, 0.9], dtype=torch.float64)
    back = [DISTRIBUTIONS[distribution](x) for x in loss.quantile(p).tolist()]
    assert back == pytest.approx(p.tolist(), rel=1e-12)


def test_class_weights_are_positive_or_by_name() -> None:
    for name in ("cross_entropy", "binary_cross_entropy", "ordinal"):
        assert KINDS[name](class_weights=(1, 2.5)).class_weights == (1, 2.5)
        for wrong in ((1.0, 0.0), (1.0, -1.0), "even"):
            with pytest.raises(ValueError, match="class_weights"):
                KINDS[name](class_weights=wrong)
