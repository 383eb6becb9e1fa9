"""Small random networks and runs, without any training."""

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from phoneprice.artifact.search_files import SearchContents
from phoneprice.artifact.writer import RunContents, RunWriter
from phoneprice.config.schema import Config
from phoneprice.data.encoding.labels import LabelKind
from phoneprice.data.encoding.schema import Column, TableSchema, input_names, number_inputs
from phoneprice.metrics.figures import measured
from phoneprice.model.shape import network_shape, parameter_shapes
from phoneprice.records import (
    Calibration,
    Classified,
    Ensemble,
    HeldOut,
    Inputs,
    InputStatistics,
    Interval,
    TargetStatistics,
    Task,
    TrainedRecipe,
    Valued,
)
from phoneprice.records.curves import Curves, Start
from phoneprice.records.documents import (
    CalibrationFit,
    Environment,
    FoldMetrics,
    Member,
    RecipeMetrics,
    RunMetrics,
    Splits,
    measured_on,
)
from phoneprice.records.searches import Search, TriedCandidate

LABELS = ("0", "1", "2", "3")
NOTHING_HELD_OUT = Config.model_validate({"validation": {"scheme": "none", "members": 3}})


def numeric_schema(features=6, *, labels=LABELS, has_missing=False, id_columns=("id",)):
    columns = tuple(
        Column(name=f"x{i}", kind="numeric", low=-9.0, high=9.0, has_missing=has_missing) for i in range(features)
    )
    kind: LabelKind = "whole" if all(label.isdigit() for label in labels) else "text"
    return TableSchema(columns=columns, target="price_range", id_columns=id_columns, labels=labels, label_kind=kind)


def random_ensemble(config, inputs, classes, members=3, seed=0, numbers=()):
    """Parameters of plausible size: variances positive, cut points apart, scores of order one."""
    random = np.random.default_rng(seed)
    shapes = parameter_shapes(network_shape(config, inputs, classes, members, numbers))
    parameters = {}
    for name, shape in shapes.items():
        scale = 1 / np.sqrt(shape[1]) if name.endswith("weight") else 0.3
        values = random.normal(0, scale, shape)
        parameters[name] = (np.abs(values) + 0.5 if name.endswith("running_variance") else values).astype(np.float32)
    if "encoding.edges" in parameters:
        edges = parameters["encoding.edges"]
        edges[:] = np.sort(5 * edges, axis=-1)
        edges[0, 0, 1:] = edges[0, 0, 1:2]  # one bin only
    if "cuts.first" in parameters:
        parameters["cuts.first"] -= np.float32(1.0)
    size = (members, inputs)
    shift, factor = random.normal(0, 0.2, size), random.uniform(0.5, 2, size)
    statistics = InputStatistics(shift, factor, random.normal(0, 1, size), numbers)
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
    inputs, numbers = len(input_names(schema)), number_inputs(schema)
    first = random_ensemble(config.recipes[0], inputs, len(schema.labels), members, seed, numbers)
    recipes = tuple(
        TrainedRecipe(own, replace(first, parameters=ensemble.parameters), 1 / len(config.recipes), name)
        for i, (own, name) in enumerate(zip(config.recipes, recipe_names(config), strict=True))
        for ensemble in [random_ensemble(own, inputs, len(schema.labels), members, seed + i, numbers)]
    )
    held = None if config.validation.scheme == "none" else random_held_out(schema.labels, members)
    parts: dict[str, Any] = {
        "calibration": Calibration(),
        "metrics": random_metrics(config, schema, members, held),
        "splits": Splits(
            scheme=config.validation.scheme,
            folds=members if held else 0,
            fraction=config.validation.fraction,
            seed=config.training.seed,
            rows=ROWS * members,
            members=members * len(recipes),
            data_sha256="0" * 64,
        ),
        "environment": ENVIRONMENT,
        "history": short_history(members * len(recipes)),
        "held_out": held,
        "search": None if held is None or config.portfolio else SearchContents(config, random_search(config)),
    }
    return RunContents(config=config, schema=schema, recipes=recipes, **(parts | changes))


def random_search(config, candidates=6, seed=0):
    """The last two candidates have not finished; the second one is picked."""
    random = np.random.default_rng(seed)
    metric = "rmse" if config.task.kind == "regression" else "log_loss"
    tried = [_random_candidate(k, random, finished=k < candidates - 2) for k in range(candidates)]
    ranking = sorted(range(candidates - 2), key=lambda k: tried[k].figure.value)
    return Search(
        format=1,
        task=config.task.kind,
        rows=ROWS * 3,
        data_sha256="0" * 64,
        metric=metric,
        folds=3,
        seed=0,
        racing=True,
        space={"optimizer.lr": "0.01..0.1:log", "model.dropout": "0|0.1..0.5", "model.activation": "relu|silu"},
        picked=ranking[0],
        estimate=Interval(0.31, 0.21, 0.42),
        lead=Interval(0.02, -0.01, 0.05),
        smallest=ranking[1],
        ranking=tuple(ranking),
        importances={"optimizer.lr": 0.6, "model.activation": 0.1, "model.dropout": 0.0},
        edges=("optimizer.lr: the best value, 0.1, is at the end of 0.01..0.1:log; try -x optimizer.lr=0.03..0.3:log",),
        candidates=tuple(tried),
    )


