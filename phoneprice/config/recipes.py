"""The best known setting of each kind of task: what holds where nobody says otherwise.

``configs/README.md`` says what was tried and what it gave. For ordered classes it is ``Config()`` itself.
"""

from typing import assert_never

from phoneprice.components.base import TaskKind
from phoneprice.components.losses import BinaryCrossEntropy, CrossEntropy, MeanSquaredError
from phoneprice.components.optimizers import Adam
from phoneprice.components.penalties import Adaptive, NoPenalty
from phoneprice.config.schema import Config, ModelConfig, TaskConfig


def recipe(kind: TaskKind) -> Config:
    """The defaults of a kind of task."""
    task = TaskConfig(kind=kind)
    match kind:
        case "ordinal":
            return Config()
        case "regression":
            return Config(
                task=task, loss=MeanSquaredError(), penalty=Adaptive(skip=0.1, inputs=0.1, outputs=0.1, eps=1e-2)
            )
        case "binary":
            return Config(task=task, loss=BinaryCrossEntropy())
        case "multiclass":
            # A score for each class can't be pruned as one score can; dropout and smoothing take the penalty's place.
            return Config(
                task=task,
                model=ModelConfig(hidden=(128,), dropout=0.5),
                loss=CrossEntropy(label_smoothing=0.1),
                penalty=NoPenalty(),
                optimizer=Adam(lr=0.01, beta2=0.99),
            )
        case _:
            assert_never(kind)
