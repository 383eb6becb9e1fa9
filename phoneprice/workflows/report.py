"""Report: all that is known of a run, in one HTML page."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from phoneprice.artifact.atomic import storage_faults
from phoneprice.artifact.loader import Run, load_run
from phoneprice.artifact.runs import resolve_run
from phoneprice.config.reading import AS_CONFIGURED, Reading
from phoneprice.config.render import to_toml
from phoneprice.config.schema import Config
from phoneprice.data.encoding.features import moments
from phoneprice.data.samples.sample import sample_path
from phoneprice.errors import DataError, UsageError
from phoneprice.evaluation.latent_score import mean_cut_points, score_behind
from phoneprice.metrics.catalogue import headline
from phoneprice.metrics.decisions import temper
from phoneprice.model.shape import NetworkShape, layer_names
from phoneprice.places import is_directory, is_there
from phoneprice.records import Classified, Doubles, HeldOut, TrainingFinding
from phoneprice.records.documents import BaselineMetrics, Environment, RunMetrics
from phoneprice.records.findings import TrainingCheck
from phoneprice.report.facts import Baseline, FromData, LatentScore, RecipeCurves, ReportFacts
from phoneprice.stream import STREAM, given_path
from phoneprice.wording import count, counted, counted_names, duration, listed
from phoneprice.workflows.destinations import (
    REPORT,
    open_output,
    refuse_foreign,
    refuse_other_than_a_report,
    refuse_unwritable,
)
from phoneprice.workflows.events import Noted, OnEvent, Warned, WarningCollector, ignore
from phoneprice.workflows.inputs import refuse_output, run_files
from phoneprice.workflows.judging import histories, judged
from phoneprice.workflows.prepare import read_options_of_run


@dataclass(frozen=True)
class ReportFile:
    """A report that was written."""

    run: Path
    output: Path
    plots: tuple[Path, ...]
    findings: tuple[TrainingFinding, ...]
    checked: tuple[TrainingCheck, ...]
    warnings: tuple[str, ...]


def report(
    run: Path | str,
    data: Path | str | None = None,
    output: Path | str | None = None,
    *,
    plots: Path | str | None = None,
    summary: bool = False,
    reading: Reading = AS_CONFIGURED,
    on_event: OnEvent = ignore,
) -> ReportFile:
    """Write the report of ``run``, or one page with its ``summary``, to ``output``.

    Where that is not given it is ``RUN.html`` beside the run, and ``RUN-summary.html``.

    A labelled table has what only rows can tell (importance, partial dependence, the worst rows): the one that the run
    was trained on, where that is as it was, or ``data``. It is read as in training, but for what ``reading`` says.
    ``plots`` is a directory for the charts as SVG and PNG files. Raises ``ModelError`` for the run,
    ``DataError`` for the data, ``UsageError`` for an ``output`` that is the data, inside a run, or a file that is no
    HTML page; ``StorageError``.
    """
    collector = WarningCollector(on_event)
    path = resolve_run(run)
    loaded = load_run(path)
    read_options_of_run(loaded.config.data, reading)  # what is unusable is refused before any work
    target = given_path(output) if output is not None else report_path(path, summary=summary)
    if target == STREAM:
        raise UsageError("-o -: a report is a file; name one, such as report.html")
    inputs = data, recorded_table(loaded), *run_files(path)
    if output is not None:
        refuse_output(target, *inputs)
        refuse_other_than_a_report(target)
    else:
        refuse_report_beside(path, *inputs, summary=summary)
    refuse_unwritable(target)
    if plots is not None:
        _refuse_plots(Path(plots))
    from phoneprice.report.page import page, summary_page

    facts = gather(loaded, data, reading, collector, find_data=True)
    pictures = list(_pictures(facts, Path(plots), collector)) if plots is not None else []
    _refuse_pictures(pictures, inputs)
    if plots is not None:
        with storage_faults(Path(plots)):
            Path(plots).mkdir(parents=True, exist_ok=True)
    mode = loaded.files.mode  # what is told of a private run is private, too
    with open_output(target, made_up=output is None, mode=mode) as file:
        file.write((summary_page if summary else page)(facts).encode())
    for picture in pictures:
        with open_output(picture.path, made_up=True, mode=mode) as file:
            file.write(picture.content)
    written = tuple(picture.path for picture in pictures)
    return ReportFile(path, target, written, facts.findings, facts.checked, collector.messages)


def report_path(run: Path, *, summary: bool = False) -> Path:
    """``RUN.html`` or ``RUN-summary.html`` beside the run."""
    whole = run.resolve() if run.name in {"", ".", ".."} else run
    return whole.with_name(f"{whole.name}{'-summary' if summary else ''}.html")


def refuse_report_beside(run: Path, *inputs: Path | str | None, summary: bool = False) -> None:
    """Refuse what keeps the report from its place beside the run: now, and not after long work.

    Raises ``UsageError`` where that is one of the ``inputs`` or inside a run, ``StorageError`` for what is not ours.
    """
    place = report_path(run, summary=summary)
    refuse_output(place, *inputs)
    refuse_foreign(place, REPORT)


def recorded_table(run: Run) -> Path | None:
    """The table that a run was trained on, as its command line named it; None where it doesn't say."""
    named = run.environment.data
    if named is None:
        return None
    return Path(named) if named else sample_path("train")


