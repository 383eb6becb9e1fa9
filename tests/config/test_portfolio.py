"""The recipes of a portfolio: what differs from the rest of a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from phoneprice.components.base import TaskKind
from phoneprice.config.asked import ToInfer
from phoneprice.config.load import config_from_toml, load_config, override_config
from phoneprice.config.recipes import portfolio, recipe
from phoneprice.config.render import to_toml
from phoneprice.config.schema import NETWORK_SECTIONS, Config, Recipe, RecipeTraining
from phoneprice.errors import ConfigError

FILE = """
[model]
hidden = [16, 8]
dropout = 0.25

[optimizer]
lr = 0.03

[training]
epochs = 50
seed = 3

[[portfolio]]
name = "as_it_is"

[[portfolio]]
name = "ramps"
model.hidden = [64]
model.encoding = "piecewise_linear"
optimizer = { skip_lr = 0.2 }
training = { batch_rows = 128 }

[[portfolio]]
name = "slow"
optimizer = "sgd"

[portfolio.training]
epochs = 200
gradient_clip_norm = 1.0
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


def recipes(config: Config) -> dict[str, Config]:
    return {own.name: config.of_recipe(own) for own in config.portfolio}


def test_recipes_are_the_configuration_but_for_what_they_change(file: Path) -> None:
    found = recipes(load_config(file))
    file.write_text(FILE.partition("[[portfolio]]")[0])
    base = load_config(file)
    ramps = ["model.hidden=[64]", "model.encoding=piecewise_linear", "optimizer.skip_lr=0.2", "training.batch_rows=128"]
    slow = ["optimizer=sgd", "training.epochs=200", "training.gradient_clip_norm=1"]
    assert found == {
        "as_it_is": base,
        "ramps": override_config(base, ramps),
        "slow": override_config(base, slow),
    }
    assert found["ramps"].optimizer.lr == 0.03
    assert found["slow"].optimizer.lr == 0.1  # another optimizer begins anew
    assert {own.training.seed for own in found.values()} == {3}


def test_without_a_portfolio_the_configuration_is_the_only_recipe() -> None:
    config = load_config()
    assert config.portfolio == ()
    assert config.recipes == (config,)
    assert "portfolio" not in to_toml(config)


def test_what_is_written_down_is_read_back(file: Path) -> None:
    config = load_config(file)
    assert config_from_toml(to_toml(config), "config.toml") == config
    assert to_toml(config).count("[[portfolio]]") == 3
    assert '\n[[portfolio]]\nname = "ramps"\n[portfolio.model]\nhidden = [64]\n' in to_toml(config)
    assert override_config(config, []) == config


def test_a_recipe_has_what_decides_networks_and_their_steps() -> None:
    assert set(Recipe.model_fields) == {"name", "training", *NETWORK_SECTIONS}
    usual = Config()
    assert Recipe(name="same") == usual.as_recipe("same")
    assert {name: getattr(usual.training, name) for name in RecipeTraining.model_fields} == dict(RecipeTraining())


@pytest.mark.parametrize("key", ["epochs", "batch_rows"])
@pytest.mark.parametrize("whole", [False, True])
def test_steps_that_somebody_sets_hold_for_every_recipe(file: Path, key: str, whole: bool) -> None:
    setting = f"training={{{key}=7}}" if whole else f"training.{key}=7"
    for config in (load_config(file, [setting]), override_config(load_config(file), [setting])):
        assert [getattr(own.training, key) for own in config.recipes] == [7, 7, 7]
    before, after = load_config(file), load_config(file, [setting])
    assert [own.optimizer for own in after.recipes] == [own.optimizer for own in before.recipes]


def test_other_settings_keep_the_portfolio(file: Path) -> None:
    config = load_config(file, ["training.seed=9", "data.target=y", "validation.folds=3", "training.stack_members=4"])
    assert [(own.training.seed, own.validation.folds) for own in config.recipes] == [(9, 3)] * 3


