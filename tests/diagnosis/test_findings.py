"""Findings of health: each broken configuration gives its own, healthy ones give none."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from phoneprice.config.load import load_config
from phoneprice.config.schema import Config
from phoneprice.data.reading import read_table
from phoneprice.data.sample import sample_path
from phoneprice.data.splits import plan_members
from phoneprice.diagnosis.findings import judge
from phoneprice.diagnosis.training import Training
from phoneprice.records import TrainingFinding
from phoneprice.records.curves import Curves
from phoneprice.workflows.assess import Model, held_out, measured
from phoneprice.workflows.events import ignore
from phoneprice.workflows.fitting import fit
from phoneprice.workflows.prepare import Prepared, prepare_table, read_options

PLAIN = (
    "model.skip=false",
    "model.hidden=[32,16]",
    "model.output_init=same",
    "penalty.name=none",
    "training.network_start=0",
    "loss.name=cross_entropy",
    "training.epochs=20",
    "training.batch_rows=32",
    "optimizer.name=adam",
    "optimizer.lr=0.003",
    "scheduler.name=cosine",
)
"""The network of a course, without any of the default's helpers."""
BASES = {"default": (), "plain": PLAIN}
SIGMOID_8 = ("model.activation.name=sigmoid", "model.hidden=[32,32,32,32,32,32,32,32]")
BATCH_OF_ONE = ("training.batch_rows=1", "model.normalization.name=batch_norm", "training.epochs=2")
SGD_10 = ("optimizer.name=sgd", "optimizer.lr=10")

BROKEN = {
    "zeros": (("model.init.name=zeros",), "symmetric_units", "model.init.name=kaiming_normal"),
    "ones": (("model.init.name=ones",), "symmetric_units", "model.init.name=kaiming_normal"),
    "sigmoid x 8": (SIGMOID_8, "vanishing_gradients", "model.activation.name=relu"),
    "sgd 10": (SGD_10, "learning_rate_too_high", "optimizer.lr=0.1"),
    "lr 1e-9": (("optimizer.lr=1e-9",), "learning_rate_too_low", "optimizer.lr=0.005"),
    "dropout 0.95": (("model.dropout=0.95",), "heavy_dropout", "model.dropout=0.2"),
    "no scaling": (("data.scaling=none",), "unscaled_inputs", "data.scaling=standard"),
    "weight decay 10": (("optimizer.weight_decay=10",), "heavy_weight_decay", "optimizer.weight_decay=0.01"),
    "batch 1 with batch norm": (BATCH_OF_ONE, "tiny_batch_norm", "training.batch_rows=64"),
    "epochs 2": (("training.epochs=2",), "too_short", "training.epochs=50"),
}
HEALTHY = {
    "default": (),
    "plain": PLAIN,
    "dropout and batch norm": (*PLAIN, "model.dropout=0.2", "model.normalization.name=batch_norm"),
    "tanh, nesterov": (
        *PLAIN,
        "model.activation.name=tanh",
        "model.init.name=xavier_normal",
        "optimizer.name=nesterov",
    ),
    "deep gelu, one cycle": (
        *PLAIN,
        "model.hidden=[32,32,32]",
        "model.activation.name=gelu",
        "scheduler.name=one_cycle",
    ),
    "two classes": ("data.target=four_g", "task.kind=binary", "loss.name=binary_cross_entropy"),
}


@cache
def prepared(settings: tuple[str, ...]) -> Prepared:
    config = load_config(None, settings)
    text = [] if config.task.kind == "regression" else [config.data.target]
    table = read_table(sample_path("train"), read_options(config.data), text)
    return prepare_table(table.take(np.arange(0, table.rows, 2)), config, ignore)


def trained(*settings: str) -> Training:
    config = load_config(None, [*settings, "validation.scheme=holdout", "training.threads=1", "training.device=cpu"])
    data = prepared(tuple(s for s in settings if s.startswith(("data.", "task.", "loss."))))
    plans, _ = plan_members(data.targets, config, len(data.inputs))
    fitted = fit(data, plans, config, ignore)
    held = held_out(Model(config, data.task, fitted.ensemble), data.inputs, plans)
    assert held is not None
    document = measured(data.targets[held.rows], held.predictions, data.task)
    document["members"] = [{"train_rows": len(plan.train_rows)} for plan in plans]
    from phoneprice.artifact.documents import epoch_line

    curves = Curves.of([epoch_line(record) for record in fitted.history])
    return Training(config, data.schema, curves, fitted.ensemble.parameters, document)


def codes(findings: tuple[TrainingFinding, ...]) -> list[str]:
    return [finding.code for finding in findings]


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_configuration_gives_its_finding(name: str, base: str) -> None:
    settings, code, remedy = BROKEN[name]
    findings = judge(trained(*BASES[base], *settings))
    assert codes(findings)[0] == code
    assert findings[0].setting == remedy
    load_config(None, [remedy])
    assert findings[0].source


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_configuration_gives_none(name: str) -> None:
    assert codes(judge(trained(*HEALTHY[name]))) == []


