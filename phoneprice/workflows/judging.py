"""What went wrong in a training, of each recipe's networks by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from phoneprice.data.encoding.schema import TableSchema
from phoneprice.diagnosis.findings import judge
from phoneprice.diagnosis.training import Training
from phoneprice.model.shape import measured_layers, recipe_shape
from phoneprice.records import Judgement, Task, TrainedRecipe
from phoneprice.records.curves import Curves
from phoneprice.records.documents import RunMetrics
from phoneprice.records.findings import TrainingCheck, TrainingFinding


def histories(recipes: Sequence[TrainedRecipe], task: Task, history: Curves) -> tuple[Curves, ...]:
    """Each recipe's part of a history that has the members of one recipe after those of the other."""
    if len(recipes) == 1:
        return (history,)
    size = history.members // len(recipes)
    layers = [measured_layers([recipe_shape(own.config, own.ensemble.inputs, task)]) for own in recipes]
    return tuple(history.take(range(i * size, (i + 1) * size), own) for i, own in enumerate(layers))


def judged(
    recipes: Sequence[TrainedRecipe], schema: TableSchema, task: Task, history: Curves, metrics: RunMetrics
) -> Judgement:
    """All findings and checks, those of the recipe that counts most first."""
    size = len(metrics.members) // len(recipes)
    own = list(zip(recipes, histories(recipes, task, history), range(len(recipes)), strict=True))
    findings, checked = list[TrainingFinding](), list[TrainingCheck]()
    for recipe, curves, i in sorted(own, key=lambda part: -part[0].weight):
        members = metrics.members[i * size : (i + 1) * size]
        part = metrics.model_copy(update={"members": members})
        found = judge(Training(recipe.config, schema, curves, recipe.ensemble.parameters, part))
        findings += [replace(finding, recipe=recipe.name) for finding in found.findings]
        checked += [replace(check, recipe=recipe.name) for check in found.checked]
    return Judgement(tuple(findings), tuple(checked))
