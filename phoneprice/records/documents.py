"""A run's JSON documents, and those of ``evaluate`` and ``cv``, as frozen records.

A record's fields are the keys of its JSON object, in their order. A field with a default may be missing there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from phoneprice.components.base import TaskKind
from phoneprice.config.schema import Scheme
from phoneprice.records.predictions import Interval

Count = Annotated[int, Field(ge=0, le=1 << 53)]
Positive = Annotated[int, Field(ge=1, le=1 << 53)]
Figure = Annotated[float, Field(ge=-1e300, le=1e300)]
"""Of which any run's worth can be added up without overflow."""
FormatOne = Annotated[int, Field(ge=1, le=1)]
Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]

MeasuredOn = Literal["out of fold", "hold-out", "training set"]
"""The rows behind a run's metrics."""
TRAINING_SET: Final = "training set"
"""Where none were held out."""


def measured_on(scheme: Scheme, *, held_out: bool) -> MeasuredOn:
    """What the rows are called that a validation scheme, if it could hold any out, measures on."""
    if not held_out:
        return TRAINING_SET
    return "hold-out" if scheme == "holdout" else "out of fold"


class Record(BaseModel):
    """An object of a document: no unknown keys, and every value of exactly its type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    def document(self) -> dict[str, Any]:
        """What JSON has of it."""
        return self.model_dump()

    @model_serializer(mode="wrap")
    def _without_missing_keys(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        optional = {name for name, info in fields.items() if not info.is_required()}
        return {name: value for name, value in handler(self).items() if value is not None or name not in optional}


Weight = Count | Annotated[float, Field(ge=0, le=1e300)]
"""A number of rows, or what rows weigh that count as more or less than one."""


class Confusion(Record):
    """Rows by true class (first axis) and predicted class, both in the order of ``labels``; or their weights."""

    labels: tuple[str, ...]
    counts: tuple[tuple[Weight, ...], ...]


class ClassMetrics(Record):
    """The figures of one class; ``support`` counts the rows whose true class it is, or adds up their weights."""

    label: str
    precision: float
    recall: float
    f1: float
    support: Weight


class Measured(Record):
    """What predictions are worth: ``metrics`` by name with their intervals; undefined ones are left out."""

    format: FormatOne
    rows: Positive
    """Of the table."""
    task: TaskKind
    measured_on: str
    metrics: Mapping[str, Interval]

    def __getitem__(self, metric: str) -> Interval:
        return self.metrics[metric]


class Evaluation(Measured):
    """The metrics of predictions of a table, ``measured_on``; what classes have more, a regression lacks."""

    confusion: Confusion | None = None
    per_class: tuple[ClassMetrics, ...] | None = None


class _WithMetrics(Record):
    """An object whose further keys are metrics, by name; those that are undefined on its rows are left out."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, float]

    @classmethod
    def of(cls, metrics: Mapping[str, Interval], **place: Any) -> Self:
        """Its ``metrics`` without their intervals, and the other fields."""
        return cls(**place | {name: interval.value for name, interval in metrics.items()})

    @property
    def metrics(self) -> Mapping[str, float]:
        """By name."""
        return self.__pydantic_extra__


class FoldMetrics(_WithMetrics):
    """The metrics of one fold's ``rows``."""

    fold: Count
    rows: Positive


class CalibrationFit(Record):
    """What was fitted on held-out predictions: the run's temperature and threshold, and the log loss cross-fitted."""

    temperature: float
    threshold: float | None
    log_loss_before: Annotated[Figure, Field(ge=0)]
    log_loss_after: Annotated[Figure, Field(ge=0)]


class RecipeMetrics(_WithMetrics):
    """A recipe of a portfolio: how good it is by itself on the rows held out, and how much it counts in the run.

    A weight of 0: its networks are not in the run.
    """

    name: str
    weight: Annotated[float, Field(ge=0, le=1)]


class Member(Record):
    """One network: how many rows it learned from, its last losses (null: NaN or infinite)."""

    member: Count
    train_rows: Positive
    held_out_rows: Count
    stopping_rows: Count
    best_epoch: Count
    train_loss: Figure | None
    validation_loss: Figure | None
    diverged_epoch: Count | None = None
    recipe: str | None = None
    """Of a portfolio."""


class BaselineMetrics(Record):
    """Another model on the same folds."""

    metrics: Mapping[str, Interval]
    ours_minus_theirs: Mapping[str, Interval]


class RunMetrics(Evaluation):
    """``metrics.json``: of the rows held out, where there are any, as the members that have not seen them say."""

    measured_on: MeasuredOn
    folds: Annotated[tuple[FoldMetrics, ...], Field(min_length=1)] | None = None
    training_set: Mapping[str, Interval] | None = None
    """The whole ensemble on the rows it has learned."""
    calibration: CalibrationFit | None = None
    portfolio: Annotated[tuple[RecipeMetrics, ...], Field(min_length=1)] | None = None
    """All recipes that were trained, where there are several to choose from."""
    baselines: Mapping[str, BaselineMetrics] | None = None
    """The usual linear model on rows held out."""
    members: Annotated[tuple[Member, ...], Field(min_length=1)]

    @property
    def learned(self) -> bool:
        """Whether these are rows that the networks have learned, so that the metrics say nothing about new ones."""
        return self.measured_on == TRAINING_SET


class Splits(Record):
    """``splits.json``: how rows were held out, and of which data, by the hash of the encoded table."""

    scheme: Scheme
    folds: Count
    fraction: float
    seed: Count
    rows: Count
    left_out_rows: Count | None = None
    """Rows of the table that could not be learned from, if any; ``oof.parquet`` numbers the rows of the whole table."""
    members: Count
    data_sha256: Hash


class Environment(Record):
    """``environment.json``: what a run was made with; times in seconds, the moment in UTC (ISO 8601)."""

    phoneprice: str
    python: str
    libraries: Mapping[str, str]
    """Versions by name."""
    platform: str
    cpu: str
    """The instruction set that PyTorch's kernels were chosen for."""
    device: str
    threads: Count
    seed: Count
    training_seconds: Annotated[float, Field(ge=0, le=1e10)]
    finished: str
    command_line: tuple[str, ...]
    git_commit: str | None
    data: str | None = None
    """The table as the command line named it, empty for the bundled sample; null with ``--no-command-line``, from
    Python and for standard input."""


@dataclass(frozen=True)
class Protocol:
    """Repeated (stratified, for classes) k-fold: ``folds`` times ``repeats`` splits from ``seed``."""

    folds: int = 5
    repeats: int = 3
    seed: int = 0


class TestedFold(_WithMetrics):
    """The metrics of one test set of a cross-validation."""

    repeat: Count
    fold: Count
    test_rows: Count
    temperature: float | None = None
    """Of the fold's ensemble; a regression has none."""


class CrossValidation(Measured):
    """Means over all folds of all repeats, with corrected intervals; ``pooled`` are of all test rows together."""

    standard_deviation: Mapping[str, float]
    """Over the folds."""
    pooled: Mapping[str, float]
    folds: tuple[TestedFold, ...]
    protocol: Protocol
    confusion: Confusion | None = None
    per_class: tuple[ClassMetrics, ...] | None = None
    baselines: Mapping[str, BaselineMetrics] | None = None
    portfolio: Mapping[str, float] | None = None
    """The mean weight of each of its recipes, over the folds."""
