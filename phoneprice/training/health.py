"""How well the layers of a stack learn, measured once an epoch at the price of a fraction of a step.

What is measured, ``(K, layers)`` each, layers in the order of ``model.shape``:

- ``gradient_norm``: root mean square of the gradient of each weight matrix at the epoch's last step;
- ``weight_norm``: root mean square of its weights before that step;
- ``update_ratio``: size of that step relative to them, ``|new - old| / |old|``;
- ``dead_units``: share of a hidden layer's rectifiers that are zero on every row of a sample;
- ``saturated``: share of a hidden layer's bounded activations that are within 2.5% of their range of a bound;
- ``spread``: before the first step alone, the standard deviation over rows of a hidden unit's activation, root mean
  square over units: what of the inputs' spread of 1 gets there;
- ``validation_accuracy`` (for ordered classes of the median class) or ``validation_rmse`` (in the target's units), on
  the rows whose loss is watched: ``(K, 1)``;
- ``train_accuracy`` or ``train_rmse``: the same on ``METRIC_ROWS`` or fewer of a member's own training rows, without
  dropout and with the running statistics of batch normalisation, as on the others.

The share of the time must stay under 3%. Where an epoch has fewer than ``LEAST_STEPS`` steps, the measurements of the
first ``EVERY_EPOCH`` epochs are all fresh, later ones only every ``LEAST_STEPS`` steps; in between the last ones stand.

The two kinds about activations look at no more than ``SAMPLE_ROWS`` of a member's own training rows, always the same
ones. Everything is a function of the training so far, so a resumed training measures the same.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from phoneprice.components.losses import Loss
from phoneprice.model.mlp import StackedMLP
from phoneprice.records import MemberPlan, Rows
from phoneprice.records.curves import WEIGHT_MEASUREMENTS

SAMPLE_ROWS = 128
METRIC_ROWS = 512
NEAR_BOUND = 0.025
"""Share of the range of a bounded activation that counts as saturated, at either end."""
LEAST_STEPS = 8
EVERY_EPOCH = 8


class HealthMonitor:
    """Measures one stack. ``sample`` ``(K, B, d)`` are rows as the members see them."""

    def __init__(self, network: StackedMLP, sample: Tensor) -> None:
        self._network = network
        self._weights = [t for name, t in network.parameters.items() if name.endswith(".weight")]
        self._sample = sample
        activation = network.model.activation
        self._may_die, self._may_saturate = activation.rectifier, activation.saturates
        if self._may_saturate:
            far = torch.tensor([-1e4, 1e4], dtype=sample.dtype)
            low, high = activation.torch(far).tolist()
            margin = NEAR_BOUND * (high - low)
            self._inside = low + margin, high - margin
        self._root_sizes = sample.new_tensor([w[0].numel() ** 0.5 for w in self._weights])[:, None]
        self._before: list[Tensor] = []
        self._gradients: list[Tensor] = []
        hidden = len(network.shape.hidden)
        kinds = {"dead_units": self._may_die * hidden, "saturated": self._may_saturate * hidden}
        kinds |= dict.fromkeys(WEIGHT_MEASUREMENTS, len(self._weights))
        self.values = {name: sample.new_full((len(sample), n), torch.nan) for name, n in kinds.items() if n}
        """The latest measurements."""

    @staticmethod
    def is_due(epoch: int, step: int, steps: int) -> bool:
        """Whether to measure at ``step`` (0 is the first) of ``steps`` in ``epoch``."""
        every = max(LEAST_STEPS // steps, 1)
        return step == steps - 1 and (epoch < EVERY_EPOCH or (epoch + 1) % every == 0)

    @torch.no_grad()
    def before_step(self) -> None:
        """Remember gradients and weights, between the backward pass and the optimizer's step."""
        self._before = [w.clone() for w in self._weights]
        self._gradients = [torch.zeros_like(w) if w.grad is None else w.grad for w in self._weights]

    @torch.no_grad()
    def after_step(self) -> None:
        """Measure what the step has done, and look at the activations."""
        moved = [old - new for old, new in zip(self._before, self._weights, strict=True)]
        tensors = (*self._gradients, *self._before, *moved)
        norms = torch.stack([torch.linalg.vector_norm(t, dim=(1, 2)) for t in tensors])
        gradients, weights, updates = norms.view(3, len(moved), -1) / self._root_sizes
        for name, sizes in zip(WEIGHT_MEASUREMENTS, (gradients, weights, updates / weights), strict=True):
            self.values[name] = sizes.T
        self._before, self._gradients = [], []
        if "dead_units" in self.values or "saturated" in self.values:
            self._measure_activations(self._network.activations(self._sample))

    @torch.no_grad()
    def at_the_start(self) -> Mapping[str, Tensor]:
        """Measure a network that has gradients and has made no step; batches normalise themselves, as in training."""
        both = [w.grad for w in self._weights if w.grad is not None], self._weights
        norms = [torch.stack([torch.linalg.vector_norm(t, dim=(1, 2)) for t in tensors]) for tensors in both]
        gradients, weights = (n / self._root_sizes for n in norms)
        found = {"gradient_norm": gradients.T, "weight_norm": weights.T}
        if activations := self._network.activations(self._sample, training=True):
            self._measure_activations(activations)
            found |= {name: self.values[name] for name in ("dead_units", "saturated") if name in self.values}
            found["spread"] = torch.stack([h.std(1, correction=0).square().mean(1).sqrt() for h in activations], 1)
        return found

    def _measure_activations(self, activations: Sequence[Tensor]) -> None:
        if self._may_die:
            shares = [(h.amax(1) <= 0).mean(1, dtype=h.dtype) for h in activations]
            self.values["dead_units"] = torch.stack(shares, 1)
        if self._may_saturate:
            low, high = self._inside
            shares = [((h < low) | (h > high)).mean((1, 2), dtype=h.dtype) for h in activations]
            self.values["saturated"] = torch.stack(shares, 1)

    def note_metric(self, rows: Literal["train", "validation"], mean_score: Tensor, target_unit: Tensor | None) -> None:
        """Keep the metric on some rows from the mean ``(K,)`` of ``row_scores``."""
        if target_unit is None:
            self.values[f"{rows}_accuracy"] = mean_score[:, None]
        else:  # (K, 1)
            self.values[f"{rows}_rmse"] = mean_score.sqrt()[:, None] * target_unit

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Take back ``values``."""
        self.values = {name: tensor.to(self._sample) for name, tensor in tensors.items()}


def row_scores(loss: Loss, outputs: Tensor, targets: Tensor) -> Tensor:
    """``(K, B, W)`` outputs and ``(K, B)`` targets to ``(K, B)``: 1 for the right class, or the squared error."""
    if not loss.class_targets:
        return (outputs.squeeze(-1) - targets).square()
    cumulative = loss.ordered or outputs.shape[-1] == 1
    predicted = (outputs > 0).sum(-1) if cumulative else outputs.argmax(-1)
    return (predicted == targets).to(outputs.dtype)


def sample_rows(plans: Sequence[MemberPlan], most: int = SAMPLE_ROWS) -> Tensor:
    """Evenly spaced training rows of each member, as many of each: int64 ``(K, B)``."""
    count = min(most, *(len(plan.train_rows) for plan in plans))
    return torch.from_numpy(np.stack([_evenly_spaced(plan.train_rows, count) for plan in plans]))


def _evenly_spaced(rows: Rows, count: int) -> Rows:
    return rows[np.linspace(0, len(rows) - 1, count).astype(np.int64)]
