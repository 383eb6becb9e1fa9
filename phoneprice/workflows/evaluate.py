"""Evaluate: a finished run on labelled rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from phoneprice.artifact.loader import Run, load_run
from phoneprice.artifact.runs import resolve_run
from phoneprice.config.reading import AS_CONFIGURED, Reading
from phoneprice.config.schema import DataConfig
from phoneprice.data.encoding.features import FeatureEncoder, OddCells
from phoneprice.data.encoding.target import encode_target
from phoneprice.data.inspection.mixed import settle_like_training
from phoneprice.data.reading import read_table
from phoneprice.data.rows.row_roles import known_roles, with_weight
from phoneprice.data.rows.unlabelled import with_target
from phoneprice.data.table import Table
from phoneprice.errors import DataError
from phoneprice.inference.predictor import kept_near_message
from phoneprice.metrics.figures import measured
from phoneprice.records import Task
from phoneprice.records.documents import Evaluation
from phoneprice.suggestions import with_suggestion
from phoneprice.wording import utf8_or_escaped
from phoneprice.workflows.arguments import checked
from phoneprice.workflows.events import OnEvent, WarningCollector, ignore
from phoneprice.workflows.predictors import predicted, predictor_of
from phoneprice.workflows.prepare import Prepared, left_out, read_options_of_run, row_names, told_of_file


@dataclass(frozen=True)
class EvaluationResult:
    """The metrics of a run on a table."""

    run: Path
    source: str
    task: Task
    metrics: Evaluation
    rows: int
    warnings: tuple[str, ...]
    learned: bool = False
    """Whether these are the rows that the run was trained on, all of them and in their order."""


@checked
def evaluate(
    run: Path | str, data: Path | str, *, reading: Reading = AS_CONFIGURED, on_event: OnEvent = ignore
) -> EvaluationResult:
    """Predict the labelled rows of ``data``, read as in training but for ``reading``, with all of ``run`` and compare.

    Raises ``ModelError`` for the run, ``DataError`` for the data, ``UsageError`` for ``reading``.
    """
    loaded = load_run(resolve_run(run))
    return evaluate_table(loaded, read_labelled(loaded, data, reading), on_event)


def evaluate_table(loaded: Run, table: Table, on_event: OnEvent = ignore) -> EvaluationResult:
    """The same for a run and a table that are in memory. Raises ``DataError``."""
    prepared, odd = prepare_labelled(loaded, table, "evaluate")
    collector = WarningCollector(on_event)
    for event in told_of_file(table):
        collector(event)
    for message in left_out(table):
        collector.warn(message)
    if loaded.config.data.weight_column and prepared.roles.weights is None:
        missing = f"no column {with_suggestion(loaded.config.data.weight_column, table.names)}, the rows' weights"
        collector.warn(f"{table.source}: {missing}; each row counts once")
    if learned := prepared.sha256 == loaded.splits.data_sha256:
        collector.warn("these are the rows the run was trained on: the figures flatter it; use new rows, or cv")
    for message in odd.messages():
        collector.warn(f"{table.source}: {message}")
    predictor = predictor_of(loaded)
    predictions = predicted(predictor, prepared.inputs, collector)
    if near := predictor.kept_near(predictions):
        collector.warn(f"{table.source}: {kept_near_message(near)}")
    metrics = Evaluation(
        format=1,
        rows=len(prepared.inputs),
        task=loaded.task.kind,
        measured_on=utf8_or_escaped(table.source),
        **vars(measured(prepared.targets, predictions, loaded.task, prepared.roles.weights)),
    )
    return EvaluationResult(loaded.path, table.source, loaded.task, metrics, table.rows, collector.messages, learned)


def prepare_labelled(run: Run, table: Table, purpose: Literal["evaluate", "look at"]) -> tuple[Prepared, OddCells]:
    """Encode a labelled table as in the training of ``run``. Raises ``DataError``, also where it has no rows."""
    if not table.rows:
        found = "every row has text among numbers or dates" if table.skipped_rows else "found a header but no rows"
        raise DataError(f"{table.source}: {found}; there is nothing to {purpose}")
    if run.schema.target not in table.names:
        missing = f"missing column {with_suggestion(run.schema.target, table.names)}, the true values"
        raise DataError(f"{table.source}: {missing}; add or rename it (phoneprice predict needs none)")
    encoded = FeatureEncoder(run.schema).encode(table)
    targets = np.ascontiguousarray(encode_target(table, run.schema, run.task.kind))
    return Prepared(
        run.config, table, run.schema, run.task, encoded.inputs, targets, known_roles(table, run.config)
    ), encoded.odd


def read_labelled(run: Run, data: Path | str, reading: Reading = AS_CONFIGURED) -> Table:
    """A table with the columns of a run and its target, read as in training but for ``reading``.

    A row with text where the run has numbers is a ``DataError``, or left out where bad rows are to be skipped; one
    without a target is left out, or refused later, as in training.
    """
    schema, options = run.schema, read_options_of_run(run.config.data, reading)
    scales = {run.config.data.weight_column, run.config.validation.order_column} - {""}
    text = [*schema.matched_names, *(name for name in row_names(run) if name not in scales)]
    numbers = [name for name in (*schema.numeric_names, schema.target) if name not in text]
    table = read_table(data, options, text, run.config.data.ignored_columns, [schema.target], numbers)
    return rows_that_count(run, table, reading.instead_of(run.config.data))


def rows_that_count(run: Run, table: Table, data: DataConfig) -> Table:
    """The rows of a labelled table that a run can be measured on, numbers where training had numbers."""
    labelled = with_target(table, data)
    return with_weight(settle_like_training(labelled, run.schema, data), run.config)
