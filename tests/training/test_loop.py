"""The loop: it learns, counts, survives divergence, keeps the best, and lets held-out rows decide nothing."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from phoneprice.components.optimizers import Optimizer
from phoneprice.model.mlp import StackedMLP
from phoneprice.model.shape import parameter_shapes
from phoneprice.records import EpochRecord
from phoneprice.training import stack as stack_module
from phoneprice.training.data import TrainingData
from phoneprice.training.loop import Fit, StepDone
from phoneprice.training.stack import FitSetup
from tests.components.families import choices
from tests.training.fits import CLASSES, config_of, fit_of, plans_of, problem, run, statistics, weights

KINDS = list(CLASSES)


def small_fit(config: Any, rows: int = 60, members: int = 3, stopping: int = 0, **options: Any) -> Fit:
    inputs, y = problem(config.task.kind, rows=rows)
    return fit_of(config, plans_of(rows, members, stopping), inputs, y, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_it_learns(kind: str) -> None:
    config = config_of(kind, model={"dropout": 0.0}, training={"epochs": 20}, optimizer={"name": "adam", "lr": 0.02})
    records = run(small_fit(config, rows=600))
    assert (records[-1].train_loss < 0.6 * records[0].train_loss).all()
    assert (records[-1].validation_loss < 0.8 * records[0].validation_loss).all()
    assert [r.epoch for r in records] == list(range(1, 21))


@pytest.mark.parametrize(("hidden", "widest"), [((6, 9), 9), ((), 1)])
def test_numbers_of_a_step_are_those_of_the_largest_stack(hidden: tuple[int, ...], widest: int) -> None:
    inputs, y = problem("ordinal")
    config = config_of(model={"hidden": hidden}, training={"stack_members": 2})
    assert fit_of(config, plans_of(len(y)), inputs, y).step_numbers == 2 * 16 * widest


def test_steps_are_counted_over_all_stacks() -> None:
    config = config_of(training={"batch_rows": 13, "epochs": 2})
    fit = small_fit(config, rows=61)  # 40, 41 and 41 training rows: 3 steps each
    assert [stack.pace.steps for stack in fit.stacks] == [3]
    events = list(fit.run())
    assert [e if isinstance(e, StepDone) else e.epoch for e in events] == [
        *(StepDone(done, 6) for done in (1, 2, 3)), 1, *(StepDone(done, 6) for done in (4, 5, 6)), 2,
    ]  # fmt: skip

    two_stacks = small_fit(config_of(training={"batch_rows": 41, "epochs": 1}), rows=61)
    assert len(two_stacks.stacks) == 2
    assert [e for e in two_stacks.run() if isinstance(e, StepDone)] == [StepDone(1, 2), StepDone(2, 2)]


def test_records_hold_the_rate_of_their_epoch() -> None:
    scheduler = {"name": "reduce_on_plateau", "patience_epochs": 0, "min_improvement": 0.999, "gamma": 0.5}
    records = run(small_fit(config_of(optimizer={"name": "sgd", "lr": 0.1}, scheduler=scheduler)))
    assert [r.learning_rate.tolist() for r in records] == [[0.1] * 3, [0.1] * 3, [0.05] * 3]


def test_a_network_that_starts_late() -> None:
    fit = small_fit(config_of(training={"network_start": 0.5, "epochs": 4}))
    start = {n: t.detach().clone() for n, t in fit.stacks[0].network.parameters.items()}
    moved: list[set[str]] = []
    for event in fit.run():
        if isinstance(event, EpochRecord):
            now = fit.stacks[0].network.parameters
            moved.append({n for n, t in now.items() if not torch.equal(t, start[n])})
    wide = {n for n in start if n.startswith(("skip.", "cuts."))}
    assert moved == [wide, wide, set(start), set(start)]


# Divergence


def test_divergence_is_noticed_and_the_last_finite_weights_are_kept() -> None:
    config = config_of("regression", optimizer={"name": "sgd", "lr": 1e6}, training={"epochs": 50})
    fit = small_fit(config, dtype=torch.float32)
    records = run(fit)
    assert len(records) < 50
    assert (fit.diverged >= 1).all()
    assert (fit.diverged <= len(records)).all()
    assert records[0].active.all()
    assert not np.isfinite(records[-1].train_loss).all()
    assert all(np.isfinite(v).all() for v in fit.ensemble().parameters.values())


def test_weights_too_large_to_predict_with_are_not_kept() -> None:
    """The only loss is that of the first weights: the step that it leads to is judged by outputs alone."""
    model = {"hidden": [8, 8], "skip": False}  # the product of three such layers overflows, though no weight does
    config = config_of(
        "regression", model=model, optimizer={"name": "sgd", "lr": 1e30}, training={"epochs": 1, "batch_rows": 10**6}
    )
    fit = small_fit(config, dtype=torch.float32)
    start = [stack.kept for stack in fit.stacks]
    (record,) = run(fit)
    assert np.isfinite(record.train_loss).all()
    assert (fit.diverged == 1).all()
    for stack, before in zip(fit.stacks, start, strict=True):
        assert all(torch.equal(stack.kept[name], before[name]) for name in before)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("clip", [0.0, 0.5])
def test_a_diverging_member_disturbs_nobody(kind: str, clip: float) -> None:
    """Member 1 sees inputs that overflow; the others end where they would without it."""
    config = config_of(
        kind,
        model={"normalization": {"name": "batch_norm"}},
        training={"gradient_clip_norm": clip, "ema_decay": 0.5, "epochs": 4},
        penalty={"name": "adaptive"},
    )
    inputs, y = problem(kind)
    plans = plans_of(len(y))
    ours, target = statistics(inputs, y, plans)
    broken = dataclasses.replace(ours, factor=np.where([[False], [True], [False]], 1e300, ours.factor))
    data = TrainingData.of(inputs, y, torch.device("cpu"), torch.float64)
    fit = Fit(FitSetup([config] * len(plans), data, broken, target, CLASSES[kind]), plans)
    records = run(fit)
    assert fit.diverged.tolist() == [0, 1, 0]
    assert [r.active.tolist() for r in records] == [[True] * 3] + [[True, False, True]] * 3
    assert all(t.isfinite().all() for t in weights(fit, 1).values())
    for member in (0, 2):
        alone = fit_of(config, [plans[member]], inputs, y)
        run(alone)
        for name, tensor in weights(alone).items():
            torch.testing.assert_close(weights(fit, member)[name], tensor, rtol=1e-8, atol=1e-10)


# Held-out rows and early stopping


def test_early_stopping_keeps_the_best_weights() -> None:
    stopping = {"patience_epochs": 4, "min_improvement": 0.0}
    training = {"early_stopping": stopping, "epochs": 100}
    config = config_of(training=training, model={"dropout": 0.0}, optimizer={"name": "adam", "lr": 0.1})
    fit = small_fit(config, stopping=15)
    records = run(fit)
    assert len(records) < 100
    watched = np.stack([r.validation_loss for r in records])
    for member in range(3):
        best = int(fit.best_epoch[member])
        stopped = best + 4
        assert watched[best - 1, member] == watched[:stopped, member].min()
        assert [bool(r.active[member]) for r in records] == [e < stopped for e in range(len(records))]
    stack = fit.stacks[0]
    stack.network = StackedMLP(config.model, stack.network.shape, stack.kept)
    np.testing.assert_allclose(stack.watched_losses(), watched.min(0), rtol=1e-12)


@pytest.mark.parametrize("rule", ["early stopping", "plateau"])
def test_held_out_rows_decide_nothing(rule: str) -> None:
    """With stopping rows or without: other targets in the held-out rows change no weight."""
    plateau = {"name": "reduce_on_plateau", "patience_epochs": 0, "min_improvement": 0.02, "gamma": 0.1}
    scheduler = plateau if rule == "plateau" else {"name": "constant"}
    patience = 2 if rule == "early stopping" else 0
    training = {"early_stopping": {"patience_epochs": patience, "min_improvement": 0.02}, "epochs": 20}
    config = config_of(scheduler=scheduler, training=training)
    inputs, y = problem("ordinal")
    for stopping in (0, 10):
        plan = plans_of(len(y), stopping=stopping)[0]
        other = y.copy()
        other[plan.held_out_rows] = 3 - other[plan.held_out_rows]
        fits = [fit_of(config, [plan], inputs, targets) for targets in (y, other)]
        losses = [[r.train_loss.tolist() for r in run(fit)] for fit in fits]
        assert losses[0] == losses[1]
        assert all(torch.equal(t, weights(fits[1])[n]) for n, t in weights(fits[0]).items())
        assert rule == "plateau" or len(losses[0]) < 20


def test_watching_changes_nothing() -> None:
    inputs, y = problem("ordinal")
    plans = plans_of(len(y))
    fit = fit_of(config_of(), plans, inputs, y)
    blind = Fit(dataclasses.replace(fit.setup, watch=False), plans)
    assert np.isfinite([r.validation_loss for r in run(fit)]).all()
    assert np.isnan([r.validation_loss for r in run(blind)]).all()
    for member in range(3):
        assert all(torch.equal(t, weights(blind, member)[n]) for n, t in weights(fit, member).items())


def test_watched_losses_are_the_mean_over_the_members_own_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs, y = problem("regression")
    plans = plans_of(len(y))
    plans[1] = dataclasses.replace(plans[1], held_out_rows=plans[1].held_out_rows[:3])
    fit = fit_of(config_of("regression"), plans, inputs, y)
    stack = fit.stacks[0]
    whole = stack.watched_losses()
    for k, plan in enumerate(plans):
        rows = torch.from_numpy(np.stack([plan.held_out_rows] * 3))
        z, targets = stack.view.batch(fit.setup.data, rows)
        expected = (stack.network.forward(z).detach().squeeze(-1) - targets)[k].square().mean()
        assert float(whole[k]) == pytest.approx(float(expected), rel=1e-12)
    monkeypatch.setattr(stack_module, "_EVALUATION_ELEMENTS", 40)
    torch.testing.assert_close(stack.watched_losses(), whole, rtol=1e-12, atol=0)


# Members with settings of their own


def test_variants_on_the_same_rows_begin_alike_and_see_the_same() -> None:
    """Initial weights, order and dropout are functions of the plan's index, whatever else differs."""
    inputs, y = problem("ordinal")
    plan = plans_of(len(y))[0]
    configs = [config_of(optimizer={"name": "sgd", "lr": lr}) for lr in (0.1, 0.01, 0.1)]
    fit = fit_of(configs, [plan] * 3, inputs, y)
    start = {name: tensor.detach().clone() for name, tensor in fit.stacks[0].network.tensors.items()}
    run(fit)
    assert len(fit.stacks) == 1
    for name, tensor in fit.stacks[0].network.tensors.items():
        assert torch.equal(start[name][0], start[name][1])
        assert torch.equal(tensor[0], tensor[2])
    assert not torch.equal(weights(fit)["hidden.0.weight"], weights(fit, 1)["hidden.0.weight"])


