"""Compare: what one choice does. Variants of a configuration, trained together on the same rows and side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from phoneprice.artifact import layout, strict_json
from phoneprice.artifact.comparison_files import comparison_document, render_curves
from phoneprice.artifact.runs import new_run_path
from phoneprice.artifact.writer import RunWriter
from phoneprice.config.asked import Overrides, ToInfer
from phoneprice.config.load import load_tables
from phoneprice.config.presets import find_config
from phoneprice.config.reading import AS_CONFIGURED, Reading
from phoneprice.config.render import to_toml
from phoneprice.config.schema import Config
from phoneprice.errors import ConfigError, DivergedError, ModelError, UsageError
from phoneprice.evaluation.paired import PAIRED, lead, row_errors
from phoneprice.inference.predictor import Predictor
from phoneprice.metrics.figures import measured, value_of
from phoneprice.model.shape import layer_names
from phoneprice.records import Ensemble, HeldOut, MemberPlan, TrainedRecipe, joined, splits_of
from phoneprice.records.comparison import Compared, Comparison
from phoneprice.search.candidates import Candidate
from phoneprice.search.space import Space
from phoneprice.search.variants import base_values, variant_name, variants
from phoneprice.wording import counted
from phoneprice.workflows.arguments import checked
from phoneprice.workflows.assess import final_calibration, hold_out
from phoneprice.workflows.events import OnEvent, WarningCollector, ignore
from phoneprice.workflows.fitting import Fitted, fit, planned, why_diverged
from phoneprice.workflows.inferring import asked_for, prepare_as_asked
from phoneprice.workflows.inputs import refuse_training_on
from phoneprice.workflows.prepare import Prepared, labelled_source, of_one_network
from phoneprice.workflows.spaces import variants_asked

COMPARISONS = Path("comparisons")


@dataclass(frozen=True)
class ComparisonResult:
    """A finished comparison: where it is, and what came out."""

    path: Path
    source: str
    comparison: Comparison
    warnings: tuple[str, ...]
    inferred: Mapping[str, str] | None = None
    """Why the settings that the table has told are as they are, by dotted key; None where all were given."""

    @property
    def page(self) -> Path:
        """What to open in a browser."""
        return self.path / layout.PAGE

    def document(self) -> dict[str, Any]:
        """As ``--json`` has it: ``comparison.json``, and where that is."""
        facts = {"path": str(self.path), "warnings": self.warnings, "inferred": self.inferred}
        return {**comparison_document(self.comparison, self.source), **facts}


@checked
def compare(
    data: Path | str | None = None,
    config: Config | ToInfer | Path | str | None = None,
    vary: Sequence[str] = (),
    output: Path | str | None = None,
    *,
    target: str | None = None,
    overrides: Overrides | None = None,
    file: Path | str | None = None,
    grid: bool = False,
    force: bool = False,
    reading: Reading = AS_CONFIGURED,
    on_event: OnEvent = ignore,
) -> ComparisonResult:
    """Train variants of a configuration together, on the same folds and from the same seeds, and write what came out.

    ``vary`` has settings with values, ``model.activation=relu|tanh``, laid over ``[compare.variants]`` of the file that
    is the ``config``, or of ``file`` where that is a ``Config`` already. Each variant is one change away from the base;
    with ``grid`` they are all combinations. ``data``, ``config``, ``target`` and ``overrides`` are as in ``train``.
    ``output`` is the directory to write, ``comparisons/TIME-NAME`` where not given; ``force`` replaces one.

    A variant that diverges is listed with its reason. Raises ``DivergedError`` where all do, ``ConfigError`` for what
    can't be varied and where nothing is, and what ``train`` raises.
    """
    collector = WarningCollector(on_event)
    file = config if isinstance(config, Path | str) else file
    path = _place(output, data, file)
    asked = asked_for(config, target, overrides, reading, collector)
    if isinstance(asked, Config):
        _space(asked.alone, vary, file, grid=grid)  # what is wrong in it is said before the table is read
    with RunWriter(path, force=force) as writer:
        prepared = prepare_as_asked(labelled_source(data, collector), asked, reading, collector)
        prepared = of_one_network(prepared, "a comparison", collector)
        space = _space(prepared.config, vary, file, grid=grid)
        comparison = compared(prepared, space, collector, grid=grid, look_for=load_tables(file).compare.look_for)
        writer.finish_with(dict(_files(comparison, prepared)))
    return ComparisonResult(path, prepared.table.source, comparison, collector.messages, prepared.reasons)


def _place(output: Path | str | None, data: Path | str | None, file: Path | str | None) -> Path:
    path = Path(output) if output is not None else new_run_path(Path(file).stem if file else "default", COMPARISONS)
    refuse_training_on(data, path)
    if file is not None:
        refuse_training_on(find_config(file), path, "the configuration to learn with")
    return path


def _space(base: Config, vary: Sequence[str], file: Path | str | None, *, grid: bool) -> Space:
    """What varies. Raises ``ConfigError`` where nothing does, or where nothing could be compared."""
    space = variants_asked(base, vary, file, grid=grid)
    if base.validation.scheme == "none":
        raise ConfigError(
            'validation.scheme "none" holds out no rows to compare by; set validation.scheme = "kfold" or "holdout"'
        )
    if not space.axes:
        raise UsageError(
            "nothing to compare; give -x KEY=A|B, such as -x 'model.activation=relu|tanh', "
            "or a lesson, such as -c activation"
        )
    return space


def compared(
    prepared: Prepared, space: Space, on_event: OnEvent = ignore, *, grid: bool = False, look_for: str = ""
) -> Comparison:
    """Train the base of a space and its variants, and see what each is worth beside the base.

    Each has a network for each fold of the configuration, from the same seeds, not calibrated. Raises
    ``DivergedError`` where none of them learns.
    """
    chosen = variants(space, grid=grid)
    plans = planned(prepared, on_event)
    fitted = fit(prepared, plans, on_event, configs=[own.config for own in chosen], judge=False)
    trained = [_Variant.of(prepared, plans, own, fitted.take([own.number])) for own in chosen]
    if all(own.why_not for own in trained):
        raise DivergedError(f"none of {counted(len(trained), 'variant')} could be trained: {trained[0].why_not}")
    base = next(own for own in trained if not own.variant.values)
    metrics = PAIRED[bool(prepared.task.labels)]
    return Comparison(
        task=prepared.task,
        metrics=metrics,
        trainings=tuple(own.compared(prepared, plans, base, space) for own in trained),
        base=base.variant.number,
        measured_on=_measured_on(prepared, plans),
        keys=tuple(axis.key for axis in space.axes),
        look_for=look_for,
        why_not_paired=f"the base has no predictions: {base.why_not}" if base.why_not else "",
    )


def _measured_on(prepared: Prepared, plans: Sequence[MemberPlan]) -> str:
    """``400 rows, each predicted by the one of 5 networks that has not seen it``."""
    splits = splits_of(plans)
    rows = counted(sum(len(split.held_out_rows) for split in splits), "row")
    if prepared.config.validation.scheme == "kfold":
        return f"{rows}, each predicted by the networks that have not seen it ({counted(len(splits), 'fold')})"
    return f"{rows} that no network has seen"


@dataclass(frozen=True)
class _Variant:
    """A variant with its networks, and what these say of rows that they have not seen."""

    variant: Candidate
    fitted: Fitted
    held: HeldOut | None
    why_not: str = ""

    @classmethod
    def of(cls, prepared: Prepared, plans: Sequence[MemberPlan], variant: Candidate, fitted: Fitted) -> _Variant:
        """With its predictions, or why it has none; ``fitted`` is this variant's alone."""
        epochs = dict(enumerate(fitted.diverged))
        if why_not := why_diverged(epochs, variant.config, prepared.schema.columns):
            return cls(variant, fitted, None, why_not)
        try:
            held = hold_out(_predictor(prepared, variant.config, fitted.ensembles[0]), prepared, plans)
        except ModelError as fault:  # numbers that overflow on rows that it has not seen
            return cls(variant, fitted, None, str(fault))
        return cls(variant, fitted, held)

    def compared(self, prepared: Prepared, plans: Sequence[MemberPlan], base: _Variant, space: Space) -> Compared:
        """What is shown of it."""
        shape = self.fitted.shapes[0]
        known = Compared(
            variant_name(space, self.variant),
            self.variant.values or base_values(space),
            shape.parameters // shape.members,
            self.fitted.history,
            layer_names(shape),
            step_seconds=float(np.mean(self.fitted.step_seconds)),
            why_not=self.why_not,
        )
        if self.held is None:
            return known
        found = measured(self.held.truth, self.held.predictions, prepared.task, self.held.weights).metrics
        return replace(
            known,
            metrics=found,
            training=_on_learned_rows(prepared, plans, self.variant.config, self.fitted.ensembles[0]),
            leads={} if base.held is None or base is self else _leads(prepared, self.held, base.held),
        )


