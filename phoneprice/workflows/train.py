"""Train: from a table to a run directory."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from phoneprice.artifact.documents import epoch_line
from phoneprice.artifact.writer import RunContents, RunWriter
from phoneprice.config.reading import AS_CONFIGURED, Reading
from phoneprice.config.schema import Config
from phoneprice.data.splits import plan_members
from phoneprice.diagnosis.findings import judge
from phoneprice.diagnosis.training import Training
from phoneprice.evaluation.calibration_fit import Calibrated
from phoneprice.records import Classified, MemberPlan, Predictions, Task, TrainingFinding
from phoneprice.records.curves import Curves
from phoneprice.workflows.assess import (
    Document,
    HeldOut,
    Model,
    calibrated_on,
    final_calibration,
    held_out,
    measured,
    prediction_columns,
)
from phoneprice.workflows.checkpointing import Checkpointer
from phoneprice.workflows.environment import environment
from phoneprice.workflows.events import OnEvent, WarningCollector, ignore
from phoneprice.workflows.fitting import Fitted, fit
from phoneprice.workflows.inspect_runs import new_run_path
from phoneprice.workflows.prepare import Prepared, configured, labelled_source, prepare


@dataclass(frozen=True)
class TrainResult:
    """A finished run: where it is, and the document ``metrics.json`` of what it is worth."""

    run: Path
    config: Config
    task: Task
    metrics: Document
    rows: int
    seconds: float
    warnings: tuple[str, ...]
    findings: tuple[TrainingFinding, ...] = ()
    """What went wrong in the training, the likeliest cause first; none for a healthy one."""


def train(
    data: Path | str | None = None,
    config: Config | Path | str | None = None,
    run: Path | str | None = None,
    *,
    resume: bool = False,
    force: bool = False,
    command_line: Sequence[str] = (),
    reading: Reading = AS_CONFIGURED,
    on_event: OnEvent = ignore,
) -> TrainResult:
    """Train on ``data`` (the bundled sample where None) and write the run directory ``run``.

    ``config`` may be a file or the name of a ready-made configuration; without one the defaults hold.
    ``reading`` takes the place of what it says of reading the table.

    With ``resume`` it goes on with a training of ``run`` that was stopped or killed, and ends in the same bits. SIGINT
    and SIGTERM stop it after the step under way, with a ``StoppedError`` that says how to resume. ``force`` replaces a
    run, and throws an unfinished training away.

    Raises a ``PhonePriceError`` for whatever is wrong with the data, the configuration, the device or the disk;
    nothing is left half-written.
    """
    started = time.perf_counter()
    collector = WarningCollector(on_event)
    name = Path(config).stem if isinstance(config, Path | str) else "default"
    config = configured(config, reading)
    path = Path(run) if run is not None else new_run_path(name)
    with (
        RunWriter(path, force=force, resume=resume) as writer,
        Checkpointer(writer, path, config, resume=resume, command=command_line, on_event=collector) as checkpointer,
    ):
        prepared = prepare(labelled_source(data, collector), config, collector)
        plans, notes = plan_members(prepared.targets, config, len(prepared.inputs))
        for note in notes:
            collector.warn(note)
        fitted = fit(prepared, plans, config, collector, checkpointer=checkpointer)
        training_seconds = time.perf_counter() - started
        contents = _contents(prepared, plans, fitted, config, training_seconds, command_line, collector)
        writer.finish(contents)
    document = dict(contents.metrics)
    curves = Curves.of(contents.history)
    findings = judge(Training(config, prepared.schema, curves, fitted.ensemble.parameters, document))
    seconds = time.perf_counter() - started
    return TrainResult(
        path, config, prepared.task, document, len(prepared.inputs), seconds, collector.messages, findings
    )


def _contents(
    prepared: Prepared,
    plans: Sequence[MemberPlan],
    fitted: Fitted,
    config: Config,
    seconds: float,
    command_line: Sequence[str],
    on_event: OnEvent,
) -> RunContents:
    model = Model(config, prepared.task, fitted.ensemble)
    held = held_out(model, prepared.inputs, plans, on_event)
    calibrated = calibrated_on(held, prepared.targets, config)
    calibration = final_calibration(calibrated, config)
    everything = replace(model, calibration=calibration).predict(prepared.inputs, on_event)
    training_set = measured(prepared.targets, everything, prepared.task)
    document: Document = {"format": 1, "rows": len(prepared.inputs), "task": config.task.kind}
    if held is None:
        # Nothing was held out: what can be said is about rows the networks have learned.
        document |= {"measured_on": "training set", **training_set}
    else:
        own = _own_predictions(held, calibrated)
        document |= {"measured_on": _held_out_name(config), **measured(prepared.targets[held.rows], own, prepared.task)}
        document["folds"] = _by_fold(held, own, prepared)
        document["training_set"] = training_set["metrics"]
    if calibrated is not None:
        document["calibration"] = {
            "temperature": calibration.temperature,
            "threshold": calibration.threshold,
            "log_loss_before": calibrated.log_loss_before,
            "log_loss_after": calibrated.log_loss_after,
        }
    document["members"] = _members(plans, fitted)
    return RunContents(
        config=config,
        schema=prepared.schema,
        ensemble=fitted.ensemble,
        calibration=calibration,
        metrics=document,
        splits=_splits(prepared, plans, config),
        environment=environment(
            device=fitted.device,
            threads=fitted.threads,
            seed=config.training.seed,
            seconds=seconds,
            command_line=command_line,
        ),
        history=[epoch_line(record) for record in fitted.history],
        out_of_fold=None if held is None else _out_of_fold(held, _own_predictions(held, calibrated), prepared),
    )


def _held_out_name(config: Config) -> str:
    return "hold-out" if config.validation.scheme == "holdout" else "out of fold"


def _own_predictions(held: HeldOut, calibrated: Calibrated | None) -> Predictions:
    """Held-out predictions as they are judged: probabilities and decisions cross-fitted."""
    if calibrated is None:
        return held.predictions
    return Classified(calibrated.predicted, calibrated.probabilities)


def _by_fold(held: HeldOut, own: Predictions, prepared: Prepared) -> list[Document]:
    """The metrics of each fold's rows, without intervals."""
    folds = []
    for fold in np.unique(held.folds):
        here = held.folds == fold
        metrics = measured(prepared.targets[held.rows[here]], own.take(here), prepared.task)["metrics"]
        folds.append({"fold": int(fold), "rows": int(here.sum()), **{n: m["value"] for n, m in metrics.items()}})
    return folds


