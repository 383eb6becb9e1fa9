"""Training measured from inside a process: prints times (seconds) or rows a second as JSON.

``fits.py cross-validation TABLE REPETITIONS``, and likewise ``throughput``, ``rows`` (tables with commas between),
``members``, ``stacking`` and ``searches``.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

if "OMP_WAIT_POLICY" not in os.environ:  # as phoneprice/cli/startup.py does
    os.environ |= {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": os.environ.get("GOMP_SPINCOUNT", "1000")}

from measuring import interleaved

from phoneprice.config.load import load_config
from phoneprice.config.schema import Config
from phoneprice.data.rows.splits import plan_members
from phoneprice.records.documents import Protocol
from phoneprice.workflows.cross_validate import cross_validate
from phoneprice.workflows.events import EpochDone, Event, TrainingStarted
from phoneprice.workflows.fitting import fit
from phoneprice.workflows.prepare import Prepared, prepare

WIDE_AND_DEEP = (
    "model.hidden=[128, 64]",
    "model.activation.name=relu",
    "validation.scheme=holdout",
    "training.batch_rows=4096",
    "training.epochs=4",
)
"""As by default: beside the network a skip path, an ordered loss on learned cut points and a penalty."""
PLAIN = (*WIDE_AND_DEEP, "model.skip=false", "loss.name=cross_entropy", "penalty.name=none")
"""The network alone and softmax cross-entropy, as in a course."""
FULL = (*PLAIN, "model.dropout=0.2", "model.normalization.name=batch_norm")
TEXTBOOK_ROWS = 20_000


class Clock:
    """Notes when training started and when each epoch ended."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def __call__(self, event: Event) -> None:
        """Hear what a workflow reports."""
        if isinstance(event, (TrainingStarted, EpochDone)):
            self.times.append(time.perf_counter())

    @property
    def epoch_seconds(self) -> float:
        """The median epoch, its validation included; the first, which warms up, left out."""
        ends = self.times[1:]
        return median(b - a for a, b in pairwise(ends))


def prepared(table: Path, settings: Sequence[str]) -> tuple[Prepared, Config]:
    """A table ready to be learned from."""
    config = load_config(None, list(settings))
    return prepare(table, config, lambda _: None), config


def fitted(data: Prepared, config: Config) -> tuple[Clock, int]:
    """One training: its clock, and the training rows of its members."""
    plans, _ = plan_members(data.targets, config, len(data.inputs))
    clock = Clock()
    fit(replace(data, config=config), plans, clock)
    return clock, sum(len(plan.train_rows) for plan in plans)


def timed(task: Callable[[], object]) -> float:
    """Seconds it takes."""
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def cross_validation(table: Path, repetitions: int) -> dict[str, list[float]]:
    """15 folds of 5 members against one fit of 5 members: training alone, and with all the rest."""
    data, config = prepared(table, ())

    def validate() -> tuple[float, float]:
        clock = Clock()
        whole = timed(lambda: cross_validate(table, config, Protocol(5, 3), on_event=clock))
        return clock.times[-1] - clock.times[0], whole

    def one() -> tuple[float, float]:
        clock, _ = fitted(data, config)
        return clock.times[-1] - clock.times[0], 0.0

    found = interleaved({"cv": validate, "one": one}, repetitions)
    return {
        "training of cv 5 x 3": [training for training, _ in found["cv"]],
        "cv 5 x 3, all of it": [whole for _, whole in found["cv"]],
        "one fit": [training for training, _ in found["one"]],
    }


