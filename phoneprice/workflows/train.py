"""Train: from a table to a run directory."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from phoneprice.artifact.runs import new_run_path
from phoneprice.artifact.writer import RunContents, RunWriter, refuse_unreadable
from phoneprice.config.asked import Overrides, ToInfer
from phoneprice.config.presets import find_config
from phoneprice.config.reading import AS_CONFIGURED, Reading
from phoneprice.config.schema import Config
from phoneprice.data.inspection.leaks import leaks_told
from phoneprice.errors import DeviceError
from phoneprice.evaluation.calibration_fit import Calibrated
from phoneprice.inference.predictor import kept_near_message
from phoneprice.metrics.figures import Figures, measured
from phoneprice.records import Classified, HeldOut, MemberPlan, Task, TrainedRecipe, TrainingFinding, splits_of
from phoneprice.records.documents import (
    BaselineMetrics,
    CalibrationFit,
    FoldMetrics,
    Member,
    RunMetrics,
    Splits,
    measured_on,
)
from phoneprice.records.findings import TrainingCheck
from phoneprice.stream import STREAM
from phoneprice.workflows.arguments import checked
from phoneprice.workflows.assess import Chosen, calibrated_on, choice_message, choose, final_calibration
from phoneprice.workflows.checkpointing import Checkpointer
from phoneprice.workflows.environment import environment
from phoneprice.workflows.events import Noted, OnEvent, Warned, WarningCollector, ignore
from phoneprice.workflows.fitting import Fitted, fit, planned
from phoneprice.workflows.inferring import asked_for, prepare_as_asked
from phoneprice.workflows.inputs import refuse_training_on
from phoneprice.workflows.judging import judged
from phoneprice.workflows.predictors import predicted
from phoneprice.workflows.prepare import Prepared, labelled_source

BASELINE_SHARE = 0.05
"""Of the work that the training has been, for the linear baseline."""


@dataclass(frozen=True)
class TrainResult:
    """A finished run: where it is, and what it is worth, as in ``metrics.json``."""

    run: Path
    config: Config
    task: Task
    metrics: RunMetrics
    rows: int
    seconds: float
    warnings: tuple[str, ...]
    findings: tuple[TrainingFinding, ...] = ()
    """What went wrong in the training, the likeliest cause first; none for a healthy one."""
    checked: tuple[TrainingCheck, ...] = ()
    """What was looked at."""
    inferred: Mapping[str, str] | None = None
    """Why the settings that the table has told are as they are, by dotted key; None where all were given."""


@checked
def train(
    data: Path | str | None = None,
    config: Config | ToInfer | Path | str | None = None,
    run: Path | str | None = None,
    *,
    target: str | None = None,
    overrides: Overrides | None = None,
    resume: bool = False,
    force: bool = False,
    command_line: Sequence[str] = (),
    record_command_line: bool = True,
    reading: Reading = AS_CONFIGURED,
    on_event: OnEvent = ignore,
) -> TrainResult:
    """Train on ``data`` (the bundled sample where None) and write the run directory ``run``.

    ``config`` may be a file or the name of a ready-made configuration; without one the defaults hold. A ``target``
    alone, without a ``config``, has the rest inferred from the table: the kind of task, ids, columns of no use; with
    one it sets ``data.target``. ``overrides`` are settings laid over all that, such as ``{"training.epochs": 50}``.
    ``reading`` takes the place of what it says of reading the table. ``command_line`` is what asked for the training,
    for the message of how to resume it and, with ``record_command_line``, for the run, which then keeps the path of
    the table, too.

    With ``resume`` it goes on with a training of ``run`` that was stopped or killed, and ends in the same bits. SIGINT
    and SIGTERM stop it after the step under way, with a ``StoppedError`` that says how to resume. ``force`` replaces a
    run, and throws an unfinished training away.

    Raises a ``PhonePriceError`` for whatever is wrong with the data, the configuration, the device or the disk;
    nothing is left half-written.
    """
    started = time.perf_counter()
    collector = WarningCollector(on_event)
    path = place_of_run(run, data, config)
    asked = asked_for(config, target, overrides, reading, collector)
    recorded = command_line if record_command_line else ()
    with RunWriter(path, force=force, resume=resume) as writer:
        prepared = prepare_as_asked(labelled_source(data, collector), asked, reading, collector)
        refuse_unreadable(prepared.config, prepared.schema)
        saving = Checkpointer(writer, path, prepared.config, resume=resume, command=command_line, on_event=collector)
        with saving as checkpointer:
            contents = trained(prepared, checkpointer, recorded, data, started, collector)
            writer.finish(contents)
    if leaks := leaks_told(prepared.table, prepared.schema.feature_names, prepared.config):
        collector.warn(f"{prepared.table.source}: {leaks}")
    return result_of(path, prepared, contents, time.perf_counter() - started, collector.messages)


def place_of_run(run: Path | str | None, data: Path | str | None, config: Config | ToInfer | Path | str | None) -> Path:
    """The path of the run; raises ``UsageError`` where what it is to learn from is in the run that it replaces."""
    file = config if isinstance(config, Path | str) else None
    path = Path(run) if run is not None else new_run_path(Path(file).stem if file is not None else "default")
    refuse_training_on(data, path)
    if file is not None:
        refuse_training_on(find_config(file), path, "the configuration to learn with")
    return path


def result_of(
    path: Path, prepared: Prepared, contents: RunContents, seconds: float, warnings: tuple[str, ...]
) -> TrainResult:
    """What a training has come to, once its contents are written."""
    config, metrics = prepared.config, contents.metrics
    found = judged(contents.recipes, prepared.schema, prepared.task, contents.history, metrics)
    return TrainResult(
        path,
        config,
        prepared.task,
        metrics,
        metrics.rows,
        seconds,
        warnings,
        found.findings,
        found.checked,
        prepared.reasons,
    )


def trained(
    prepared: Prepared,
    checkpointer: Checkpointer,
    command_line: Sequence[str],
    data: Path | str | None,
    started: float,
    on_event: OnEvent,
) -> RunContents:
    """All that the run is to hold; ``started`` is the ``time.perf_counter`` at which the work began."""
    config = prepared.config
    plans = planned(prepared, on_event)
    fitted = fit(prepared, plans, on_event, checkpointer=checkpointer)
    made_with = environment(
        device=fitted.device,
        threads=fitted.threads,
        seed=config.training.seed,
        seconds=time.perf_counter() - started,
        command_line=command_line,
        data=_as_named(data) if command_line else None,
    )
    chosen = choose(prepared, plans, fitted.ensembles, on_event)
    predictor, held = chosen.predictor, chosen.held
    if chosen.tried:
        on_event(Noted(choice_message(chosen)))
        fitted = fitted.take(chosen.kept)
    if held is not None and (near := predictor.kept_near(held.predictions)):
        on_event(Warned(f"{prepared.table.source}, held-out rows: {kept_near_message(near)}"))
    calibrated = calibrated_on(held, config.task, prepared.roles)
    predictor = replace(predictor, calibration=final_calibration(calibrated, config.task))
    everything = predicted(predictor, prepared.inputs, on_event)
    training_set = measured(prepared.targets, everything, prepared.task, prepared.roles.weights)
    judged = held
    if held is not None and calibrated is not None:  # judged cross-fitted
        judged = replace(held, predictions=Classified(calibrated.predicted, calibrated.probabilities))
    members = _members(plans, fitted, predictor.recipes)
    work = BASELINE_SHARE * _operations(fitted, predictor.recipes, plans)
    baselines = _baselines(prepared, judged, plans, work, on_event)
    return RunContents(
        config=config,
        schema=prepared.schema,
        recipes=predictor.recipes,
        calibration=predictor.calibration,
        metrics=_metrics(prepared, training_set, judged, _calibration_fit(calibrated), chosen, members, baselines),
        splits=_splits(prepared, plans, len(members)),
        environment=made_with,
        history=fitted.history,
        held_out=None if judged is None else replace(judged, rows=prepared.file_rows[judged.rows]),
    )


def _as_named(data: Path | str | None) -> str | None:
    """The table as a later command finds it: empty for the bundled sample, None for standard input."""
    if data is None:
        return ""
    return None if str(data) == str(STREAM) else str(data)


def _metrics(
    prepared: Prepared,
    training_set: Figures,
    held: HeldOut | None,
    calibration: CalibrationFit | None,
    chosen: Chosen,
    members: tuple[Member, ...],
    baselines: Mapping[str, BaselineMetrics],
) -> RunMetrics:
    """The metrics of the run; without held-out rows they are of rows that the networks have learned."""
    figures = training_set if held is None else measured(held.truth, held.predictions, prepared.task, held.weights)
    return RunMetrics(
        format=1,
        rows=len(prepared.inputs),
        task=prepared.task.kind,
        measured_on=measured_on(prepared.config.validation.scheme, held_out=held is not None),
        **vars(figures),
        folds=None if held is None else tuple(_by_fold(held, prepared.task)),
        training_set=None if held is None else training_set.metrics,
        calibration=calibration,
        portfolio=chosen.tried or None,
        members=members,
        baselines=baselines or None,
    )


def _operations(fitted: Fitted, recipes: Sequence[TrainedRecipe], plans: Sequence[MemberPlan]) -> float:
    """About as many as the training has taken: 6 a parameter, row and epoch (Kaplan et al. 2020, section 2.1)."""
    parts = zip(fitted.shapes, recipes, strict=True)
    return 6 * len(plans[0].train_rows) * sum(shape.parameters * own.config.training.epochs for shape, own in parts)


def _baselines(
    prepared: Prepared, held: HeldOut | None, plans: Sequence[MemberPlan], operations: float, on_event: OnEvent
) -> Mapping[str, BaselineMetrics]:
    """The linear baseline; none where nothing was held out, or where there is no memory for it, which is said."""
    if held is None:
        return {}
    from phoneprice.workflows.baselines import linear_baseline

    splits = []
    for split in splits_of(plans):
        first = plans[split.members[0]]
        splits.append((np.sort(np.concatenate([first.train_rows, first.stopping_rows])), split.held_out_rows))
    try:
        return linear_baseline(prepared, held, splits, operations)
    except (DeviceError, MemoryError):
        on_event(Noted("no memory is left for the linear baseline; the networks are compared with guessing alone"))
        return {}


def _by_fold(held: HeldOut, task: Task) -> Iterator[FoldMetrics]:
    """The metrics of each fold's rows, without intervals."""
    for fold in np.unique(held.folds).tolist():
        part = held.part(held.folds == fold)
        metrics = measured(part.truth, part.predictions, task, part.weights).metrics
        yield FoldMetrics.of(metrics, fold=fold, rows=len(part.rows))


