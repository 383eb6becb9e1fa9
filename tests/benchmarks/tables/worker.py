"""A process that puts one table to one model: ``python -m tables.worker``, its task as JSON on standard input.

The system's clock (SIGALRM) ends it where a fold takes too long: no library can hold that up.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import warnings
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from tables.catalogue import TABLES
from tables.loading import Rows, load
from tables.ours import Ours
from tables.peers import PEERS, PeerModel
from tables.protocol import Answer, Model, folds
from tables.results import Facts, Result, nothing, write


@dataclass(frozen=True)
class Task:
    """A table and a model by their names, and what they may take."""

    table: str
    model: str
    settings: tuple[str, ...] | None
    """Of our own program, as after ``-s``; None for a peer."""
    folder: str
    """Where the result is written."""
    threads: int
    processors: tuple[int, ...]
    """To run on; whatever the system gives where there are none."""
    seconds: float
    """For a fold."""
    started: float
    """``time.time()`` before the process began."""

    def text(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, text: str) -> Task:
        """From JSON."""
        found = json.loads(text)
        settings = None if found["settings"] is None else tuple(found["settings"])
        return cls(**found | {"settings": settings, "processors": tuple(found["processors"])})


def main() -> None:
    """Do what standard input asks for, and write the result."""
    warnings.simplefilter("ignore")
    task = Task.of(sys.stdin.read())
    if task.processors:
        os.sched_setaffinity(0, task.processors)
    table = next(table for table in TABLES if table.name == task.table)
    model, facts = _ready(task, table.target)
    rows = load(table)
    facts = replace(
        facts,
        labels=rows.labels,
        columns=rows.features.shape[1],
        without_target=rows.without_target,
        of_rare_classes=rows.of_rare_classes,
    )
    most = PEERS[task.model].most_rows if task.settings is None else None
    if most is not None and len(rows.truth) > most:
        result = nothing(replace(facts, outcome="too many rows", words=f"more than {most:,} rows"))
    else:
        result = _result(facts, rows, model, task.seconds)
    write(Path(task.folder), result)


def _ready(task: Task, target: str) -> tuple[Model, Facts]:
    """The model, with everything imported that it needs, and how long that took."""
    facts = Facts(task.table, task.model, task.settings or ())
    if task.settings is not None:
        import torch  # noqa: F401

        import phoneprice.workflows.predict
        import phoneprice.workflows.train  # noqa: F401

        model: Model = Ours(target, task.settings)
        needs = "phoneprice"
    else:
        peer = PEERS[task.model]
        peer.classifier(task.threads)
        model, needs = PeerModel(peer, task.threads), peer.needs
    return model, replace(facts, start_seconds=time.time() - task.started, versions={needs: version(needs)})


def _result(facts: Facts, rows: Rows, model: Model, seconds: float) -> Result:
    """The answers of all folds, by the rows' places in the table."""
    truth = rows.truth
    place, predicted = np.zeros(len(truth), np.int64), np.zeros_like(truth)
    probabilities = np.zeros((len(truth), len(rows.labels))) if rows.labels else None
    answers: list[Answer] = []
    for number, fold in enumerate(folds(truth, stratified=bool(rows.labels))):
        signal.setitimer(signal.ITIMER_REAL, seconds)
        answer = model.answer(rows, fold)
        signal.setitimer(signal.ITIMER_REAL, 0)
        place[fold.test], predicted[fold.test] = number, answer.predicted
        if probabilities is not None:
            probabilities[fold.test] = answer.probabilities
        answers.append(answer)
    timed = replace(
        facts,
        words="; ".join(sorted({answer.remark for answer in answers if answer.remark})),
        fit_seconds=tuple(answer.fit_seconds for answer in answers),
        predict_seconds=tuple(answer.predict_seconds for answer in answers),
    )
    return Result(timed, place, truth, predicted, probabilities)


if __name__ == "__main__":
    main()
