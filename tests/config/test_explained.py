"""Everything that can be set has an explanation, and it is made of what the schema's classes say."""

import re
from collections import Counter
from typing import Any

import pytest

from phoneprice.components.base import Guide
from phoneprice.config.explained import explanations
from phoneprice.config.fields import known_paths
from phoneprice.config.load import load_config
from phoneprice.config.schema import Config
from tests.components.families import FAMILIES, choices

EVERY = explanations()
SETTINGS = [one for one in EVERY if one.kind == "setting"]
NO_FORMULA = {"none"}
"""Components that compute nothing."""


def test_every_setting_and_every_component_is_explained() -> None:
    paths = {path for path in known_paths(Config) if not path.endswith(".name")}
    assert {one.path for one in EVERY if one.kind in ("setting", "section")} >= paths
    found = Counter(one.name for one in EVERY if one.kind == "component")
    assert found == Counter(name for union in FAMILIES.values() for name in choices(union))


@pytest.mark.parametrize("one", EVERY, ids=lambda one: f"{one.path}:{one.name}")
def test_an_explanation_says_all_there_is(one) -> None:
    assert one.summary
    if one.kind == "section":
        assert all(text for _, text in one.parts)
        return
    assert len(one.when) >= len("seldom")
    assert not any(re.search(r"[^.]\.$", text) for text in (one.summary, one.when, one.formula, one.source))
    assert re.fullmatch(r"([A-Z].* \d{4}|PyTorch): .+|", one.source)
    if one.kind == "component":
        assert bool(one.formula) == (one.name not in NO_FORMULA)
        assert one.use == f"-s {one.path}={one.name}"
    else:
        assert one.default
        assert bool(one.values) != bool(one.parts)


@pytest.mark.parametrize("one", [one for one in EVERY if one.kind == "component"], ids=lambda one: one.use)
def test_what_a_component_is_used_by_works(one) -> None:
    tasks: Any = getattr(choices(FAMILIES["loss"]).get(one.name), "tasks", ())
    kind = min(tasks) if one.path == "loss" else "ordinal"
    load_config(None, [f"task.kind={kind}", one.use.removeprefix("-s ")])


def explained(path):
    (one,) = [one for one in SETTINGS if one.path == path]
    return one


@pytest.mark.parametrize(
    ("path", "values", "default"),
    [
        ("training.epochs", "a whole number >= 1, <= 1000000", "200"),
        ("model.skip", "true or false", "true"),
        ("model.dropout", "a number >= 0, < 1 or a list, each a number >= 0, < 1", "0.0"),
        ("model.hidden", "a list, each a whole number >= 1, <= 65536", "[32]"),
        ("task.kind", '"ordinal", "multiclass", "binary" or "regression"',
         '"ordinal"; "multiclass" for multiclass; "binary" for binary; "regression" for regression'),
        ("scheduler", "", '"cosine"'),
        ("penalty", "", '"adaptive"'),
        ("penalty.skip", "a number >= 0", "0.7; 0.3 for multiclass; 0.1 for regression"),
        ("loss.delta", "a number > 0", "1.0"),
        ("optimizer.skip_lr", 'a number > 0 or "none"', None),
        ("optimizer.alpha", "a number >= 0, < 1", "0.99"),
        ("data.delimiter", '"auto" or text', '"auto"'),
        ("data.columns", "a table", "{}"),
        ("data.columns.COLUMN.typographic", "true or false", "false"),
        ("data.columns.COLUMN.decimal", '"." or "," or "none"', '"none"'),
        ("portfolio", "a list, each a table", "[]"),
    ],
)  # fmt: skip
def test_values_and_defaults(path, values, default) -> None:
    assert explained(path).values == values
    assert default is None or explained(path).default == default


def test_the_default_of_a_component_that_is_not_the_default() -> None:
    assert explained("optimizer.lr").default == (
        "0.02; 0.1 with sgd; 0.03 with adagrad; 0.002 with rmsprop; "
        "0.005 with adamw, nadam, radam, adamax; 1.0 with adadelta"
    )
    assert explained("loss.delta").summary == (
        "error, in target standard deviations, where it becomes linear, of huber"
    )


def test_a_guide_stands_once() -> None:
    field = Config.model_fields["portfolio"]
    assert [mark.when for mark in field.metadata if isinstance(mark, Guide)] == [explained("portfolio").when]
