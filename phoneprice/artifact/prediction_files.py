"""What prediction needs of a run, but for the weights: from the program's types to bytes and back.

Every value is checked on the way back.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from phoneprice.artifact import strict_json
from phoneprice.artifact.layout import DAMAGED
from phoneprice.config.load import config_from_toml
from phoneprice.config.schema import Config, Decision
from phoneprice.data.encoding.schema import LARGEST_TARGET, TableSchema, input_names, number_inputs
from phoneprice.errors import ConfigError, ModelError
from phoneprice.records import Calibration, InputStatistics, TargetStatistics, Task, TrainedRecipe
from phoneprice.records.inputs import LARGEST_SINGLE
from phoneprice.records.predictions import FLATTEST, SHARPEST
from phoneprice.wording import cut

Parsed = TypeVar("Parsed", bound=BaseModel)


SCHEMA_VALUES = 3_000_000
"""Thirty for each of 100,000 columns."""


def parse_config(data: bytes, source: str) -> Config:
    """The configuration in ``config.toml``; raises ``ModelError``."""
    try:
        return config_from_toml(data.decode(), source)
    except (UnicodeDecodeError, ConfigError) as fault:
        first = str(fault).split("\n", maxsplit=1)[0]
        raise damaged(source, first.removeprefix(f"{source}: ").removesuffix(f" ({source})")) from None


def render_schema(schema: TableSchema) -> bytes:
    """The bytes of ``schema.json``."""
    return strict_json.render(schema.model_dump(mode="json"))


def parse_schema(data: bytes, source: str) -> TableSchema:
    """The schema in ``schema.json``; raises ``ModelError``."""
    return parse_record(TableSchema, data, source, max_values=SCHEMA_VALUES)


def task_of(config: Config, schema: TableSchema, source: str) -> Task:
    """What the run predicts; ``ModelError`` where configuration and schema contradict each other."""
    kind = config.task.kind
    fits = {"regression": len(schema.labels) == 0, "binary": len(schema.labels) == 2}.get(kind, len(schema.labels) >= 2)
    if not fits or schema.target != config.data.target:
        raise damaged(source, f"target and labels are not those of a {kind} task on {config.data.target!r}")
    return Task(kind, schema.target, schema.labels)


def render_features(inputs: InputStatistics, target: TargetStatistics | None, names: Sequence[str]) -> bytes:
    """The bytes of ``features.json``: every float as the shortest text that reads back as itself."""
    document = {
        "names": list(names),
        "inputs": {key: getattr(inputs, key).tolist() for key in ("shift", "factor", "fill")},
        "target": None if target is None else {name: values.tolist() for name, values in target.arrays.items()},
    }
    return strict_json.render_line(document)


def parse_features(
    data: bytes, source: str, config: Config, schema: TableSchema
) -> tuple[InputStatistics, TargetStatistics | None]:
    """The statistics in ``features.json``, of the inputs that ``schema`` gives; raises ``ModelError``."""
    names, most = input_names(schema), most_members(config)
    limit = 1000 + len(names) + 3 * most * (len(names) + 2) + 4 * most
    document = strict_json.parse_object(data, source, frozenset({"names", "inputs", "target"}), max_values=limit)
    if document["names"] != list(names):
        raise damaged(source, "its inputs are not those of schema.json")
    tables = _object(document["inputs"], {"shift", "factor", "fill"}, source)
    members = len(tables["shift"]) if isinstance(tables["shift"], list) else 0
    if not 1 <= members <= most:
        raise damaged(source, f"found {members} members, expected 1 to {most}")
    shape = (members, len(names))
    values = {key: _floats(table, shape, source) for key, table in tables.items()}
    if max(np.abs(table).max() for table in values.values()) > LARGEST_SINGLE or values["factor"].min() < 0:
        raise damaged(source, "inputs are not float32 numbers, or a factor is below 0")
    inputs = InputStatistics(**values, numbers=number_inputs(schema))
    return inputs, _parse_target(document["target"], members, source, expected=config.task.kind == "regression")


def most_members(config: Config) -> int:
    """How many networks a run of this configuration can have; rare classes can make it fewer folds."""
    splits = config.validation.folds if config.validation.scheme == "kfold" else 1
    return splits * config.validation.members


def render_calibration(calibration: Calibration, recipes: Sequence[TrainedRecipe]) -> bytes:
    """The bytes of ``calibration.json``; of recipes that have names it holds their weights."""
    weights = {"weights": {own.name: own.weight for own in recipes}} if recipes[0].name else {}
    return strict_json.render(asdict(calibration) | weights)


def parse_calibration(
    data: bytes, source: str, classes: int, recipes: Sequence[str]
) -> tuple[Calibration, dict[str, float]]:
    """The calibration in ``calibration.json`` for ``classes`` classes, and the weights of the recipes that count.

    ``recipes`` are the names of the portfolio's, in whose order the weights are; without any, one without a name counts
    for all. Raises ``ModelError``.
    """
    keys = frozenset({"temperature", "threshold", "decision", "costs"} | ({"weights"} if recipes else set()))
    document = strict_json.parse_object(data, source, keys)
    temperature, threshold, decision = (document[key] for key in ("temperature", "threshold", "decision"))
    if not _is_number(temperature) or not SHARPEST <= temperature <= FLATTEST:
        raise damaged(source, f"temperature is not a number from {SHARPEST} to {FLATTEST:g}")
    if threshold is not None and not (_is_number(threshold) and 0 <= threshold <= 1 and classes == 2):
        raise damaged(source, "threshold is not a probability of a binary task")
    if decision not in (decisions := get_args(Decision)):
        raise damaged(source, f"decision is none of {', '.join(decisions)}")
    costs = _floats(document["costs"], (classes, classes), source) if document["costs"] != [] else np.zeros((0, 0))
    calibration = Calibration(float(temperature), threshold, decision, tuple(tuple(row) for row in costs.tolist()))
    return calibration, _weights(document["weights"], recipes, source) if recipes else {"": 1.0}


def _weights(table: Any, recipes: Sequence[str], source: str) -> dict[str, float]:
    if not isinstance(table, dict) or not table or list(table) != [name for name in recipes if name in table]:
        raise damaged(source, f"weights are not those of recipes among {', '.join(recipes)}, in this order")
    if not all(_is_number(weight) and 0 < weight <= 1 for weight in table.values()):
        raise damaged(source, "a weight is not a number above 0, and 1 at most")
    if not math.isclose(sum(table.values()), 1, rel_tol=1e-9):
        raise damaged(source, "the weights of the recipes are not 1 together")
    return {name: float(weight) for name, weight in table.items()}


def parse_record(kind: type[Parsed], data: bytes, source: str, *, max_values: int = strict_json.MAX_VALUES) -> Parsed:
    """The record in the bytes of a JSON document; raises ``ModelError``."""
    document = strict_json.parse(data, source, max_values=max_values)
    try:
        # As text once more: JSON's rules are pydantic's strict ones there, and what is infinite (1e999) is no JSON.
        return kind.model_validate_json(strict_json.render_line(document), strict=True)
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the document"
        raise damaged(source, f"{place}: {first['msg']}") from None
    except ValueError as fault:
        raise damaged(source, str(fault)) from None


def _parse_target(document: Any, members: int, source: str, *, expected: bool) -> TargetStatistics | None:
    if (document is not None) != expected:
        raise damaged(source, "target statistics are for regression, and needed there")
    if document is None:
        return None
    ends = {"low", "high"} if isinstance(document, dict) and len(document) > 2 else set[str]()
    tables = _object(document, {"shift", "scale"} | ends, source)
    target = TargetStatistics(**{key: _floats(table, (members,), source) for key, table in tables.items()})
    if max(np.abs(target.shift).max(), target.scale.max()) > LARGEST_TARGET or target.scale.min() <= 0:
        raise damaged(source, f"target is not within {LARGEST_TARGET:g}, or its scale not above 0")
    low, high = target.ends or (target.shift, target.shift)
    if (low > high).any() or max(np.abs(low).max(), np.abs(high).max()) > 2 * LARGEST_TARGET:
        raise damaged(source, f"the target's range is not within {2 * LARGEST_TARGET:g}, or ends before it begins")
    return target


def _object(document: Any, keys: set[str], source: str) -> dict[str, Any]:
    if not isinstance(document, dict) or document.keys() != keys:
        raise damaged(source, f"expected an object of {', '.join(sorted(keys))}")
    return document


def _floats(table: Any, shape: tuple[int, ...], source: str) -> NDArray[np.float64]:
    """Nested lists of numbers, and nothing else, as a finite float64 array of a shape known beforehand."""
    if not _has_shape(table, shape):
        raise damaged(source, f"expected finite numbers of shape {list(shape)}")
    return np.array(table, np.float64).reshape(shape)


def _has_shape(table: Any, shape: tuple[int, ...]) -> bool:
    if not shape:
        return _is_number(table)
    return isinstance(table, list) and len(table) == shape[0] and all(_has_shape(part, shape[1:]) for part in table)


def _is_number(value: Any) -> bool:
    # An int so large that it is no float is no number of ours.
    return (type(value) is float and math.isfinite(value)) or (type(value) is int and abs(value) < 2**1000)


def damaged(source: str, reason: str) -> ModelError:
    """The error for a file whose contents can't be used."""
    return ModelError(f"{source}: not valid: {cut(' '.join(reason.split()), 300)}; {DAMAGED}")
