"""Rows that count as more or less than one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from phoneprice.records import MemberPlan
from phoneprice.training.data import TrainingData
from phoneprice.training.loop import Fit
from phoneprice.training.stack import FitSetup
from tests.training.fits import CLASSES, LOSS, NONE, config_of, fit_of, plans_of, problem, run, statistics


@pytest.mark.parametrize("kind", CLASSES)
def test_whole_weights_are_repeated_rows(kind: str) -> None:
    """The loss that is learned from, the one that stops early, the balance of classes, and the weight of a penalty."""
    inputs, y = problem(kind)
    counts = np.random.default_rng(3).integers(1, 4, len(y))
    repeated = np.repeat(np.arange(len(y)), counts)
    loss = {"name": LOSS[kind]} | ({} if kind == "regression" else {"class_weights": "balanced"})
    config = config_of(
        kind,
        loss=loss,
        model={"dropout": 0.0},
        penalty={"name": "adaptive"},
        training={"batch_rows": 10_000, "early_stopping": {"patience_epochs": 5}},
    )
    plans = plans_of(len(y), members=2, stopping=10)
    longer = [
        MemberPlan(p.index, *(np.flatnonzero(np.isin(repeated, rows)) for rows in parts))
        for p in plans
        for parts in [(p.train_rows, p.held_out_rows, p.stopping_rows)]
    ]
    known, target = statistics(inputs.take(repeated), y[repeated], longer)
    cpu, double = torch.device("cpu"), torch.float64
    weighted = TrainingData.of(inputs, y, cpu, double, counts.astype(np.float64))
    whole = TrainingData.of(inputs.take(repeated), y[repeated], cpu, double)
    found, expected = (
        run(Fit(FitSetup([config] * len(own), data, known, target, CLASSES[kind]), own))
        for data, own in ((weighted, plans), (whole, longer))
    )
    assert len(found) == len(expected) == 3
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours.train_loss, theirs.train_loss, rtol=1e-9)
        np.testing.assert_allclose(ours.validation_loss, theirs.validation_loss, rtol=1e-9)


def test_steps_of_some_rows_count_weights_alike() -> None:
    """The mean of the losses of all steps is the weighted mean of the rows, were the network not to move."""
    inputs, y = problem("regression", rows=64)
    w = np.random.default_rng(3).exponential(size=64)
    plan = MemberPlan(0, np.arange(64), NONE, NONE)
    known, target = statistics(inputs, y, [plan])
    losses = []
    for batch in (64, 16):
        config = config_of(
            "regression",
            model={"dropout": 0.0},
            training={"epochs": 1, "batch_rows": batch},
            optimizer={"name": "sgd", "lr": 1e-300},
        )
        data = TrainingData.of(inputs, y, torch.device("cpu"), torch.float64, w)
        losses.append(run(Fit(FitSetup([config], data, known, target, 0), [plan]))[0].train_loss)
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-9)


def test_a_number_is_penalised_with_all_that_it_becomes() -> None:
    """So the pull, as a share of the weights, is one for all rows of an input."""
    encoding, penalty = {"name": "piecewise_linear", "bins": 4}, {"name": "adaptive", "eps": 0.01}
    inputs, y = problem("regression")
    fit = fit_of(config_of("regression", model={"encoding": encoding}, penalty=penalty), plans_of(len(y)), inputs, y)
    stack, losses = fit.stacks[0], torch.ones(3, dtype=torch.float64)
    stack._penalise(losses)
    weight = stack.network.tensors["hidden.0.weight"]
    assert weight.grad is not None
    shares = (weight.grad / weight.detach())[:, 1:].unflatten(1, (4, 3))  # behind the one that is no number
    torch.testing.assert_close(shares, shares[:, :1, :, :1].expand_as(shares))
    assert len(shares[0, 0, :, 0].unique()) == 3


@pytest.mark.parametrize(
    ("encoding", "rows", "once"),
    [
        ("none", 10_000, True),
        ("piecewise_linear", 10_000, True),
        ("piecewise_linear", 8, False),
        ("periodic", 10_000, False),
    ],
)
def test_what_stays_the_same_is_encoded_once(encoding: str, rows: int, once: bool) -> None:
    """Where each step has all rows and nothing in the encoding is learned."""
    inputs, y = problem("regression")
    own = {"encoding": {"name": encoding}}
    config = config_of("regression", model=own, training={"batch_rows": rows})
    stack = fit_of(config, plans_of(len(y)), inputs, y).stacks[0]
    chosen = torch.from_numpy(np.stack([plan.train_rows[:8] for plan in stack.plans]))
    first, second = (stack._batch(chosen) for _ in range(2))
    assert (first.encoded is not None, first.encoded is second.encoded) == (once, True)
