"""What members of one stack may have for themselves, and what keeps them apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from phoneprice.components import losses, optimizers, penalties, schedulers
from phoneprice.config.schema import Config
from phoneprice.training.settings import OWN, StackSettings, shared_part
from tests.components.families import choices
from tests.training.fits import STRANGERS, config_of, strangers_of

FAMILIES = {
    "loss": losses.Loss,
    "penalty": penalties.Penalty,
    "optimizer": optimizers.Optimizer,
    "scheduler": schedulers.Scheduler,
}
SHARED = {
    "loss": {"beta", "delta"},
    "optimizer": {"momentum", "alpha", "rho", "beta1", "beta2", "eps"},
    "penalty": set[str](),
    "scheduler": set[str](),
}
"""Numbers that PyTorch's optimizers and losses take one of."""
LIKE = torch.zeros(1, dtype=torch.float64)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_number_of_a_component_is_a_members_own_or_named_as_shared(family: str) -> None:
    fields = {n: f for kind in choices(FAMILIES[family]).values() for n, f in kind.model_fields.items()}
    numbers = {n for n, f in fields.items() if not isinstance(f.default, str)}
    assert numbers == OWN[family] | SHARED[family]


def test_proofs_vary_all_that_members_may_have_for_themselves() -> None:
    assert {section: set(settings) for section, settings in STRANGERS.items()} == OWN
    for section, settings in STRANGERS.items():
        for name, values in settings.items():
            assert len(set(values)) > 1, f"{section}.{name}"


@pytest.mark.parametrize("name", choices(schedulers.Scheduler))
def test_strangers_share_a_key(name: str) -> None:
    assert len({shared_part(config) for config in strangers_of(config_of(scheduler={"name": name}))}) == 1


OTHER: dict[str, dict[str, Any]] = {
    "model": {
        "hidden": (6, 6),
        "activation": {"name": "tanh"},
        "init": {"name": "orthogonal"},
        "output_init": "zeros",
        "normalization": {"name": "layer_norm"},
        "skip": False,
    },
    "training": {
        "epochs": 4,
        "batch_rows": 17,
        "seed": 1,
        "ema_decay": 0.5,
        "network_start": 0.3,
        "early_stopping": {"patience_epochs": 2},
    },
}


@pytest.mark.parametrize(("section", "name"), [(s, n) for s, settings in OTHER.items() for n in settings])
def test_what_decides_shapes_or_steps_keeps_members_apart(section: str, name: str) -> None:
    config, other = config_of(), config_of("ordinal", **{section: {name: OTHER[section][name]}})
    assert shared_part(config) != shared_part(other)
    with pytest.raises(ValueError, match=r"^members of one stack may differ only in what training\.settings\.OWN has$"):
        StackSettings.of([config, other], LIKE)


@pytest.mark.parametrize("family", FAMILIES)
def test_other_rules_keep_members_apart(family: str) -> None:
    kinds = [name for name, kind in choices(FAMILIES[family]).items() if family != "loss" or "ordinal" in kind.tasks]  # type: ignore[attr-defined]
    keys = {shared_part(config_of("ordinal", **{family: {"name": name}})) for name in kinds}
    assert len(keys) == len(kinds) > 1


def test_settings_of_the_table_are_no_part_of_the_key() -> None:
    config = config_of()
    tables = {"data": {"target": "y"}, "task": {"kind": "ordinal", "decision": "median"}, "validation": {"folds": 3}}
    other = Config.model_validate({**config.model_dump(), **tables})
    assert config != other
    assert shared_part(config) == shared_part(other)


def test_members_that_agree_have_plain_numbers() -> None:
    """So that they cost nothing, and train as they would were there no settings of members."""
    config = strangers_of(config_of("multiclass", loss={"name": "cross_entropy"}, penalty={"name": "adaptive"}))[1]
    settings = StackSettings.of([config] * 3, LIKE)
    assert settings.loss == config.loss
    assert settings.penalty == config.penalty
    assert settings.scheduler == config.scheduler
    assert settings.clip_norm == config.training.gradient_clip_norm == 0.05


def test_numbers_in_which_members_differ_are_tensors_over_them() -> None:
    plateau = {"name": "reduce_on_plateau"}
    kind = config_of("multiclass", loss={"name": "cross_entropy"}, penalty={"name": "adaptive"}, scheduler=plateau)
    configs = strangers_of(kind)
    settings = StackSettings.of(configs, LIKE)
    shapes = {"loss": (3, 1), "penalty": (3, 1, 1), "scheduler": (3,)}
    for section, shape in shapes.items():
        joined = getattr(settings, section)
        for name in OWN[section] & type(joined).model_fields.keys() - {"warmup_epochs"}:
            number = getattr(joined, name)
            assert isinstance(number, Tensor)
            assert (number.shape, number.dtype) == (shape, torch.float64)
            assert number.flatten().tolist() == [getattr(getattr(config, section), name) for config in configs]
    assert isinstance(settings.clip_norm, Tensor)
    assert settings.clip_norm.tolist() == [np.inf, 0.05, 0.5]
    assert settings.dropout.tolist() == [[0.0, 0.2, 0.2], [0.3, 0.0, 0.0], [0.1, 0.5, 0.5]]


def test_nobody_is_clipped_where_nobody_asks_for_it() -> None:
    assert StackSettings.of([config_of(), config_of()], LIKE).clip_norm is None


@pytest.mark.parametrize("name", choices(schedulers.Scheduler))
def test_each_member_follows_its_own_schedule(name: str) -> None:
    configs = strangers_of(config_of(scheduler={"name": name}, training={"epochs": 4}))
    configs.append(configs[0])
    settings = StackSettings.of(configs, LIKE)
    for epoch in (0.0, 0.75, 1.5, 3.0, 4.0):
        expected = [config.scheduler.factor(epoch, 4, 0.25) for config in configs]
        assert settings.rate_factors(epoch, 0.25).tolist() == expected
