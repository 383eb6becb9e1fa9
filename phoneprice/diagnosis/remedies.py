"""All that can be advised: a line of configuration each, or nothing where a configuration is there already.

Advice can't go round in circles. What a remedy sets moves one way only: to a fixed value that no remedy leaves, or
along a ladder that has an end (normalisation: none, batch_norm, layer_norm; a learning rate: to the usual one, then
down to a tenth of it; epochs: up). Each is a function of the configuration alone, so whoever follows all advice comes
to an end. ``tests/diagnosis/test_remedies.py`` walks every way there is.
"""

from __future__ import annotations

from phoneprice.config.recipes import recipe
from phoneprice.config.schema import Config

RATE_BAND = 10.0
"""A rate is too low only below a tenth of the usual one, and is lowered no further: so neither undoes the other."""
FEW_ROWS = 8
"""Batch normalisation needs as many rows a batch (Wu and He 2018, figure 1)."""


def first_of(*settings: str) -> str:
    """The first remedy that there is."""
    return next(filter(None, settings), "")


def usual_rate(config: Config) -> float:
    """That of the recipe for the kind of task; of another optimizer than the recipe's, its default."""
    usual = recipe(config.task.kind).optimizer
    if config.optimizer.name == usual.name:
        return float(usual.lr)
    return float(type(config.optimizer).model_fields["lr"].default)


def raise_rate(config: Config) -> str:
    """To the usual rate, from below a tenth of it."""
    usual = usual_rate(config)
    return f"optimizer.lr={usual:g}" if config.optimizer.lr < usual / RATE_BAND else ""


def lower_rate(config: Config) -> str:
    """To the usual rate from above, then to a tenth of it."""
    usual, lr = usual_rate(config), config.optimizer.lr
    if lr > usual:
        return f"optimizer.lr={usual:g}"
    return f"optimizer.lr={usual / RATE_BAND:g}" if lr > usual / RATE_BAND else ""


def scale_inputs(config: Config) -> str:
    """Every column to one range."""
    return "data.scaling=standard" if config.data.scaling == "none" else ""


def robust_inputs(config: Config) -> str:
    """Cells far out count as little as others."""
    if config.data.scaling != "robust":
        return "data.scaling=robust"
    return "" if config.data.clip_inputs else "data.clip_inputs=true"


def usual_start(config: Config) -> str:
    """Weights that keep the size of what goes through a layer; by the fan-in, which ``fan = "out"`` is not."""
    init = config.model.init
    if init.name != "kaiming_normal":
        return "model.init.name=kaiming_normal"
    return "model.init.fan=in" if init.fan != "in" else ""


def normalise(config: Config) -> str:
    """Every layer's outputs to one range: by the batch, where it has enough rows, else by the row."""
    name = config.model.normalization.name
    if name == "none" and config.training.batch_rows >= FEW_ROWS:
        return "model.normalization.name=batch_norm"
    return "" if name == "layer_norm" else "model.normalization.name=layer_norm"


def no_saturation(config: Config) -> str:
    """An activation whose gradient doesn't vanish for large inputs."""
    return "model.activation.name=relu" if config.model.activation.saturates else ""


def no_dead_units(config: Config) -> str:
    """A rectifier that has a gradient everywhere."""
    return "model.activation.name=leaky_relu" if config.model.activation.name == "relu" else ""


def fewer_layers(config: Config) -> str:
    """The first half of them, two or more."""
    widths = config.model.hidden
    return _hidden(widths[: (len(widths) + 1) // 2]) if len(widths) > 2 else ""


def wider_layers(config: Config, least: int) -> str:
    """None of fewer than ``least`` units."""
    return _hidden([max(width, least) for width in config.model.hidden]) if min(config.model.hidden) < least else ""


def _hidden(widths: list[int] | tuple[int, ...]) -> str:
    return f"model.hidden=[{','.join(map(str, widths))}]"


def linear_path(config: Config) -> str:
    """What a linear model can, the network can, too."""
    return "" if config.model.skip else "model.skip=true"


def linear_model(config: Config) -> str:
    """Nothing but the linear path."""
    return "model.hidden=[]" if config.model.skip and config.model.hidden else ""


def clip_gradients(config: Config) -> str:
    """As far as is usual."""
    return "" if config.training.gradient_clip_norm == 1 else "training.gradient_clip_norm=1"


def usual_dropout(config: Config) -> str:
    """Of hidden units."""
    return "" if set(config.model.layer_dropout) <= {0.2} else "model.dropout=0.2"


def usual_input_dropout(config: Config) -> str:
    """Of inputs."""
    return "" if config.model.input_dropout == 0.2 else "model.input_dropout=0.2"


def usual_decay(config: Config) -> str:
    """Of weights."""
    return "" if config.optimizer.weight_decay == 0.01 else "optimizer.weight_decay=0.01"


def no_penalty(config: Config) -> str:
    """Weights are free."""
    return "penalty.name=none" if config.penalty.active else ""


def stop_early(config: Config) -> str:
    """Keep what was best on rows set aside."""
    return "" if config.training.early_stopping.patience_epochs else "training.early_stopping.patience_epochs=20"


def enough_epochs(config: Config) -> int:
    """Three times as many, fifty or more."""
    return max(3 * config.training.epochs, 50)


def more_epochs(config: Config) -> str:
    """``enough_epochs``."""
    return f"training.epochs={enough_epochs(config)}"


def small_batches(config: Config) -> str:
    """As many steps as rows allow."""
    return "training.batch_rows=64" if config.training.batch_rows > 64 else ""


def cosine(config: Config) -> str:
    """A rate that falls to zero at the end."""
    return "" if config.scheduler.name == "cosine" else "scheduler.name=cosine"


def no_warmup(config: Config) -> str:
    """The full rate from the first step on."""
    return "scheduler.warmup_epochs=0" if config.scheduler.warmup_epochs else ""