def history(**values: Any) -> list[dict[str, Any]]:
    """A history of one member; every value is a list over epochs."""
    epochs = len(values["train"])
    val = values.get("validation", [None] * epochs)
    rate = values.get("rate", [0.01] * epochs)
    health = values.get("health", {})
    return [
        {
            "epoch": e + 1,
            "train_loss": [values["train"][e]],
            "validation_loss": [val[e]],
            "learning_rate": [rate[e]],
            "active": [values.get("active", True)],
            "health": {name: [measured[e]] for name, measured in health.items()},
        }
        for e in range(epochs)
    ]


def told(lines: list[dict[str, Any]], *settings: str, metrics: dict[str, Any] | None = None) -> Training:
    """A training that left ``lines`` behind, with the weights of a healthy network."""
    config: Config = load_config(None, [f"training.epochs={len(lines)}", "training.batch_rows=16", *settings])
    rng = np.random.default_rng(0)
    fan_in, parameters = 20, {}
    for i, width in enumerate(config.model.hidden):
        parameters[f"hidden.{i}.weight"] = rng.normal(size=(1, fan_in, width))
        fan_in = width
    schema = prepared(()).schema
    document = {"metrics": {}, "members": [{"train_rows": 800}], **(metrics or {})}
    return Training(config, schema, Curves.of(lines), parameters, document)


def flat(start: float, end: float, epochs: int = 100) -> list[float]:
    """Falls in the first half, then rests."""
    return [max(start + (end - start) * 2 * e / epochs, end) for e in range(epochs)]


def test_overfitting() -> None:
    validation = [*np.linspace(1, 0.4, 30), *np.linspace(0.4, 0.9, 70)]
    findings = judge(told(history(train=flat(1, 0.01), validation=validation)))
    assert codes(findings) == ["overfitting"]
    assert findings[0].evidence == (
        "validation loss was lowest (0.4000) after epoch 30 of 100 and ended at 0.9000; training loss 0.0100"
    )
    assert findings[0].setting == "training.early_stopping.patience_epochs=20"
    stopped = told(history(train=flat(1, 0.01), validation=validation), "training.early_stopping.patience_epochs=20")
    assert "overfitting" not in codes(judge(stopped))


def test_learned_nothing() -> None:
    per_class = [{"label": "0", "support": 50}, {"label": "1", "support": 50}]
    document = {"metrics": {"log_loss": {"value": 0.692}, "accuracy": {"value": 0.51}}, "per_class": per_class}
    findings = judge(told(history(train=[0.693] * 50), metrics=document))
    assert codes(findings) == ["learned_nothing"]
    assert findings[0].evidence.startswith("log loss is 0.6920; always the class shares give 0.6931")
    regression = {"metrics": {"r2": {"value": 0.01}}}
    assert codes(judge(told(history(train=[1.0] * 50), metrics=regression))) == ["learned_nothing"]


def test_loss_spikes() -> None:
    losses = flat(1, 0.2)
    for place in (60, 70, 80):
        losses[place] = 1.5
    findings = judge(told(history(train=losses)))
    assert codes(findings) == ["loss_spikes"]
    assert findings[0].setting == "training.gradient_clip_norm=1"
    losses[60] = losses[70] = 0.2
    assert judge(told(history(train=losses))) == ()


def test_schedule_decayed_too_early() -> None:
    falling = [*np.linspace(2, 1, 31), *[1.0] * 69]
    rates = [0.01] * 30 + [1e-5] * 70
    step = ("scheduler.name=step", "scheduler.step_epochs=30", "scheduler.gamma=0.001")
    assert codes(judge(told(history(train=falling, rate=rates), *step))) == ["decayed_too_early"]
    rested = [*np.linspace(2, 1, 15), *[1.0] * 85]
    assert judge(told(history(train=rested, rate=rates), *step)) == ()


def test_early_stopping_never_reached() -> None:
    settings = ("training.early_stopping.patience_epochs=50", "scheduler.name=constant")
    lines = history(train=flat(1, 0.5, 40), validation=flat(1, 0.5, 40))
    findings = judge(told(lines, *settings))
    assert codes(findings) == ["early_stopping_never_reached"]
    assert findings[0].setting == "training.epochs=150"
    for line in lines[-2:]:
        line["active"] = [False]
    assert judge(told(lines, *settings)) == ()


def test_dead_units() -> None:
    dead = [[0.1]] * 50 + [[0.6]] * 50
    sizes = [[0.3]] * 100
    lines = history(train=flat(1, 0.5), health={"dead_units": dead, "weight_norm": sizes})
    findings = judge(told(lines, "optimizer.lr=0.5"))
    assert codes(findings) == ["dead_units"]
    assert (findings[0].evidence, findings[0].setting) == (
        "60% of its units are dead, 10% were after the first epoch",
        "optimizer.lr=0.05",
    )
    shrunk = [[0.3]] * 50 + [[0.001]] * 50
    lines = history(train=flat(1, 0.5), health={"dead_units": dead, "weight_norm": shrunk})
    assert judge(told(lines)) == ()  # the penalty's work
    assert codes(judge(told(lines, "penalty.name=none"))) == ["dead_units"]


