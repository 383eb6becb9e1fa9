"""What is measured of the layers: right, the same when resumed, and for each member its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from phoneprice.training.health import LEAST_STEPS, HealthMonitor, sample_rows
from tests.training.fits import config_of, fit_of, plans_of, problem, run


def test_the_measurements() -> None:
    inputs, y = problem("ordinal")
    fit = fit_of(config_of(model={"dropout": 0.0}, optimizer={"name": "sgd", "lr": 0.1}), plans_of(len(y)), inputs, y)
    (record, *_) = run(fit)
    health = record.health
    assert {name: values.shape for name, values in health.items()} == {
        "gradient_norm": (3, 4),
        "weight_norm": (3, 4),
        "update_ratio": (3, 4),
        "dead_units": (3, 2),
        "validation_accuracy": (3, 1),
        "train_accuracy": (3, 1),
    }
    # Plain gradient descent moves by the rate times the gradient.
    np.testing.assert_allclose(health["update_ratio"], 0.1 * health["gradient_norm"] / health["weight_norm"], rtol=1e-4)


@pytest.mark.parametrize("which", ["validation", "train"])
@pytest.mark.parametrize("kind", ["ordinal", "multiclass", "binary", "regression"])
def test_the_metric_on_watched_rows_and_on_those_of_the_training(kind: str, which: str) -> None:
    inputs, y = problem(kind)
    fit = fit_of(config_of(kind), plans_of(len(y)), inputs, y)
    name = f"{which}_{'rmse' if kind == 'regression' else 'accuracy'}"
    last = run(fit)[-1]
    stack = fit.stacks[0]
    for k, plan in enumerate(fit.plans):
        judged = plan.held_out_rows if which == "validation" else plan.train_rows
        rows = torch.from_numpy(judged).expand(3, -1)
        z, _ = stack.view.batch(stack.data, rows)
        outputs = stack.network.forward(z)[k].detach().numpy()
        truth = y[judged]
        if kind == "regression":
            own = y[plan.train_rows]
            predicted = outputs[:, 0] * own.std() + own.mean()
            expected = np.sqrt(((predicted - truth) ** 2).mean())
        else:  # of ordered classes the median one
            cumulative = kind in {"ordinal", "binary"}
            expected = (((outputs > 0).sum(1) if cumulative else outputs.argmax(1)) == truth).mean()
        assert last.health[name][k, 0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("kind", "guessing"), [("multiclass", np.log(4)), ("binary", np.log(2))])
@pytest.mark.parametrize("normalization", ["none", "batch_norm"])
def test_the_start(kind: str, guessing: float, normalization: str) -> None:
    """Before the first step, of each member's sample: what a network has and what it would have by guessing."""
    inputs, y = problem(kind)
    config = config_of(
        kind, model={"dropout": 0.2, "normalization": {"name": normalization}}, optimizer={"name": "sgd"}
    )
    fit = fit_of(config, plans_of(len(y)), inputs, y)
    start, stack = fit.start(), fit.stacks[0]
    np.testing.assert_allclose(start.guessing_loss, guessing, rtol=1e-6)
    assert {name: values.shape for name, values in start.health.items()} == {
        "gradient_norm": (3, 4),
        "weight_norm": (3, 4),
        "dead_units": (3, 2),
        "spread": (3, 2),
    }
    network = stack._fresh_network()
    first = network.tensors["hidden.0.weight"].double().numpy()
    np.testing.assert_allclose(start.health["weight_norm"][:, 0], np.sqrt((first**2).mean(axis=(1, 2))), rtol=1e-5)
    z, target = stack.view.batch(stack.data, sample_rows(fit.plans))
    outputs = network.forward(z, training=True)
    losses = config.loss.row_losses(outputs, target).mean(1)
    np.testing.assert_allclose(start.loss, losses.detach().numpy(), rtol=1e-5)
    hidden = network.activations(z, training=True)[1].double()
    np.testing.assert_allclose(
        start.health["spread"][:, 1], hidden.std(1, correction=0).square().mean(1).sqrt(), rtol=1e-4
    )


def test_the_start_is_the_same_after_training_and_of_every_member_alone() -> None:
    inputs, y = problem("ordinal")
    plans = plans_of(len(y))
    fit = fit_of(config_of(), plans, inputs, y)
    before = fit.start()
    run(fit)
    after = fit.start()
    assert (before.loss.tobytes(), before.guessing_loss.tobytes()) == (
        after.loss.tobytes(),
        after.guessing_loss.tobytes(),
    )
    for k, plan in enumerate(plans):
        alone = fit_of(config_of(), [plan], inputs, y).start()
        for name, values in alone.health.items():
            np.testing.assert_allclose(before.health[name][k], values[0], rtol=1e-5, err_msg=name)