@pytest.mark.parametrize(
    "setting", ["model.hidden=[3]", "loss.distribution=logit", "penalty=none", "optimizer.lr=1", "scheduler=constant"]
)
@pytest.mark.parametrize("way", ["override", "environment"])
def test_a_setting_of_the_network_leaves_the_portfolio_out(file: Path, setting: str, way: str) -> None:
    said = list[str]()
    key, _, value = setting.partition("=")
    if way == "override":
        config, source = load_config(file, [setting], say=said.append), "-s"
    else:
        name = f"PHONEPRICE_{key.upper().replace('.', '__')}"
        config, source = load_config(file, environ={name: value}, say=said.append), f"environment variable {name}"
    assert said == [f"{key} is set ({source}): trained without the portfolio (as_it_is, ramps, slow)"]
    assert config.portfolio == ()
    file.write_text(FILE.partition("[[portfolio]]")[0])
    assert config == load_config(file, [setting])


def test_a_configuration_that_is_given_is_a_lower_layer(file: Path) -> None:
    said = list[str]()
    assert override_config(load_config(file), ["model.hidden=[3]"], said.append).portfolio == ()
    assert said == ["model.hidden is set (-s): trained without the portfolio (as_it_is, ramps, slow)"]


def test_without_held_out_rows_there_is_nothing_to_weigh_by(file: Path) -> None:
    said = list[str]()
    assert load_config(file, ["validation.scheme=none"], say=said.append).portfolio == ()
    assert said == [
        (
            'validation.scheme "none" holds out no rows to weigh recipes by: '
            "trained without the portfolio (as_it_is, ramps, slow)"
        )
    ]
    with pytest.raises(ValueError, match="portfolio needs held-out rows"):
        Config.model_validate({"portfolio": [{"name": "a"}], "validation": {"scheme": "none"}})


def test_the_last_portfolio_holds(file: Path) -> None:
    """With the settings of its own layer, too."""
    config = load_config(file, ['portfolio=[{name="one", model.skip=true}]', "model.hidden=[3]"])
    assert [(own.model.hidden, own.training.epochs) for own in config.recipes] == [((3,), 50)]
    assert load_config(file, ["portfolio=[]"]).portfolio == ()


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_recipes_follow_the_kind_of_task(file: Path, kind: str) -> None:
    for config in (load_config(file, [f"task.kind={kind}"]), override_config(load_config(file), [f"task.kind={kind}"])):
        assert {own.loss for own in config.recipes} == {recipe(config.task.kind).loss}


def test_a_table_may_tell_the_portfolio() -> None:
    """As a file would: what is asked for goes before."""
    told = {"task": {"kind": "binary"}, "portfolio": [{"name": "a", "model": {"hidden": [3]}}]}
    said = list[str]()
    found = ToInfer("y", ("training.epochs=4",)).config(told, said.append)
    assert [(own.task.kind, own.model.hidden, own.training.epochs) for own in found.recipes] == [("binary", (3,), 4)]
    assert said == []
    assert ToInfer("y", ("optimizer.lr=1",)).config(told, said.append).portfolio == ()
    assert said == ["optimizer.lr is set (-s): trained without the portfolio (a)"]


