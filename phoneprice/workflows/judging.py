"""What went wrong in a training, of each recipe's networks by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from phoneprice.data.encoding.schema import TableSchema
from phoneprice.diagnosis.findings import judge
from phoneprice.diagnosis.training import Training
from phoneprice.model.shape import measured_layers, recipe_shape
from phoneprice.records import Task, TrainedRecipe, TrainingFinding
from phoneprice.records.curves import Curves
from phoneprice.records.documents import RunMetrics


def histories(recipes: Sequence[TrainedRecipe], task: Task, history: Curves) -> tuple[Curves, ...]:
    """Each recipe's part of a history that has the members of one recipe after those of the other."""
    if len(recipes) == 1:
        return (history,)
    size = history.members // len(recipes)
    layers = [measured_layers([recipe_shape(own.config, own.ensemble.inputs, task)]) for own in recipes]
    return tuple(history.take(range(i * size, (i + 1) * size), own) for i, own in enumerate(layers))


def judged(
    recipes: Sequence[TrainedRecipe], schema: TableSchema, task: Task, history: Curves, metrics: RunMetrics
) -> tuple[TrainingFinding, ...]:
    """All findings, those of the recipe that counts most first."""
    found = _judged(recipes, schema, task, history, metrics)
    return tuple(finding for _, own in sorted(found, key=lambda pair: -pair[0]) for finding in own)


def _judged(
    recipes: Sequence[TrainedRecipe], schema: TableSchema, task: Task, history: Curves, metrics: RunMetrics
) -> Iterator[tuple[float, list[TrainingFinding]]]:
    """The weight and the findings of each recipe."""
    size = len(metrics.members) // len(recipes)
    for i, (recipe, curves) in enumerate(zip(recipes, histories(recipes, task, history), strict=True)):
        own = metrics.model_copy(update={"members": metrics.members[i * size : (i + 1) * size]})
        training = Training(recipe.config, schema, curves, recipe.ensemble.parameters, own)
        yield recipe.weight, [replace(finding, recipe=recipe.name) for finding in judge(training)]
