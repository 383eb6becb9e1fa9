import json
import math
import re
import subprocess
import sys
import tomllib
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from phoneprice.components.base import Component, Settings
from phoneprice.components.encodings import NoEncoding
from phoneprice.config.fields import choices, component_name, section, toml_value
from phoneprice.config.load import config_from_toml, load_config
from phoneprice.config.recipes import recipe
from phoneprice.config.render import json_schema, to_toml
from phoneprice.config.schema import RECIPE_NAME, Config, DataConfig, ModelConfig, Recipe, ValidationConfig

# --- every configuration there is, from the schema --------------------------------------------------------------------


BOUNDS = {Gt: "gt", Ge: "ge", Lt: "lt", Le: "le", MinLen: "min_length", MaxLen: "max_length"}


def bounds(metadata):
    """Bounds by name, those inside a nested ``Field`` included."""
    flat = [item for data in metadata for item in (data.metadata if isinstance(data, FieldInfo) else [data])]
    return {BOUNDS[type(item)]: getattr(item, BOUNDS[type(item)]) for item in flat if type(item) in BOUNDS}


def integers(ge=None, gt=-1, le=None, lt=10**9 + 1):
    return st.integers(gt + 1 if ge is None else ge, lt - 1 if le is None else le)


def floats(ge=None, gt=None, le=None, lt=None):
    low, high = gt if ge is None else ge, lt if le is None else le
    within = st.floats(low, high, exclude_min=gt is not None, exclude_max=lt is not None, allow_nan=False)
    return within.filter(math.isfinite)


def text(min_length=0, max_length=None):
    return st.text(min_size=min_length, max_size=max_length)


SCALARS = {bool: st.booleans, type(None): st.none, int: integers, float: floats, str: text}


def values(annotation, metadata=()):
    """Everything a field of this type and these bounds allows."""
    if annotation in SCALARS:
        return SCALARS[annotation](**bounds(metadata))
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, UnionType):
        return st.one_of([values(argument) for argument in arguments])
    if origin is Annotated:
        return values(arguments[0], arguments[1:])
    if origin is dict:
        inner = tables(arguments[1]) if isinstance(arguments[1], type) else values(arguments[1])
        return st.dictionaries(values(arguments[0]), inner, max_size=2)
    assert origin is tuple, annotation
    return st.lists(values(arguments[0]), max_size=3).map(tuple)


MARKS = [(".", ""), (".", ","), (",", "."), (",", " ")]


@st.composite
def tables(draw, /, table, **fixed):
    given = dict(fixed)
    if "thousands" in table.model_fields:  # the two marks differ
        given["decimal"], given["thousands"] = draw(
            st.sampled_from(MARKS if table is DataConfig else [*MARKS, (None, None)])
        )
    for name, field in table.model_fields.items():
        if name in given:
            continue
        if components := choices(field):
            given[name] = draw(tables(draw(st.sampled_from(list(components.values())))))
        elif below := section(field):
            given[name] = draw(tables(below))
        elif not (issubclass(table, Component) and name == "name"):
            given[name] = draw(values(field.annotation, field.metadata))
    return table(**given)


DECISIONS = {
    "ordinal": ["argmax", "median", "expected_cost"],
    "multiclass": ["argmax", "expected_cost"],
    "binary": ["argmax", "expected_cost"],
    "regression": ["argmax"],
}


@st.composite
def models(draw):
    hidden = draw(st.lists(st.integers(1, 65_536), max_size=3).map(tuple))
    rates = st.floats(0, 1, exclude_max=True)
    dropout = draw(rates | st.tuples(*[rates] * len(hidden)))
    encoding = {} if hidden else {"encoding": NoEncoding()}  # others are for hidden layers
    return draw(tables(ModelConfig, hidden=hidden, dropout=dropout, skip=True, **encoding))


@st.composite
def networks(draw, losses):
    """A recipe without a name of its own."""
    return draw(tables(Recipe, name="x", model=draw(models()), loss=draw(tables(draw(st.sampled_from(losses))))))


def _named(name, recipe):
    return recipe.model_copy(update={"name": name})


@st.composite
def configs(draw):
    kind = draw(st.sampled_from(["ordinal", "multiclass", "binary", "regression"]))
    kinds: list[Any] = list(choices(Config.model_fields["loss"]).values())
    losses = [loss for loss in kinds if kind in loss.tasks]
    decision = draw(st.sampled_from(DECISIONS[kind]))
    rows = st.lists(st.lists(st.floats(0, 1e9), max_size=3).map(tuple), min_size=1, max_size=3).map(tuple)
    costs = draw(rows) if decision == "expected_cost" else ()
    threshold = draw(st.sampled_from(["none", "f1"])) if (kind, decision) == ("binary", "argmax") else "none"
    fixed = {"kind": kind, "decision": decision, "costs": costs, "threshold_metric": threshold}
    task = draw(tables(section(Config.model_fields["task"]), **fixed))
    model = draw(models())
    group, order = draw(st.sampled_from([("the group", ""), ("", "the day"), ("", "")]))
    data = draw(tables(DataConfig, group_column=group, weight_column=draw(st.sampled_from(["", "the weight"]))))
    scheme = draw(st.sampled_from(["holdout", "none"] if order else ["kfold", "holdout", "none"]))
    validation = draw(tables(ValidationConfig, order_column=order, scheme=scheme))
    loss = draw(tables(draw(st.sampled_from(losses))))
    recipe = st.builds(_named, st.from_regex(RECIPE_NAME, fullmatch=True), networks(losses))
    most = 0 if scheme == "none" else 2
    portfolio = draw(st.lists(recipe, max_size=most, unique_by=lambda own: own.name).map(tuple))
    return draw(
        tables(Config, task=task, model=model, data=data, validation=validation, loss=loss, portfolio=portfolio)
    )