@pytest.mark.parametrize(
    ("portfolio", "expected"),
    [
        ("3", ["portfolio: found 3, a portfolio is a list of tables, [[portfolio]] (-s)"]),
        ("[3]", ["portfolio: found [3], a portfolio is a list of tables, [[portfolio]] (-s)"]),
        (
            "[{model={hidden=[3]}}]",
            ["portfolio: found the recipe {model = {hidden = [3]}} without a name; give it one (-s)"],
        ),
        ('[{name="a b"}]', ['portfolio.a b.name: found "a b", must be 1 to 40 letters, digits, - or _ (-s)']),
        ("[{name=3}]", ["portfolio.3.name: found 3, must be text (-s)"]),
        ('[{name="a"}, {name="a"}]', ['portfolio: found 2 recipes called "a"; rename them (-s)']),
        (
            '[{name="a", modle={}}]',
            [
                (
                    'portfolio.a.modle: unknown key; did you mean "model"? '
                    "one of name, model, loss, penalty, optimizer, scheduler, training (-s)"
                )
            ],
        ),
        (
            '[{name="a", training={epochs=0}}, {name="b", model={hidden=[3], dropout=[0.1, 0.2]}}]',
            [
                "portfolio.a.training.epochs: found 0, must be at least 1 (-s)",
                "portfolio.b.model: dropout has 2 values for 1 hidden layers",
            ],
        ),
        (
            '[{name="a", loss="mse"}]',
            ["portfolio.a: loss 'mse' is for regression, not for task kind 'ordinal'; set loss.name"],
        ),
        (
            '[{name="a", optimizer="adm", training={seed=3}}]',
            [
                (
                    'portfolio.a.optimizer.name: found "adm"; did you mean "adam"? one of "sgd", "momentum", '
                    '"nesterov", "adagrad", "rmsprop", '
                    '"adam", "adamw", "nadam", "radam", "adadelta", "adamax", "muon" (-s)'
                ),
                (
                    'portfolio.a.training.seed: unknown key; did you mean "training.seed"? '
                    "one of epochs, batch_rows, gradient_clip_norm, ema_decay, network_start (-s)"
                ),
            ],
        ),
        (
            "[" + ", ".join(f'{{name="r{i}"}}' for i in range(21)) + "]",
            ["portfolio: found 21 recipes, must be at most 20 (-s)"],
        ),
    ],
)
def test_all_faults_are_said(portfolio: str, expected: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(overrides=[f"portfolio={portfolio}"])
    assert str(caught.value).splitlines() == expected


def test_faults_of_recipes_stand_beside_the_others() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(overrides=["training.epochs=0", 'portfolio=[{name="a", training={batch_rows=0}}]'])
    assert str(caught.value).splitlines() == [
        "training.epochs: found 0, must be at least 1 (-s)",
        "portfolio.a.training.batch_rows: found 0, must be at least 1 (-s)",
    ]


def test_a_portfolio_that_is_left_out_need_not_go_with_what_is_set() -> None:
    for kind in get_args(TaskKind):
        told = list[str]()
        asked = [f"task.kind={kind}", "model.hidden=[8, 4]", "model.dropout=[0.1, 0.2]"]
        found = load_config(None, asked, inferred={"portfolio": portfolio(kind, 500, 9)}, say=told.append)
        assert (found.portfolio, found.model.hidden) == ((), (8, 4))
        assert [text.split(":")[0] for text in told] == ["model.hidden is set (-s)"]


@pytest.mark.parametrize("rows", [5, 150, 2000, 100_000, 10_000_000])
@pytest.mark.parametrize("kind", get_args(TaskKind))
def test_the_recipes_of_a_table(kind: TaskKind, rows: int) -> None:
    """They go with the defaults of the kind; of batches there are 300 steps, more where 20 epochs of 8,192 rows are."""
    found = load_config(None, [f"task.kind={kind}"], inferred={"portfolio": portfolio(kind, rows, 9)})
    names = ["penalised", *(["dropout"] if kind == "multiclass" else []), "ramps", "penalised-ramps"]
    assert [own.name for own in found.portfolio] == names
    training, own = found.portfolio[-1].training, rows * 4 // 5
    steps = training.epochs * max(1, own // training.batch_rows)
    assert steps >= 280
    assert steps <= 320 or (training.epochs, training.batch_rows) == (20, 8192)
    assert found.portfolio[-1].model.encoding.name == "piecewise_linear"


def test_wide_tables_have_fewer_ramps_a_number() -> None:
    bins = {}
    for columns in (9, 200, 300, 800, 801):
        found = load_config(None, ["task.kind=binary"], inferred={"portfolio": portfolio("binary", 500, columns)})
        bins[columns] = getattr(found.portfolio[1].model.encoding, "bins", 0)
    assert bins == {9: 12, 200: 12, 300: 8, 800: 3, 801: 0}
