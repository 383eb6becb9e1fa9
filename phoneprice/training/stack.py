"""A stack: K members of one pace, trained in lockstep."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from phoneprice.components.losses import Ordinal
from phoneprice.components.penalties import Adaptive
from phoneprice.config.schema import Config, EarlyStopping
from phoneprice.model.mlp import StackedMLP, place_cuts, place_edges
from phoneprice.model.shape import network_shape
from phoneprice.records import Doubles, Floats, InputStatistics, MemberPlan, Rows, TargetStatistics
from phoneprice.records.curves import Start
from phoneprice.training.batches import Dropout, Pace, epoch_rows, padded_rows, sees_every_row
from phoneprice.training.data import MemberView, TrainingData
from phoneprice.training.health import METRIC_ROWS, HealthMonitor, row_scores, sample_rows
from phoneprice.training.optimization import StackedOptimizer, clip_member_gradients, per_member
from phoneprice.training.progress import MemberProgress
from phoneprice.training.settings import StackSettings

_EVALUATION_ELEMENTS = 2**20
"""Activations held at once while evaluating: bounds memory (and fits the cache), not results."""
_ENOUGH_ROWS = 4096
"""Rows that show whether a member has exploded: of more it is every second, third or so."""
_EXPLODED = 1e6
"""A poor choice may end far worse than it began, as batches of one row with batch normalisation; not so many times."""


@dataclass(frozen=True)
class FitSetup:
    """Everything a fit needs, on its device."""

    configs: Sequence[Config]
    """Each member's."""
    data: TrainingData
    inputs: InputStatistics
    target: TargetStatistics | None
    classes: int
    watch: bool = True
    """Follow the loss on rows that are held out, and the layers' health; early stopping and plateaus are followed in
    any case."""
    edges: Sequence[Floats | None] | None = None
    """Each member's, ``(c, bins + 1)``, where it encodes numbers by bins; None: no member does."""


@dataclass(frozen=True)
class _Batch:
    """Inputs ``(K, B, d)`` and targets ``(K, B)`` of a step.

    ``encoded`` is what the hidden layers get of them, where it is the same at every step.
    """

    z: Tensor
    y: Tensor
    encoded: Tensor | None = None


