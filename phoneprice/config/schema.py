"""The configuration: one closed tree of frozen sections.

Defaults are the best known setting for the phone data; every field carries its description and range, which
``phoneprice config schema`` turns into JSON Schema.
"""

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from phoneprice.components.activations import Activation, ReLU
from phoneprice.components.base import Guide, NonNegative, Rate, Settings, TaskKind
from phoneprice.components.encodings import Encoding, NoEncoding
from phoneprice.components.initializers import Initializer, KaimingNormal
from phoneprice.components.losses import Loss, Ordinal
from phoneprice.components.normalization import NoNormalization, Normalization
from phoneprice.components.optimizers import Adam, Optimizer
from phoneprice.components.penalties import Adaptive, Penalty
from phoneprice.components.schedulers import Cosine, Scheduler
from phoneprice.config.bounds import MOST_FOLDS, MOST_SKIPPED_LINES

Width = Annotated[int, Field(ge=1, le=65_536)]
Device = Literal["auto", "cpu", "cuda", "mps"]
ThresholdMetric = Literal["accuracy", "balanced_accuracy", "f1", "mcc"]
Decision = Literal["argmax", "median", "expected_cost"]
Scheme = Literal["kfold", "holdout", "none"]
MissingTarget = Literal["drop", "fail"]
Infinite = Literal["missing", "fail"]
DecimalMark = Literal[".", ","]
Factor = Literal[
    1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 1_000_000_000_000
]  # fmt: skip
"""What a text after a number may multiply it by."""
ThousandsMark = Literal["", ".", ",", " ", "'", "_"]
DateOrder = Literal["auto", "ymd", "dmy", "mdy"]
DateForm = Literal["ymd", "dmy", "mdy", "time"]
"""What the cells of a column are: dates whose numbers have this order, or times of a day or longer ones."""
MOST_THREADS = 1024
"""PyTorch crashes where it is asked for some ten thousands."""

RECIPE_NAME = r"^[A-Za-z0-9_-]{1,40}$"
MOST_RECIPES = 20
NETWORK_SECTIONS = ("model", "loss", "penalty", "optimizer", "scheduler")
"""The sections that say what network is trained, and how; what is set in one of them is set of one network."""

INDEX_COLUMNS = (
    "",
    *("Unnamed: 0", "Unnamed: 0.1", "Unnamed: 0.2", "Unnamed: 0.1.1", "Unnamed: 0.1.1.1"),
    *("rownames", "rowname", "row.names", "row_names", "...1"),
    *("__index_level_0__", "__index_level_1__", "__index_level_2__"),
)
"""What pandas, R and Arrow call the columns that number or name the rows, as the next program reads them."""

_DROPOUT = "Srivastava et al. 2014: Dropout, A Simple Way to Prevent Neural Networks from Overfitting"


class ColumnReading(Settings):
    """How the cells of one column are read; what is not said is as for all columns."""

    decimal: Annotated[
        DecimalMark | None,
        Field(description="the mark before the decimals"),
        Guide("this column has another one than the others"),
    ] = None
    thousands: Annotated[
        ThousandsMark | None,
        Field(description="the mark between groups of three digits"),
        Guide("this column has another one than the others"),
    ] = None
    units: Annotated[
        tuple[str, ...],
        Field(description='texts before or after a number, such as "$", "%" or "GB"; "" among them: or none'),
        Guide("cells such as $5 or 8 GB"),
    ] = ()
    factors: Annotated[
        dict[Annotated[str, Field(min_length=1)], Factor],
        Field(description="texts after a number, before any unit, that multiply it: {K = 1000, M = 1000000}"),
        Guide("cells such as 1.2M or 850K"),
    ] = {}  # noqa: RUF012 - pydantic copies it
    typographic: Annotated[
        bool,
        Field(description="signs and digits of type: \N{MINUS SIGN}5, (5) and 5- for -5, digits of any script"),
        Guide("cells such as (5) for -5"),
    ] = False
    missing_values: Annotated[
        tuple[str, ...] | None,
        Field(description="cells that count as missing, instead of data.missing_values"),
        Guide("a word means missing in this column only"),
    ] = None