def components_everywhere():
    for name, field in [
        *Config.model_fields.items(),
        *((f"model.{n}", f) for n, f in ModelConfig.model_fields.items()),
    ]:
        yield from ((name, component) for component in choices(field).values())


COMPONENTS = list(components_everywhere())


@settings(max_examples=200, deadline=None)
@given(configs())
def test_round_trip(config):
    assert config_from_toml(to_toml(config), "x") == config


@pytest.mark.parametrize(("path", "component"), COMPONENTS, ids=lambda value: getattr(value, "__name__", value))
def test_round_trip_of_each_component(path, component):
    name = component_name(component)
    kind = ["task.kind=" + min(component.tasks)] if path == "loss" else []
    config = load_config(None, [*kind, f"{path}.name={name}"])
    chosen: Settings = config
    for part in path.split("."):
        chosen = getattr(chosen, part)
    assert type(chosen) is component
    assert config_from_toml(to_toml(config), "x") == config
    assert f'name = "{name}"' in to_toml(config)


def test_there_are_components_to_test():
    assert len(COMPONENTS) > 40


# --- the text ---------------------------------------------------------------------------------------------------------


def test_every_field_stands_with_its_description():
    text = to_toml(load_config(None, ["optimizer=sgd"]))
    assert (
        "\n# one of sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw, nadam, radam, adadelta, adamax,\n# muon\n"
        "[optimizer]\n"
        "# gradient descent on batches; w <- w - lr * gradient (Robbins and Monro 1951)\n"
        'name = "sgd"\n'
        "# base learning rate (> 0)\n"
        "lr = 0.1\n"
    ) in text
    assert max(map(len, text.splitlines())) <= 100
    undocumented = [
        a
        for a, b in zip(text.splitlines(), text.splitlines()[1:], strict=False)
        if not a.startswith("#") and b[:1].isalpha()
    ]
    assert undocumented == []


@given(st.text())
@example("\x7f\x9b\u202e\u2028\U000e0001\n")
def test_a_text_is_one_printable_line_that_reads_back(text):
    line = f"text = {toml_value(text)}"
    assert line.isprintable()
    assert tomllib.loads(line) == {"text": text}


def test_an_absent_value_is_none():
    config = load_config(None, ["optimizer.skip_lr=0.5"])
    assert "\nskip_lr = 0.5\n" in to_toml(config)
    config = load_config(None, ["optimizer.skip_lr=none"])
    assert config.optimizer.skip_lr is None
    assert '(or "none")\nskip_lr = "none"\n' in to_toml(config)


# --- JSON Schema ------------------------------------------------------------------------------------------------------


def test_schema_allows_a_bare_name():
    schema = json_schema()
    activation = schema["$defs"]["ModelConfig"]["properties"]["activation"]
    assert activation["anyOf"][0]["type"] == "string"
    assert "tanh" in activation["anyOf"][0]["enum"]
    assert {"$ref": "#/$defs/Tanh"} in activation["anyOf"]
    text = json.dumps(schema, indent=2)
    assert "oneOf" not in text
    assert "discriminator" not in text
    assert "null" not in re.findall(r'"type": "(.*)"', text)


def test_schema_is_closed():
    for name, definition in json_schema()["$defs"].items():
        assert definition["additionalProperties"] is False, name


def test_schema_file_is_up_to_date():
    from phoneprice.config.presets import presets

    committed = (presets()["default"].parent / "schema.json").read_text(encoding="utf-8")
    assert json.loads(committed) == json_schema(), "run: phoneprice config schema > configs/schema.json"
    assert committed == json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n", (
        "run: phoneprice config schema > configs/schema.json"
    )


def test_loading_and_rendering_import_nothing_heavy():
    code = (
        "import sys; from phoneprice.config.load import load_config; from phoneprice.config.render import to_toml;"
        "to_toml(load_config('textbook', ['optimizer=sgd']));"
        "print([m for m in ('numpy', 'torch', 'pandas', 'sklearn', 'scipy', 'pyarrow', 'difflib') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_default_loss_of_each_kind_fits_it():
    for kind in ("ordinal", "multiclass", "binary", "regression"):
        assert kind in recipe(kind).loss.tasks