def test_saturation() -> None:
    lines = history(train=flat(1, 0.5), health={"saturated": [[0.1]] * 50 + [[0.8]] * 50})
    assert codes(judge(told(lines, "model.activation.name=tanh"))) == ["saturated_units"]


def test_exploding_gradients() -> None:
    lines = history(train=flat(1, 0.5), health={"gradient_norm": [[1e4, 1.0, 1.0, 1.0]] * 100})
    settings = ("model.hidden=[8,8,8]", "penalty.name=none")
    assert codes(judge(told(lines, *settings))) == ["exploding_gradients"]


@pytest.mark.parametrize(
    ("tried", "remedy"),
    [
        ((), "training.gradient_clip_norm=1"),
        (("training.gradient_clip_norm=1",), "model.normalization.name=batch_norm"),
        (("training.gradient_clip_norm=0.5", "model.normalization.name=batch_norm"), "model.hidden=[8,8]"),
    ],
)
def test_exploding_gradients_have_another_remedy_once_one_was_tried(tried: tuple[str, ...], remedy: str) -> None:
    lines = history(train=flat(1, 0.5), health={"gradient_norm": [[1e4, 1.0, 1.0, 1.0]] * 100})
    (finding,) = judge(told(lines, "model.hidden=[8,8,8]", "penalty.name=none", "optimizer.lr=0.02", *tried))
    assert (finding.code, finding.setting) == ("exploding_gradients", remedy)


def test_equal_units_explain_exploding_gradients() -> None:
    lines = history(train=flat(1, 0.5), health={"gradient_norm": [[1e4, 1.0, 1.0, 1.0]] * 100})
    training = told(lines, "model.hidden=[8,8,8]", "penalty.name=none", "model.init.name=zeros")
    equal = {name: np.ones_like(weight) for name, weight in training.parameters.items()}
    assert codes(judge(replace(training, parameters=equal))) == ["symmetric_units"]


@pytest.mark.parametrize(
    ("health", "tried", "remedy"),
    [
        ({"dead_units": [[0.6]] * 100}, (), "model.activation.name=leaky_relu"),
        ({"dead_units": [[0.6]] * 100}, ("model.activation.name=leaky_relu",), "optimizer.lr=0.002"),
        ({"saturated": [[0.8]] * 100}, (), "model.init.name=xavier_normal"),
        ({"saturated": [[0.8]] * 100}, ("model.init.name=xavier_normal",), "optimizer.lr=0.002"),
        (
            {"saturated": [[0.1]] * 50 + [[0.8]] * 50},
            ("model.activation.name=tanh", "optimizer.weight_decay=0.05"),
            "optimizer.lr=0.002",
        ),
        ({"update_ratio": [[1e-9]] * 100}, ("optimizer.lr=1e-6",), "optimizer.lr=0.005"),
        ({"update_ratio": [[1e-9]] * 100}, ("optimizer.lr=0.005",), "optimizer.lr=0.05"),
    ],
)
def test_a_remedy_is_never_what_the_run_has(health: dict[str, Any], tried: tuple[str, ...], remedy: str) -> None:
    settings = ("model.hidden=[8]", "penalty.name=none", "model.init.name=normal", "optimizer.lr=0.02", *tried)
    (finding,) = judge(told(history(train=flat(1, 0.5), health=health), *settings))
    assert finding.setting == remedy


def test_some_members_diverged() -> None:
    training = told(history(train=flat(1, 0.5)))
    lost = np.full((100, 1), np.nan)
    curves = training.curves
    both = replace(
        curves,
        train_loss=np.hstack([curves.train_loss, lost]),
        validation_loss=np.hstack([curves.validation_loss, lost]),
        learning_rate=np.hstack([curves.learning_rate] * 2),
        active=np.hstack([curves.active, ~curves.active]),
    )
    document = {"metrics": {}, "members": [{"train_rows": 800}, {"train_rows": 800, "diverged_epoch": 1}]}
    findings = judge(replace(training, curves=both, metrics=document))
    assert codes(findings)[0] == "diverged"
    assert findings[0].evidence == "1 of 2 members, optimizer.lr = 0.02"


def test_a_network_that_has_not_begun_is_not_frozen() -> None:
    assert codes(judge(trained("training.epochs=1"))) == ["too_short"]


def test_a_network_that_was_thrown_so_far_that_it_stands_still_had_too_high_a_rate() -> None:
    still = {"update_ratio": [[0.0, 0.0]] * 5}
    thrown = told(history(train=[1.4, 1.3, 30.0, 8.8, 8.8], health=still), "optimizer.lr=1")
    assert codes(judge(thrown))[:1] == ["learning_rate_too_high"]
    stood = told(history(train=[1.4] * 5, health=still), "optimizer.lr=1e-9")
    assert "learning_rate_too_low" in codes(judge(stood))
