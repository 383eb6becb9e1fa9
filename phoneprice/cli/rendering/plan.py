"""``train --dry-run``: what a training would do."""

from collections.abc import Iterable, Sequence

from phoneprice.cli.rendering.console import name_value_table, show, stdout
from phoneprice.wording import count, counted, counted_names
from phoneprice.workflows.plan import RecipePlan, TrainingPlan


def show_plan(plan: TrainingPlan) -> None:
    """What ``train --dry-run`` would do."""
    show(stdout(), name_value_table(_plan_facts(plan)))


def _plan_facts(plan: TrainingPlan) -> Iterable[tuple[str, str]]:
    yield "data", f"{plan.data}, {counted(plan.rows, 'row')}"
    classes = f" ({counted(len(plan.labels), 'class', 'classes')}: {', '.join(plan.labels)})" if plan.labels else ""
    yield "task", f"{plan.task}: {plan.target}{classes}"
    yield "features", counted_names(plan.features)
    for recipe in plan.recipes:
        yield "recipe", recipe.name
        yield from _recipe_facts(recipe, plan)
    if not plan.recipes:
        yield from _recipe_facts(plan, plan)
    of_each = " of each recipe" if plan.recipes else ""
    yield "members", f"{plan.members}{of_each}, each on {_span(plan.train_rows)} rows"
    yield "held out", f"{_span(plan.held_out_rows)} rows a member"
    if any(plan.stopping_rows):
        yield "stopping", f"{_span(plan.stopping_rows)} rows a member, set aside for early stopping"


def _recipe_facts(recipe: RecipePlan | TrainingPlan, plan: TrainingPlan) -> Iterable[tuple[str, str]]:
    layers, parameters = ", ".join(map(str, recipe.hidden)) or "none", counted(recipe.parameters, "parameter")
    yield "network", f"{counted(plan.inputs, 'input')}, hidden {layers}, {parameters} in all"
    each = _span([steps // recipe.epochs for steps in recipe.steps])
    yield "steps", f"{_span(recipe.steps)} a member: {counted(recipe.epochs, 'epoch')} of {each}"
    yield "batch", f"{_span(recipe.batch_rows)} rows"


def _span(numbers: Sequence[int]) -> str:
    """``1,600``, or ``1,599 to 1,601``."""
    low, high = min(numbers, default=0), max(numbers, default=0)
    return count(low) if low == high else f"{count(low)} to {count(high)}"
