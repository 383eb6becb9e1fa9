"""What went wrong in a training, in plain words: causes before symptoms, each with a line of configuration to try.

A check looks at what was recorded (``metrics.curves``, the trained weights, the metrics) and at the configuration, and
compares with a threshold from the literature, which its finding cites. Where one finding explains another, only the
first is given. Checks are for the typical member: figures are medians over members.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from phoneprice.components.normalization import BatchNorm
from phoneprice.config.schema import Config
from phoneprice.data.schema import TableSchema
from phoneprice.records import TrainingFinding
from phoneprice.records.curves import Curves
from phoneprice.wording import counted, figure, number, share

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

MOST_SHOWN = 3
"""How many findings ``train`` ends with; the report has them all."""


@dataclass(frozen=True)
class Training:
    """All that a training left behind; ``metrics`` is the document ``metrics.json``."""

    config: Config
    schema: TableSchema
    curves: Curves
    parameters: Mapping[str, Floats]
    """Stacked on the member axis, named as in ``model.shape``."""
    metrics: Mapping[str, Any]

    @cached_property
    def steps(self) -> int:
        """Optimizer steps of the member that took fewest."""
        batch_rows = self.config.training.batch_rows
        epochs = self.curves.active.sum(axis=0)
        rows: list[int] = [member["train_rows"] for member in self.metrics["members"]]
        return min(int(e) * (n // min(batch_rows, n)) for e, n in zip(epochs, rows, strict=True))

    @cached_property
    def batch_rows(self) -> int:
        """Rows of the smallest batch."""
        rows: list[int] = [member["train_rows"] for member in self.metrics["members"]]
        return min(self.config.training.batch_rows, *rows)

    @cached_property
    def loss(self) -> Floats:
        """The loss to judge by, ``(E,)``: on rows outside training where there are any."""
        curves = self.curves
        return _typical(curves.validation_loss if curves.validated else curves.train_loss)

    @cached_property
    def train_loss(self) -> Floats:
        """``(E,)``."""
        return _typical(self.curves.train_loss)

    def hidden(self, kind: str) -> Floats:
        """A measurement of the hidden layers, ``(E, H)``; H is 0 where it was not made."""
        values = self.curves.health.get(kind)
        if values is None or not self.config.model.hidden:
            return np.empty((len(self.curves.epochs), 0))
        return np.stack([_typical(layer) for layer in np.moveaxis(values, 2, 0)[: len(self.config.model.hidden)]], 1)

    @cached_property
    def switched_off(self) -> NDArray[np.bool_]:
        """Hidden layers whose weights a penalty has shrunk to nothing, ``(H,)``: its purpose, and no fault."""
        sizes = self.hidden("weight_norm")
        if not sizes.size or not self.config.penalty.active:
            return np.zeros(len(self.config.model.hidden), dtype=np.bool_)
        return np.asarray(sizes[-1] < 0.05 * sizes[0])


Check = Callable[[Training], TrainingFinding | None]


def judge(training: Training) -> tuple[TrainingFinding, ...]:
    """What is wrong, the likeliest cause first; empty for a healthy training."""
    found: list[TrainingFinding] = []
    explained: set[str] = set()
    for check, symptoms in _CHECKS:
        finding = check(training)
        if finding is not None and finding.code not in explained:
            found.append(finding)
            explained |= set(symptoms)
    return tuple(found)


def _first_untried(training: Training, *settings: str) -> str:
    """The first of some remedies that the run does not have already; the last one is for who has tried them all."""
    return next((setting for setting in settings[:-1] if not _has(training.config, setting)), settings[-1])


def _has(config: Config, setting: str) -> bool:
    """Whether a configuration has the value of ``key=value``; of an amount, at least that much."""
    key, _, text = setting.partition("=")
    value: object = config
    for name in key.split("."):
        value = getattr(value, name)
    if isinstance(value, tuple):  # dropout, a rate for each layer
        value = max(value, default=0.0)
    return value >= float(text) if isinstance(value, float) else text == str(value)


def _diverged(training: Training) -> TrainingFinding | None:
    lost = sum("diverged_epoch" in member for member in training.metrics["members"])
    # Runs of earlier versions say it by their curves alone.
    lost = lost or int((~np.isfinite(training.curves.train_loss[-1]) & ~training.curves.active[-1]).sum())
    if not lost:
        return None
    lr = training.config.optimizer.lr
    return TrainingFinding(
        "diverged",
        "The loss of some members exploded; they predict with earlier weights, or untrained where those are worse.",
        f"{lost} of {training.curves.members} members, optimizer.lr = {lr:g}",
        f"optimizer.lr={lr / 10:g}",
        "Goodfellow, Bengio and Courville 2016, section 11.4.1",
    )


def _tiny_batch_with_batch_norm(training: Training) -> TrainingFinding | None:
    if not isinstance(training.config.model.normalization, BatchNorm) or training.batch_rows > 4:
        return None
    rows = training.batch_rows
    alone = "a batch of one row has no variance at all" if rows == 1 else "its mean and variance are mostly noise"
    return TrainingFinding(
        "tiny_batch_norm",
        f"Batch normalisation with {counted(rows, 'row')} a batch can't work: {alone}.",
        f"training.batch_rows = {training.config.training.batch_rows}",
        # A table of so few rows gives no larger batch.
        "training.batch_rows=64" if training.config.training.batch_rows <= 4 else "model.normalization.name=none",
        "Wu and He 2018, figure 1: the error rises steeply below 8 rows; Ioffe and Szegedy 2015",
    )


def _raw_inputs(training: Training) -> TrainingFinding | None:
    if training.config.data.scaling != "none":
        return None
    ranges = {c.name: c.high - c.low for c in training.schema.columns if c.low is not None and c.high is not None}
    ranges = {name: width for name, width in ranges.items() if width > 0}
    if not ranges:
        return None
    widest, narrowest = max(ranges, key=ranges.__getitem__), min(ranges, key=ranges.__getitem__)
    if ranges[widest] <= 100 * min(ranges[narrowest], 1.0):
        return None
    return TrainingFinding(
        "unscaled_inputs",
        "The inputs are not scaled, and some are far larger than others: no learning rate fits them all.",
        f"{widest} spans {number(ranges[widest])}, {narrowest} {number(ranges[narrowest])}",
        "data.scaling=standard",
        "LeCun et al. 1998, Efficient BackProp, section 4.3",
    )


def _symmetric_units(training: Training) -> TrainingFinding | None:
    init = training.config.model.init
    # Dropout pulls units apart that started alike, but slowly.
    closest = 1e-3 if getattr(init, "breaks_symmetry", True) else 0.2
    layers = [
        i + 1
        for i in range(len(training.config.model.hidden))
        if _typical_distance(training.parameters[f"hidden.{i}.weight"]) < closest
    ]
    if not layers:
        return None
    scheme = "kaiming" if training.config.model.activation.rectifier else "xavier"
    remedy = f"model.init.name={scheme}_normal"
    which = "all hidden layers" if len(layers) == len(training.config.model.hidden) else f"hidden layer {layers[0]}"
    return TrainingFinding(
        "symmetric_units",
        f"The units of {which} are copies of each other, or nearly: they started equal and got equal gradients.",
        f"model.init = {init.name}; after training the weights of a unit and its nearest neighbour differ by "
        f"{share(_typical_distance(training.parameters[f'hidden.{layers[0] - 1}.weight']))}",
        _first_untried(training, remedy, remedy.replace("normal", "uniform")),
        "Goodfellow, Bengio and Courville 2016, section 8.4",
    )


def _typical_distance(weight: Floats) -> float:
    """How far a unit's weights are from its most similar neighbour's, relative to both; median over units.

    ``weight`` ``(K, in, width)``; median over members. Infinite for a single unit.
    """
    if weight.shape[2] < 2:
        return math.inf
    return float(np.median([_nearest(member.T.astype(np.float64)) for member in weight]))


_MOST_UNITS = 512


def _nearest(units: Floats) -> float:
    units = units[:_MOST_UNITS]
    squares = (units**2).sum(axis=1)
    norms = np.sqrt(squares)
    if not norms.any():
        return 0.0
    gaps = np.sqrt(np.maximum(squares[:, None] + squares - 2 * units @ units.T, 0))
    relative = gaps / np.maximum(norms[:, None] + norms, np.finfo(np.float64).tiny)
    np.fill_diagonal(relative, np.inf)
    return float(np.median(relative.min(axis=1)))


def _heavy_dropout(training: Training) -> TrainingFinding | None:
    model = training.config.model
    rates = [*model.layer_dropout, model.input_dropout]
    if max(rates) <= 0.75:
        return None
    rate = max(rates)
    inputs = rate == model.input_dropout and rate not in model.layer_dropout
    key = "model.input_dropout" if inputs else "model.dropout"
    return TrainingFinding(
        "heavy_dropout",
        f"Dropout leaves out {rate:.0%} of the {'inputs' if inputs else 'hidden units'} at every step: too little is "
        "left to learn with.",
        f"{key} = {rate:g}; training loss {figure(training.train_loss[-1])}",
        f"{key}=0.2",
        "Srivastava et al. 2014, section 7.3 and appendix A.4: keep 50% to 80% of hidden units, 80% of inputs",
    )


def _heavy_decay(training: Training) -> TrainingFinding | None:
    decay, sizes = training.config.optimizer.weight_decay, training.hidden("weight_norm")
    if decay < 1 or not sizes.size:
        return None
    left = float(np.nanmin(sizes[-1] / np.nanmax(sizes, axis=0)))
    if left > 0.5:
        return None
    return TrainingFinding(
        "heavy_weight_decay",
        "Weight decay pulls the hidden layers' weights to zero faster than the loss can hold them.",
        f"optimizer.weight_decay = {decay:g}; the weights shrank to {share(left)} of their largest size",
        "optimizer.weight_decay=0.01",
        "Krogh and Hertz 1992; Loshchilov and Hutter 2019, appendix B: useful values are below 0.1",
    )


def _frozen(training: Training) -> TrainingFinding | None:
    ratios = training.hidden("update_ratio")
    if not np.isfinite(ratios).any():
        return None
    peak = float(np.nanmax(ratios))
    # In a few steps the network may not have begun: its rate warms up from zero, or the skip path goes first.
    if peak >= 1e-5 or (peak == 0 and training.steps < 30) or _overshot(training):
        return None
    optimizer = training.config.optimizer
    usual = type(optimizer).model_fields["lr"].default
    return TrainingFinding(
        "learning_rate_too_low",
        "The hidden layers hardly move: the learning rate is far too low.",
        f"optimizer.lr = {optimizer.lr:g}; the largest step changed the weights by {peak:.1e} of their size, "
        "about 1e-3 is usual",
        f"optimizer.lr={usual if optimizer.lr < usual else optimizer.lr * 10:g}",
        "Karpathy, CS231n notes, Neural Networks 3: ratio of updates to weights",
    )


def _overshot(training: Training) -> bool:
    """Whether the training loss ended higher than it began; a network thrown that far may not move any more."""
    finite = _finite(training.train_loss)
    return len(finite) >= 3 and bool(finite[-1] > finite[0] * 1.02)


def _finite(loss: Floats) -> Floats:
    return loss[np.isfinite(loss)]


def _too_high(training: Training) -> TrainingFinding | None:
    if not _overshot(training):
        return None
    finite = _finite(training.train_loss)
    lr = training.config.optimizer.lr
    return TrainingFinding(
        "learning_rate_too_high",
        "The training loss ended higher than it began: the steps overshoot.",
        f"optimizer.lr = {lr:g}; training loss {figure(finite[0])} after epoch 1, {figure(finite[-1])} at the end",
        f"optimizer.lr={min(lr / 10, type(training.config.optimizer).model_fields['lr'].default):g}",
        "Bengio 2012, Practical recommendations, section 3.1.1; Smith 2017",
    )


def _vanishing(training: Training) -> TrainingFinding | None:
    ratios = _gradient_ratios(training)
    if not len(ratios):
        return None
    # For a quarter of the training: Adam can drag a network out of it, late.
    low, high = np.quantile(ratios, [0.25, 0.75])
    if low >= 1e-3 and high <= 1e3:
        return None
    ratio = float(high if high > 1e3 else low)
    activation = training.config.model.activation
    layers = len(training.config.model.hidden)
    fewer = f"model.hidden=[{','.join(map(str, training.config.model.hidden[: (layers + 1) // 2]))}]"
    if ratio > 1e3:
        return TrainingFinding(
            "exploding_gradients",
            "The gradients explode: the first hidden layers get far larger ones than the last.",
            f"{layers} hidden layers; first layer's gradient {ratio:.1e} times the last one's",
            _first_untried(training, "model.normalization.name=batch_norm", fewer)
            if training.config.training.gradient_clip_norm
            else "training.gradient_clip_norm=1",
            "Pascanu et al. 2013; Glorot and Bengio 2010",
        )
    setting = (
        "model.activation.name=relu"
        if activation.saturates
        else _first_untried(training, "model.normalization.name=batch_norm", "model.init.name=kaiming_normal", fewer)
    )
    return TrainingFinding(
        "vanishing_gradients",
        "The gradients vanish on their way back: the first hidden layers learn next to nothing.",
        f"{layers} hidden layers of {activation.name}; first layer's gradient {ratio:.1e} times the last one's",
        setting,
        "Glorot and Bengio 2010, section 4.2; Bengio et al. 1994",
    )


def _gradient_ratios(training: Training) -> Floats:
    """Gradient of the first hidden layer over that of the last one, an epoch each; empty for less than two layers.

    A penalty on the inputs pulls the first layer without passing through the others, so the second one stands for it.
    """
    penalised = getattr(training.config.penalty, "inputs", 0.0) > 0
    gradients = training.hidden("gradient_norm")[:, penalised:]
    if gradients.shape[1] < 2:
        return np.empty(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = gradients[:, 0] / gradients[:, -1]
    return ratios[np.isfinite(ratios)]


def _dead_units(training: Training) -> TrainingFinding | None:
    dead = training.hidden("dead_units")
    if not dead.size:
        return None
    last = np.where(training.switched_off, 0, dead[-1])
    worst = int(last.argmax())
    if not last[worst] > 0.4:
        return None
    slower = f"optimizer.lr={training.config.optimizer.lr / 10:g}"
    return TrainingFinding(
        "dead_units",
        f"Many rectifiers of hidden layer {worst + 1} are zero on every row and can't learn any more.",
        f"{last[worst]:.0%} of its units are dead, {dead[0, worst]:.0%} were after the first epoch",
        slower if dead[0, worst] < 0.4 else _first_untried(training, "model.activation.name=leaky_relu", slower),
        "Karpathy, CS231n notes, Neural Networks 1 (40% where the rate is too high); Lu et al. 2020; Maas et al. 2013",
    )


def _saturated(training: Training) -> TrainingFinding | None:
    shares = training.hidden("saturated")
    if not shares.size:
        return None
    worst = int(shares[-1].argmax())
    if not shares[-1, worst] > 0.5:
        return None
    name = training.config.model.activation.name
    remedies = ("model.init.name=xavier_normal",) if shares[0, worst] > 0.5 else ("optimizer.weight_decay=0.001",)
    return TrainingFinding(
        "saturated_units",
        f"Hidden layer {worst + 1} is saturated: most of its activations are at a bound, where the gradient is zero.",
        f"{shares[-1, worst]:.0%} of its {name} activations are within 2.5% of a bound",
        _first_untried(training, *remedies, f"optimizer.lr={training.config.optimizer.lr / 10:g}"),
        "Glorot and Bengio 2010, section 3",
    )


def _too_short(training: Training) -> TrainingFinding | None:
    epochs, steps = training.config.training.epochs, training.steps
    window = max(len(training.loss) // 10, 1)
    loss = training.loss
    evidence = None
    if steps < 30:
        evidence = (
            f"{counted(epochs, 'epoch')} of {counted(max(steps // epochs, 1), 'step')} are {counted(steps, 'step')}"
        )
    elif len(loss) > window and len(loss) == epochs and _still_falling(loss, window):
        fall = 1 - loss[-1] / loss[-1 - window]
        last = "epoch" if window == 1 else f"{window} epochs"
        evidence = f"the loss fell by {share(fall)} in the last {last}, to {figure(loss[-1])}"
    if evidence is None:
        return None
    small_batches = steps < 30 and epochs >= 10 and training.batch_rows > 64
    return TrainingFinding(
        "too_short",
        "The training stopped while the network was still learning.",
        evidence,
        "training.batch_rows=64" if small_batches else f"training.epochs={max(5 * epochs, 50)}",
        "Hoffer et al. 2017: the number of steps counts; Prechelt 1998, section 2",
    )


def _still_falling(loss: Floats, window: int) -> bool:
    """Whether the last window brought 2% of the loss, and a tenth of all that was gained since the first epoch."""
    before, now, gained = loss[-1 - window], loss[-1], loss[0] - loss[-1]
    return bool(now < before * 0.98 and before - now > 0.1 * gained)


def _decayed_early(training: Training) -> TrainingFinding | None:
    rates, loss = _typical(training.curves.learning_rate), training.loss
    low = np.flatnonzero((rates <= 0.01 * rates.max()) & (np.arange(len(rates)) > rates.argmax()))
    scheduler = training.config.scheduler
    if not len(low) or low[0] > len(rates) / 2 or scheduler.name == "reduce_on_plateau":
        return None
    start, window = int(low[0]), max(len(rates) // 10, 1)
    if start < window or loss[start] > loss[start - window] * 0.97:
        return None
    return TrainingFinding(
        "decayed_too_early",
        "The learning rate was reduced to next to nothing while the loss was still falling.",
        f"scheduler = {scheduler.name}; 1% of the highest rate is left after epoch {start + 1} of {len(rates)}; the "
        f"loss had fallen by {share(1 - loss[start] / loss[start - window])} in the {counted(window, 'epoch')} before",
        "scheduler.name=cosine",
        "Bengio 2012, section 3.1.1; Loshchilov and Hutter 2017",
    )


def _spikes(training: Training) -> TrainingFinding | None:
    loss = training.train_loss
    lowest = np.minimum.accumulate(np.where(np.isfinite(loss), loss, np.inf))
    jump = loss[1:] - lowest[:-1]
    spiked = (loss[1:] > 1.5 * lowest[:-1]) & (jump > 0.1 * (loss[0] - lowest[-1]))
    # One long wave, as when the rate has just warmed up, is no spike.
    count = int((np.diff(spiked.astype(np.int8), prepend=0) == 1).sum())
    if count < 3:
        return None
    worst = int(np.nanargmax(np.where(spiked, jump, -np.inf))) + 1
    lr = training.config.optimizer.lr
    clipped = training.config.training.gradient_clip_norm
    return TrainingFinding(
        "loss_spikes",
        "The training loss jumps up again and again.",
        f"{count} times in {counted(len(loss), 'epoch')} to over 1.5 times the lowest loss before; "
        f"highest in epoch {worst + 1}: {figure(loss[worst])}",
        f"optimizer.lr={lr / 3:.2g}" if clipped else "training.gradient_clip_norm=1",
        "Pascanu et al. 2013, section 3.2; Goodfellow, Bengio and Courville 2016, section 8.2.4",
    )


def _learned_nothing(training: Training) -> TrainingFinding | None:
    figures = training.metrics["metrics"]
    if "r2" in figures:
        useless, evidence = (
            figures["r2"]["value"] < 0.02,
            f"R2 is {figure(figures['r2']['value'])}; always the mean gives 0",
        )
    elif "per_class" in training.metrics:
        support = np.array([line["support"] for line in training.metrics["per_class"]], dtype=np.float64)
        shares = support[support > 0] / support.sum()
        usual, found = float(-(shares * np.log(shares)).sum()), figures["log_loss"]["value"]
        # Overconfident predictions can be right and still have a large log loss.
        useless = found > 0.98 * usual and figures["accuracy"]["value"] < shares.max() + 0.05
        evidence = f"log loss is {figure(found)}; always the class shares give {figure(usual)}"
    else:
        return None
    if not useless:
        return None
    return TrainingFinding(
        "learned_nothing",
        "The network predicts no better than somebody who has not seen the inputs.",
        f"{evidence}; `phoneprice data check` may show why",
        f"optimizer.lr={training.config.optimizer.lr / 10:g}",
        "Goodfellow, Bengio and Courville 2016, section 11.2: compare with a trivial baseline first",
    )


def _overfitted(training: Training) -> TrainingFinding | None:
    curves, rule = training.curves, training.config.training.early_stopping
    if not curves.validated or rule.patience_epochs:
        return None
    loss = training.loss
    best = int(np.nanargmin(loss))
    rose = loss[-1] / loss[best] - 1
    gap = loss[-1] - training.train_loss[-1]
    if rose < 0.3 or gap < 0.5 * loss[-1] or best > 0.8 * len(loss):
        return None
    return TrainingFinding(
        "overfitting",
        "The network learned its training rows by heart: on other rows it has been getting worse for long.",
        f"validation loss was lowest ({figure(loss[best])}) after epoch {best + 1} of {len(loss)} and ended at "
        f"{figure(loss[-1])}; training loss {figure(training.train_loss[-1])}",
        "training.early_stopping.patience_epochs=20"
        if not any(training.config.model.layer_dropout)
        else _first_untried(training, "model.dropout=0.5", "training.early_stopping.patience_epochs=20"),
        "Prechelt 1998, section 2; Goodfellow, Bengio and Courville 2016, section 7.8",
    )


def _never_stopped(training: Training) -> TrainingFinding | None:
    patience, epochs = training.config.training.early_stopping.patience_epochs, training.config.training.epochs
    ran_out = len(training.curves.epochs) == epochs and np.mean(training.curves.active[-1]) > 0.5
    # A schedule that anneals to the end is meant to get there.
    if not patience or not ran_out or (training.config.scheduler.needs_epochs and patience < epochs):
        return None
    return TrainingFinding(
        "early_stopping_never_reached",
        "Early stopping is on, but the epochs ran out before it could stop anything.",
        f"training.early_stopping.patience_epochs = {patience}, training.epochs = {epochs}",
        f"training.epochs={max(2 * epochs, 3 * patience)}",
        "Prechelt 1998, section 2",
    )


_CHECKS: tuple[tuple[Check, tuple[str, ...]], ...] = (
    (_diverged, ("learning_rate_too_high", "loss_spikes", "dead_units", "too_short")),
    (
        _tiny_batch_with_batch_norm,
        ("learned_nothing", "overfitting", "loss_spikes", "too_short", "dead_units", "learning_rate_too_low"),
    ),
    (
        _raw_inputs,
        ("learned_nothing", "loss_spikes", "dead_units", "saturated_units", "learning_rate_too_high", "too_short"),
    ),
    (
        _symmetric_units,
        # With equal weights, of zero above all, the layers' gradients differ by any factor, either way.
        (
            "dead_units",
            "learned_nothing",
            "vanishing_gradients",
            "exploding_gradients",
            "learning_rate_too_low",
            "too_short",
        ),
    ),
    (_heavy_dropout, ("learned_nothing", "too_short", "loss_spikes")),
    (_heavy_decay, ("dead_units", "learned_nothing", "vanishing_gradients", "too_short", "loss_spikes")),
    (_frozen, ("learned_nothing", "too_short", "learning_rate_too_high")),
    (
        _too_high,
        ("loss_spikes", "dead_units", "saturated_units", "learned_nothing", "overfitting", "vanishing_gradients"),
    ),
    (_vanishing, ("saturated_units", "learned_nothing", "too_short")),
    (_dead_units, ("learned_nothing",)),
    (_saturated, ("learned_nothing",)),
    (_too_short, ("learned_nothing", "early_stopping_never_reached")),
    (_decayed_early, ("learned_nothing",)),
    (_spikes, ()),
    (_learned_nothing, ()),
    (_overfitted, ()),
    (_never_stopped, ()),
)
"""The checks in the order of their findings, and which later findings each explains."""


def _typical(values: Floats) -> Floats:
    """The median over members, ``(E,)``, of ``(E, K)``; NaN only where no member has a value."""
    known = np.isfinite(values)
    if known.all():
        return np.asarray(np.median(values, axis=1))
    return np.array([np.median(row[good]) if good.any() else np.nan for row, good in zip(values, known, strict=True)])
