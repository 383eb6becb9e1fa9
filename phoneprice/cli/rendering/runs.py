"""``runs list`` and ``runs show``: the runs of a directory, and one of them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from phoneprice.artifact.layout import MANIFEST
from phoneprice.artifact.loader import Run
from phoneprice.cli.rendering.console import ORANGE, name_value_table, show, stdout, styled, width_of
from phoneprice.config.schema import Config
from phoneprice.model.shape import NetworkShape
from phoneprice.wording import counted, counted_names, duration, figure, printable, size
from phoneprice.workflows.inspect_runs import RunLine

_HEADINGS = ("run", "created (UTC)", "task", "target", "metric")


def show_runs(lines: Sequence[RunLine], root: Path) -> None:
    """The runs of a directory, each in one line; a narrow terminal gets fewer columns and shorter faults."""
    console = stdout(whole_lines=True)
    if not lines:
        show(console, f"{root}: no runs")
        return
    columns = _fitting_columns(lines, console.width)
    widths = [_longest(column) for column in columns]
    heading, *rows = (_aligned(row, widths) for row in zip(*columns, strict=True))
    show(console, styled(heading, "dim"))
    show(console, styled("─" * min(_total(columns), console.width), "dim"))
    for line, row in zip(lines, rows, strict=True):
        text = styled(_aligned((_name(line), f"unusable: {_reason(line, line.fault)}"), widths) if line.fault else row)
        if line.fault and console.is_terminal:
            text.truncate(max(console.width, widths[0]), overflow="ellipsis")
        show(console, text)


def _fitting_columns(lines: Sequence[RunLine], width: int) -> list[Sequence[str]]:
    """The columns that fit, headings included: the time of day goes first, then the day, the task and the target."""
    run, created, task, target, metric = zip(_HEADINGS, *map(_run_cells, lines), strict=True)
    day = "created", *(moment[:10] for moment in created[1:])
    ways: tuple[list[Sequence[str]], ...] = (
        [run, created, task, target, metric],
        [run, day, task, target, metric],
        [run, task, target, metric],
        [run, target, metric],
    )
    return next((columns for columns in ways if _total(columns) <= width), [run, metric])


def _run_cells(line: RunLine) -> tuple[str, ...]:
    if line.fault:
        return _name(line), "", "", "", ""
    return _name(line), _moment(line.created), line.task, line.target, _headline(line)


def _aligned(cells: Iterable[str], widths: Sequence[int]) -> str:
    return "  ".join(cell + " " * (width - width_of(cell)) for cell, width in zip(cells, widths, strict=False)).rstrip()


def _longest(column: Iterable[str]) -> int:
    return max(map(width_of, column))


def _total(columns: Sequence[Iterable[str]]) -> int:
    """Characters of a line, with two between the columns."""
    return sum(map(_longest, columns)) + 2 * (len(columns) - 1)


def _name(line: RunLine) -> str:
    return str(line.path)


def _reason(line: RunLine, fault: str) -> str:
    """The fault less the path, which stands beside it."""
    return fault.removeprefix(printable(str(line.path))).lstrip(":/ ")  # a message is printable already


def _headline(line: RunLine) -> str:
    if line.metric is None:
        return ""
    learned = " (training rows)" if line.learned else ""
    return f"{line.metric} {figure(line.value)}{learned}"


def show_run(run: Run) -> None:
    """What a run is, and how good on held-out rows."""
    from phoneprice.cli.rendering.results import caution_of, metrics_table

    console = stdout()
    show(console, name_value_table(_run_facts(run)))
    show(console)
    if caution := caution_of(run.metrics):
        show(console, caution, style=ORANGE)
    show(console, metrics_table(run.metrics.metrics, console))


def _run_facts(run: Run) -> Iterable[tuple[str, str]]:
    config, environment = run.config, run.environment
    yield "run", str(run.path)
    yield "created", f"{_moment(run.manifest.created)} UTC, by phoneprice {run.manifest.package_version}"
    yield "task", f"{run.task.kind}: {run.task.target}"
    if run.task.labels:
        yield "classes", ", ".join(run.task.labels)
    yield "columns", counted_names(run.schema.feature_names)
    for recipe, shape in zip(run.recipes, run.shapes, strict=True):
        if recipe.name:
            yield "recipe", f"{recipe.name}, which counts {recipe.weight:.0%}"
        yield from _network_facts(recipe.config, shape)
    if dropped := [recipe.name for recipe in run.metrics.portfolio or () if not recipe.weight]:
        yield "left out", ", ".join(dropped)
    took = duration(environment.training_seconds)
    yield "took", f"{took} on {environment.device}, seed {config.training.seed}"
    if environment.command_line:
        yield "command", " ".join(environment.command_line)
    listed = run.manifest.files.values()
    yield "files", f"{len(listed)} listed in {MANIFEST}, {size(sum(file.bytes for file in listed))}"


def _network_facts(config: Config, shape: NetworkShape) -> Iterable[tuple[str, str]]:
    if shape.numbers:
        yield "encoded", f"{counted(len(shape.numbers), 'number')}, {config.model.encoding.name}"
    layers = ", ".join(map(str, shape.hidden)) or "none"
    skip = ", with a linear skip path" if shape.skip else ""
    yield "hidden", f"{layers} ({config.model.activation.name}){skip}"
    members, parameters = counted(shape.members, "member"), counted(shape.parameters, "parameter")
    yield "network", f"{members}, {counted(shape.inputs, 'input')}, {parameters}"
    yield "training", f"{config.loss.name} loss, {config.optimizer.name}, {counted(config.training.epochs, 'epoch')}"


def _moment(created: str) -> str:
    """``2026-11-23 04:15:00`` from ISO 8601."""
    return created.replace("T", " ")[:19]
