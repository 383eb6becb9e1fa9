"""Whether a run's documents agree with each other: each function yields what contradicts, in words.

Every file may be sound by itself and still be of another run.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from phoneprice.config.schema import Config
from phoneprice.metrics.catalogue import METRICS, headline
from phoneprice.metrics.classification import matrix_figures
from phoneprice.metrics.confusion import Cells, per_class
from phoneprice.metrics.figures import measured
from phoneprice.model.shape import NetworkShape, measured_layers
from phoneprice.records import Calibration, Doubles, HeldOut, Interval, Task, TrainedRecipe
from phoneprice.records.curves import SHARES, Curves
from phoneprice.records.documents import ClassMetrics, RunMetrics, Splits, measured_on
from phoneprice.wording import counted, figure


def most_epochs(config: Config) -> int:
    """How many epochs a run of this configuration can have."""
    return max(own.training.epochs for own in config.recipes)


def metrics_faults(
    found: RunMetrics, config: Config, task: Task, recipes: Sequence[TrainedRecipe], fitted: Calibration
) -> Iterator[str]:
    """What in the metrics contradicts the run: its configuration, task, networks, ``fitted`` calibration."""
    scheme, folds = config.validation.scheme, found.folds
    if found.task != task.kind:
        yield "task is not that of config.toml"
    if found.measured_on != measured_on(scheme, held_out=folds is not None) or (scheme == "none" and folds is not None):
        yield "measured_on contradicts folds or config.toml"
    if (found.training_set is not None) != (folds is not None):
        yield "training_set is for runs with folds, and needed there"
    if (found.calibration is not None) != (folds is not None and bool(task.labels)):
        yield "calibration is for classes with folds, and needed there"
    made = found.calibration
    if made is not None and (made.temperature, made.threshold) != (fitted.temperature, fitted.threshold):
        yield "calibration is not that of calibration.json"
    yield from _value_faults(found, task)
    yield from _fold_faults(found, config)
    yield from _class_faults(found, task, config)
    yield from _recipe_faults(found, config, recipes)
    yield from _member_faults(found, recipes, most_epochs(config))


def _value_faults(found: RunMetrics, task: Task) -> Iterator[str]:
    folds = [fold.metrics for fold in found.folds or ()]
    sets = [found.metrics, *([found.training_set] if found.training_set is not None else [])]
    models = (found.baselines or {}).values()
    others = [model.metrics for model in models]
    for name in {name for metrics in (*sets, *folds, *others) for name in metrics}:
        if name not in METRICS or task.kind not in METRICS[name].tasks:
            yield f"{name!r} is no metric of task kind {task.kind!r}"
    needed = {headline(task.kind), "log_loss"} if task.labels else {headline(task.kind)}
    for metrics in (*sets, *folds, *others, *(model.ours_minus_theirs for model in models)):
        if missing := needed - metrics.keys():
            yield f"metric {min(missing)!r} is missing"
    figures: list[tuple[str, tuple[float, ...]]] = []
    figures += [(name, (i.low, i.value, i.high)) for metrics in (*sets, *others) for name, i in metrics.items()]
    figures += [(name, (value,)) for metrics in folds for name, value in metrics.items()]
    for name, rising in figures:
        if name in METRICS and not METRICS[name].allows(*rising):
            yield f"{name!r} is {', '.join(map(figure, rising))}, which {METRICS[name].title} can't be"


def _measured_rows(found: RunMetrics) -> int:
    return found.rows if found.folds is None else sum(fold.rows for fold in found.folds)


def _fold_faults(found: RunMetrics, config: Config) -> Iterator[str]:
    folds, rows = found.folds or (), _measured_rows(found)
    if [fold.fold for fold in folds] != list(range(len(folds))):
        yield "folds are not numbered 0, 1, ..."
    if rows > found.rows or (config.validation.scheme == "kfold" and rows < found.rows):
        yield f"folds have {rows} of {found.rows} rows"


def _class_faults(found: RunMetrics, task: Task, config: Config) -> Iterator[str]:
    matrix, classes = found.confusion, found.per_class
    if (matrix is not None) != bool(task.labels) or (classes is not None) != bool(task.labels):
        yield "confusion and per_class are for classes, and needed there"
    if matrix is None or classes is None:
        return
    if not matrix.labels == tuple(line.label for line in classes) == task.labels:
        yield "confusion or per_class has other labels than schema.json"
    elif {len(matrix.counts), *map(len, matrix.counts)} != {len(task.labels)}:
        yield "confusion has no count for some pair of labels"
    elif not config.data.weight_column and sum(map(sum, matrix.counts)) != _measured_rows(found):
        yield "confusion does not count the rows of folds"
    else:
        yield from _matrix_faults(np.array(matrix.counts), found, task)


def _matrix_faults(matrix: NDArray[np.int64] | Doubles, found: RunMetrics, task: Task) -> Iterator[str]:
    cells = Cells(matrix)
    expected = {"accuracy": np.trace(matrix) / matrix.sum()} | matrix_figures(cells, task.kind)
    yield from _differences(_values(found.metrics), expected, "confusion gives")
    for line, counted_line in zip(found.per_class or (), per_class(matrix, task.labels), strict=True):
        yield from _differences(_numbers(line), _numbers(counted_line), f"confusion of class {line.label!r} gives")


def _numbers(line: ClassMetrics) -> dict[str, float]:
    return {name: value for name, value in line if name != "label"}


def _differences(found: Mapping[str, float], expected: Mapping[str, float], source: str) -> Iterator[str]:
    """What is not as expected, but for rounding, which is another on every machine."""
    for name, value in expected.items():
        if name in found and not math.isclose(found[name], value, rel_tol=1e-6, abs_tol=1e-9):
            yield f"metrics.json has {name} {figure(found[name])}, the {source} {figure(value)}"


def _recipe_faults(found: RunMetrics, config: Config, recipes: Sequence[TrainedRecipe]) -> Iterator[str]:
    tried = found.portfolio or ()
    if [recipe.name for recipe in tried] != [recipe.name for recipe in config.portfolio]:
        yield "portfolio has other recipes than config.toml"
    weights = {recipe.name: recipe.weight for recipe in recipes if recipe.name}
    if {recipe.name: recipe.weight for recipe in tried if recipe.weight} != weights:
        yield "portfolio has other weights than calibration.json"


def _member_faults(found: RunMetrics, recipes: Sequence[TrainedRecipe], epochs: int) -> Iterator[str]:
    names = [own.name or None for own in recipes for _ in own.ensemble.inputs.shift]
    members = len(names)
    if [line.recipe for line in found.members] != names[: len(found.members)]:
        yield "members are of other recipes than the networks"
    if [line.member for line in found.members] != list(range(members)):
        yield f"members are not those of features.json, 0 to {members - 1}"
    folds = found.folds or ()
    if folds and members % len(folds):
        yield f"{members} members can't share {len(folds)} folds"
    for k, line in enumerate(found.members):
        if line.train_rows + line.held_out_rows + line.stopping_rows != found.rows:
            yield f"the rows of member {k} are not {found.rows} together"
        # Member m * F + f is the m-th network of fold f.
        if line.held_out_rows != (folds[k % len(folds)].rows if folds else 0):
            yield f"member {k} holds out other rows than its fold has"
        if max(line.best_epoch, line.diverged_epoch or 0) > epochs:
            yield f"member {k} has an epoch after the last"


def splits_faults(found: Splits, metrics: RunMetrics, config: Config) -> Iterator[str]:
    """What contradicts ``metrics.json`` or ``config.toml``."""
    if (found.rows, found.members, found.folds) != (metrics.rows, len(metrics.members), len(metrics.folds or ())):
        yield "rows, members or folds are not those of metrics.json"
    asked = config.validation
    if (found.scheme, found.fraction, found.seed) != (asked.scheme, asked.fraction, config.training.seed):
        yield "scheme, fraction or seed is not that of config.toml"


def history_faults(found: Curves, metrics: RunMetrics, config: Config, shapes: Sequence[NetworkShape]) -> Iterator[str]:
    """What contradicts ``metrics.json``, ``config.toml`` or the networks."""
    layers, start = measured_layers(shapes), {} if found.start is None else found.start.health
    for name, values in chain(found.health.items(), start.items()):
        if values.shape[-1] != layers.get(name):
            yield f"found {name} of {counted(values.shape[-1], 'layer')}, the network has {layers.get(name, 'none')}"
        elif not _within(values, (0, 1) if name in SHARES else (0, math.inf)):
            yield f"found {name} that it can't be"
    if not _within(found.learning_rate, (0, math.inf)):
        yield "found a learning rate below 0"
    if found.members != len(metrics.members):
        yield f"found {found.members} members, metrics.json has {len(metrics.members)}"
        return
    for name in ("train_loss", "validation_loss"):
        last = found.last(getattr(found, name))
        said = np.array([getattr(line, name) for line in metrics.members], np.float64)  # None becomes NaN
        if not np.array_equal(said, last, equal_nan=True):
            yield f"the last {name} is not that of metrics.json"
    epochs = len(found.epochs)
    if epochs > most_epochs(config) or any(line.best_epoch > epochs for line in metrics.members):
        yield f"found {epochs} epochs, which are not those of metrics.json and config.toml"


def _within(values: Doubles, limits: tuple[float, float]) -> bool:
    return not ((values < limits[0]) | (values > limits[1])).any()  # NaN stands for nothing measured


def held_out_faults(found: HeldOut, metrics: RunMetrics, splits: Splits, task: Task, config: Config) -> Iterator[str]:
    """What contradicts ``metrics.json``, ``splits.json`` or ``config.toml``."""
    folds, table_rows = metrics.folds or (), splits.rows + (splits.left_out_rows or 0)
    if len(found.rows) and not 0 <= found.rows[0] <= found.rows[-1] < table_rows:
        yield f"a row number is not below {table_rows}"
    elif (found.weights is not None) != bool(config.data.weight_column):
        yield "weights are for runs with data.weight_column, and needed there"
    elif [int((found.folds == fold.fold).sum()) for fold in folds] != [fold.rows for fold in folds] or len(
        found.rows
    ) != _measured_rows(metrics):
        yield "its folds are not those of metrics.json"
    else:
        yield from _figure_faults(found, metrics, task)


def _figure_faults(found: HeldOut, metrics: RunMetrics, task: Task) -> Iterator[str]:
    figures = measured(found.truth, found.predictions, task, found.weights)
    if figures.confusion != metrics.confusion:
        yield "its predictions are not those that metrics.json counts in confusion"
    yield from _differences(_values(metrics.metrics), _values(figures.metrics), "rows here give")
    for fold in metrics.folds or ():
        part = found.part(found.folds == fold.fold)
        figures = measured(part.truth, part.predictions, task, part.weights)
        yield from _differences(fold.metrics, _values(figures.metrics), f"rows of fold {fold.fold} give")


def _values(metrics: Mapping[str, Interval]) -> dict[str, float]:
    return {name: interval.value for name, interval in metrics.items()}
