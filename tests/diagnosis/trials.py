"""Configurations that are broken, or healthy, on small tables: what the findings are tried on."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from phoneprice.config.load import load_config
from phoneprice.config.presets import find_config
from phoneprice.config.render import to_toml
from phoneprice.config.schema import Config
from phoneprice.data.samples.sample import sample_path
from phoneprice.errors import DivergedError
from phoneprice.records import TrainingFinding
from phoneprice.workflows.train import train

COURSE = (
    "model.skip=false",
    "model.hidden=[32,16]",
    "model.output_init=same",
    "model.dropout=0",
    "penalty.name=none",
    "training.network_start=0",
    "training.epochs=30",
    "training.batch_rows=32",
    "optimizer.name=adam",
    "optimizer.lr=0.003",
    "scheduler.name=cosine",
    "scheduler.warmup_epochs=0",
)
"""The network of a course, without any of the defaults' helpers; each broken configuration changes some of it."""

ALONE = ("training.threads=1", "training.device=cpu")


def _deep(layers: int, width: int = 32) -> str:
    return f"model.hidden=[{','.join([str(width)] * layers)}]"


_SIX_SIGMOIDS = ("model.activation.name=sigmoid", _deep(6))

BROKEN: dict[str, tuple[str, ...]] = {
    # scaling
    "raw inputs": ("data.scaling=none",),
    "raw inputs, sgd": ("data.scaling=none", "optimizer.name=sgd", "optimizer.lr=0.01"),
    "raw inputs, tanh": ("data.scaling=none", "model.activation.name=tanh"),
    # initialisation
    "std 5": ("model.init.name=normal", "model.init.std=5"),
    "std 5, tanh": ("model.init.name=normal", "model.init.std=5", "model.activation.name=tanh"),
    "std 5, silent at first": ("model.init.name=normal", "model.init.std=5", "model.output_init=zeros"),
    "std 1, three wide layers": ("model.init.name=normal", "model.init.std=1", _deep(3, 64)),
    "std 2, sgd": ("model.init.name=normal", "model.init.std=2", "optimizer.name=sgd", "optimizer.lr=0.01"),
    "std 0.001, sgd": ("model.init.name=normal", "model.init.std=0.001", "optimizer.name=sgd", "optimizer.lr=0.1"),
    "std 0.01, sgd": ("model.init.name=normal", "model.init.std=0.01", "optimizer.name=sgd", "optimizer.lr=0.1"),
    "zeros": ("model.init.name=zeros",),
    "ones": ("model.init.name=ones",),
    "constant": ("model.init.name=constant", "model.init.value=0.1"),
    # rate
    "adam at 100": ("optimizer.lr=100",),
    "adam at 10": ("optimizer.lr=10",),
    "adam at 1": ("optimizer.lr=1",),
    "adam at 1e-6": ("optimizer.lr=1e-6",),
    "adam at 1e-5": ("optimizer.lr=1e-5",),
    "adam at 1e-4, constant": ("optimizer.lr=1e-4", "scheduler.name=constant"),
    "sgd at 1e-4": ("optimizer.name=sgd", "optimizer.lr=1e-4"),
    "sgd at 0.003, 20 epochs": ("optimizer.name=sgd", "optimizer.lr=0.003", "training.epochs=20"),
    "sgd at 10": ("optimizer.name=sgd", "optimizer.lr=10"),
    "momentum at 2": ("optimizer.name=momentum", "optimizer.lr=2"),
    "momentum at 1e-5": ("optimizer.name=momentum", "optimizer.lr=1e-5"),
    "rmsprop at 0.5": ("optimizer.name=rmsprop", "optimizer.lr=0.5"),
    "adamw at 3": ("optimizer.name=adamw", "optimizer.lr=3"),
    "gradients cut to nothing": ("training.gradient_clip_norm=1e-4", "optimizer.name=sgd", "optimizer.lr=0.1"),
    # schedule
    "rate halved every epoch": ("scheduler.name=exponential", "scheduler.gamma=0.5"),
    "steps too early": ("scheduler.name=step", "scheduler.step_epochs=2", "scheduler.gamma=0.1"),
    "a step that never comes": ("scheduler.name=step", "scheduler.step_epochs=30", "optimizer.lr=0.03"),
    "milestones that never come": ("scheduler.name=multi_step", "optimizer.lr=0.03"),
    "a plateau that never comes": (
        "scheduler.name=reduce_on_plateau", "scheduler.patience_epochs=50", "optimizer.lr=0.03",
    ),
    "a warm-up without an end": ("scheduler.warmup_epochs=1000",),
    # depth, width and activation
    "six sigmoids at 0.01": (*_SIX_SIGMOIDS, "optimizer.lr=0.01"),
    "six sigmoids at 0.001": (*_SIX_SIGMOIDS, "optimizer.lr=0.001"),
    "six sigmoids at 0.1": (*_SIX_SIGMOIDS, "optimizer.lr=0.1"),
    "four sigmoids, sgd": ("model.activation.name=sigmoid", _deep(4), "optimizer.name=sgd", "optimizer.lr=0.1"),
    "ten layers, small weights": ("model.init.name=pytorch_default", _deep(10)),
    "batch norm of two rows": (
        "model.normalization.name=batch_norm", "training.batch_rows=2", "training.epochs=5",
    ),
    "one unit": ("model.hidden=[1]",),
    "a bottleneck": ("model.hidden=[32,1,32]",),
    # regularisation
    "dropout 0.9": ("model.dropout=0.9",),
    "dropout 0.8 of inputs": ("model.input_dropout=0.8",),
    "weight decay 1": ("optimizer.weight_decay=1",),
    "adamw, weight decay 30": ("optimizer.name=adamw", "optimizer.weight_decay=30"),
    "a penalty of 1000": ("penalty.name=adaptive", "penalty.inputs=1000", "penalty.outputs=1000"),
    "learned by heart": ("model.hidden=[128,128]", "training.epochs=100"),
    "no dropout, two layers": ("model.hidden=[128,64]", "training.epochs=60"),
    # duration
    "one epoch": ("training.epochs=1",),
    "three epochs": ("training.epochs=3",),
    "ten steps": ("training.epochs=10", "training.batch_rows=8192"),
    "still falling": ("training.epochs=8", "scheduler.name=constant", "optimizer.lr=0.001"),
    "epochs run out before patience": (
        "training.early_stopping.patience_epochs=20", "scheduler.name=constant", "optimizer.lr=0.0006",
    ),
}  # fmt: skip
"""Settings over ``COURSE``."""

