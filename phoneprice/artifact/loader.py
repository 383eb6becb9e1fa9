"""Loading a run, from wherever it comes: nothing is believed before it is checked, and nothing in it is run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from phoneprice.artifact import layout, prediction_files
from phoneprice.artifact.manifest import Manifest
from phoneprice.artifact.sealed import CheckedFile, SealedDirectory, open_run
from phoneprice.artifact.weights import check_size, parameters_by_recipe, parse_weights, recipe_shapes
from phoneprice.config.schema import Config
from phoneprice.data.encoding.schema import TableSchema, input_names
from phoneprice.errors import ModelError
from phoneprice.model.shape import NetworkShape, recipe_shape
from phoneprice.records import Calibration, Ensemble, HeldOut, Task, TrainedRecipe

if TYPE_CHECKING:
    from phoneprice.artifact.search_files import SearchContents
    from phoneprice.records.curves import Curves
    from phoneprice.records.documents import Environment, RunMetrics, Splits
    from phoneprice.records.searches import Search


@dataclass(frozen=True)
class Run:
    """A loaded run: what prediction needs is at hand, the rest is read and checked when it is first asked for.

    All of it is of one moment: the files are held open until nobody has the run any more. Each of its documents raises
    ``ModelError`` where it is damaged or contradicts another. The code that reads them is imported then, too:
    prediction does without.
    """

    files: SealedDirectory
    config: Config
    schema: TableSchema
    task: Task
    recipes: tuple[TrainedRecipe, ...]
    """One, or those of the portfolio that earned their place; all have as many members, of the same rows."""
    calibration: Calibration

    @property
    def path(self) -> Path:
        """What it was called when it was loaded."""
        return self.files.path

    @property
    def manifest(self) -> Manifest:
        """What its files are."""
        return self.files.manifest

    @property
    def input_names(self) -> tuple[str, ...]:
        """A name for each input of the network."""
        return input_names(self.schema)

    @property
    def shapes(self) -> tuple[NetworkShape, ...]:
        """The shape of each recipe's networks."""
        return tuple(recipe_shape(own.config, own.ensemble.inputs, self.task) for own in self.recipes)

    @property
    def members(self) -> int:
        """How many networks there are, those of all recipes together."""
        return sum(shape.members for shape in self.shapes)

    @cached_property
    def metrics(self) -> RunMetrics:
        """What is in ``metrics.json``."""
        from phoneprice.artifact.agreement import metrics_faults
        from phoneprice.records.documents import RunMetrics

        data, source = self.files.document(layout.METRICS)
        found = prediction_files.parse_record(RunMetrics, data, source)
        _refuse(source, metrics_faults(found, self.config, self.task, self.recipes, self.calibration))
        return found

    @cached_property
    def splits(self) -> Splits:
        """What is in ``splits.json``."""
        from phoneprice.artifact.agreement import splits_faults
        from phoneprice.records.documents import Splits

        data, source = self.files.document(layout.SPLITS)
        found = prediction_files.parse_record(Splits, data, source)
        _refuse(source, splits_faults(found, self.metrics, self.config))
        return found

    @cached_property
    def environment(self) -> Environment:
        """What is in ``environment.json``."""
        from phoneprice.records.documents import Environment

        return prediction_files.parse_record(Environment, *self.files.document(layout.ENVIRONMENT))

    @cached_property
    def history(self) -> Curves:
        """What is in ``history.jsonl``."""
        from phoneprice.artifact.agreement import history_faults
        from phoneprice.artifact.training_files import parse_history

        data, source = self.files.document(layout.HISTORY)
        found = parse_history(data, source)
        _refuse(source, history_faults(found, self.metrics, self.config, self.shapes))
        return found

    @cached_property
    def held_out(self) -> HeldOut | None:
        """The predictions in ``oof.parquet``, or None if no rows were held out."""
        if (layout.OUT_OF_FOLD in self.manifest.files) != (self.metrics.folds is not None):
            raise prediction_files.damaged(
                str(self.path), f"only one of folds in {layout.METRICS} and {layout.OUT_OF_FOLD}"
            )
        if self.metrics.folds is None:
            return None
        from phoneprice.artifact.agreement import held_out_faults
        from phoneprice.artifact.held_out import parse_held_out

        data, source = self.files.document(layout.OUT_OF_FOLD)
        found = parse_held_out(data, source, self.task.labels)
        _refuse(source, held_out_faults(found, self.metrics, self.splits, self.task, self.config))
        return found

    @cached_property
    def search(self) -> Search | None:
        """The search that its configuration comes from; None for a configuration that was given."""
        if layout.SEARCH not in self.manifest.files:
            return None
        found = _search_in(self.files)
        if found.best != self.config:
            raise prediction_files.damaged(self.files.source(layout.BEST), f"it is not what {layout.CONFIG} has")
        return found.search