def mixed_fit() -> Fit:
    """Two shapes, two numbers of epochs, two rates; each member's neighbour is of another stack."""
    inputs, y = problem("ordinal")
    configs = [
        config_of(optimizer={"name": "adam", "lr": 0.01}),
        config_of(model={"hidden": (7,)}, training={"epochs": 5}),
        config_of(optimizer={"name": "adam", "lr": 0.02}),
        config_of(model={"hidden": (7,), "dropout": 0.5}, training={"epochs": 5}),
    ]
    return fit_of(configs, plans_of(len(y), members=4), inputs, y)


def test_whoever_can_step_together_does() -> None:
    assert [stack.positions for stack in mixed_fit().stacks] == [[0, 2], [1, 3]]


def test_members_of_any_shape_and_length_train_in_one_fit() -> None:
    fit = mixed_fit()
    events = list(fit.run())
    records = [event for event in events if isinstance(event, EpochRecord)]
    assert [event.done for event in events if isinstance(event, StepDone)] == list(range(1, 2 * 3 * 2 + 2 * 2 + 1))
    assert {event.total for event in events if isinstance(event, StepDone)} == {2 * 3 * 2 + 2 * 2}
    for k, (plan, config) in enumerate(zip(fit.plans, fit.setup.configs, strict=True)):
        inputs, y = problem("ordinal")
        alone = fit_of(config, [plan], inputs, y)
        own = run(alone)
        for ours, theirs in zip(records, own, strict=False):
            assert ours.train_loss[k] == pytest.approx(theirs.train_loss[0], rel=1e-8)
            assert ours.validation_loss[k] == pytest.approx(theirs.validation_loss[0], rel=1e-8)
            assert ours.learning_rate[k] == theirs.learning_rate[0]
            for name, values in theirs.health.items():
                layers = values.shape[1]
                np.testing.assert_allclose(ours.health[name][k, :layers], values[0], rtol=1e-5)
                assert np.isnan(ours.health[name][k, layers:]).all()
        for late in records[len(own) :]:
            assert np.isnan([late.train_loss[k], late.validation_loss[k], late.learning_rate[k]]).all()
            assert not late.active[k]
        assert fit.best_epoch[k] == alone.best_epoch[0]
        for name, values in alone.ensemble().parameters.items():
            np.testing.assert_allclose(fit.ensemble([k]).parameters[name], values, rtol=1e-6, atol=1e-7)