def test_the_start_of_a_network_without_hidden_layers() -> None:
    inputs, y = problem("ordinal")
    start = fit_of(config_of(model={"hidden": (), "dropout": 0.0}), plans_of(len(y)), inputs, y).start()
    assert {name: values.shape for name, values in start.health.items()} == {
        "gradient_norm": (3, 1),
        "weight_norm": (3, 1),
    }
    np.testing.assert_allclose(start.loss, start.guessing_loss)  # the skip path is silent at first


def test_dead_and_saturated_units() -> None:
    inputs, y = problem("ordinal")
    dead = fit_of(config_of(model={"init": {"name": "zeros"}}), plans_of(len(y)), inputs, y)
    assert (run(dead)[0].health["dead_units"] == 1).all()
    large = {"name": "normal", "std": 100.0}
    full = fit_of(config_of(model={"activation": {"name": "tanh"}, "init": large}), plans_of(len(y)), inputs, y)
    assert (run(full)[0].health["saturated"] > 0.9).all()
    smooth = fit_of(config_of(model={"activation": {"name": "gelu"}}), plans_of(len(y)), inputs, y)
    assert not {"dead_units", "saturated"} & run(smooth)[0].health.keys()


@pytest.mark.parametrize(
    ("activation", "low", "high"),
    [("tanh", -0.95, 0.95), ("sigmoid", 0.025, 0.975), ({"name": "hardtanh", "limit": 3.0}, -2.85, 2.85)],
)
def test_saturated_is_closer_to_a_bound_than_a_fortieth_of_the_range(activation: Any, low: float, high: float) -> None:
    inputs, y = problem("ordinal")
    chosen = activation if isinstance(activation, dict) else {"name": activation}
    monitor = fit_of(config_of(model={"activation": chosen}), plans_of(len(y)), inputs, y).stacks[0].health
    assert monitor is not None
    values = [low - 1e-3, low + 1e-3, (low + high) / 2, high - 1e-3, high + 1e-3]
    first = torch.tensor(values, dtype=torch.float64)[None, :, None].expand(3, -1, 6)
    second = torch.full((3, 5, 5), high + 1e-3, dtype=torch.float64)
    second[1] = 0.5
    monitor._measure_activations([first, second])
    torch.testing.assert_close(monitor.values["saturated"], torch.tensor([[0.4, 1], [0.4, 0], [0.4, 1]]).double())


def test_a_unit_is_dead_that_no_row_wakes() -> None:
    inputs, y = problem("ordinal")
    monitor = fit_of(config_of(), plans_of(len(y)), inputs, y).stacks[0].health
    assert monitor is not None
    first, second = torch.zeros(3, 4, 6), torch.zeros(3, 4, 5)
    first[0, 3, :3] = 1e-9
    second[:, :, 0] = 2
    monitor._measure_activations([first, second])
    torch.testing.assert_close(monitor.values["dead_units"], torch.tensor([[0.5, 0.8], [1, 0.8], [1, 0.8]]))


def test_the_sample_is_spread_from_the_first_row_to_the_last() -> None:
    plans = plans_of(31)  # 20, 21 and 21 training rows
    rows = sample_rows(plans)
    assert rows.shape == (3, 20)
    assert rows[0].tolist() == plans[0].train_rows.tolist()
    for plan, chosen in zip(plans, rows, strict=True):
        assert (chosen[0], chosen[-1]) == (plan.train_rows[0], plan.train_rows[-1])
        assert (chosen.diff() > 0).all()
    assert sample_rows(plans_of(3000)).shape == (3, 128)


def test_members_have_their_own() -> None:
    inputs, y = problem("ordinal")
    plans = plans_of(len(y))
    together = run(fit_of(config_of(), plans, inputs, y))[-1].health
    for k, plan in enumerate(plans):
        alone = run(fit_of(config_of(), [plan], inputs, y))[-1].health
        for name, values in alone.items():
            np.testing.assert_allclose(together[name][k], values[0], rtol=1e-5, err_msg=name)


def test_a_resumed_training_measures_the_same() -> None:
    inputs, y = problem("ordinal")
    plans = plans_of(len(y))
    whole = run(fit_of(config_of(), plans, inputs, y))
    steps = fit_of(config_of(), plans, inputs, y).stacks[0].pace.steps
    for stop_after in (1, steps, steps + 1):
        stopped = fit_of(config_of(), plans, inputs, y)
        events = stopped.run()
        for _ in range(stop_after):
            next(events)
        state = {key: value.detach().clone() for key, value in stopped.state().items()}
        resumed = fit_of(config_of(), plans, inputs, y)
        resumed.load_state(state)
        rest = run(resumed)
        for record, expected in zip(rest, whole[len(whole) - len(rest) :], strict=True):
            assert {n: v.tobytes() for n, v in record.health.items()} == {
                n: v.tobytes() for n, v in expected.health.items()
            }


def test_when_to_measure() -> None:
    assert [step for step in range(25) if HealthMonitor.is_due(50, step, 25)] == [24]
    due = [epoch for epoch in range(40) if HealthMonitor.is_due(epoch, 0, 1)]
    assert due == [*range(8), *range(2 * LEAST_STEPS - 1, 40, LEAST_STEPS)]
