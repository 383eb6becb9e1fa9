import os
from pathlib import Path

import pytest

from phoneprice.config.load import load_config
from phoneprice.config.presets import find_config, presets
from phoneprice.config.schema import Config
from phoneprice.errors import ConfigError

NAMES = ["binary", "default", "fast", "portfolio", "regression", "textbook", "wide"]


def test_the_presets():
    assert set(NAMES) <= set(presets())


@pytest.mark.parametrize("name", NAMES)
def test_each_file_is_valid_and_links_its_schema(name):
    load_config(name)
    assert presets()[name].read_text(encoding="utf-8").startswith("#:schema ./schema.json\n# ")


def test_default_is_what_no_file_gives():
    assert load_config("default") == Config()


def test_textbook_is_the_plain_network_of_a_course():
    config = load_config("textbook")
    model = config.model
    assert (model.activation.name, model.init.name, model.normalization.name) == (
        "relu",
        "kaiming_normal",
        "batch_norm",
    )
    assert (config.loss.name, config.optimizer.name, config.scheduler.name) == ("cross_entropy", "adam", "step")
    assert config.model.layer_dropout[0] > 0
    assert (config.penalty.name, config.model.skip, config.validation.scheme) == ("none", False, "kfold")


def test_a_name_means_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_config("textbook") == presets()["textbook"]
    Path("textbook").mkdir()
    assert find_config("textbook") == presets()["textbook"]
    Path("fast").write_text("")
    assert find_config("fast") == Path("fast")


def test_path_wins(tmp_path):
    path = tmp_path / "手机 价格.toml"
    path.write_text("")
    assert find_config(path) == path


def test_an_installed_wheel_carries_its_own(tmp_path, monkeypatch):
    from phoneprice.config import presets as module

    (tmp_path / "_configs").mkdir()
    (tmp_path / "_configs" / "own.toml").write_text("")
    monkeypatch.setattr(module, "_PACKAGE", tmp_path)
    assert presets() == {"own": tmp_path / "_configs" / "own.toml"}


def test_missing_file(tmp_path):
    rest = f"give a path or one of {', '.join(presets())}"
    with pytest.raises(ConfigError) as caught:
        find_config("textbok")
    assert str(caught.value) == f'textbok: no such configuration file; did you mean "textbook"? {rest}'
    with pytest.raises(ConfigError) as caught:
        find_config(tmp_path)
    assert str(caught.value) == f"{tmp_path}: is a directory, not a configuration file; {rest}"


@pytest.mark.parametrize(("name", "kind"), [("pipe", "a named pipe"), ("/dev/zero", "a device")])
def test_what_is_no_file_is_said(tmp_path, name, kind):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError) as caught:
        find_config(tmp_path / name)
    rest = f"give a path or one of {', '.join(presets())}"
    assert str(caught.value) == f"{tmp_path / name}: is {kind}, not a configuration file; {rest}"