def test_the_networks_of_one_shape_come_out_in_the_order_asked_for() -> None:
    fit = mixed_fit()
    run(fit)
    both = fit.ensemble([3, 1])
    for place, member in enumerate((3, 1)):
        for name, values in fit.ensemble([member]).parameters.items():
            assert np.array_equal(both.parameters[name][place], values[0])
        assert np.array_equal(both.inputs.shift[place], fit.setup.inputs.shift[member])


@pytest.mark.parametrize("stop_after", [3, 13, 14, 16])
def test_a_fit_of_any_members_resumes(stop_after: int) -> None:
    whole, stopped, resumed = mixed_fit(), mixed_fit(), mixed_fit()
    records = run(whole)
    events = stopped.run()
    for _ in range(stop_after):
        next(events)
    resumed.load_state({name: tensor.detach().clone() for name, tensor in stopped.state().items()})
    rest = run(resumed)
    for ours, theirs in zip(records[-len(rest) :], rest, strict=True):
        np.testing.assert_array_equal(ours.train_loss, theirs.train_loss)
    for member in range(4):
        for name, values in whole.ensemble([member]).parameters.items():
            assert resumed.ensemble([member]).parameters[name].tobytes() == values.tobytes()


# Steps


def test_weight_average() -> None:
    """``a <- d a + (1 - d) w`` after each step, buffers included; ``d`` rises to ``ema_decay`` over the first steps."""
    config = config_of(training={"ema_decay": 0.7}, model={"normalization": {"name": "batch_norm"}})
    fit = small_fit(config)
    stack = fit.stacks[0]
    expected = {n: t.detach().clone() for n, t in stack.network.tensors.items()}
    done = 0
    for event in fit.run():
        if isinstance(event, StepDone):
            decay = min(0.7, (1 + done) / (10 + done))
            expected = {n: decay * t + (1 - decay) * stack.network.tensors[n] for n, t in expected.items()}
            done += 1
    for name, tensor in stack.kept.items():
        torch.testing.assert_close(tensor, expected[name].detach(), rtol=1e-10, atol=1e-12)
    assert not torch.equal(stack.kept["skip.weight"], stack.network.tensors["skip.weight"])


