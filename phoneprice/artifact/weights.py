"""Weights as a safetensors file: names, shapes and dtypes are known beforehand and must match exactly.

Format: 8 bytes with the little-endian length of a JSON header, the header, the tensors' bytes
(https://github.com/huggingface/safetensors#format). It is read here rather than by the library, so that every
number in the header is checked against what the configuration gives before anything is allocated.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.artifact import strict_json
from phoneprice.artifact.layout import DAMAGED
from phoneprice.errors import ModelError
from phoneprice.model.shape import NetworkShape, parameter_shapes
from phoneprice.records import TrainedRecipe

_LENGTH_BYTES = 8
_HEADER_LIMIT = 1 << 20
Shapes = Mapping[str, tuple[int, ...]]


_RECIPE = "/"
"""Between the name of a recipe and that of its parameter; neither has one in it."""


def recipe_parameters(recipes: Sequence[TrainedRecipe]) -> dict[str, NDArray[np.float32]]:
    """The parameters of all recipes by their names in the file: that of the recipe first, if it has one."""
    return {_in_file(own.name, key): values for own in recipes for key, values in own.ensemble.parameters.items()}


def recipe_shapes(shapes: Mapping[str, NetworkShape]) -> Shapes:
    """What the file must hold for networks by the names of their recipes."""
    return {
        _in_file(name, key): size for name, shape in shapes.items() for key, size in parameter_shapes(shape).items()
    }


def parameters_by_recipe(parameters: Mapping[str, NDArray[np.float32]]) -> dict[str, dict[str, NDArray[np.float32]]]:
    """The parameters of each recipe by their own names."""
    found = dict[str, dict[str, NDArray[np.float32]]]()
    for name, values in parameters.items():
        recipe, _, key = name.rpartition(_RECIPE)
        found.setdefault(recipe, {})[key] = values
    return found


def _in_file(recipe: str, parameter: str) -> str:
    return f"{recipe}{_RECIPE}{parameter}" if recipe else parameter


def render_weights(parameters: Mapping[str, NDArray[np.float32]]) -> bytes:
    """The bytes of the file; every parameter must be finite float32."""
    from safetensors.numpy import save

    for name, values in parameters.items():
        if values.dtype != np.float32 or not np.isfinite(values).all():
            raise ValueError(f"parameter {name!r} must be finite float32")
    data: bytes = save({name: np.ascontiguousarray(values) for name, values in parameters.items()})
    return data


def check_size(size: int, shapes: Shapes, source: str) -> None:
    """Raise ``ModelError`` if a file of ``size`` bytes can't hold these tensors; for use before it is read."""
    spare = size - _LENGTH_BYTES - _tensor_bytes(shapes)
    if not 0 < spare <= _HEADER_LIMIT:
        raise ModelError(f"{source}: {size} bytes don't fit the network of config.toml; {DAMAGED}")


def parse_weights(data: bytes, shapes: Shapes, source: str) -> dict[str, NDArray[np.float32]]:
    """The parameters in the order of ``shapes``: read-only views of ``data``. Raises ``ModelError``."""
    check_size(len(data), shapes, source)
    start = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "little")
    if start != len(data) - _tensor_bytes(shapes):
        raise ModelError(f"{source}: the header's length doesn't fit the size of the file; {DAMAGED}")
    header = strict_json.parse_object(data[_LENGTH_BYTES:start], source, frozenset(shapes))
    _check_no_gaps(header, source)
    tensors = memoryview(data)[start:]
    parameters = {name: _tensor(tensors, header[name], _which(source, name), shapes[name]) for name in shapes}
    for name, values in parameters.items():
        if name.endswith("running_variance") and values.min() < 0:
            raise ModelError(f"{_which(source, name)} holds a variance below 0; {DAMAGED}")
        if name.endswith("encoding.edges") and (values[..., 1:] < values[..., :-1]).any():
            raise ModelError(f"{_which(source, name)} holds edges that fall; {DAMAGED}")
    return parameters


def _which(source: str, name: str) -> str:
    return f"{source}: tensor {name!r}"


def _tensor(data: memoryview, entry: Any, which: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    count = math.prod(shape)
    begin, end = entry["data_offsets"]
    if entry["dtype"] != "F32" or entry["shape"] != list(shape) or end - begin != 4 * count:
        raise ModelError(f"{which} is not F32 of shape {list(shape)}, as config.toml and schema.json ask; {DAMAGED}")
    values = np.frombuffer(data, "<f4", count, begin).reshape(shape).astype(np.float32, copy=False)
    if not np.isfinite(values).all():
        raise ModelError(f"{which} holds NaN or infinity; {DAMAGED}")
    return values


def _check_no_gaps(header: Mapping[str, Any], source: str) -> None:
    """Each entry has the three keys, and the tensors' bytes follow each other from 0 on."""
    spans = [_span(entry, name, source) for name, entry in header.items()]
    expected = 0
    for begin, end in sorted(spans):
        if begin != expected:
            raise ModelError(f"{source}: tensors overlap or leave gaps; {DAMAGED}")
        expected = end


def _span(entry: Any, name: str, source: str) -> tuple[int, int]:
    if isinstance(entry, dict) and entry.keys() == {"dtype", "shape", "data_offsets"}:
        offsets = entry["data_offsets"]
        if isinstance(offsets, list) and len(offsets) == 2 and all(type(offset) is int for offset in offsets):
            return offsets[0], offsets[1]
    raise ModelError(f"{source}: tensor {name!r} has no valid entry in the header; {DAMAGED}")


def _tensor_bytes(shapes: Shapes) -> int:
    return 4 * sum(math.prod(shape) for shape in shapes.values())
