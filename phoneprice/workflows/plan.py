"""What a training would do, without doing it: ``train --dry-run``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from phoneprice.config.asked import ToInfer
from phoneprice.config.reading import AS_CONFIGURED, Reading
from phoneprice.config.schema import Config
from phoneprice.data.encoding.schema import input_names, number_inputs
from phoneprice.model.shape import network_shape
from phoneprice.records import MemberPlan
from phoneprice.workflows.events import OnEvent, ignore
from phoneprice.workflows.fitting import planned
from phoneprice.workflows.inferring import asked_for, prepare_as_asked
from phoneprice.workflows.prepare import Prepared, labelled_source


@dataclass(frozen=True)
class RecipePlan:
    """What a recipe of a portfolio does; sequences have one entry a member."""

    name: str
    hidden: tuple[int, ...]
    parameters: int
    """Of all its members together."""
    epochs: int
    batch_rows: tuple[int, ...]
    steps: tuple[int, ...]
    """In all epochs."""


@dataclass(frozen=True)
class TrainingPlan:
    """The resolved plan of a training; sequences have one entry a member, and each recipe has as many."""

    data: str
    rows: int
    task: str
    target: str
    labels: tuple[str, ...]
    features: tuple[str, ...]
    """The columns that are used."""
    inputs: int
    """What the network gets from them: categories and missing cells have inputs of their own."""
    hidden: tuple[int, ...]
    members: int
    train_rows: tuple[int, ...]
    held_out_rows: tuple[int, ...]
    stopping_rows: tuple[int, ...]
    parameters: int
    """Of all members together."""
    epochs: int
    batch_rows: tuple[int, ...]
    steps: tuple[int, ...]
    """In all epochs."""
    inferred: Mapping[str, str] | None
    """Why the settings that the table has told are as they are, by dotted key; None where all were given."""
    recipes: tuple[RecipePlan, ...]
    """Of a portfolio, instead of ``hidden``, ``parameters``, ``epochs``, ``batch_rows`` and ``steps``."""


def plan_training(
    data: Path | str | None, config: Config | ToInfer, *, reading: Reading = AS_CONFIGURED, on_event: OnEvent = ignore
) -> TrainingPlan:
    """Read the table and plan its training. Raises what ``train`` raises before it starts."""
    source = labelled_source(data, on_event)
    prepared = prepare_as_asked(source, asked_for(config, reading=reading), reading, on_event)
    config = prepared.config
    members = planned(prepared, on_event)
    recipe = _recipe_plan(prepared, config, members)
    return TrainingPlan(
        data=str(source),
        rows=len(prepared.inputs),
        task=prepared.task.kind,
        target=prepared.task.target,
        labels=prepared.task.labels,
        features=tuple(column.name for column in prepared.schema.columns),
        inputs=len(input_names(prepared.schema)),
        hidden=recipe.hidden,
        members=len(members),
        train_rows=_counts(members, "train_rows"),
        held_out_rows=_counts(members, "held_out_rows"),
        stopping_rows=_counts(members, "stopping_rows"),
        parameters=recipe.parameters,
        epochs=recipe.epochs,
        batch_rows=recipe.batch_rows,
        steps=recipe.steps,
        inferred=prepared.reasons,
        recipes=tuple(_recipe_plan(prepared, config.of_recipe(own), members, own.name) for own in config.portfolio),
    )


def _recipe_plan(prepared: Prepared, config: Config, members: Sequence[MemberPlan], name: str = "") -> RecipePlan:
    from phoneprice.training.batches import Pace

    inputs, numbers = len(input_names(prepared.schema)), number_inputs(prepared.schema)
    paces = [Pace.of(member, config.training) for member in members]
    return RecipePlan(
        name=name,
        hidden=config.model.hidden,
        parameters=network_shape(config, inputs, prepared.task.classes, len(members), numbers).parameters,
        epochs=config.training.epochs,
        batch_rows=tuple(pace.batch_rows for pace in paces),
        steps=tuple(pace.steps * config.training.epochs for pace in paces),
    )


def _counts(members: Sequence[MemberPlan], rows: str) -> tuple[int, ...]:
    return tuple(len(getattr(member, rows)) for member in members)
