"""Documents of the golden ordinal run that parse but say nonsense, or contradict each other or themselves."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Change = Callable[[Any], None]


def _set(*path: Any, to: Any) -> Change:
    def change(document: Any) -> None:
        *steps, last = path
        for step in steps:
            document = document[step]
        document[last] = to

    return change


def _more(*path: Any) -> Change:
    def change(document: Any) -> None:
        *steps, last = path
        for step in steps:
            document = document[step]
        document[last] += 1

    return change


def _measured(name: str, layers: list[float]) -> Change:
    def change(lines: Any) -> None:
        for line in lines:
            line["health"][name] = [layers] * len(line["active"])

    return change


def _drop(*path: Any) -> Change:
    def change(document: Any) -> None:
        *steps, last = path
        for step in steps:
            document = document[step]
        del document[last]

    return change


def _one_member_less(lines: Any) -> None:
    for line in lines:
        for name in ("train_loss", "validation_loss", "learning_rate", "active"):
            line[name].pop()
        for values in line["health"].values():
            values.pop()


def _without_the_last_row(columns: dict[str, list[Any]]) -> None:
    for values in columns.values():
        values.pop()


def _other_folds(columns: Any) -> None:
    columns["fold"] = [0, *columns["fold"][1:]] if columns["fold"][0] else [1, *columns["fold"][1:]]


METRICS: dict[str, Change] = {
    "nothing": dict.clear,
    "no metrics": _drop("metrics"),
    "empty metrics": _set("metrics", to={}),
    "no accuracy": _drop("metrics", "accuracy"),
    "no log loss in a fold": _drop("folds", 0, "log_loss"),
    "metrics of a list": _set("metrics", to=[]),
    "accuracy as text": _set("metrics", "accuracy", "value", to="0.9"),
    "accuracy is true": _set("metrics", "accuracy", "value", to=True),
    "an interval of two": _drop("metrics", "accuracy", "low"),
    "an interval backwards": _set("metrics", "accuracy", "low", to=1.5),
    "an accuracy that confusion denies": _set("metrics", "accuracy", "value", to=0.9999),
    "a kappa that confusion denies": _set("metrics", "quadratic_kappa", "value", to=0.9999),
    "a log loss that the rows deny": _set("metrics", "log_loss", to={"value": 0.1, "low": 0.1, "high": 0.1}),
    "a log loss below 0": _set("training_set", "log_loss", to={"value": -3.0, "low": -3.0, "high": -3.0}),
    "a log loss of 1e308": _set("training_set", "log_loss", "high", to=1e308),
    "a precision below 0": _set("per_class", 0, "precision", to=-5.0),
    "an f1 of 1e200": _set("per_class", 1, "f1", to=1e200),
    "a fold of other figures": _set("folds", 0, "accuracy", to=0.9999),
    "a loss of 1e308": _set("members", 0, "train_loss", to=1.7e308),
    "another last loss": _set("members", 1, "train_loss", to=0.1234),
    "no rows at all": _set("rows", to=0),
    "a member of no rows": _set("members", 0, "train_rows", to=0),
    "a log loss before below 0": _set("calibration", "log_loss_before", to=-1.0),
    "an invented metric": _set("metrics", "charm", to={"value": 1.0, "low": 1.0, "high": 1.0}),
    "a metric of regression": _set("folds", 1, "rmse", to=1.0),
    "format 2": _set("format", to=2),
    "format is true": _set("format", to=True),
    "another task": _set("task", to="multiclass"),
    "no task": _set("task", to="clustering"),
    "measured somewhere": _set("measured_on", to="somewhere"),
    "measured on training rows": _set("measured_on", to="training set"),
    "measured on a hold-out": _set("measured_on", to="hold-out"),
    "one row more": _more("rows"),
    "half a row": _set("rows", to=160.5),
    "no confusion": _drop("confusion"),
    "a count more": _more("confusion", "counts", 0, 0),
    "a negative count": _set("confusion", "counts", 0, 0, to=-1),
    "a class too few": _drop("confusion", "counts", 3),
    "other labels": _set("confusion", "labels", to=["a", "b", "c", "d"]),
    "another class": _set("per_class", 0, "label", to="9"),
    "more support": _more("per_class", 0, "support"),
    "no classes": _drop("per_class"),
    "no folds": _drop("folds"),
    "empty folds": _set("folds", to=[]),
    "a fold of more rows": _more("folds", 0, "rows"),
    "fold 7": _set("folds", 1, "fold", to=7),
    "no training set": _drop("training_set"),
    "no calibration": _drop("calibration"),
    "another temperature": _set("calibration", "temperature", to=3.0),
    "no members": _set("members", to=[]),
    "a member too few": _drop("members", 1),
    "member 5": _set("members", 1, "member", to=5),
    "a member of more rows": _more("members", 0, "train_rows"),
    "a member that held out others": lambda d: d["members"][0].update(train_rows=90, held_out_rows=70),
    "an epoch after the last": _set("members", 0, "best_epoch", to=99),
    "a loss as text": _set("members", 0, "train_loss", to="low"),
    "an unknown key": _set("code", to="print()"),
}
SPLITS: dict[str, Change] = {
    "no splits": dict.clear,
    "splits of more rows": _more("rows"),
    "splits of more members": _more("members"),
    "more splits": _more("folds"),
    "another scheme": _set("scheme", to="holdout"),
    "another seed": _more("seed"),
    "no hash": _set("data_sha256", to="x"),
}
ENVIRONMENT: dict[str, Change] = {
    "no environment": dict.clear,
    "threads as text": _set("threads", to="1"),
    "libraries of a list": _set("libraries", to=[]),
    "a command of numbers": _set("command_line", to=[1]),
    "less than no time": _set("training_seconds", to=-1.0),
    "all the time in the world": _set("training_seconds", to=1e308),
}
HISTORY: dict[str, Change] = {
    "measurements of more layers than there are": _measured("update_ratio", [0.1] * 50),
    "measurements of no layers": _measured("weight_norm", []),
    "an unknown measurement": _measured("mood", [0.1]),
    "a share of 3": _measured("dead_units", [3.0]),
    "a norm below 0": _measured("weight_norm", [-1.0, 1.0, 1.0]),
    "a rate below 0": _set(2, "learning_rate", to=[-0.1, 0.1]),
    "a loss of 1e308": _set(2, "train_loss", to=[1e308, 1.0]),
    "another last loss": _set(-1, "validation_loss", to=[0.5, 0.5]),
    "no epochs": list.clear,
    "a first epoch too few": _drop(0),
    "an epoch twice": _set(1, "epoch", to=1),
    "a member less in an epoch": _set(2, "train_loss", to=[1.0]),
    "a member less in all": _one_member_less,
    "a loss of true": _set(2, "train_loss", to=[True, 1.0]),
    "active by numbers": _set(2, "active", to=[1, 0]),
    "no health in an epoch": _set(3, "health", to={}),
    "a layer less": _set(3, "health", "weight_norm", to=[[0.1], [0.1]]),
    "more epochs than asked for": lambda lines: lines.append({**lines[-1], "epoch": 7}),
    "fewer epochs than the best": _drop(slice(1, None)),
}
OUT_OF_FOLD: dict[str, Change] = {
    "a column too few": _drop("prob_3"),
    "a column too many": lambda columns: columns.update(code=columns["row"]),
    "rows as fractions": lambda columns: columns.update(row=[float(row) for row in columns["row"]]),
    "an unknown label": _set("target", 0, to="9"),
    "no label": _set("target", 0, to=None),
    "a row twice": _set("row", 1, to=0),
    "a row beyond the table": _set("row", -1, to=10**9),
    "rows backwards": lambda columns: columns["row"].reverse(),
    "another fold": _other_folds,
    "a probability of NaN": _set("prob_0", 0, to=float("nan")),
    "a probability of 3": _set("prob_0", 0, to=3.0),
    "a loss that metrics.json denies": lambda columns: columns["prob_0"].reverse(),
    "other predictions": lambda columns: columns["prediction"].reverse(),
    "a row too few": _without_the_last_row,
}
NONSENSE: dict[str, dict[str, Change]] = {
    "metrics.json": METRICS,
    "splits.json": SPLITS,
    "environment.json": ENVIRONMENT,
    "history.jsonl": HISTORY,
    "oof.parquet": OUT_OF_FOLD,
}
"""By file, and by what is wrong."""


def changed(name: str, data: bytes, change: Change) -> bytes:
    """A run's file after a change of what it says."""
    if name == "oof.parquet":
        columns = pq.read_table(pa.BufferReader(data)).to_pydict()
        change(columns)
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table(columns), sink)
        return bytes(sink.getvalue().to_pybytes())
    if name == "history.jsonl":
        lines = [json.loads(line) for line in data.splitlines()]
        change(lines)
        return "".join(json.dumps(line) + "\n" for line in lines).encode()
    document = json.loads(data)
    change(document)
    return json.dumps(document).encode()
