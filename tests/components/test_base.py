"""What every component promises, whatever its family."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from phoneprice.components.base import Component
from tests.components.families import FAMILIES, choices

COMPONENTS = [(family, name) for family, union in FAMILIES.items() for name in choices(union)]


def component(family: str, name: str, **fields: Any) -> Any:
    adapter: TypeAdapter[Any] = TypeAdapter(FAMILIES[family])
    return adapter.validate_python({"name": name, **fields})


NAMES = {
    "activation": "identity sigmoid tanh relu leaky_relu prelu elu selu gelu silu mish softplus hardtanh hardswish",
    "encoding": "none piecewise_linear periodic",
    "init": "zeros ones constant uniform normal truncated_normal kaiming_normal kaiming_uniform xavier_normal "
    "xavier_uniform lecun_normal orthogonal pytorch_default",
    "loss": "cross_entropy binary_cross_entropy ordinal l1 mse smooth_l1 huber",
    "normalization": "none batch_norm layer_norm",
    "optimizer": "sgd momentum nesterov adagrad rmsprop adam adamw nadam radam adadelta adamax muon",
    "penalty": "none adaptive",
    "scheduler": "constant step multi_step exponential cosine one_cycle reduce_on_plateau",
}


@pytest.mark.parametrize("family", FAMILIES)
def test_names_that_configurations_use_stay(family: str) -> None:
    assert set(choices(FAMILIES[family])) >= set(NAMES[family].split())


@pytest.mark.parametrize(("family", "name"), COMPONENTS)
class TestEveryComponent:
    def test_its_name_alone_is_enough(self, family: str, name: str) -> None:
        built = component(family, name)
        assert isinstance(built, Component)
        assert built.name == name
        assert component(family, **built.model_dump()) == built

    def test_it_says_what_it_is(self, family: str, name: str) -> None:
        kind = type(component(family, name))
        assert 5 < len(kind.summary) < 120
        assert not kind.summary.endswith(".")
        assert kind.in_a_line().startswith(kind.summary)
        assert kind.in_a_line().endswith(f" ({kind.source.partition(':')[0]})" if kind.source else kind.formula)
        undescribed = [n for n, field in kind.model_fields.items() if n != "name" and not field.description]
        assert undescribed == []

    def test_it_is_frozen_and_closed(self, family: str, name: str) -> None:
        built = component(family, name)
        with pytest.raises(ValidationError, match="frozen"):
            built.name = "other"
        with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
            component(family, name, no_such_field=1)


NUMBERS = [
    (family, name, field)
    for family, name in COMPONENTS
    for field, value in component(family, name)
    if isinstance(value, float)
]


@pytest.mark.parametrize(("family", "name", "field"), NUMBERS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_are_finite(family: str, name: str, field: str, value: float) -> None:
    with pytest.raises(ValidationError) as caught:
        component(family, name, **{field: value})
    assert [fault["loc"][-1] for fault in caught.value.errors()] == [field]


def test_components_have_numbers() -> None:
    assert len(NUMBERS) > 70