def gather(
    run: Run,
    data: Path | str | None = None,
    reading: Reading = AS_CONFIGURED,
    on_event: OnEvent = ignore,
    *,
    find_data: bool = False,
) -> ReportFacts:
    """All that the report of a run shows; without ``data`` the run may be asked where its table is (``find_data``)."""
    metrics, held = run.metrics, run.held_out
    judgement = judged(run.recipes, run.schema, run.task, run.history, metrics)
    linear, from_data = metrics.baselines, None
    if data is not None:
        from phoneprice.workflows.report_rows import facts_from_rows

        linear, from_data = facts_from_rows(run, data, held, reading, on_event)
    elif find_data:
        linear, from_data = _facts_from_recorded_table(run, held, reading, on_event)
    metric = headline(run.task.kind)
    simple = [Baseline.paired(name, found, metric) for name, found in (linear or {}).items()]
    return ReportFacts(
        name=run.path.resolve().name,
        created=f"{run.manifest.created[:19].replace('T', ' ')} UTC by phoneprice {run.manifest.package_version}",
        task=run.task,
        metrics=metrics,
        metric=metric,
        trainings=tuple(_trainings(run)),
        findings=judgement.findings,
        checked=judgement.checked,
        summary=tuple(_summary(run)),
        environment=tuple(_environment(run.environment)),
        command=shlex.join(run.environment.command_line),
        config_toml=to_toml(run.config),
        baselines=(*_trivial_baselines(metrics, held), *simple),
        held_out=held,
        score=_latent_score(run, held),
        from_data=from_data,
        ask_for_data=shlex.join(["phoneprice", "report", str(run.path), "DATA"]),
        search=run.search,
    )


_WITHOUT_ROWS = "the report lacks importance, partial dependence and the worst rows; give it as DATA"


def _facts_from_recorded_table(
    run: Run, held: HeldOut | None, reading: Reading, on_event: OnEvent
) -> tuple[Mapping[str, BaselineMetrics] | None, FromData | None]:
    """What the rows tell that the run was trained on; without them, and why is said, where they aren't as they were."""
    from phoneprice.workflows.report_rows import facts_from_rows

    table = recorded_table(run)
    if table is None:
        on_event(Noted(f"the run doesn't say where its table is: {_WITHOUT_ROWS}"))
        return run.metrics.baselines, None
    try:
        found = facts_from_rows(run, table, held, reading, on_event, learned=True)
    except DataError as error:
        on_event(Warned(f"the table of the training: {error}: {_WITHOUT_ROWS}"))
        return run.metrics.baselines, None
    on_event(Noted(f"with {table}, the table of the training"))
    return found


def _refuse_plots(directory: Path) -> None:
    if is_there(directory) and not is_directory(directory):
        raise UsageError(f"{directory}: is no directory; name another place with --plots")
    try:
        refuse_output(directory / "plot.svg")
    except UsageError:
        raise UsageError(
            f"{directory}: is inside a run, to which nothing may be added; name another place with --plots"
        ) from None


@dataclass(frozen=True)
class _Picture:
    """A file of a chart; ``mark`` tells one of ours."""

    path: Path
    mark: str
    content: bytes


def _pictures(facts: ReportFacts, directory: Path, on_event: OnEvent) -> Iterator[_Picture]:
    """Every chart, as SVG and as PNG."""
    from phoneprice.report import png
    from phoneprice.report.page import charts
    from phoneprice.report.standalone import svg_file

    if not png.has_letters():
        missing = "this machine has no fonts, so the PNG files have no words"
        on_event(Warned(f"{directory}: {missing}; install some, such as fonts-dejavu-core, or take the SVG files"))
    for chart in chain.from_iterable(charts(facts).values()):
        text = svg_file(chart)
        yield _Picture(directory / f"{chart.name}.svg", chart.mark, text.encode())
        yield _Picture(directory / f"{chart.name}.png", png.MARK, png.png_file(text))