class Stack:
    """K networks, their optimizer and their progress. ``positions`` are the members' places in the fit."""

    def __init__(self, setup: FitSetup, positions: Sequence[int], plans: Sequence[MemberPlan]) -> None:
        like = setup.data.values
        self.settings = StackSettings.of([setup.configs[p] for p in positions], like)
        self.config = config = self.settings.config
        self.data, self.plans, self.positions = setup.data, plans, positions
        self.pace = Pace.of(plans[0], config.training)
        self.view = MemberView.of(positions, setup.inputs, setup.target, setup.data)
        self._classes, self._numbers = setup.classes, setup.inputs.numbers
        edges = [] if setup.edges is None else [own for p in positions if (own := setup.edges[p]) is not None]
        self._edges = torch.from_numpy(np.stack(edges)) if edges else None
        self._class_weights = self._weigh_classes(setup.classes)
        self.network = self._fresh_network()
        self._groups = self.network.input_groups
        for parameter in self.network.parameters.values():
            parameter.requires_grad_()
        self.optimizer = StackedOptimizer(self.settings.optimizers, self.network.parameters)
        self.progress = MemberProgress.start(len(plans))
        self.average = self._copy() if config.training.ema_decay else None
        self.kept = self._copy()
        """The weights that count so far: with early stopping the best ones, else the last finite ones (``settle``)."""
        widths = (like.shape[1], *config.model.hidden)
        self._dropout = Dropout(self.settings.dropout, widths, config.training.seed)
        waits = config.model.skip and config.model.hidden
        self._network_start = config.training.network_start * config.training.epochs if waits else 0.0
        """Epochs during which the skip path learns alone."""
        self._train_rows = torch.tensor(self._counts(), device=like.device).to(like.dtype)
        """As how many rows each member's own count."""
        sizes = self._train_rows.new_tensor([len(p.train_rows) for p in plans])
        self._mean_weight = (self._train_rows / sizes)[:, None]
        self._full_batch: _Batch | None = None
        self._own_pace: tuple[Tensor, Tensor] | None = None
        self._watched = self._choose_watched(watch=setup.watch)
        self.health = self._monitor() if setup.watch else None
        self._training_rows = sample_rows(plans, METRIC_ROWS).to(self.data.values.device)
        self._has_stopping_rows = torch.tensor([len(p.stopping_rows) > 0 for p in plans])

    @property
    def epochs(self) -> int:
        """After how many the training of these members is over."""
        return self.config.training.epochs

    def learning_rates(self, epoch: int) -> Tensor:
        """``(K,)`` float64: those of the networks in ``epoch`` (0 for the first), NaN when training is over."""
        base = [choice.lr if epoch < self.epochs else np.nan for choice in self.settings.optimizers]
        return torch.from_numpy(np.array(base) * self.settings.rate_factors(epoch)) * self.progress.rate

    def _fresh_network(self) -> StackedMLP:
        """The members as they begin: the seed decides, so they can be had again at any time."""
        config, like = self.config, self.data.values
        shape = network_shape(config, like.shape[1], self._classes, len(self.plans), self._numbers)
        seeds = [(config.training.seed, p.index) for p in self.plans]
        network = StackedMLP.initialised(config, shape, seeds, like.dtype)
        if isinstance(config.loss, Ordinal):
            place_cuts(network.tensors, self._class_quantiles(self._classes, config.loss).to(like.dtype))
        if self._edges is not None and network.shape.numbers:
            place_edges(network, self._edges.to(like.dtype))
        return network.to(like.device)

    def _monitor(self) -> HealthMonitor:
        sample, _ = self.view.batch(self.data, sample_rows(self.plans).to(self.data.values.device))
        return HealthMonitor(self.network, sample)

    def start(self) -> Start:
        """The members before their first step, on a sample of their training rows."""
        network = self._fresh_network()
        for parameter in network.parameters.values():
            parameter.requires_grad_()
        z, y = self.view.batch(self.data, sample_rows(self.plans).to(self.data.values.device))
        losses = self._row_losses(network.forward(z, training=True), y).mean(1)
        losses.sum().backward()  # type: ignore[no-untyped-call]
        health = HealthMonitor(network, z).at_the_start()
        silent = {n: t * 0 if n.startswith(("output.", "skip.")) else t for n, t in network.tensors.items()}
        with torch.no_grad():
            outputs = StackedMLP(self.config.model, network.shape, silent).forward(z, training=True)
            guessing = self._row_losses(outputs, y).mean(1)
        return Start(_doubles(losses), _doubles(guessing), {name: _doubles(t) for name, t in health.items()})

    def _counts(self) -> list[float]:
        """As how many rows each member's own count."""
        if self.data.weights is None:
            return [float(len(plan.train_rows)) for plan in self.plans]
        weights = self.data.weights.cpu().double()
        return [float(weights[plan.train_rows].sum()) for plan in self.plans]

    def _class_counts(self, classes: int) -> Tensor:
        """``(K, C)`` float64: rows of each class among each member's own."""
        targets, weights = self.data.targets.cpu(), self.data.weights
        weights = None if weights is None else weights.cpu().double()
        counts = [
            torch.bincount(targets[p.train_rows], None if weights is None else weights[p.train_rows], classes)
            for p in self.plans
        ]
        return torch.stack(counts).double()

    def _class_quantiles(self, classes: int, loss: Ordinal) -> Tensor:
        """``(K, C - 1)``: cut points at which a score of pure noise would give each member's class shares."""
        counts = self._class_counts(classes) + 1e-3
        shares = counts.cumsum(1)[:, :-1] / counts.sum(1, keepdim=True)
        return loss.quantile(shares)

    def _weigh_classes(self, classes: int) -> Tensor | None:
        """``(K, C)`` class weights, or None."""
        choice = getattr(self.config.loss, "class_weights", "none")
        if choice == "none":
            return None
        counts = self._class_counts(classes)
        counts = counts.where(counts > 0, 1)
        if choice == "balanced":
            weights = counts.sum(1, keepdim=True) / (classes * counts)
        else:
            weights = torch.tensor(choice, dtype=torch.float64).expand(len(self.plans), -1)
        return weights.to(self.data.values)

    def _choose_watched(self, *, watch: bool) -> tuple[Tensor, Tensor] | None:
        """The rows whose loss is watched: those for early stopping, else the held-out ones."""
        groups = [p.stopping_rows if len(p.stopping_rows) else p.held_out_rows for p in self.plans]
        needed = any(len(p.stopping_rows) for p in self.plans)
        if not any(len(g) for g in groups) or not (watch or needed):
            return None
        return self._padded(groups)

    def _padded(self, groups: Sequence[Rows]) -> tuple[Tensor, Tensor]:
        """``padded_rows`` on the device."""
        rows, real = padded_rows(groups)
        return rows.to(self.data.values.device), real.to(self.data.values.device)

    def steps(self, epoch: int, start: int = 0) -> Iterator[Tensor]:
        """Train epoch ``epoch`` (0 for the first) from step ``start``; yields the ``(K,)`` losses after each step."""
        rows = epoch_rows(self.plans, self.pace, self.config.training.seed, epoch).to(self.data.values.device)
        self._own_pace = self._members_own_pace()
        for step in range(start, self.steps_in(epoch)):
            yield self._step(rows[step], epoch, step)

    def steps_in(self, epoch: int) -> int:
        """How many steps epoch ``epoch`` (0 for the first) has; none when training is over."""
        return self.pace.steps if epoch < self.epochs else 0

    def _members_own_pace(self) -> tuple[Tensor, Tensor] | None:
        """``(K,)`` each: who still learns, and at what share of the rate; None where all learn at the full one."""
        if self.progress.uniform:
            return None
        like = self.data.values
        return self.progress.active.to(like.device), self.progress.rate.to(like)

    def _step(self, rows: Tensor, epoch: int, step: int) -> Tensor:
        losses = self._losses(self._batch(rows), self.data.weights_of(rows), epoch, step)
        parameters = self.network.parameters
        for parameter in parameters.values():
            parameter.grad = None
        losses.sum().backward()  # type: ignore[no-untyped-call]
        self._penalise(losses.detach())
        if self.settings.clip_norm is not None:
            clip_member_gradients(parameters, self.settings.clip_norm)
        monitor = self.health if HealthMonitor.is_due(epoch, step, self.pace.steps) else None
        if monitor is not None:
            monitor.before_step()
        self._move(epoch * self.pace.steps + step)
        if monitor is not None:
            monitor.after_step()
        return losses.detach()

    def _batch(self, rows: Tensor) -> _Batch:
        if not all(sees_every_row(p, self.pace) for p in self.plans):
            return _Batch(*self.view.batch(self.data, rows))
        if self._full_batch is None:
            z, y = self.view.batch(self.data, rows)
            once = self.network.shape.hidden and not self.network.learns_encoding
            self._full_batch = _Batch(z, y, self.network.encoded(z) if once else None)
        return self._full_batch

    def _losses(self, batch: _Batch, weights: Tensor | None, epoch: int, step: int) -> Tensor:
        """``(K,)``: the mean over the rows of a step; where rows have ``weights``, an estimate of that over all rows.

        It is exact where every step has all rows. Weights are divided by the mean over all rows of a member, not over
        those of the step: else the same weight would count differently from step to step.
        """
        masks = None
        if self._dropout.active:
            members = [p.index for p in self.plans]
            masks = self._dropout.masks(members, self.pace.batch_rows, epoch, step, batch.z)
        outputs = self.network.forward(batch.z, training=True, masks=masks, encoded=batch.encoded)
        losses = self._row_losses(outputs, batch.y)
        return losses.mean(1) if weights is None else (losses * (weights / self._mean_weight)).mean(1)

    def _row_losses(self, outputs: Tensor, y: Tensor) -> Tensor:
        """``(K, B)`` losses, weighed by class where the configuration asks for it."""
        losses = self.settings.loss.row_losses(outputs, y)
        return losses if self._class_weights is None else losses * self._class_weights.gather(1, y)

    @torch.no_grad()
    def _penalise(self, losses: Tensor) -> None:
        """Add the gradient of the penalty as it counts beside mean ``losses`` ``(K,)``."""
        penalty, power, parameters = self.settings.penalty, self.config.loss.noise_power, self.network.parameters
        if not isinstance(penalty, Adaptive):
            return
        share = (torch.ones_like(losses) if power is None else power * losses) / self._train_rows
        for name, gradient in penalty.gradient(parameters, share, self._groups).items():
            gradients = parameters[name].grad
            parameters[name].grad = gradient if gradients is None else gradients.add_(gradient)

    def _move(self, done: int) -> None:
        """One optimizer step after ``done`` earlier ones, at each member's own rate; members that have stopped stay."""
        epoch = done / self.pace.steps
        factors = self.settings.rate_factors(epoch, 1 / self.pace.steps)
        network_factor = 0.0 if epoch < self._network_start else 1.0
        with torch.no_grad():
            self.optimizer.step(factors, network_factor, self._own_pace)
            if self.average is not None:
                self._follow_average(done)

    def _follow_average(self, done: int) -> None:
        assert self.average is not None
        # Faster at first, as TensorFlow's ExponentialMovingAverage does, or a short training would keep its start.
        decay = min(self.config.training.ema_decay, (1 + done) / (10 + done))
        for name, tensor in self.network.tensors.items():
            self.average[name].lerp_(tensor, 1 - decay)

    def _copy(self) -> dict[str, Tensor]:
        return {n: t.detach().clone() for n, t in self.network.tensors.items()}

    @property
    def current(self) -> dict[str, Tensor]:
        """The weights as they are now: the average where one is kept."""
        return self.average or self.network.tensors

    @torch.no_grad()
    def watched_losses(self) -> Tensor:
        """``(K,)`` float64 mean loss on the watched rows, NaN without any."""
        if self._watched is None:
            return torch.full((len(self.plans),), torch.nan, dtype=torch.float64)
        rows, real = self._watched
        total, score = (torch.zeros(len(rows), dtype=torch.float64, device=rows.device) for _ in range(2))
        weights = self.data.weights_of(rows)
        for outputs, y, here in self._evaluated(self.current, rows):
            counts = real[:, here]
            # where, not a product: a row that is only padding may be infinite.
            total += _sum(torch.where(counts, self._row_losses(outputs, y), 0), weights, here)
            if self.health is not None:
                score += _sum(torch.where(counts, row_scores(self.config.loss, outputs, y), 0), weights, here)
        size = _sum(real, weights, slice(None))
        if self.health is not None:
            self.health.note_metric("validation", score / size, self.view.target_unit)
        return (total / size).cpu()

    @torch.no_grad()
    def _measure_training_rows(self, health: HealthMonitor) -> None:
        """The metric on training rows as it is on others: a training loss is of weights in motion, under dropout."""
        rows = self._training_rows
        score = torch.zeros(len(rows), dtype=torch.float64, device=rows.device)
        weights = self.data.weights_of(rows)
        for outputs, y, here in self._evaluated(self.current, rows):
            score += _sum(row_scores(self.config.loss, outputs, y), weights, here)
        health.note_metric("train", score / _sum(torch.ones_like(rows), weights, slice(None)), self.view.target_unit)

    def _evaluated(self, weights: Mapping[str, Tensor], rows: Tensor) -> Iterator[tuple[Tensor, Tensor, slice]]:
        """Outputs ``(K, b, W)`` and targets ``(K, b)`` of each member's ``rows``, and which of them, part by part."""
        network = StackedMLP(self.config.model, self.network.shape, weights)
        at_once = max(1, _EVALUATION_ELEMENTS // (len(rows) * self.network.shape.widest))
        for start in range(0, rows.shape[1], at_once):
            here = slice(start, start + at_once)
            z, y = self.view.batch(self.data, rows[:, here])
            yield network.forward(z), y, here

    def finish_epoch(self, epoch: int, train_losses: Tensor) -> Tensor:
        """Judge the members after ``epoch`` (1 for the first) by their mean ``train_losses`` ``(K,)``.

        Returns the watched losses. A member whose loss or weights are not finite keeps its last finite ones, for now.
        Held-out rows are only watched: without stopping rows it is the training loss that decides.
        """
        if epoch > self.epochs:
            return torch.full_like(train_losses, torch.nan)
        watched = self.watched_losses()
        if self.health is not None and self.health.is_due(epoch - 1, self.pace.steps - 1, self.pace.steps):
            self._measure_training_rows(self.health)
        deciding = torch.where(self._has_stopping_rows, watched, train_losses)
        finite = train_losses.isfinite() & deciding.isfinite()
        weights = torch.cat([t.detach().flatten(1) for t in self.network.tensors.values()], dim=1)
        finite &= weights.isfinite().all(1).cpu()
        was_active = self.progress.active.clone()
        self.progress.mark_diverged(finite, epoch)
        patience = self.config.training.early_stopping
        improved = self.progress.follow_best(torch.where(finite, deciding, torch.inf), epoch, self._rule_at(epoch))
        self.progress.follow_plateau(deciding, self.settings.scheduler)
        self._keep(improved if patience.patience_epochs else was_active & finite)
        return watched

    def _rule_at(self, epoch: int) -> EarlyStopping:
        """Early stopping as it holds after ``epoch``: nobody runs out of patience before the network has begun."""
        rule = self.config.training.early_stopping
        if epoch > self._network_start:
            return rule
        self.progress.epochs_since_best.zero_()
        return rule.model_copy(update={"patience_epochs": 0})

    def _keep(self, members: Tensor) -> None:
        if members.all():
            self.kept = {n: t.detach().clone() for n, t in self.current.items()}
            return
        for name, tensor in self.current.items():
            chosen = per_member(members.to(tensor.device), tensor)
            self.kept[name] = torch.where(chosen, tensor.detach(), self.kept[name])

    @torch.no_grad()
    def settle(self, epoch: int) -> None:
        """After the last ``epoch``: members that keep worse weights than they began with go back to those.

        A loss grows for some steps before it overflows, and is computed before the step that it leads to: the last
        finite weights of a member that diverges are mostly useless. Who fits its training rows ``_EXPLODED`` times
        worse than at the beginning has diverged, too, whether or not there was time for a NaN.
        """
        start = self._fresh_network().tensors
        first, last = self._training_losses(start), self._training_losses(self.kept)
        tolerated = torch.where(self.progress.diverged > 0, 1.0, _EXPLODED) * first
        lost = ~(last.isfinite() & (last <= tolerated))
        if not lost.any():
            return
        self.progress.note_lost(lost, epoch)
        for name, tensor in start.items():
            self.kept[name] = torch.where(per_member(lost.to(tensor.device), tensor), tensor, self.kept[name])

    def _training_losses(self, weights: Mapping[str, Tensor]) -> Tensor:
        """``(K,)`` float64 mean loss on some of the member's training rows, infinite where an output is no number."""
        rows, real = self._padded([p.train_rows[:: len(p.train_rows) // _ENOUGH_ROWS + 1] for p in self.plans])
        total = torch.zeros(len(rows), dtype=torch.float64, device=rows.device)
        for outputs, y, here in self._evaluated(weights, rows):
            losses = self._row_losses(outputs, y).double()
            losses[~outputs.isfinite().all(2)] = torch.inf
            total += torch.where(real[:, here], losses, 0).sum(1)
        return (total / real.sum(1)).cpu()

    def result(self) -> dict[str, NDArray[np.float32]]:
        """The weights that count, as float32 arrays."""
        return {n: t.float().cpu().numpy() for n, t in self.kept.items()}

    def state(self) -> dict[str, Tensor]:
        """All that changes during training, by name."""
        parts = {
            "network": self.network.tensors,
            "average": self.average or {},
            "kept": self.kept,
            "progress": self.progress.state(),
            "optimizer": self.optimizer.state(),
            "health": {} if self.health is None else self.health.values,
        }
        return {f"{part}.{name}": tensor for part, tensors in parts.items() for name, tensor in tensors.items()}

    @torch.no_grad()
    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Take back what ``state`` gave."""

        def part(name: str) -> dict[str, Tensor]:
            return {n.removeprefix(f"{name}."): t for n, t in tensors.items() if n.startswith(f"{name}.")}

        for name, tensor in part("network").items():
            self.network.tensors[name].copy_(tensor)
        for name, tensor in part("average").items():
            (self.average or {})[name].copy_(tensor)
        self.kept = {name: tensor.to(self.data.values.device) for name, tensor in part("kept").items()}
        self.progress = MemberProgress(**part("progress"))
        self.optimizer.load_state(part("optimizer"))
        if self.health is not None:
            self.health.load_state(part("health"))


def _doubles(values: Tensor) -> Doubles:
    return values.detach().double().cpu().numpy()


def _sum(values: Tensor, weights: Tensor | None, here: slice) -> Tensor:
    """``(K,)`` float64: the sum of ``values`` ``(K, b)``, those of the columns ``here`` of ``weights`` ``(K, B)``."""
    return (values.double() if weights is None else values.double() * weights[:, here]).sum(1)