def _random_candidate(number, random, *, finished):
    value, settings = float(random.uniform(0.2, 0.5)), {"model.activation": "silu" if number % 2 else "relu"}
    return TriedCandidate(
        candidate=number,
        settings=settings
        | {"optimizer.lr": f"{random.uniform(0.01, 0.1):.4g}", "model.dropout": f"{0.1 * number:.1g}"},
        parameters=20 + number,
        scores=(value,) * (3 if finished else number % 2),
        seconds=(0.5,) * (3 if finished else 1),
        figure=Interval(value, value - 0.1, value + 0.1) if finished else None,
        lead=Interval(0.1, 0.0, 0.2) if finished else None,
        why_not=None if finished else "behind after 1 fold" if number % 2 else "diverged in fold 1, epoch 3",
    )


def recipe_names(config):
    """Of all recipes, which all count the same here; of one without a portfolio it is empty."""
    return [own.name for own in config.portfolio] or [""]


ROWS = 8
"""That each member of a random run holds out, of a table of as many rows a member."""
ENVIRONMENT = Environment(
    phoneprice="0.1.0",
    python="3.11",
    libraries={"torch": "2.6"},
    platform="Linux",
    cpu="AVX2",
    device="cpu",
    threads=1,
    seed=0,
    training_seconds=0.5,
    finished="2026-11-23T04:15:00+00:00",
    command_line=("phoneprice", "train"),
    git_commit=None,
)


def random_held_out(labels, members):
    """Every second row is predicted right; fold k is every row of number k modulo the members."""
    rows = np.arange(ROWS * members)
    if not labels:
        return HeldOut(rows, rows % members, rows / 7, Valued(rows / 7 + rows % 2))
    classes = len(labels)
    truth = rows % classes
    predicted = np.where(rows % 2, truth, (truth + 1) % classes)
    p = np.full((len(rows), classes), 0.25 / (classes - 1))
    p[rows, predicted] = 0.75
    return HeldOut(rows, rows % members, truth, Classified(predicted, p))


def random_metrics(config, schema, members, held):
    """What a run says of its held-out rows; without them, of as many training rows."""
    task, rows = Task(config.task.kind, schema.target, schema.labels), ROWS * members
    own = held or random_held_out(schema.labels, members)
    figures = measured(own.truth, own.predictions, task)
    document = {"format": 1, "rows": rows, "task": config.task.kind, **vars(figures)}
    document["measured_on"] = measured_on(config.validation.scheme, held_out=held is not None)
    if held:
        folds = [own.folds == k for k in range(members)]
        by_fold = [measured(own.truth[here], own.predictions.take(here), task).metrics for here in folds]
        document["folds"] = tuple(FoldMetrics.of(metrics, fold=k, rows=ROWS) for k, metrics in enumerate(by_fold))
        document["training_set"] = figures.metrics
    if held and schema.labels:
        document["calibration"] = CalibrationFit(
            temperature=1.0, threshold=None, log_loss_before=0.5, log_loss_after=0.5
        )
    aside = ROWS if held else 0
    document["members"] = tuple(
        Member(
            member=k,
            train_rows=rows - aside,
            held_out_rows=aside,
            stopping_rows=0,
            best_epoch=1,
            train_loss=0.5,
            validation_loss=None,
            recipe=name or None,
        )
        for k, (name, _) in enumerate(product(recipe_names(config), range(members)))
    )
    if config.portfolio:
        weight, loss = 1 / len(config.portfolio), {"log_loss" if schema.labels else "rmse": 0.5}
        tried = [{"name": own.name, "weight": weight, **loss} for own in config.portfolio]
        document["portfolio"] = tuple(map(RecipeMetrics.model_validate, tried))
    return RunMetrics(**document)


def short_history(members, epochs=1):
    """Losses that fall to 0.5, without measurements."""
    losses = 0.5 + 0.1 * np.arange(epochs)[::-1, None] * np.ones(members)
    start = Start(np.ones(members), np.full(members, np.nan), {})
    return Curves(losses, np.full_like(losses, np.nan), np.full_like(losses, 0.1), losses > 0, {}, start)


def write_run(path, contents, *, force=False):
    """Write a whole run at once; raises as ``RunWriter`` does."""
    with RunWriter(path, force=force) as writer:
        writer.finish(contents)


def names(directory):
    """The names in a directory, sorted."""
    return sorted(entry.name for entry in directory.iterdir())