class DataConfig(Settings):
    """Which columns are what, and how cells are read."""

    target: Annotated[
        str, Field(min_length=1, description="column to predict"), Guide("always, for a table of your own")
    ] = "price_range"
    id_columns: Annotated[
        tuple[str, ...],
        Field(description="never features; passed through to predictions when present"),
        Guide("columns that number or name the rows: learned, they are noise or a leak"),
    ] = ("id",)
    index_columns: Annotated[
        tuple[str, ...],
        Field(
            description="names of an index that pandas or R wrote, the empty one for a first column without a name; "
            "like ids, unless another setting names the column"
        ),
        Guide("an index of your files has another name"),
    ] = INDEX_COLUMNS
    group_column: Annotated[
        str,
        Field(description="rows with one value here are never on both sides of a split; no feature; empty: none"),
        Guide("several rows are of one patient, customer or device: else held-out rows are half known"),
    ] = ""
    weight_column: Annotated[
        str,
        Field(description="how many rows each row counts as, in losses and metrics; no feature; empty: one each"),
        Guide("rows stand for several, as in surveys and summed tables"),
    ] = ""
    ignored_columns: Annotated[
        tuple[str, ...],
        Field(description="columns that are not used at all"),
        Guide("columns that aren't known when predictions are made, or that tell the target"),
    ] = ()
    categorical_columns: Annotated[
        tuple[str, ...],
        Field(description="columns to treat as categories even where they hold numbers"),
        Guide("numbers that are codes, such as postal codes"),
    ] = ()
    date_columns: Annotated[
        tuple[str, ...],
        Field(description="columns of dates or times whatever they look like; others are recognised by their cells"),
        Guide("a column of dates is not recognised"),
    ] = ()
    date_order: Annotated[
        DateOrder,
        Field(description="what 01/02/03 is where a column of dates leaves it open: y year, m month, d day"),
        Guide("no cell of a column tells day from month"),
    ] = "auto"
    missing_values: Annotated[
        tuple[str, ...],
        Field(description="cells that count as missing, in any case, outer spaces ignored"),
        Guide("your files have another word for missing, such as ? or -999"),
    ] = ("", "NA", "NaN", "null")
    decimal: Annotated[
        DecimalMark, Field(description="the mark before the decimals of a number"), Guide("numbers such as 1,5")
    ] = "."
    thousands: Annotated[
        ThousandsMark,
        Field(description="the mark between groups of three digits; a space: of any width"),
        Guide("numbers such as 1.234 or 1 234"),
    ] = ""
    columns: Annotated[
        dict[str, ColumnReading],
        Field(
            description="how single columns are read, by name: decimal, thousands, units, factors, typographic, "
            "missing_values",
        ),
        Guide("one column is written in another way than the rest"),
    ] = {}  # noqa: RUF012 - pydantic copies it
    missing_target: Annotated[
        MissingTarget,
        Field(description="rows without a target at train, evaluate and cv: drop leaves them out, fail stops there"),
        Guide("fail where a missing target is a mistake"),
    ] = "drop"
    delimiter: Annotated[
        Literal["auto"] | Annotated[str, Field(min_length=1, max_length=1)],
        Field(description="one character between CSV cells; auto: recognised from the file"),
        Guide("it is recognised wrongly"),
    ] = "auto"
    encoding: Annotated[
        str,
        Field(min_length=1, description="encoding of text, such as cp1252; auto: recognised from the file"),
        Guide("letters come out wrong"),
    ] = "auto"
    skip_lines: Annotated[
        Literal["auto"] | Annotated[int, Field(ge=0, le=MOST_SKIPPED_LINES)],
        Field(description="lines above the header of CSV and worksheets; auto: recognised from the file"),
        Guide("titles above the header are not recognised"),
    ] = "auto"
    header: Annotated[
        bool,
        Field(description="whether CSV and worksheets have the names of the columns; false: column_1, column_2, ..."),
        Guide("false where the first line is a row already"),
    ] = True
    on_bad_row: Annotated[
        Literal["fail", "skip"],
        Field(description="what to do with a row that has text in a numeric column"),
        Guide("skip where some rows are broken and may be left out"),
    ] = "fail"
    infinite: Annotated[
        Infinite,
        Field(description="infinite numbers, and those too large for float64: missing cells, or stop there"),
        Guide("fail where an infinite number is a mistake"),
    ] = "missing"
    scaling: Annotated[
        Literal["standard", "robust", "none"],
        Field(description="standard: mean and standard deviation; robust: median and interquartile range"),
        Guide(
            "robust for columns with values far out; none for columns that are scaled already",
            formula="z = (x - centre) / scale",
        ),
    ] = "standard"
    clean_text: Annotated[
        bool,
        Field(description="labels and categories that differ in outer spaces or case only count as one"),
        Guide("true where low, Low and LOW are one"),
    ] = False
    clip_inputs: Annotated[
        bool,
        Field(description="draw numbers far out from the rest of their column, or beyond its training range, in to it"),
        Guide("false where values far out are right and count in full"),
    ] = True
    max_categories: Annotated[
        Annotated[int, Field(ge=1, le=10_000)] | Literal["auto"],
        Field(
            description="most frequent categories that get an input each; auto: 64, and up to 256 with ten rows each"
        ),
        Guide("more where many categories matter, fewer where each has few rows"),
    ] = "auto"

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        for name, column in (("", ColumnReading()), *self.columns.items()):
            decimal, thousands = self.marks(column)
            if decimal == thousands:
                where = f"columns.{name}: " if name else ""
                raise ValueError(f'{where}decimal and thousands are both "{decimal}"; set both, to two different marks')
        return self

    def marks(self, column: ColumnReading) -> tuple[DecimalMark, ThousandsMark]:
        """The decimal and the thousands mark of a column: its own, or those of all."""
        decimal = self.decimal if column.decimal is None else column.decimal
        return decimal, self.thousands if column.thousands is None else column.thousands

    @property
    def row_names(self) -> tuple[str, ...]:
        """Columns that tell rows apart: the ids, and each index that has no other part."""
        return tuple(dict.fromkeys([*self.id_columns, *self._indexes]))

    @property
    def text_columns(self) -> tuple[str, ...]:
        """Columns whose cells keep their text whatever they hold: ids, groups, and declared categories and dates."""
        groups = (self.group_column,) if self.group_column else ()
        return (*self.row_names, *groups, *self.categorical_columns, *self.date_columns)

    @property
    def _indexes(self) -> tuple[str, ...]:
        others = {self.target, *self.ignored_columns, *self.categorical_columns, *self.date_columns}
        return tuple(name for name in self.index_columns if name not in others)

    def index_among(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of a table's columns that are taken for an index, though no setting names them as ids."""
        unsaid = set(self._indexes) - set(self.id_columns)
        return tuple(name for name in names if name in unsaid)


class TaskConfig(Settings):
    """What is predicted, and how probabilities become a decision."""

    kind: Annotated[
        TaskKind,
        Field(description="ordinal: ordered classes; regression: a number"),
        Guide("always, where it is not inferred; multiclass: classes without an order; binary: two"),
    ] = "ordinal"
    labels: Annotated[
        tuple[str, ...],
        Field(description="class labels in order, lowest first; empty: numbers by value, else text by alphabet"),
        Guide("the order of the classes is another one"),
    ] = ()
    decision: Annotated[
        Decision,
        Field(description="most probable class, median class (ordered), or the class of least expected cost"),
        Guide(
            "median where a miss by two costs twice as much as by one; expected_cost where costs are known",
            source="Elkan 2001: The Foundations of Cost-Sensitive Learning",
        ),
    ] = "argmax"
    costs: Annotated[
        tuple[tuple[NonNegative, ...], ...],
        Field(description="cost of predicting the column's class where the row's class is true; empty: |i - j|"),
        Guide("some mistakes cost more than others, with task.decision = expected_cost"),
    ] = ()
    threshold_metric: Annotated[
        Literal["none", ThresholdMetric],
        Field(description="binary: tune the threshold for this metric on out-of-fold predictions"),
        Guide("the second class is rare: f1, mcc or balanced_accuracy"),
    ] = "none"
    clip_predictions: Annotated[
        bool,
        Field(description="regression: keep predictions near the range of the training targets"),
        Guide("false where new rows may lie beyond it"),
    ] = True
    calibration: Annotated[
        Literal["temperature", "none"],
        Field(description="one temperature on the log probabilities, kept only if it lowers log loss cross-fitted"),
        Guide(
            "none to compare with a network that is not calibrated",
            source="Guo et al. 2017: On Calibration of Modern Neural Networks",
            formula="p = softmax(log p / temperature)",
        ),
    ] = "temperature"


class ModelConfig(Settings):
    """The network."""

    hidden: Annotated[
        tuple[Width, ...],
        Field(max_length=64, description="width of each hidden layer; empty: a linear model"),
        Guide("wider or more where the training loss stays high, narrower where the validation loss is far above it"),
    ] = (32,)
    encoding: Annotated[
        Encoding,
        Field(description="of the numbers that the hidden layers get"),
        Guide("trees are better than the network, so the target bends along a number"),
    ] = NoEncoding()
    activation: Annotated[
        Activation,
        Field(description="after each hidden layer"),
        Guide("the report finds dead units or vanishing gradients; relu otherwise"),
    ] = ReLU()
    init: Annotated[
        Initializer,
        Field(description="initial weights of the network"),
        Guide("to fit the activation: kaiming_normal for relu, xavier_normal for tanh, lecun_normal for selu"),
    ] = KaimingNormal()
    output_init: Annotated[
        Literal["same", "zeros"],
        Field(description="zeros: the network starts silent and the skip path leads"),
        Guide("same for a network without a skip path, as in textbooks"),
    ] = "zeros"
    dropout: Annotated[
        Rate | tuple[Rate, ...],
        Field(description="share of hidden units left out, one value or one a layer"),
        Guide(
            "the validation loss is far above the training loss: 0.1 to 0.5",
            source=_DROPOUT,
            formula="in training f(x) * mask / (1 - dropout), mask 0 with that chance, else 1",
        ),
    ] = 0.0
    input_dropout: Annotated[
        Rate,
        Field(description="share of the network's inputs left out"),
        Guide(
            "many columns tell the same: 0.1 to 0.2",
            source=_DROPOUT,
        ),
    ] = 0.0
    normalization: Annotated[
        Normalization, Field(description="of each hidden layer"), Guide("networks of three hidden layers or more")
    ] = NoNormalization()
    skip: Annotated[
        bool,
        Field(description="add a linear path from the inputs straight to the output"),
        Guide(
            "false for a plain network as in textbooks",
            source="Cheng et al. 2016: Wide & Deep Learning for Recommender Systems",
            formula="output = network(x) + W x",
        ),
    ] = True

    @model_validator(mode="after")
    def _one_dropout_a_layer(self) -> Self:
        if isinstance(self.dropout, tuple) and len(self.dropout) != len(self.hidden):
            raise ValueError(f"dropout has {len(self.dropout)} values for {len(self.hidden)} hidden layers")
        if not self.hidden and not self.skip:
            raise ValueError("hidden is empty and skip is false: nothing connects inputs to outputs; set skip = true")
        if not self.hidden and self.encoding.active:
            name = self.encoding.name
            raise ValueError(f'encoding "{name}" is for hidden layers, and hidden is empty; set encoding.name = "none"')
        return self

    @property
    def layer_dropout(self) -> tuple[float, ...]:
        """Dropout rate of each hidden layer."""
        return self.dropout if isinstance(self.dropout, tuple) else (self.dropout,) * len(self.hidden)


class ValidationConfig(Settings):
    """Which rows each member learns from and which are held out."""

    scheme: Annotated[
        Scheme,
        Field(description="kfold: a member a fold, every row held out once; holdout: one split; none: all rows train"),
        Guide("holdout for large tables and rows in time; none where nothing is to be measured"),
    ] = "kfold"
    folds: Annotated[
        int,
        Field(ge=2, le=MOST_FOLDS, description="number of folds (kfold)"),
        Guide(
            "10 for small tables: each network learns from more rows",
            source="Kohavi 1995: A Study of Cross-Validation and Bootstrap for Accuracy Estimation and Model Selection",
        ),
    ] = 5
    fraction: Annotated[
        float, Field(gt=0, lt=1, description="share of rows held out (holdout)"), Guide("less for large tables")
    ] = 0.2
    members: Annotated[
        int,
        Field(ge=1, le=1000, description="networks a split, from different seeds"),
        Guide(
            "more for steadier predictions, at their price in time",
            source="Lakshminarayanan et al. 2017: Simple and Scalable Predictive Uncertainty Estimation",
        ),
    ] = 1
    order_column: Annotated[
        str,
        Field(
            description="numbers or dates that order the rows: the last ones are held out, and none of them is learned "
            "from before (holdout); no feature; empty: none"
        ),
        Guide("later rows are to be predicted from earlier ones"),
    ] = ""


class EarlyStopping(Settings):
    """Stop a member whose inner validation loss no longer falls; its best weights are kept."""

    patience_epochs: Annotated[
        int,
        Field(ge=0, le=1_000_000, description="epochs without improvement before stopping; 0: off"),
        Guide(
            "the validation loss rises again before the end: 10 to 20",
            source="Prechelt 1998: Early Stopping, But When?",
        ),
    ] = 0
    fraction: Annotated[
        float,
        Field(gt=0, lt=1, description="share of a member's training rows set aside for it"),
        Guide("more for small tables, whose loss is noisy"),
    ] = 0.1
    min_improvement: Annotated[
        NonNegative,
        Field(description="fall of the loss that counts as improvement"),
        Guide("above 0 where a slow fall should count as none"),
    ] = 0.0


Epochs = Annotated[
    int,
    Field(ge=1, le=1_000_000, description="passes over the training rows"),
    Guide("more where the validation loss still falls at the end, fewer where it rises"),
]
BatchRows = Annotated[
    int,
    Field(ge=1, description="rows a step; more than there are: all of them"),
    Guide(
        "fewer for more and noisier steps an epoch, more for speed",
        source="Smith et al. 2018: Don't Decay the Learning Rate, Increase the Batch Size",
    ),
]
GradientClipNorm = Annotated[
    NonNegative,
    Field(description="largest norm of a member's gradient; 0: no clipping"),
    Guide(
        "the loss jumps or becomes infinite: 1",
        source="Pascanu et al. 2013: On the Difficulty of Training Recurrent Neural Networks",
        formula="gradient * min(1, norm / |gradient|)",
    ),
]
EmaDecay = Annotated[
    Rate,
    Field(description="decay a step of the weight average that is kept; 0: off"),
    Guide(
        "the loss is noisy at the end: 0.99 to 0.999",
        source="Kingma and Ba 2015: Adam, A Method for Stochastic Optimization, section 7.2",
        formula="average <- decay * average + (1 - decay) * weights",
    ),
]
NetworkStart = Annotated[
    float,
    Field(ge=0, lt=1, description="share of the steps during which only the skip path learns"),
    Guide("0 where hidden layers and skip path should learn together from the start"),
]


class TrainingConfig(Settings):
    """How training runs."""

    epochs: Epochs = 200
    batch_rows: BatchRows = 8192
    seed: Annotated[
        int,
        Field(ge=0, lt=2**32, description="of splits, initial weights, shuffles and dropout"),
        Guide("others to see how much of a result is chance"),
    ] = 0
    device: Annotated[
        Device,
        Field(description="auto: an NVIDIA GPU where there is one, else the CPU"),
        Guide("the choice is wrong for this table, or several programs share the machine"),
    ] = "auto"
    threads: Annotated[
        int,
        Field(ge=0, le=MOST_THREADS, description="CPU threads; 0: OMP_NUM_THREADS, else as many as pay, at most 8"),
        Guide("fewer beside other work; the same number for the same bits"),
    ] = 0
    checkpoint_seconds: Annotated[
        NonNegative, Field(description="time between checkpoints; 0: every epoch"), Guide("more where the disk is slow")
    ] = 10.0
    gradient_clip_norm: GradientClipNorm = 0.0
    ema_decay: EmaDecay = 0.0
    network_start: NetworkStart = 0.1
    early_stopping: EarlyStopping = EarlyStopping()
    stack_members: Annotated[
        int,
        Field(ge=1, le=100_000, description="members trained together in one stack; for memory and speed"),
        Guide("fewer where memory runs out"),
    ] = 75


_LOSS = Ordinal(distribution="probit")
_PENALTY = Adaptive(skip=0.7, inputs=0.7, outputs=0.7, eps=3e-3)
_OPTIMIZER = Adam(lr=0.02, skip_lr=0.1, beta2=0.99)
_SCHEDULER = Cosine(warmup_epochs=10)


class RecipeTraining(Settings):
    """How the networks of one recipe are trained; all else in ``training`` is the same for every recipe."""

    epochs: Epochs = 200
    batch_rows: BatchRows = 8192
    gradient_clip_norm: GradientClipNorm = 0.0
    ema_decay: EmaDecay = 0.0
    network_start: NetworkStart = 0.1


class Recipe(Settings):
    """One way of a portfolio to make and train networks: what differs from the configuration's own sections."""

    name: Annotated[
        str,
        Field(pattern=RECIPE_NAME, description="what it is called; letters, digits, - and _"),
        Guide("always, in a portfolio"),
    ]
    model: ModelConfig = ModelConfig()
    loss: Loss = _LOSS
    penalty: Penalty = _PENALTY
    optimizer: Optimizer = _OPTIMIZER
    scheduler: Scheduler = _SCHEDULER
    training: RecipeTraining = RecipeTraining()


class Config(Settings):
    """Everything that decides what a run learns."""

    data: DataConfig = DataConfig()
    task: TaskConfig = TaskConfig()
    model: ModelConfig = ModelConfig()
    loss: Annotated[
        Loss,
        Field(description="what training makes small"),
        Guide("what is to be predicted decides: ordinal, cross_entropy, binary_cross_entropy, mse"),
    ] = _LOSS
    penalty: Annotated[
        Penalty,
        Field(description="added to the loss, so that weights stay small or go"),
        Guide("many columns tell nothing"),
    ] = _PENALTY
    optimizer: Annotated[
        Optimizer,
        Field(description="how a gradient becomes a step"),
        Guide("adam first; its rate is worth more than another optimizer"),
    ] = _OPTIMIZER
    scheduler: Annotated[
        Scheduler,
        Field(description="how the learning rate changes during training"),
        Guide("cosine first; constant to find a rate"),
    ] = _SCHEDULER
    validation: ValidationConfig = ValidationConfig()
    training: TrainingConfig = TrainingConfig()
    portfolio: Annotated[
        tuple[Recipe, ...],
        Field(
            max_length=MOST_RECIPES,
            description="recipes that train on the same folds, weighed by held-out rows; empty: this one alone",
        ),
        Guide(
            "no recipe is clearly the best, and there is time for several",
            source="Caruana et al. 2004: Ensemble Selection from Libraries of Models",
        ),
    ] = ()

    def of_recipe(self, recipe: Recipe) -> "Config":
        """The configuration of the networks of ``recipe`` alone."""
        own = {name: getattr(recipe, name) for name in NETWORK_SECTIONS}
        training = self.training.model_copy(update=dict(recipe.training))
        return self.model_copy(update={**own, "training": training, "portfolio": ()})

    def as_recipe(self, name: str = "") -> Recipe:
        """A recipe that differs in nothing."""
        own = {section: getattr(self, section) for section in NETWORK_SECTIONS}
        training = {key: getattr(self.training, key) for key in RecipeTraining.model_fields}
        return Recipe.model_construct(name=name, **own, training=RecipeTraining.model_construct(**training))

    @property
    def alone(self) -> "Config":
        """The same without a portfolio: one network learns as its own sections say."""
        return self.model_copy(update={"portfolio": ()}) if self.portfolio else self

    @property
    def recipes(self) -> "tuple[Config, ...]":
        """A configuration for each recipe of the portfolio; without one it is this one."""
        return tuple(map(self.of_recipe, self.portfolio)) or (self,)

    @property
    def row_columns(self) -> tuple[str, ...]:
        """Columns that say of each row to which group it belongs, when it was and how much it counts."""
        return tuple(dict.fromkeys(self.row_settings.values()))

    @property
    def row_settings(self) -> dict[str, str]:
        """The column of each setting that names one of ``row_columns``."""
        named = {"data.group_column": self.data.group_column, "data.weight_column": self.data.weight_column}
        named["validation.order_column"] = self.validation.order_column
        return {setting: name for setting, name in named.items() if name}

    @property
    def passed_columns(self) -> tuple[str, ...]:
        """Columns that are no features and pass through predictions: what tells rows apart, and ``row_columns``."""
        return tuple(dict.fromkeys([*self.data.row_names, *self.row_columns]))

    @property
    def text_columns(self) -> tuple[str, ...]:
        """Columns whose cells keep their text whatever they hold: those of ``data``, and labels."""
        labels = () if self.task.kind == "regression" else (self.data.target,)
        return (*self.data.text_columns, *labels)

    @property
    def unused_columns(self) -> frozenset[str]:
        """Columns that are no features: the target, those that pass through, those that are ignored."""
        return frozenset({self.data.target, *self.passed_columns, *self.data.ignored_columns})

    @model_validator(mode="after")
    def _recipes_are_weighed(self) -> Self:
        if self.portfolio and self.validation.scheme == "none":
            raise ValueError('portfolio needs held-out rows; set validation.scheme = "kfold" or "holdout"')
        return self

    @model_validator(mode="after")
    def _one_part_a_row_column(self) -> Self:
        data = self.data
        parts = {"data.target": (data.target,), "data.ignored_columns": data.ignored_columns}
        parts["data.categorical_columns"] = data.categorical_columns
        for setting, name in self.row_settings.items():
            for part, names in parts.items():
                if name in names:
                    raise ValueError(f"column {name!r} is {setting} and in {part}; remove it from one")
        return self

    @model_validator(mode="after")
    def _split_fits_order(self) -> Self:
        if not self.validation.order_column:
            return self
        if self.validation.scheme == "kfold":
            raise ValueError(
                'validation.order_column: folds of "kfold" would be learned from later rows; '
                'set validation.scheme = "holdout" or "none"'
            )
        if self.data.group_column:
            raise ValueError("data.group_column and validation.order_column are two ways to split; remove one of them")
        return self

    @model_validator(mode="after")
    def _loss_fits_task(self) -> Self:
        if self.task.kind not in self.loss.tasks:
            kinds = ", ".join(sorted(self.loss.tasks))
            raise ValueError(
                f"loss {self.loss.name!r} is for {kinds}, not for task kind {self.task.kind!r}; set loss.name"
            )
        return self

    @model_validator(mode="after")
    def _decision_fits_task(self) -> Self:
        task = self.task
        if task.decision != "argmax" and task.kind == "regression":
            raise ValueError("task.decision is for classes, not for regression")
        if task.decision == "median" and task.kind != "ordinal":
            raise ValueError(
                f'task.decision "median" needs an order, which task kind {task.kind!r} has not; set "argmax"'
            )
        if task.decision == "expected_cost" and task.kind == "multiclass" and not task.costs:
            raise ValueError('task.decision "expected_cost" needs task.costs where classes have no order')
        if task.costs and task.decision != "expected_cost":
            raise ValueError('task.costs counts only with task.decision "expected_cost"; set it')
        if task.threshold_metric != "none" and (task.kind != "binary" or task.decision != "argmax"):
            raise ValueError('task.threshold_metric is for task kind "binary" with task.decision "argmax"')
        return self
