"""Several runs side by side: the page of ``compare``, of trainings that are there already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from phoneprice.artifact.comparison_files import comparison_document
from phoneprice.artifact.loader import Run, load_run
from phoneprice.artifact.runs import resolve_run
from phoneprice.config.reading import AS_CONFIGURED, Reading
from phoneprice.errors import UsageError
from phoneprice.evaluation.paired import PAIRED
from phoneprice.metrics.figures import measured
from phoneprice.model.shape import layer_names
from phoneprice.records import HeldOut, Interval
from phoneprice.records.comparison import Compared, Comparison
from phoneprice.records.documents import TRAINING_SET
from phoneprice.stream import STREAM, given_path
from phoneprice.wording import counted, listed
from phoneprice.workflows.changes import changes, comparable
from phoneprice.workflows.destinations import (
    REPORT,
    open_output,
    refuse_foreign,
    refuse_other_than_a_report,
    refuse_unwritable,
)
from phoneprice.workflows.diff import PairedLead, paired_rows, paired_runs, refuse_other_target
from phoneprice.workflows.events import OnEvent, Warned, WarningCollector, ignore
from phoneprice.workflows.inputs import refuse_output, run_files
from phoneprice.workflows.judging import histories

PAGE = "compared.html"
"""What the page is called beside the first run, unless somebody says."""


@dataclass(frozen=True)
class RunsReport:
    """A page that was written."""

    runs: tuple[Path, ...]
    output: Path
    comparison: Comparison
    source: str
    warnings: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """As ``--json`` has it."""
        facts = {"runs": [str(run) for run in self.runs], "output": str(self.output), "warnings": self.warnings}
        return {**comparison_document(self.comparison, self.source), **facts}


def report_of_runs(
    runs: Sequence[Path | str],
    data: Path | str | None = None,
    output: Path | str | None = None,
    *,
    reading: Reading = AS_CONFIGURED,
    on_event: OnEvent = ignore,
) -> RunsReport:
    """Write the page of two runs or more to ``output``, ``compared.html`` beside the first where not given.

    Their figures are of the rows that each held out, or of the labelled rows of ``data``. The others are compared with
    the first, row by row where both have predicted the same ones. Raises ``ModelError`` for a run, ``UsageError`` for
    runs that predict different things, and what ``report`` raises.
    """
    collector = WarningCollector(on_event)
    paths = [resolve_run(run) for run in runs]
    loaded = [load_run(path) for path in paths]
    for other in loaded[1:]:
        refuse_other_target(loaded[0], other)
    target = _target(output, paths, data)
    comparison = _side_by_side(loaded, data, reading, collector)
    source = "their own tables" if data is None else Path(data).name
    mode = loaded[0].files.mode
    for run in loaded[1:]:  # what is told of a private run is private, too
        mode &= run.files.mode
    from phoneprice.report.comparison_page import comparison_page

    with open_output(target, made_up=output is None, mode=mode) as file:
        file.write(comparison_page(comparison, source).encode())
    return RunsReport(tuple(paths), target, comparison, source, collector.messages)


def _target(output: Path | str | None, paths: Sequence[Path], data: Path | str | None) -> Path:
    """Where the page goes; raises ``UsageError`` where it can't."""
    inputs = data, *(file for path in paths for file in run_files(path))
    if data is not None and given_path(data) == STREAM:
        raise UsageError("DATA is read once for each run, which standard input can't give; save the table first")
    target = given_path(output) if output is not None else paths[0].resolve().with_name(PAGE)
    if target == STREAM:
        raise UsageError("-o -: a report is a file; name one, such as report.html")
    refuse_output(target, *inputs)
    if output is None:
        refuse_foreign(target, REPORT)
    else:
        refuse_other_than_a_report(target)
    refuse_unwritable(target)
    return target


