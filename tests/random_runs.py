"""Small random networks and runs, without any training."""

import numpy as np

from phoneprice.artifact.writer import RunContents
from phoneprice.config.schema import Config
from phoneprice.data.schema import Column, TableSchema, input_names
from phoneprice.model.shape import network_shape, parameter_shapes
from phoneprice.records import Calibration, Ensemble, Inputs, InputStatistics, TargetStatistics

LABELS = ("0", "1", "2", "3")


def numeric_schema(features=6, *, labels=LABELS, has_missing=False, id_columns=("id",)):
    columns = tuple(
        Column(name=f"x{i}", kind="numeric", low=-9.0, high=9.0, has_missing=has_missing) for i in range(features)
    )
    kind = "number" if all(label.isdigit() for label in labels) else "text"
    return TableSchema(columns=columns, target="price_range", id_columns=id_columns, labels=labels, label_kind=kind)


def random_ensemble(config, inputs, classes, members=3, seed=0):
    """Parameters of plausible size: variances positive, cut points apart, scores of order one."""
    random = np.random.default_rng(seed)
    shapes = parameter_shapes(network_shape(config, inputs, classes, members))
    parameters = {}
    for name, shape in shapes.items():
        scale = 1 / np.sqrt(shape[1]) if name.endswith("weight") else 0.3
        values = random.normal(0, scale, shape)
        parameters[name] = (np.abs(values) + 0.5 if name.endswith("running_variance") else values).astype(np.float32)
    if "cuts.first" in parameters:
        parameters["cuts.first"] -= np.float32(1.0)
    size = (members, inputs)
    statistics = InputStatistics(random.normal(0, 0.2, size), random.uniform(0.5, 2, size), random.normal(0, 1, size))
    target = None
    if classes == 0:
        target = TargetStatistics(random.normal(5, 1, members), random.uniform(1, 2, members))
    return Ensemble(parameters, statistics, target)


def random_inputs(rows, width, seed=0, *, missing=0.0):
    random = np.random.default_rng(seed)
    values = random.normal(0, 1, (rows, width)).astype(np.float32)
    if not missing:
        return Inputs(values)
    where = random.random((rows, width)) < missing
    values[where] = 0
    return Inputs(values, where)


def random_contents(config=None, schema=None, members=3, seed=0, **changes):
    config = config or Config()
    schema = schema or numeric_schema()
    ensemble = random_ensemble(config, len(input_names(schema)), len(schema.labels), members, seed)
    parts = {
        "calibration": Calibration(),
        "metrics": {"format": 1, "metrics": {"accuracy": {"value": 0.5, "low": 0.4, "high": 0.6}}},
        "splits": {"rule": "kfold", "seed": 0},
        "environment": {"python": "3.11"},
        "history": [{"epoch": 1, "train_loss": [0.5, None]}],
    }
    return RunContents(config=config, schema=schema, ensemble=ensemble, **(parts | changes))


def names(directory):
    """The names in a directory, sorted."""
    return sorted(entry.name for entry in directory.iterdir())
