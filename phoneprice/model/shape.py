"""Names and shapes of the network's parameters, without torch: the loader checks files against them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from phoneprice.components.encodings import Encoding
from phoneprice.config.schema import Config
from phoneprice.records import InputStatistics, Task
from phoneprice.records.curves import (
    ACTIVATION_MEASUREMENTS,
    TRAINING_MEASUREMENTS,
    VALIDATION_MEASUREMENTS,
    WEIGHT_MEASUREMENTS,
)


@dataclass(frozen=True)
class NetworkShape:
    """``members`` networks from ``inputs`` inputs through ``hidden`` layers to ``outputs`` outputs.

    With ``ordered`` the network gives one score, and cut points turn it into ``outputs`` cumulative logits. The hidden
    layers get the inputs at the positions ``numbers`` encoded, behind the others: first each one's first output, then
    each one's second, and so on. Without an encoding there are none.
    """

    members: int
    inputs: int
    hidden: tuple[int, ...]
    outputs: int
    ordered: bool
    skip: bool
    normalization: str
    learned_slope: bool
    encoding: Encoding
    numbers: tuple[int, ...]

    @property
    def others(self) -> tuple[int, ...]:
        """The positions of the inputs that the hidden layers get as they are."""
        return tuple(sorted({*range(self.inputs)} - {*self.numbers}))

    @property
    def hidden_inputs(self) -> int:
        """How many inputs the first hidden layer has."""
        return self.inputs + len(self.numbers) * (self.encoding.outputs - 1)

    @property
    def widest(self) -> int:
        """The most numbers that a hidden layer, or the encoding, holds for a row."""
        return max(*self.hidden, len(self.numbers) * self.encoding.widest, 1)

    @property
    def scores(self) -> int:
        """Width of the last linear layer."""
        return 1 if self.ordered else self.outputs

    @property
    def parameters(self) -> int:
        """How many numbers all members' parameters and buffers are together."""
        return sum(math.prod(size) for size in parameter_shapes(self).values())


def network_shape(config: Config, inputs: int, classes: int, members: int, numbers: Sequence[int] = ()) -> NetworkShape:
    """The shape that ``config`` gives for ``inputs`` inputs and ``classes`` classes (regression: 0).

    ``numbers`` are the positions of the inputs that are numbers and not codes.
    """
    encoding = config.model.encoding
    return NetworkShape(
        members=members,
        inputs=inputs,
        hidden=config.model.hidden,
        outputs=config.loss.output_width(classes),
        ordered=config.loss.ordered,
        skip=config.model.skip,
        normalization=config.model.normalization.name,
        learned_slope=config.model.activation.learned_slope,
        encoding=encoding,
        numbers=tuple(numbers) if encoding.active else (),
    )


def recipe_shape(config: Config, inputs: InputStatistics, task: Task) -> NetworkShape:
    """The shape of networks of a configuration that have these statistics."""
    members, width = inputs.shift.shape
    return network_shape(config, width, task.classes, members, inputs.numbers)


def parameter_shapes(shape: NetworkShape) -> dict[str, tuple[int, ...]]:
    """Every parameter and buffer, in the order of the forward pass; all float32, member axis first."""
    k, names = shape.members, dict[str, tuple[int, ...]]()
    if shape.numbers:
        own = shape.encoding.shapes(len(shape.numbers))
        names.update({f"encoding.{name}": (k, *size) for name, size in own.items()})
    fan_in = shape.hidden_inputs
    for i, width in enumerate(shape.hidden):
        names[f"hidden.{i}.weight"] = (k, fan_in, width)
        names[f"hidden.{i}.bias"] = (k, 1, width)
        names.update(_normalization_shapes(shape, i, width))
        if shape.learned_slope:
            names[f"hidden.{i}.slope"] = (k, 1, width)
        fan_in = width
    if shape.hidden:
        names["output.weight"] = (k, fan_in, shape.scores)
    if shape.skip:
        names["skip.weight"] = (k, shape.inputs, shape.scores)
    if shape.ordered:
        names["cuts.first"] = (k, 1, 1)
        names["cuts.log_gaps"] = (k, 1, shape.outputs - 1)
        names["cuts.log_sharpness"] = (k, 1, 1)
    else:
        names["output.bias"] = (k, 1, shape.scores)
    return names


def _normalization_shapes(shape: NetworkShape, layer: int, width: int) -> dict[str, tuple[int, ...]]:
    kinds = {
        "none": (),
        "layer_norm": ("scale", "shift"),
        "batch_norm": ("scale", "shift", "running_mean", "running_variance"),
    }[shape.normalization]
    return {f"hidden.{layer}.norm.{kind}": (shape.members, 1, width) for kind in kinds}


def layer_names(shape: NetworkShape) -> tuple[str, ...]:
    """What people call the weight matrices, in the order of ``parameter_shapes``: hidden 1, hidden 2, output, skip."""
    names = [name.removesuffix(".weight") for name in parameter_shapes(shape) if name.endswith(".weight")]
    return tuple(f"hidden {int(name[7:]) + 1}" if name.startswith("hidden.") else name for name in names)


def measured_layers(shapes: Sequence[NetworkShape]) -> dict[str, int]:
    """How many layers each measurement of a training has, the most of any of these networks; by its name."""
    weights, hidden = max(len(layer_names(shape)) for shape in shapes), max(len(shape.hidden) for shape in shapes)
    layers = dict.fromkeys(WEIGHT_MEASUREMENTS, weights) | dict.fromkeys(ACTIVATION_MEASUREMENTS, hidden)
    return layers | dict.fromkeys((*VALIDATION_MEASUREMENTS, *TRAINING_MEASUREMENTS), 1)