def _side_by_side(runs: Sequence[Run], data: Path | str | None, reading: Reading, on_event: OnEvent) -> Comparison:
    judged = [_Judged.of(run) if data is None else _Judged.on(run, data, reading, on_event) for run in runs]
    pairs = [_pair(judged[0], other, data is not None) for other in judged[1:]]
    faults = list(dict.fromkeys(why_not for _, why_not in pairs if why_not))
    leads = [(), *(found for found, _ in pairs)]
    settings = dict(zip(range(len(runs)), _settings(runs), strict=True))
    names = _names(runs)
    return Comparison(
        task=runs[0].task,
        metrics=PAIRED[bool(runs[0].task.labels)],
        trainings=tuple(
            own.compared(names[i], settings[i], {} if faults else {line.metric: line.lead for line in leads[i]})
            for i, own in enumerate(judged)
        ),
        base=0,
        measured_on=_measured_on(judged, on_data=data is not None),
        why_not_paired="; ".join(faults),
    )


@dataclass(frozen=True)
class _Judged:
    """A run, and its figures on the rows by which it is compared."""

    run: Run
    held: HeldOut | None
    metrics: Mapping[str, Interval]

    @classmethod
    def of(cls, run: Run) -> _Judged:
        """On the rows that it held out."""
        return cls(run, run.held_out, run.metrics.metrics)

    @classmethod
    def on(cls, run: Run, data: Path | str, reading: Reading, on_event: OnEvent) -> _Judged:
        """On the labelled rows of a table."""
        from phoneprice.workflows.evaluate import prepare_labelled, read_labelled
        from phoneprice.workflows.predictors import predicted, predictor_of

        prepared, _ = prepare_labelled(run, read_labelled(run, data, reading), "look at")
        if prepared.sha256 == run.splits.data_sha256:
            on_event(Warned(f"{run.path}: was trained on these rows, so its figures flatter it; use new rows"))
        predictions = predicted(predictor_of(run), prepared.inputs, on_event)
        rows, weights = prepared.file_rows, prepared.roles.weights
        held = HeldOut(rows, np.zeros(len(rows), np.int64), prepared.targets, predictions, weights)
        return cls(run, held, measured(prepared.targets, predictions, run.task, weights).metrics)

    def compared(self, name: str, settings: Mapping[str, Any], leads: Mapping[str, Interval]) -> Compared:
        """What is shown of it: of a portfolio the curves of the recipe that counts most."""
        run = self.run
        most = max(range(len(run.recipes)), key=lambda i: run.recipes[i].weight)
        shape, recipe = run.shapes[most], run.recipes[most]
        learned = run.metrics.training_set or (run.metrics.metrics if run.metrics.learned else {})
        return Compared(
            f"{name} ({recipe.name})" if recipe.name else name,
            settings,
            shape.parameters // shape.members,
            histories(run.recipes, run.task, run.history)[most],
            layer_names(shape),
            metrics=self.metrics,
            training={metric: learned[metric].value for metric in PAIRED[bool(run.task.labels)] if metric in learned},
            leads=leads,
        )


def _pair(base: _Judged, other: _Judged, on_data: bool) -> tuple[tuple[PairedLead, ...], str]:
    """How much better the other is than the base, and why that can't be said."""
    if not on_data:
        return paired_runs(base.run, other.run)[1:]
    assert base.held is not None  # since it has predicted the rows
    assert other.held is not None
    return paired_rows(base.held, base.run.task, other.held, other.run.task)[1:]


def _measured_on(judged: Sequence[_Judged], *, on_data: bool) -> str:
    if on_data:
        held = judged[0].held
        return f"{counted(0 if held is None else len(held.rows), 'row')}, by all networks of each run together"
    learned = [own.run.path.name for own in judged if own.run.metrics.measured_on == TRAINING_SET]
    if learned:
        return f"Training rows: {listed(learned)} held out none, so those figures flatter"
    return "Rows that each run held out, each predicted by networks that have not seen it"


def _names(runs: Sequence[Run]) -> list[str]:
    """The last parts of the runs' paths, whole paths where these are the same."""
    short = [run.path.resolve().name for run in runs]
    return short if len(set(short)) == len(short) else [str(run.path) for run in runs]


def _settings(runs: Sequence[Run]) -> Iterator[dict[str, Any]]:
    """What each run has of the settings that are not the same in all, by dotted key."""
    documents = [comparable(run.config) for run in runs]
    keys = dict.fromkeys(change.key for other in documents[1:] for change in changes(documents[0], other))
    for document in documents:
        yield {key: _at(document, key) for key in keys}


def _at(document: Mapping[str, Any], key: str) -> Any:
    found: Any = document
    for part in key.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
