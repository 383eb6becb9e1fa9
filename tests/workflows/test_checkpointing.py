"""Which settings of a training that goes on must be those it was begun with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from phoneprice.config.load import load_config
from phoneprice.config.schema import Config
from phoneprice.workflows.changes import Change, changes
from phoneprice.workflows.checkpointing import origin_of
from phoneprice.workflows.events import ignore
from phoneprice.workflows.prepare import Prepared, prepare_table
from tests.config.every_setting import Given, settings_of
from tests.small_tables import table

FREE = {
    "training.checkpoint_seconds",
    "task.decision",
    "task.costs",
    "task.threshold_metric",
    "task.calibration",
}
"""What is saved how often, and what is made of the networks once they are trained."""


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare_table(table(ram=[1.0, 2.0, 3.0, 4.0], price_range=[0.0, 1.0, 0.0, 1.0]), Config(), ignore)


@pytest.mark.parametrize("given", list(settings_of()), ids=str)
def test_a_setting_that_decides_the_networks_must_stay(given: Given, prepared: Prepared) -> None:
    settings = [f"{path}={value}" for path, value in given.settings.items()]
    then, now = (
        origin_of(replace(prepared, config=load_config(overrides=overrides)), device="cpu", threads=1)
        for overrides in (settings[:-1], settings)
    )
    found = [change.key for change in changes(then, now)]
    assert any(f"{key}.".startswith(f"{given.path}.") for key in found) == (given.path not in FREE)
    assert found or given.path in FREE
    assert list(changes(now, now)) == []


def test_the_machine_must_stay(prepared: Prepared) -> None:
    usual = origin_of(prepared, device="cpu", threads=1)
    device = changes(usual, origin_of(prepared, device="cuda", threads=1))
    threads = changes(usual, origin_of(prepared, device="cpu", threads=2))
    assert [*device, *threads] == [Change("the device", "cpu", "cuda"), Change("the number of threads", 1, 2)]
