"""Do numbered classes have an order that the columns know of? Two linear models tell."""

from __future__ import annotations

import numpy as np

from phoneprice.components.base import TaskKind
from phoneprice.config.load import load_config
from phoneprice.data.table import Table
from phoneprice.errors import DataError
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
    cross-validation, on at most 5,000 evenly spaced rows. Classes that some fold would lack tell nothing; where fewer
    than three are left, and where a column can't be learned from, the order is taken for granted: what is wrong is for
    the training to say, in the words of its own command.
    """
    rows = _without_rare(table.take(np.arange(0, table.rows, -(-table.rows // MOST_ROWS))), target)
    if len(rows.columns[target].unique()) < 3:
        return True
    try:
        return _log_loss(rows, target, "ordinal") <= _log_loss(rows, target, "multiclass")
    except DataError:
        return True


def _without_rare(table: Table, target: str) -> Table:
    """The rows of classes that have at least one for each fold."""
    codes = table.columns[target].dictionary_encode().indices.fill_null(-1).to_numpy()
    _, classes, counts = np.unique(codes, return_inverse=True, return_counts=True)
    return table.take(np.flatnonzero((counts[classes] >= _PROTOCOL.folds) & (codes >= 0)))


def _log_loss(table: Table, target: str, kind: TaskKind) -> float:
    smoothing = ["loss.label_smoothing=0.0"] if kind == "multiclass" else []
    config = load_config(None, [*_LINEAR, f"task.kind={kind}", *smoothing])
    data = config.data.model_copy(update={"target": target, "id_columns": (), "on_bad_row": "skip"})
    config = config.model_copy(update={"data": data})
    return cross_validated(prepare_table(table, config, ignore), _PROTOCOL, ignore).pooled["log_loss"]