def _calibration_fit(calibrated: Calibrated | None) -> CalibrationFit | None:
    if calibrated is None:
        return None
    return CalibrationFit(
        temperature=calibrated.calibration.temperature,
        threshold=calibrated.calibration.threshold,
        log_loss_before=calibrated.log_loss_before,
        log_loss_after=calibrated.log_loss_after,
    )


def _members(plans: Sequence[MemberPlan], fitted: Fitted, recipes: Sequence[TrainedRecipe]) -> tuple[Member, ...]:
    history = fitted.history
    train_loss, validation_loss = history.last(history.train_loss), history.last(history.validation_loss)
    return tuple(
        Member(
            member=k,
            train_rows=len(plan.train_rows),
            held_out_rows=len(plan.held_out_rows),
            stopping_rows=len(plan.stopping_rows),
            best_epoch=fitted.best_epoch[k],
            train_loss=_finite(train_loss[k]),
            validation_loss=_finite(validation_loss[k]),
            diverged_epoch=fitted.diverged[k] or None,
            recipe=recipe.name or None,
        )
        for k, (recipe, plan) in enumerate(product(recipes, plans))
    )


def _finite(value: float) -> float | None:
    """As JSON has it: no value rather than NaN or infinity."""
    return float(value) if np.isfinite(value) else None


def _splits(prepared: Prepared, plans: Sequence[MemberPlan], members: int) -> Splits:
    validation = prepared.config.validation
    return Splits(
        scheme=validation.scheme,
        folds=len(splits_of(plans)),
        fraction=validation.fraction,
        seed=prepared.config.training.seed,
        rows=len(prepared.inputs),
        left_out_rows=prepared.table.left_out_rows or None,
        members=members,
        data_sha256=prepared.sha256,
    )
