import pytest

from phoneprice.components.losses import CrossEntropy, Ordinal
from phoneprice.config.load import load_config, override_config
from phoneprice.config.presets import presets
from phoneprice.config.recipes import recipe
from phoneprice.config.schema import Config
from phoneprice.errors import ConfigError

KINDS = ("ordinal", "multiclass", "binary", "regression")


@pytest.mark.parametrize("name", presets())
def test_no_override_changes_nothing(name):
    config = load_config(name)
    assert override_config(config, []) == config


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_another_kind_brings_its_recipe(kind, other):
    assert override_config(recipe(kind), [f"task.kind={other}"]) == recipe(other)


def test_what_was_chosen_stays():
    config = load_config(overrides=["optimizer.lr=0.3", "training.early_stopping.patience_epochs=3", "model.hidden=[]"])
    other = override_config(config, ["task.kind=multiclass", "model.hidden=[4]"])
    assert other.optimizer == config.optimizer
    assert other.training == config.training
    assert other.model.hidden == (4,)
    assert isinstance(other.loss, CrossEntropy)


def test_values_that_are_absent():
    config = load_config(overrides=["optimizer.skip_lr=none"])
    assert override_config(config, ["training.seed=1"]).optimizer.skip_lr is None


def test_faults():
    config = Config(loss=Ordinal(distribution="logit"))
    with pytest.raises(ConfigError) as raised:
        override_config(config, ["task.kind=multiclass"])
    assert str(raised.value) == ("loss 'ordinal' is for ordinal, not for task kind 'multiclass'; set loss.name")