def _refuse_pictures(pictures: Sequence[_Picture], inputs: Sequence[Path | str | None]) -> None:
    """Refuse all files that could not be written, before one is: their names are made up."""
    for picture in pictures:
        refuse_output(picture.path, *inputs, option="--plots")
        refuse_foreign(picture.path, picture.mark, option="--plots")
        if is_directory(picture.path.parent):  # else it is made
            refuse_unwritable(picture.path)


def _trivial_baselines(metrics: RunMetrics, held: HeldOut | None) -> tuple[Baseline, ...]:
    if metrics.per_class is not None:
        support = [line.support for line in metrics.per_class]
        return (Baseline("the most frequent class", {"accuracy": max(support) / sum(support)}),)
    if held is None:
        return ()
    return (Baseline("the mean", {"rmse": float(moments(held.truth, held.weights)[1]), "r2": 0.0}),)


def _latent_score(run: Run, held: HeldOut | None) -> LatentScore | None:
    """The score behind out-of-fold probabilities, which are its link; else, as of several recipes, their mean class."""
    if held is None or run.task.kind != "ordinal" or not isinstance(held.predictions, Classified):
        return None
    p = held.predictions.probabilities.astype(np.float64)
    classes = run.task.classes
    if len(run.recipes) > 1 or not run.recipes[0].config.loss.ordered:
        cuts = np.arange(classes - 1, dtype=np.float64) + 0.5
        values: Doubles = (p * np.arange(classes)).sum(axis=1)
        return LatentScore(values, cuts, exact=False, unit="mean class (0 is the lowest)")
    (recipe,) = run.recipes
    cuts = mean_cut_points(recipe.ensemble.parameters)
    probit = getattr(recipe.config.loss, "distribution", "logit") == "probit"
    values = score_behind(temper(p, 1 / run.calibration.temperature), cuts, probit=probit)
    unit = "standard deviations of the noise" if probit else "log-odds"
    return LatentScore(values, cuts, exact=True, unit=f"score ({unit})")


def _trainings(run: Run) -> Iterator[RecipeCurves]:
    curves = histories(run.recipes, run.task, run.history)
    for recipe, shape, own in zip(run.recipes, run.shapes, curves, strict=True):
        yield RecipeCurves(recipe.name, own, layer_names(shape), _why_above(recipe.config))


def _why_above(config: Config) -> str:
    """Why a training loss may lie above a validation loss: what makes training harder."""
    model = config.model
    harder = {
        "dropout leaves units out": bool(model.hidden) and any((*model.layer_dropout, model.input_dropout)),
        "each batch is normalised by itself": bool(model.hidden) and model.normalization.name == "batch_norm",
        "the weights still move": config.training.ema_decay > 0,
    }
    if not (reasons := [reason for reason, holds in harder.items() if holds]):
        return ""
    return (
        f"The training loss is measured while {listed(reasons)}; on validation rows none of that holds, so it may lie "
        "above the validation loss."
    )


def _summary(run: Run) -> Iterator[tuple[str, str]]:
    yield "task", f"{run.task.kind}: {run.task.target}"
    if run.task.labels:
        yield "classes", _classes(run)
    yield "rows", count(run.metrics.rows)
    yield "columns", counted_names(run.schema.feature_names)
    for recipe, shape in zip(run.recipes, run.shapes, strict=True):
        if recipe.name:
            yield "recipe", f"{recipe.name}, which counts {recipe.weight:.0%}"
        yield from _network(recipe.config, shape, run)
    if dropped := [recipe.name for recipe in run.metrics.portfolio or () if not recipe.weight]:
        yield "left out", ", ".join(dropped)
    yield "took", f"{duration(run.environment.training_seconds)} on {run.environment.device}"


def _network(config: Config, shape: NetworkShape, run: Run) -> Iterator[tuple[str, str]]:
    if shape.numbers:
        yield "encoded", f"{counted(len(shape.numbers), 'number')}, {config.model.encoding.name}"
    layers = ", ".join(map(str, shape.hidden)) or "none"
    skip = ", with a linear skip path" if shape.skip else ""
    yield "hidden layers", f"{layers} ({config.model.activation.name}){skip}"
    yield "networks", f"{counted(shape.members, 'member')} with {counted(len(run.input_names), 'input')} each"
    rate = f"{config.optimizer.name} at {config.optimizer.lr:g}, {config.scheduler.name} schedule"
    yield "training", f"{config.loss.name} loss, {rate}, {counted(config.training.epochs, 'epoch')}"


def _classes(run: Run) -> str:
    return ", ".join(f"{line.label} ({counted(line.support, 'row')})" for line in run.metrics.per_class or ())


def _environment(found: Environment) -> Iterator[tuple[str, str]]:
    for name, value in found.document().items():
        if name == "command_line" or value is None or value == "":
            continue
        text = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
        yield name.replace("_", " "), text