def throughput(table: Path, repetitions: int) -> dict[str, list[float]]:
    """Training rows a second: ours with and without dropout and normalisation, and what they are compared with."""
    import torch
    from references import matrix_products, textbook_loop

    data, plain = prepared(table, PLAIN)
    full, wide = load_config(None, list(FULL)), load_config(None, list(WIDE_AND_DEEP))
    x = torch.from_numpy(data.inputs.values[:TEXTBOOK_ROWS])
    y = torch.from_numpy(data.targets[:TEXTBOOK_ROWS])
    cores = min(len(os.sched_getaffinity(0)), 8)
    widths, batch = (data.inputs.values.shape[1], *plain.model.hidden), plain.training.batch_rows

    def ours(config: Config) -> float:
        clock, rows = fitted(data, config)
        return rows / clock.epoch_seconds

    def products(outputs: int) -> float:
        torch.set_num_threads(cores)
        return matrix_products.rows_per_second((*widths, outputs), batch)

    def textbook() -> float:
        torch.set_num_threads(cores)
        return textbook_loop.rows_per_second(x, y)

    tasks = {
        "plain": lambda: ours(plain),
        "products": lambda: products(data.task.classes),
        "wide and deep": lambda: ours(wide),
        "products of one score": lambda: products(1),
        "dropout and BatchNorm": lambda: ours(full),
        "textbook": textbook,
    }
    return interleaved(tasks, repetitions, warm_up=False)


def rows(tables: str, repetitions: int) -> dict[str, list[float]]:
    """Seconds of an epoch of tables of different length."""
    loaded = [prepared(Path(table), WIDE_AND_DEEP) for table in tables.split(",")]
    tasks = {str(len(data.inputs)): lambda d=data, c=config: fitted(d, c)[0].epoch_seconds for data, config in loaded}
    return interleaved(tasks, repetitions, warm_up=False)


def members(table: Path, repetitions: int) -> dict[str, list[float]]:
    """Seconds of an epoch with one and with 16 members of the default network."""
    common = ("validation.scheme=holdout", "training.epochs=40")
    loaded = {str(k): prepared(table, (*common, f"validation.members={k}")) for k in (1, 16)}
    tasks = {k: lambda d=data, c=config: fitted(d, c)[0].epoch_seconds for k, (data, config) in loaded.items()}
    return interleaved(tasks, repetitions)


def stacking(table: Path, repetitions: int) -> dict[str, Any]:
    """Member-rows a second of small steps, with one member and with 64, on the device that ``auto`` finds."""
    from phoneprice.training.device import choose_device

    common = ("validation.scheme=holdout", "training.epochs=10", "training.batch_rows=128")
    loaded = {str(k): prepared(table, (*common, f"validation.members={k}")) for k in (1, 64)}

    def member_rows(data: Prepared, config: Config) -> float:
        clock, rows = fitted(data, config)
        return rows / clock.epoch_seconds

    tasks = {k: lambda d=data, c=config: member_rows(d, c) for k, (data, config) in loaded.items()}
    return {**interleaved(tasks, repetitions), "device": str(choose_device("auto"))}


def searches(table: Path, repetitions: int) -> dict[str, list[float]]:
    """Seconds of one fit by default, of a search without a race, and of one with it and the winner's training."""
    from phoneprice.search.defaults import usual_space
    from phoneprice.workflows.fitting import planned
    from phoneprice.workflows.searching import SearchPlan, search

    data, config = prepared(table, ())
    space = usual_space(config)

    def train(own: Config) -> None:
        chosen = replace(data, config=own)
        fit(chosen, planned(chosen, lambda _: None), lambda _: None)

    def race() -> None:
        found = search(data, space, SearchPlan(), lambda _: None)
        train(found.picked.candidate.config)

    tasks = {
        "one fit": lambda: timed(lambda: train(config)),
        "every fold": lambda: timed(lambda: search(data, space, SearchPlan(racing=False), lambda _: None)),
        "racing": lambda: timed(race),
    }
    return interleaved(tasks, repetitions)


MEASUREMENTS: dict[str, Callable[[Any, int], dict[str, Any]]] = {
    "cross-validation": cross_validation,
    "throughput": throughput,
    "rows": rows,
    "members": members,
    "stacking": stacking,
    "searches": searches,
}

if __name__ == "__main__":
    name, table, repetitions = sys.argv[1:]
    print(json.dumps(MEASUREMENTS[name](table, int(repetitions))))