def _predictor(prepared: Prepared, config: Config, ensemble: Ensemble) -> Predictor:
    return Predictor(config, prepared.task, (TrainedRecipe(config, ensemble),), final_calibration(None, config.task))


def _on_learned_rows(
    prepared: Prepared, plans: Sequence[MemberPlan], config: Config, ensemble: Ensemble
) -> dict[str, float]:
    """The paired metrics of each network on the rows that it has learned, all of these together."""
    parts = [
        _predictor(prepared, config, ensemble.take([k])).predict(prepared.inputs.take(plan.train_rows))
        for k, plan in enumerate(plans)
    ]
    rows = np.concatenate([plan.train_rows for plan in plans])
    weights, truth, task = prepared.roles.take(rows).weights, prepared.targets[rows], prepared.task
    predictions = joined(parts)
    return {name: value_of(name, truth, predictions, task, weights) for name in PAIRED[bool(task.labels)]}


def _leads(prepared: Prepared, ours: HeldOut, theirs: HeldOut) -> dict[str, Any]:
    """How much better ours is, by metric."""
    return {
        name: lead(name, *(row_errors(name, held.truth, held.predictions) for held in (ours, theirs)))
        for name in PAIRED[bool(prepared.task.labels)]
    }


def _files(comparison: Comparison, prepared: Prepared) -> Iterator[tuple[str, bytes]]:
    """What the directory holds."""
    from phoneprice.report.comparison_page import comparison_page

    yield layout.CONFIG, to_toml(prepared.config).encode()
    yield layout.COMPARISON, strict_json.render(comparison_document(comparison, prepared.table.source))
    yield layout.CURVES, render_curves(comparison)
    yield layout.PAGE, comparison_page(comparison, Path(prepared.table.source).name).encode()
