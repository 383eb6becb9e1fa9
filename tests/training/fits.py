"""Small fits for the tests: data, plans and a trained result, without the data layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from phoneprice.components.losses import CrossEntropy
from phoneprice.config.schema import Config
from phoneprice.data.encoding.bins import member_edges
from phoneprice.records import EpochRecord, Inputs, InputStatistics, MemberPlan, TargetStatistics
from phoneprice.training.data import TrainingData
from phoneprice.training.loop import Fit
from phoneprice.training.stack import FitSetup

CLASSES = {"ordinal": 4, "multiclass": 4, "binary": 2, "regression": 0}
LOSS = {"ordinal": "ordinal", "multiclass": "cross_entropy", "binary": "binary_cross_entropy", "regression": "mse"}
NONE = np.empty(0, dtype=np.int64)


def config_of(kind: str = "ordinal", **sections: Any) -> Config:
    """A small, quick configuration; sections replace whole sections or add keys to `training` and `model`."""
    base: dict[str, Any] = {
        "task": {"kind": kind},
        "loss": {"name": LOSS[kind]},
        "model": {"hidden": (6, 5), "dropout": 0.2, "output_init": "same"},
        "training": {"epochs": 3, "batch_rows": 16, "threads": 1},
        "scheduler": {"name": "constant"},
        "penalty": {"name": "none"},
        "optimizer": {"name": "adam"},
    }
    for name, section in sections.items():
        base[name] = {**base[name], **section} if name in ("training", "model") else section
    return Config.model_validate(base)


STRANGERS: dict[str, dict[str, tuple[Any, Any, Any]]] = {
    "model": {"dropout": (0.2, 0.0, 0.5), "input_dropout": (0.0, 0.3, 0.1)},
    "loss": {"label_smoothing": (0.0, 0.1, 0.3), "focal_gamma": (2.0, 0.0, 0.5)},
    "penalty": {
        "skip": (0.0, 1.0, 3.0),
        "inputs": (2.0, 0.0, 1.0),
        "outputs": (1.0, 2.0, 0.0),
        "eps": (1e-3, 1e-2, 1e-1),
    },
    "optimizer": {
        "lr": (0.01, 0.003, 0.02),
        "skip_lr": (None, 0.05, 0.01),
        "adamw_lr": (0.01, 0.02, 0.003),
        "weight_decay": (0.1, 0.0, 0.01),
        "skip_weight_decay": (0.0, 0.2, 0.05),
    },
    "scheduler": {
        "warmup_epochs": (0.0, 1.5, 0.5),
        "step_epochs": (1, 2, 1.5),
        "milestones": ((1.0, 2.0), (0.5,), (2.0,)),
        "rise": (0.3, 0.6, 0.1),
        "initial_factor": (0.0, 0.1, 0.5),
        "final_factor": (0.1, 0.0, 1.0),
        "gamma": (0.5, 0.1, 0.9),
        "patience_epochs": (0, 1, 0),
        "min_improvement": (0.5, 0.0, 0.9),
        "min_factor": (0.2, 0.0, 0.5),
    },
    "training": {"gradient_clip_norm": (0.0, 0.05, 0.5)},
}
"""All that three members of one stack may have for themselves."""


def strangers_of(config: Config) -> list[Config]:
    """Three members that differ from ``config``, and from each other, in everything they may differ in."""
    sections = [config.model_dump() for _ in range(3)]
    for section, settings in STRANGERS.items():
        for name in settings.keys() & sections[0][section].keys():
            for member, value in zip(sections, settings[name], strict=True):
                member[section][name] = value
    return [Config.model_validate(member) for member in sections]


def problem(kind: str, rows: int = 60, inputs: int = 4, seed: int = 0) -> tuple[Inputs, np.ndarray[Any, Any]]:
    """Random inputs with a few missing cells, and a target that depends on them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, inputs)).astype(np.float32)
    missing = rng.random((rows, inputs)) < 0.05
    score = x[:, 0] - 0.7 * x[:, 1] + 0.3 * rng.normal(size=rows)
    if kind == "regression":
        return Inputs(np.where(missing, 0, x), missing), score * 10 + 50
    classes = CLASSES[kind]
    cuts = np.quantile(score, np.arange(1, classes) / classes)
    return Inputs(np.where(missing, 0, x), missing), np.digitize(score, cuts)


def plans_of(rows: int, members: int = 3, stopping: int = 0) -> list[MemberPlan]:
    """`members` overlapping plans; every member leaves out other rows."""
    everything = np.arange(rows, dtype=np.int64)
    plans = []
    for index in range(members):
        held_out = everything[index::members]
        train = np.setdiff1d(everything, held_out)
        plans.append(MemberPlan(index, train[stopping:], held_out, train[:stopping] if stopping else NONE))
    return plans


def statistics(inputs: Inputs, y: np.ndarray[Any, Any], plans: list[MemberPlan]) -> tuple[InputStatistics, Any]:
    values = [inputs.values[p.train_rows].astype(np.float64) for p in plans]
    shift = np.stack([v.mean(0) for v in values])
    factor = np.stack([1 / v.std(0) for v in values])
    target = None
    if y.dtype == np.float64:
        means = [y[p.train_rows].mean() for p in plans]
        target = TargetStatistics(np.array(means), np.array([y[p.train_rows].std() for p in plans]))
    return InputStatistics(shift, factor, shift, tuple(range(1, inputs.values.shape[1]))), target


def fit_of(
    config: Config | Sequence[Config],
    plans: list[MemberPlan],
    inputs: Inputs,
    y: Any,
    dtype: torch.dtype = torch.float64,
) -> Fit:
    """A fit of one configuration for all members, or of one for each."""
    configs = [config] * len(plans) if isinstance(config, Config) else config
    input_statistics, target = statistics(inputs, y, plans)
    data = TrainingData.of(inputs, y, torch.device("cpu"), dtype)
    kind = configs[0].task.kind
    classes = 2 if isinstance(configs[0].loss, CrossEntropy) and kind == "binary" else CLASSES[kind]
    edges = member_edges([own.model.encoding for own in configs], inputs, y, plans, input_statistics)
    return Fit(FitSetup(configs, data, input_statistics, target, classes, edges=edges), plans)


def run(fit: Fit) -> list[EpochRecord]:
    return [event for event in fit.run() if isinstance(event, EpochRecord)]


def weights(fit: Fit, member: int = 0) -> dict[str, torch.Tensor]:
    """The kept weights of one member, in the fit's own dtype."""
    for stack in fit.stacks:
        if member in stack.positions:
            return {n: t[list(stack.positions).index(member)].detach() for n, t in stack.kept.items()}
    raise KeyError(member)
