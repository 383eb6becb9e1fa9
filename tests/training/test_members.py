"""K members trained together are K members trained alone, for every component."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from phoneprice.components import (
    activations,
    encodings,
    initializers,
    losses,
    normalization,
    optimizers,
    penalties,
    schedulers,
)
from phoneprice.config.schema import Config
from tests.components.families import choices
from tests.training.fits import config_of, fit_of, plans_of, problem, run, strangers_of, weights

BOTH_NORMS = {"name": "batch_norm", "position": "after"}
SETTINGS: dict[str, Config] = {
    **{f"activation {n}": config_of(model={"activation": {"name": n}}) for n in choices(activations.Activation)},
    **{f"encoding {n}": config_of(model={"encoding": {"name": n}}) for n in choices(encodings.Encoding)},
    **{
        f"encoding {n} penalised": config_of(model={"encoding": {"name": n}}, penalty={"name": "adaptive"})
        for n in choices(encodings.Encoding)
    },
    "encoding by a tree": config_of(
        "regression", model={"encoding": {"name": "piecewise_linear", "bins": 5, "edges": "tree", "leaf_rows": 3}}
    ),
    "encoding left out": config_of(model={"encoding": {"name": "periodic"}, "input_dropout": 0.3}),
    **{f"init {n}": config_of(model={"init": {"name": n}}) for n in choices(initializers.Initializer)},
    **{f"norm {n}": config_of(model={"normalization": {"name": n}}) for n in choices(normalization.Normalization)},
    **{f"optimizer {n}": config_of(optimizer={"name": n}) for n in choices(optimizers.Optimizer)},
    **{f"scheduler {n}": config_of(scheduler={"name": n}) for n in choices(schedulers.Scheduler)},
    **{f"penalty {n}": config_of(penalty={"name": n}) for n in choices(penalties.Penalty)},
    **{
        f"loss {n} {kind}": config_of(kind, loss={"name": n})
        for n, loss in choices(losses.Loss).items()
        for kind in sorted(loss.tasks)  # type: ignore[attr-defined]
    },
    "balanced": config_of(loss={"name": "ordinal", "class_weights": "balanced"}),
    "given weights": config_of("binary", loss={"name": "binary_cross_entropy", "class_weights": [1.0, 3.0]}),
    "focal": config_of("multiclass", loss={"name": "cross_entropy", "focal_gamma": 2.0, "label_smoothing": 0.1}),
    "probit": config_of(loss={"name": "ordinal", "distribution": "probit"}),
    "norm after": config_of(model={"normalization": BOTH_NORMS}),
    "layer norm after": config_of(model={"normalization": {"name": "layer_norm", "position": "after"}}),
    "clipping": config_of(training={"gradient_clip_norm": 0.05}),
    "average": config_of(training={"ema_decay": 0.9}, model={"normalization": {"name": "batch_norm"}}),
    "no skip": config_of(model={"skip": False}),
    "linear": config_of(model={"hidden": (), "dropout": 0.0}),
    "input dropout": config_of(model={"input_dropout": 0.3, "dropout": (0.5, 0.0)}),
    "full batch": config_of(training={"batch_rows": 1000}),
    "late network": config_of(training={"network_start": 0.5}),
    "skip rates": config_of(
        optimizer={"name": "adamw", "skip_lr": 0.05, "weight_decay": 0.1, "skip_weight_decay": 0.2}
    ),
    "plateau": config_of(scheduler={"name": "reduce_on_plateau", "patience_epochs": 0, "min_improvement": 0.5}),
    "early stopping": config_of(training={"early_stopping": {"patience_epochs": 1, "min_improvement": 0.05}}),
    "warm-up": config_of(scheduler={"name": "step", "step_epochs": 1, "warmup_epochs": 1.5}),
}


@pytest.mark.parametrize("strangers", [False, True], ids=["alike", "strangers"])
@pytest.mark.parametrize("name", SETTINGS)
def test_together_equals_alone(name: str, strangers: bool) -> None:
    """Whether the others have the same settings or none of their numbers is the same."""
    config = SETTINGS[name]
    configs = strangers_of(config) if strangers else [config] * 3
    inputs, y = problem(config.task.kind)
    plans = plans_of(len(y), stopping=8)
    together = fit_of(configs, plans, inputs, y)
    assert len(together.stacks) == 1
    records = run(together)
    for member, (plan, own) in enumerate(zip(plans, configs, strict=True)):
        alone = fit_of(own, [plan], inputs, y)
        alone_records = run(alone)
        for key, value in weights(alone).items():
            torch.testing.assert_close(
                weights(together, member)[key], value, rtol=1e-8, atol=1e-10, msg=f"{member} {key}"
            )
        for ours, theirs in zip(records, alone_records, strict=False):  # it may have stopped early
            for series in ("train_loss", "validation_loss", "learning_rate", "active"):
                expected = getattr(theirs, series)[0]
                np.testing.assert_allclose(getattr(ours, series)[member], expected, rtol=1e-8, err_msg=series)
            for measurement, values in theirs.health.items():  # float32
                np.testing.assert_allclose(ours.health[measurement][member], values[0], rtol=1e-5, err_msg=measurement)


@pytest.mark.parametrize("name", ["full batch", "average", "clipping", "plateau", "encoding piecewise_linear"])
def test_stack_size_makes_no_difference(name: str) -> None:
    whole = SETTINGS[name]
    training = whole.training.model_copy(update={"stack_members": 1})
    inputs, y = problem(whole.task.kind)
    plans = plans_of(len(y), stopping=8)
    one, each = (
        fit_of(whole, plans, inputs, y),
        fit_of(whole.model_copy(update={"training": training}), plans, inputs, y),
    )
    run(one)
    run(each)
    assert (len(one.stacks), len(each.stacks)) == (1, 3)
    for member in range(3):
        for key, value in weights(one, member).items():
            torch.testing.assert_close(weights(each, member)[key], value, rtol=1e-8, atol=1e-10)


def test_members_of_different_sizes_keep_their_places() -> None:
    inputs, y = problem("ordinal", rows=61)
    plans = plans_of(len(y), members=3)
    assert len({len(p.train_rows) for p in plans}) == 2
    config = config_of(training={"batch_rows": 1000})
    together = fit_of(config, plans, inputs, y)
    assert len(together.stacks) == 2
    run(together)
    ensemble = together.ensemble()
    for member, plan in enumerate(plans):
        alone = fit_of(config, [plan], inputs, y)
        run(alone)
        for key, value in alone.ensemble().parameters.items():
            np.testing.assert_allclose(ensemble.parameters[key][member], value[0], rtol=1e-6, atol=1e-7)


def test_a_run_repeats_bit_for_bit() -> None:
    inputs, y = problem("ordinal")
    results: list[dict[str, Any]] = []
    for _ in range(2):
        fit = fit_of(config_of(), plans_of(len(y)), inputs, y, torch.float32)
        run(fit)
        results.append(dict(fit.ensemble().parameters))
    for name, value in results[0].items():
        assert value.tobytes() == results[1][name].tobytes()


def test_other_seeds_give_other_networks() -> None:
    inputs, y = problem("ordinal")
    values = set()
    for seed in range(4):
        fit = fit_of(config_of(training={"seed": seed}), plans_of(len(y)), inputs, y)
        run(fit)
        values.add(float(weights(fit)["hidden.0.weight"][0, 0]))
    assert len(values) == 4