def test_a_short_training_does_not_keep_its_initial_weights() -> None:
    fit = small_fit(config_of(training={"ema_decay": 0.9999, "epochs": 20}))
    run(fit)
    start = small_fit(config_of()).stacks[0].network.tensors["hidden.0.weight"].detach()
    average, last = (t["hidden.0.weight"].detach() for t in (fit.stacks[0].kept, fit.stacks[0].network.tensors))
    assert float((average - start).norm()) > 0.5 * float((last - start).norm())


@pytest.mark.parametrize("name", choices(Optimizer))
def test_a_members_own_rate_is_exact(name: str) -> None:
    """``w_old + s (w_new - w_old)`` is the step that the optimizer takes at ``s`` times all of its rates."""
    rates = {"lr": 0.01, "skip_lr": 0.02, "weight_decay": 0.1, "skip_weight_decay": 0.2}
    if name == "muon":
        rates["adamw_lr"] = 0.03
    slower = {key: value * (0.3 if key.endswith("lr") else 1) for key, value in rates.items()}
    inputs, y = problem("ordinal")
    plans = plans_of(len(y), 2)
    together = fit_of(config_of(optimizer={"name": name, **rates}), plans, inputs, y)
    together.stacks[0].progress.rate[1] = 0.3
    run(together)
    for member, own in ((0, rates), (1, slower)):
        alone = fit_of(config_of(optimizer={"name": name, **own}), [plans[member]], inputs, y)
        run(alone)
        for key, tensor in weights(alone).items():
            torch.testing.assert_close(weights(together, member)[key], tensor, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("largest", [0.01, 100.0])
def test_clipping_is_that_of_torch_for_each_member(largest: float) -> None:
    from phoneprice.training.optimization import clip_member_gradients

    generator = torch.Generator().manual_seed(0)
    shapes = {"a": (3, 4, 5), "b": (3, 1, 5)}
    gradients = {
        n: torch.randn(s, generator=generator).double() * torch.tensor([1, 10, 0]).view(3, 1, 1)
        for n, s in shapes.items()
    }
    stack = {n: torch.zeros_like(g) for n, g in gradients.items()}
    for n, tensor in stack.items():
        tensor.grad = gradients[n].clone()
    clip_member_gradients({**stack, "unused": torch.zeros(3, 1, 1)}, largest)
    for k in range(3):
        members = {n: torch.zeros_like(g[k]) for n, g in gradients.items()}
        for n, tensor in members.items():
            tensor.grad = gradients[n][k].clone()
        torch.nn.utils.clip_grad_norm_(list(members.values()), largest)
        for n, tensor in members.items():
            found = stack[n].grad
            assert found is not None
            torch.testing.assert_close(found[k], tensor.grad, rtol=1e-5, atol=1e-12)


# Losses of a step


def silent(kind: str, **sections: Any) -> Fit:
    """A full-batch fit whose networks start silent: every output is that of the bias or the cut points."""
    sections["model"] = {"output_init": "zeros", "dropout": 0.0}
    return small_fit(config_of(kind, training={"batch_rows": 1000, "epochs": 1}, **sections))


def test_a_regression_starts_at_the_mean() -> None:
    assert run(silent("regression"))[0].train_loss == pytest.approx(np.ones(3), rel=1e-12)


@pytest.mark.parametrize("distribution", ["logit", "probit"])
def test_ordered_classes_start_at_their_shares(distribution: str) -> None:
    fit = silent("ordinal", loss={"name": "ordinal", "distribution": distribution})
    stack = fit.stacks[0]
    outputs = stack.network.forward(torch.zeros(3, 1, 4, dtype=torch.float64)).detach().numpy()
    p = stack.config.loss.link(outputs[:, 0])
    for k, plan in enumerate(stack.plans):
        shares = np.bincount(fit.setup.data.targets[plan.train_rows], minlength=4) / len(plan.train_rows)
        np.testing.assert_allclose(p[k], shares, atol=1e-4)


@pytest.mark.parametrize("class_weights", ["balanced", (0.1, 2.0, 3.3, 4.0)])
@pytest.mark.parametrize("kind", ["ordinal", "multiclass"])
def test_class_weights(kind: str, class_weights: Any) -> None:
    name = {"ordinal": "ordinal", "multiclass": "cross_entropy"}[kind]
    fit = silent(kind, loss={"name": name, "class_weights": class_weights})
    stack, data = fit.stacks[0], fit.setup.data
    row_losses = []
    for plan in stack.plans:
        counts = np.bincount(data.targets[plan.train_rows], minlength=4)
        w = counts.sum() / (4 * counts) if class_weights == "balanced" else np.array(class_weights)
        rows = torch.from_numpy(np.stack([plan.train_rows] * 3))
        z, y = stack.view.batch(data, rows)
        losses = stack.config.loss.row_losses(stack.network.forward(z).detach(), y)[plan.index]
        row_losses.append(float((torch.from_numpy(w)[y[plan.index]] * losses).mean()))
    assert run(fit)[0].train_loss == pytest.approx(row_losses, rel=1e-12)


@pytest.mark.parametrize(("kind", "power"), [("ordinal", None), ("regression", 2.0)])
def test_the_penalty_counts_once_a_training_row(kind: str, power: float | None) -> None:
    """One step's gradient: of the mean loss plus the penalty over the rows (regression: over the noise's variance)."""
    config = config_of(kind, penalty={"name": "adaptive"}, model={"dropout": 0.0}, training={"batch_rows": 1000})
    fit = small_fit(config)
    stack = fit.stacks[0]
    rows = torch.from_numpy(np.stack([p.train_rows for p in stack.plans]))
    z, y = stack.view.batch(fit.setup.data, rows)
    losses = config.loss.row_losses(stack.network.forward(z), y).mean(1)
    parameters = stack.network.parameters
    expected = dict(zip(parameters, torch.autograd.grad(losses.sum(), list(parameters.values())), strict=True))
    with torch.no_grad():
        share = (torch.ones_like(losses) if power is None else power * losses) / rows.shape[1]
        for name, pull in config.penalty.gradient(parameters, share).items():
            expected[name] = expected[name] + pull
    next(stack.steps(0))
    for name, parameter in parameters.items():
        torch.testing.assert_close(parameter.grad, expected[name])


def test_only_a_fits_only_member_keeps_the_table_as_it_sees_it() -> None:
    """Members that are trained one after the other would each keep one."""
    several = small_fit(config_of("ordinal", training={"stack_members": 1})).stacks
    assert len(several) > 1
    assert all(stack.view.whole_table is None for stack in several)
    rows = torch.arange(12).view(1, 12)
    for kind in KINDS:
        inputs, targets = problem(kind, rows=60)
        stack = fit_of(config_of(kind), plans_of(60)[:1], inputs, targets).stacks[0]
        assert stack.view.whole_table is not None
        z, y = stack.view.batch(stack.data, rows)
        expected = dataclasses.replace(stack.view, whole_table=None).batch(stack.data, rows)
        assert torch.equal(z, expected[0])
        assert torch.equal(y, expected[1])


def test_clipping_comes_after_the_penalty() -> None:
    limit = 1e-3
    config = config_of(
        "ordinal",
        penalty={"name": "adaptive", "inputs": 100.0},
        training={"batch_rows": 1000, "gradient_clip_norm": limit},
    )
    stack = small_fit(config).stacks[0]
    next(stack.steps(0))
    gradients = torch.cat([p.grad.flatten(1) for p in stack.network.parameters.values() if p.grad is not None], dim=1)
    torch.testing.assert_close(gradients.norm(dim=1), torch.full_like(gradients[:, 0], limit))


# What comes out


@pytest.mark.parametrize("kind", KINDS)
def test_the_ensemble_is_float32_and_shaped_as_declared(kind: str) -> None:
    fit = small_fit(config_of(kind, training={"epochs": 1}))
    run(fit)
    ensemble = fit.ensemble()
    assert {n: v.shape for n, v in ensemble.parameters.items()} == parameter_shapes(fit.stacks[0].network.shape)
    assert {v.dtype for v in ensemble.parameters.values()} == {np.dtype(np.float32)}
    assert (ensemble.target is not None) == (kind == "regression")


def test_epochs_and_batches_never_repeat_the_same_rows_in_the_same_order() -> None:
    """A member of a mixed stack whose batch leaves rows out sees others each epoch (not a stored first batch)."""
    inputs, y = problem("ordinal")
    plans = plans_of(len(y), 2)
    plans[0] = dataclasses.replace(plans[0], train_rows=plans[0].train_rows[:16])
    plans[1] = dataclasses.replace(plans[1], train_rows=plans[1].train_rows[:20])
    config = config_of()
    together = fit_of(config, plans, inputs, y)
    assert len(together.stacks) == 1
    run(together)
    for member, plan in enumerate(plans):
        alone = fit_of(config, [plan], inputs, y)
        run(alone)
        for name, tensor in weights(alone).items():
            torch.testing.assert_close(weights(together, member)[name], tensor, rtol=1e-8, atol=1e-10)


def test_without_a_skip_path_the_network_begins_at_once() -> None:
    inputs, y = problem("multiclass")
    config = config_of("multiclass", model={"skip": False}, training={"network_start": 0.9, "epochs": 5})
    fit = fit_of(config, plans_of(len(y)), inputs, y)
    start = {name: value.clone() for name, value in weights(fit).items()}
    next(fit.run())
    assert not torch.equal(fit.stacks[0].network.tensors["hidden.0.weight"][0].detach(), start["hidden.0.weight"])


def test_nobody_runs_out_of_patience_before_the_network_begins() -> None:
    inputs, y = problem("ordinal")
    stopping = {"patience_epochs": 1, "min_improvement": 100.0}
    config = config_of(training={"network_start": 0.5, "epochs": 10, "early_stopping": stopping})
    fit = fit_of(config, plans_of(len(y), stopping=8), inputs, y)
    records = run(fit)
    assert 5 < len(records) < 10


def test_the_first_step_of_a_warm_up_moves() -> None:
    inputs, y = problem("ordinal")
    config = config_of(scheduler={"name": "constant", "warmup_epochs": 10}, training={"epochs": 1, "batch_rows": 1000})
    fit = fit_of(config, plans_of(len(y)), inputs, y)
    before = weights(fit)["skip.weight"].clone()
    run(fit)
    assert not torch.equal(weights(fit)["skip.weight"], before)


class NothingReadBack(TorchDispatchMode):
    """Fails where an operation needs the numbers in a tensor: on a GPU the program would wait for them."""

    reading = ("_local_scalar_dense", "nonzero", "masked_select", "equal", "is_nonzero", "unique")

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = function._schema.name.removeprefix("aten::")
        assert not name.startswith(self.reading), f"{name} inside a step"
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("kind", KINDS)
def test_no_step_waits_for_the_device(kind: str) -> None:
    config = config_of(
        kind,
        model={"dropout": 0.2, "normalization": {"name": "batch_norm"}},
        training={"ema_decay": 0.9, "gradient_clip_norm": 1.0, "batch_rows": 8},
        penalty={"name": "adaptive"},
    )
    fit = small_fit(config)
    fit.stacks[0].progress.rate[1] = 0.5  # a member at a rate of its own
    steps = fit.stacks[0].steps(0)
    next(steps)
    with NothingReadBack():
        assert len(list(steps)) == 4
    with pytest.raises(AssertionError, match="inside a step"), NothingReadBack():
        float(torch.ones(1))
