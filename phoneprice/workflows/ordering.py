"""Do numbered classes have an order that the columns know of? Two linear models tell."""

from __future__ import annotations

import numpy as np

from phoneprice.components.base import TaskKind
from phoneprice.config.load import load_config
from phoneprice.data.table import Table
from phoneprice.records.documents import Protocol
from phoneprice.workflows.cross_validate import cross_validated
from phoneprice.workflows.events import ignore
from phoneprice.workflows.prepare import prepare_table

MOST_ROWS = 5000
_PROTOCOL = Protocol(folds=3, repeats=1, seed=0)
_LINEAR = (
    "model.hidden=[]",
    "penalty.name=none",
    "optimizer.lr=0.1",
    "training.epochs=150",
    "training.device=cpu",
    "validation.scheme=none",
)


def looks_ordered(table: Table, target: str) -> bool:
    """Whether one score with cut points predicts the classes of ``target`` better than one score a class.

    Both models are linear in the columns and free of penalties; their log losses are those of three-fold
    cross-validation, on at most 5,000 evenly spaced rows.
    """
    rows = table.take(np.arange(0, table.rows, -(-table.rows // MOST_ROWS)))
    return _log_loss(rows, target, "ordinal") <= _log_loss(rows, target, "multiclass")


def _log_loss(table: Table, target: str, kind: TaskKind) -> float:
    smoothing = ["loss.label_smoothing=0.0"] if kind == "multiclass" else []
    config = load_config(None, [*_LINEAR, f"task.kind={kind}", *smoothing])
    data = config.data.model_copy(update={"target": target, "id_columns": ()})
    config = config.model_copy(update={"data": data})
    return cross_validated(prepare_table(table, config, ignore), _PROTOCOL, ignore).pooled["log_loss"]