def _refuse(source: str, faults: Iterator[str]) -> None:
    """Raise ``ModelError`` with the first fault, if there is one."""
    for fault in faults:
        raise prediction_files.damaged(source, fault)


def load_run(path: str | Path) -> Run:
    """Load a run; the files that prediction needs are read and their hashes checked. Raises ``ModelError``."""
    return _load(open_run(Path(path)))


def verify_run(path: str | Path, expected_sha256: str | None = None) -> tuple[CheckedFile, ...]:
    """Check all files of a run, their hashes and their contents; what was checked, the manifest first.

    The manifest's hash covers all others: whoever knows it beforehand, from somewhere safe, can tell a forged run too.
    Raises ``ModelError``, also where it is not ``expected_sha256``.
    """
    with open_run(Path(path), or_search=True) as files:
        manifest = files.manifest_file
        if expected_sha256 not in {None, manifest.sha256}:
            raise ModelError(
                f"{files.source(manifest.name)}: its SHA-256 is {manifest.sha256}, expected {expected_sha256}; "
                "this is another run, don't use it"
            )
        if files.manifest.files.keys() == layout.SEARCH_ALONE:
            _check_search_alone(files)
        else:
            run = _load(files)
            # With those of _load, every file.
            _ = run.metrics, run.splits, run.environment, run.history, run.held_out, run.search
        listed = files.manifest.files.items()
        return manifest, *(CheckedFile(name, entry.bytes, entry.sha256) for name, entry in listed)


def _check_search_alone(files: SealedDirectory) -> None:
    from phoneprice.records.documents import Environment

    _search_in(files)
    prediction_files.parse_record(Environment, *files.document(layout.ENVIRONMENT))


def _search_in(files: SealedDirectory) -> SearchContents:
    from phoneprice.artifact.search_files import parse_search

    return parse_search(*map(files.document, (layout.BEST, layout.SEARCH, layout.CANDIDATES)))


def _load(files: SealedDirectory) -> Run:
    config = prediction_files.parse_config(*files.document(layout.CONFIG))
    schema = prediction_files.parse_schema(*files.document(layout.SCHEMA))
    task = prediction_files.task_of(config, schema, files.source(layout.SCHEMA))
    names = [own.name for own in config.portfolio]
    calibration, weights = prediction_files.parse_calibration(*files.document(layout.CALIBRATION), task.classes, names)
    inputs, target = prediction_files.parse_features(*files.document(layout.FEATURES), config, schema)
    chosen = dict(zip(names, config.recipes, strict=True)) if names else {"": config}
    shapes = recipe_shapes({name: recipe_shape(chosen[name], inputs, task) for name in weights})
    source = files.source(layout.WEIGHTS)
    check_size(files.manifest.files[layout.WEIGHTS].bytes, shapes, source)
    parameters = parameters_by_recipe(parse_weights(files.read(layout.WEIGHTS), shapes, source))
    recipes = tuple(
        TrainedRecipe(chosen[name], Ensemble(parameters[name], inputs, target), weight, name)
        for name, weight in weights.items()
    )
    return Run(files, config, schema, task, recipes, calibration)
