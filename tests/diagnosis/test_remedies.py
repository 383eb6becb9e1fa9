"""Advice can't go round in circles: whoever follows all of it, in whatever order, comes to an end."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from phoneprice.config.load import load_config
from phoneprice.config.schema import Config
from phoneprice.diagnosis import remedies
from tests.diagnosis.trials import advised

Remedy = Callable[[Config], str]
EVERY: dict[str, tuple[Remedy, ...]] = {
    "data": (remedies.scale_inputs, remedies.robust_inputs),
    "start": (remedies.usual_start,),
    "rate": (remedies.raise_rate, remedies.lower_rate),
    "activation": (remedies.no_saturation, remedies.no_dead_units),
    "normalisation": (remedies.normalise,),
    "width": (remedies.fewer_layers, partial(remedies.wider_layers, least=16)),
    "linear": (remedies.linear_path, remedies.linear_model),
    "clipping": (remedies.clip_gradients,),
    "dropout": (remedies.usual_dropout, remedies.usual_input_dropout),
    "decay": (remedies.usual_decay, remedies.no_penalty),
    "schedule": (remedies.cosine, remedies.no_warmup),
    "duration": (remedies.small_batches, remedies.stop_early),
}
"""Those that set the same things, together: no other remedy touches them. Epochs only ever grow."""
STARTS = {
    "rate": ("optimizer.lr=100", "optimizer.lr=0.02", "optimizer.lr=0.003", "optimizer.lr=1e-9"),
    "activation": ("model.activation.name=sigmoid", "model.activation.name=relu"),
    "normalisation": ("model.normalization.name=none", "model.normalization.name=batch_norm", "training.batch_rows=2"),
    "width": ("model.hidden=[1,2,3,4,5,6,7,8]", "model.hidden=[1]"),
    "dropout": ("model.dropout=0.9", "model.input_dropout=0.9"),
    "data": ("data.scaling=none", "data.clip_inputs=false"),
}


def test_all_remedies_are_here() -> None:
    there = {
        name for name, value in vars(remedies).items() if callable(value) and value.__module__ == remedies.__name__
    }
    there -= {"first_of", "usual_rate", "enough_epochs", "more_epochs", "_hidden"}
    named = {getattr(r, "func", r).__name__ for group in EVERY.values() for r in group}
    assert named == there


@pytest.mark.parametrize("group", EVERY)
def test_no_way_leads_back(group: str, tmp_path: Path) -> None:
    for setting in STARTS.get(group, ("training.epochs=30",)):
        follow(load_config(None, [setting]), EVERY[group], tmp_path / "config.toml", ())


def follow(config: Config, group: tuple[Remedy, ...], file: Path, seen: tuple[str, ...]) -> None:
    """Follow the remedies in every order there is; none may lead to a configuration that was left."""
    state = config.model_dump_json()
    assert state not in seen
    for setting in {remedy(config) for remedy in group} - {""}:
        after = advised(config, setting, file)
        assert after != config, setting
        follow(after, group, file, (*seen, state))


@pytest.mark.parametrize(
    ("lr", "raised", "lowered"),
    [
        (100, "", "optimizer.lr=0.02"),
        (0.03, "", "optimizer.lr=0.02"),
        (0.02, "", "optimizer.lr=0.002"),
        (0.003, "", "optimizer.lr=0.002"),
        (0.002, "", ""),
        (0.001, "optimizer.lr=0.02", ""),
    ],
)
def test_a_rate_goes_to_the_usual_one_and_then_down_to_a_tenth(lr: float, raised: str, lowered: str) -> None:
    config = load_config(None, [f"optimizer.lr={lr}"])
    assert (remedies.raise_rate(config), remedies.lower_rate(config)) == (raised, lowered)


@pytest.mark.parametrize(
    ("settings", "usual"),
    [
        ((), 0.02),
        (("task.kind=binary",), 0.02),
        (("task.kind=regression",), 0.02),
        (("task.kind=multiclass",), 0.02),
        (("task.kind=multiclass", "optimizer.lr=7"), 0.02),
        (("optimizer.name=adamw",), 0.005),
        (("optimizer.name=sgd",), 0.1),
    ],
)
def test_the_usual_rate_is_the_recipes_where_the_optimizer_is(settings: tuple[str, ...], usual: float) -> None:
    assert remedies.usual_rate(load_config(None, settings)) == usual


def test_epochs_only_grow() -> None:
    for epochs, longer in ((1, 50), (17, 51), (200, 600)):
        assert remedies.more_epochs(load_config(None, [f"training.epochs={epochs}"])) == f"training.epochs={longer}"


def test_the_first_remedy_that_there_is() -> None:
    assert (remedies.first_of("", "a=1", "b=2"), remedies.first_of("", "")) == ("a=1", "")