HEALED = {("six sigmoids at 0.01", "phones")}
"""Those that get out of it by themselves: hardly any loss is left to be gained, and so nothing is said."""

CLASSES = (
    "task.kind=multiclass",
    "task.calibration=none",
    "loss.name=cross_entropy",
    "loss.label_smoothing=0",
    "data.target=y",
)
TABLES: dict[str, tuple[str, ...]] = {
    "phones": (*CLASSES[:-1], "data.target=price_range"),
    "classes": CLASSES,
    "numbers": ("task.kind=regression", "data.target=y"),
}
"""What a broken configuration learns: of each table, what its target is."""

HEALTHY: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "the defaults": ("phones", "", ("data.target=price_range",)),
    "default.toml": ("many phones", "default", ()),
    "fast.toml": ("many phones", "fast", ()),
    "binary.toml": ("many phones", "binary", ()),
    "portfolio.toml": ("phones", "portfolio", ()),
    "regression.toml": ("numbers", "regression", ("data.target=y",)),
    "regression.toml, a line": ("diabetes", "regression", ("data.target=y",)),
    "regression.toml, waves": ("waves", "regression", ("data.target=y",)),
    "the recipe for classes": ("classes", "", ("data.target=y", "task.kind=multiclass")),
    "the recipe for classes, linear": ("cancer", "", ("data.target=y", "task.kind=multiclass")),
    "the recipe for classes, wines": ("wine", "", ("data.target=y", "task.kind=multiclass")),
    "the recipe for classes, irises": ("iris", "", ("data.target=y", "task.kind=multiclass")),
    "the recipe for two classes": ("moons", "", ("data.target=y", "task.kind=binary")),
    "the recipe for two classes, cancer": ("cancer", "", ("data.target=y", "task.kind=binary")),
    "the recipe for ordered classes, irises": ("iris", "", ("data.target=y",)),
    "regression.toml, held out": ("numbers", "regression", ("data.target=y", "validation.scheme=holdout")),
    "the recipe for ordered classes, held out": (
        "phones",
        "",
        ("data.target=price_range", "validation.scheme=holdout"),
    ),
    "textbook.toml": ("classes", "textbook", ("data.target=y",)),
    "textbook.toml, wines": ("wine", "textbook", ("data.target=y",)),
    "textbook.toml, two classes": ("moons", "textbook", ("data.target=y",)),
}
"""The table, the ready-made configuration and further settings."""


