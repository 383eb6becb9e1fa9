"""One row from inside a process: ``single_rows.py RUN TABLE REPETITIONS`` prints seconds of each way as JSON.

The reference is scikit-learn's usual pipeline on the same DataFrame of one row.
"""

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import pandas as pd
import pyarrow as pa
from measuring import interleaved
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from phoneprice import load

CALLS = 20
"""Of each way in a turn, of which the median counts."""


def scikit_learn(table: pd.DataFrame, target: str) -> Pipeline:
    """Scaled numbers and logistic regression, fitted."""
    X, y = table.drop(columns=target), table[target]
    scaled = ColumnTransformer([("scaled", StandardScaler(), list(X.columns))])
    return Pipeline([("columns", scaled), ("model", LogisticRegression(max_iter=1000))]).fit(X, y)


def ways(run: Path, table: pd.DataFrame) -> dict[str, Callable[[], object]]:
    """The same row in every form."""
    model = load(run)
    target = model.config.data.target
    pipeline = scikit_learn(table, target)
    frame = table.drop(columns=target).iloc[[0]]
    (row,) = frame.to_dict("records")
    texts, few = {name: str(cell) for name, cell in row.items()}, [row] * 20
    batch = pa.RecordBatch.from_pandas(frame)
    return {
        "scikit-learn": partial(pipeline.predict_proba, frame),
        "mapping": partial(model.predict_proba, row),
        "mapping of texts": partial(model.predict_proba, texts),
        "mapping, labels too": partial(model.predict_with_proba, row),
        "DataFrame": partial(model.predict_proba, frame),
        "record batch": partial(model.predict_proba, batch),
        "20 mappings": partial(model.predict_proba, few),
    }


def seconds(way: Callable[[], object]) -> float:
    """The median of some calls."""
    times = []
    for _ in range(CALLS):
        start = time.perf_counter()
        way()
        times.append(time.perf_counter() - start)
    return median(times)


if __name__ == "__main__":
    directory, source, repetitions = sys.argv[1:]
    tasks = {name: partial(seconds, way) for name, way in ways(Path(directory), pd.read_csv(source)).items()}
    print(json.dumps(interleaved(tasks, int(repetitions))))
