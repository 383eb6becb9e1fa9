"""No setting gets lost, whichever way it is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoneprice.config.load import config_from_toml, load_config
from phoneprice.config.render import to_toml
from phoneprice.config.schema import Config
from tests.config.every_setting import Given, settings_of, value_at

SETTINGS = list(settings_of())


def by_file(settings: dict[str, str], folder: Path) -> Config:
    file = folder / "own.toml"
    file.write_text("\n".join(f"{path} = {value}" for path, value in settings.items()), encoding="utf-8")
    return load_config(file)


def by_environment(settings: dict[str, str], _: Path) -> Config:
    return load_config(
        environ={f"PHONEPRICE_{path.upper().replace('.', '__')}": value for path, value in settings.items()}
    )


def by_override(settings: dict[str, str], _: Path) -> Config:
    return load_config(overrides=[f"{path}={value}" for path, value in settings.items()])


@pytest.mark.parametrize("load", [by_file, by_environment, by_override])
@pytest.mark.parametrize("given", SETTINGS, ids=str)
def test_a_setting_arrives_and_is_written_down(given: Given, load, tmp_path: Path) -> None:
    others = {path: value for path, value in given.settings.items() if path != given.path}
    assert value_at(load(others, tmp_path), given.path) != given.value
    config = load(given.settings, tmp_path)
    assert value_at(config, given.path) == given.value
    assert config_from_toml(to_toml(config), "config.toml") == config


def test_all_settings_are_there() -> None:
    assert len(SETTINGS) > 150
    assert {given.path.partition(".")[0] for given in SETTINGS} == set(Config.model_fields)