def _members(plans: Sequence[MemberPlan], fitted: Fitted) -> list[Document]:
    last = fitted.history[-1]
    return [
        {
            "member": plan.index,
            "train_rows": len(plan.train_rows),
            "held_out_rows": len(plan.held_out_rows),
            "stopping_rows": len(plan.stopping_rows),
            "best_epoch": fitted.best_epoch[k],
            "train_loss": _finite(last.train_loss[k]),
            "validation_loss": _finite(last.validation_loss[k]),
            **({"diverged_epoch": fitted.diverged[k]} if fitted.diverged[k] else {}),
        }
        for k, plan in enumerate(plans)
    ]


def _finite(value: float) -> float | None:
    """As JSON has it: no value rather than NaN or infinity."""
    return float(value) if np.isfinite(value) else None


def _splits(prepared: Prepared, plans: Sequence[MemberPlan], config: Config) -> Document:
    return {
        "scheme": config.validation.scheme,
        "folds": len({plan.held_out_rows.tobytes() for plan in plans if len(plan.held_out_rows)}),
        "fraction": config.validation.fraction,
        "seed": config.training.seed,
        "rows": len(prepared.inputs),
        "members": len(plans),
        "data_sha256": prepared.sha256,
    }


def _out_of_fold(held: HeldOut, own: Predictions, prepared: Prepared) -> pa.Table:
    """One row a held-out row: its number in the table (from 0), its fold, the truth and the prediction."""
    truth = prepared.targets[held.rows]
    return pa.table({"row": held.rows, "fold": held.folds, **prediction_columns(truth, own, prepared.task)})
