"""Which settings of a training that goes on must be those it was begun with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from phoneprice.artifact.writer import RunWriter
from phoneprice.config.load import load_config
from phoneprice.config.schema import Config
from phoneprice.errors import ModelError
from phoneprice.records import MemberPlan
from phoneprice.workflows.changes import Change, changes
from phoneprice.workflows.checkpointing import Checkpointer, origin_of
from phoneprice.workflows.events import EpochDone, Event, ignore
from phoneprice.workflows.fitting import Fitted, fit
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
        origin_of(replace(prepared, config=load_config(overrides=overrides)), [], device="cpu", threads=1)
        for overrides in (settings[:-1], settings)
    )
    found = [change.key for change in changes(then, now)]
    assert any(f"{key}.".startswith(f"{given.path}.") for key in found) == (given.path not in FREE)
    assert found or given.path in FREE
    assert list(changes(now, now)) == []


def test_the_machine_must_stay(prepared: Prepared) -> None:
    usual = origin_of(prepared, [], device="cpu", threads=1)
    device = changes(usual, origin_of(prepared, [], device="cuda", threads=1))
    threads = changes(usual, origin_of(prepared, [], device="cpu", threads=2))
    assert [*device, *threads] == [Change("the device", "cpu", "cuda"), Change("the number of threads", 1, 2)]


SMALL = ["model.hidden=[4]", "training.epochs=5", "training.threads=1", "training.checkpoint_seconds=0"]


class Stop(BaseException):
    """Ends a training between two epochs."""


def variants(rates: Sequence[float]) -> list[Config]:
    return [load_config(overrides=[*SMALL, f"optimizer.lr={rate}"]) for rate in rates]


def trained(
    prepared: Prepared, run: Path, rates: Sequence[float], *, stop: bool = False, resume: bool = False
) -> Fitted:
    """One member for each rate; stopped after two epochs, or resumed."""
    config = load_config(overrides=SMALL)
    rows = np.arange(4)
    plans = [MemberPlan(0, rows[:3], rows[3:], rows[:0])]

    def listen(event: Event) -> None:
        if stop and isinstance(event, EpochDone) and event.record.epoch == 3:
            raise Stop

    with RunWriter(run, resume=resume) as writer:
        saving = Checkpointer(writer, run, config, resume=resume, command=(), on_event=ignore)
        with saving as checkpointer:
            return fit(
                replace(prepared, config=config),
                plans,
                listen,
                configs=variants(rates),
                checkpointer=checkpointer,
            )


def test_members_with_settings_of_their_own_go_on_exactly(prepared: Prepared, tmp_path: Path) -> None:
    rates = [0.01, 0.02, 0.01]
    whole = trained(prepared, tmp_path / "whole", rates)
    with pytest.raises(Stop):
        trained(prepared, tmp_path / "run", rates, stop=True)
    resumed = trained(prepared, tmp_path / "run", rates, resume=True)
    for ours, theirs in zip(resumed.ensembles, whole.ensembles, strict=True):
        for name, values in theirs.parameters.items():
            assert ours.parameters[name].tobytes() == values.tobytes()
    assert resumed.history.learning_rate.tolist() == whole.history.learning_rate.tolist()


@pytest.mark.parametrize("rates", [[0.02, 0.01, 0.01], [0.01, 0.02, 0.03]])
def test_members_with_other_settings_are_refused(prepared: Prepared, tmp_path: Path, rates: Sequence[float]) -> None:
    with pytest.raises(Stop):
        trained(prepared, tmp_path / "run", [0.01, 0.02, 0.01], stop=True)
    with pytest.raises(ModelError) as caught:
        trained(prepared, tmp_path / "run", rates, resume=True)
    assert re.sub(r"[0-9a-f]{39}", "HASH", str(caught.value)) == (
        f"{tmp_path}/run: can't go on from its checkpoint: the members' settings (SHA-256) was HASH…, is HASH…; "
        "resume with what it was begun with, or start over with --force"
    )


def test_members_with_the_settings_of_the_run_need_no_mention(prepared: Prepared) -> None:
    usual = origin_of(prepared, [], device="cpu", threads=1)
    assert origin_of(prepared, [prepared.config], device="cpu", threads=1) == usual
    assert list(changes(usual, origin_of(prepared, variants([0.1]), device="cpu", threads=1)))