@cache
def table(name: str, folder: Path) -> Path:
    """A CSV file of some hundred rows."""
    path = folder / f"{name.replace(' ', '_')}.csv"
    if "phones" in name:
        lines = sample_path("train").read_text().splitlines(keepends=True)
        path.write_text("".join(lines if name == "many phones" else lines[:801]))
        return path
    from sklearn import datasets

    makers: dict[str, Callable[[], Any]] = {
        "classes": lambda: datasets.make_classification(
            600, 8, n_informative=4, n_classes=3, n_clusters_per_class=2, flip_y=0.05, random_state=1
        ),
        "numbers": lambda: datasets.make_friedman1(500, 8, noise=1.0, random_state=1),
        "waves": lambda: datasets.make_friedman2(600, noise=50.0, random_state=2),
        "moons": lambda: datasets.make_moons(500, noise=0.25, random_state=3),
        "iris": lambda: datasets.load_iris(return_X_y=True),
        "wine": lambda: datasets.load_wine(return_X_y=True),
        "cancer": lambda: datasets.load_breast_cancer(return_X_y=True),
        "diabetes": lambda: datasets.load_diabetes(return_X_y=True),
    }
    x, y = makers[name]()
    if name in TABLES:  # as columns are: each of its own unit
        x = x * np.array([1, 1000, 0.1, 10, 1, 100, 1, 0.01]) + np.arange(8)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*(f"x{i}" for i in range(x.shape[1])), "y"])
        writer.writerows([*(f"{v:.6g}" for v in row), f"{t:.6g}"] for row, t in zip(x, y, strict=True))
    return path


@dataclass(frozen=True)
class Outcome:
    """The loss on held-out rows (infinite: diverged), and what was found."""

    loss: float
    findings: tuple[TrainingFinding, ...]
    error: str = ""


def outcome(config: Config, data: Path, run: Path) -> Outcome:
    """Train and be judged."""
    try:
        result = train(data, config, run, force=True)
    except DivergedError as error:
        return Outcome(float("inf"), (), str(error))
    metrics = result.metrics.metrics
    loss = metrics["rmse"].value if "rmse" in metrics else metrics["log_loss"].value
    return Outcome(loss, result.findings)


def what_to_try(found: Outcome) -> str:
    """The first setting that is advised: by a finding, or where all networks diverged by the error."""
    if found.findings:
        return found.findings[0].setting
    advice = re.search(r"try (\S+) = '?([^\s']+)", found.error)
    return "=".join(advice.groups()) if advice else ""


def healthy(name: str) -> Config:
    """A configuration that has no fault."""
    _, preset, settings = HEALTHY[name]
    return load_config(find_config(preset) if preset else None, [*settings, *ALONE])


def advised(config: Config, setting: str, file: Path) -> Config:
    """A configuration with further settings, as a user adds them to a command line."""
    file.write_text(to_toml(config))
    return load_config(file, [setting])


def broken(name: str, settings: Sequence[str], file: Path) -> Config:
    """The network of a course on a table, with further settings."""
    file.write_text(to_toml(load_config(None, [*TABLES[name], *COURSE, *ALONE])))
    return load_config(file, settings)
