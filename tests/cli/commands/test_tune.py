"""``phoneprice tune``: what it asks of the workflow, and what it shows of the answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from phoneprice.config.load import load_config
from phoneprice.config.schema import Config
from phoneprice.records import Interval, Task
from phoneprice.records.searches import NestedEstimate, Search
from phoneprice.workflows.spaces import SearchedSpace
from phoneprice.workflows.tune import TuneResult
from tests.cli.calling import Call, in_terminal
from tests.random_runs import random_search

FOUND = random_search(Config()).model_copy(
    update={"nested": NestedEstimate(folds=5, figure=Interval(0.3, 0.2, 0.4), lead=Interval(0.01, -0.02, 0.04))}
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The arguments of the last call of the workflow, which searches nothing."""
    asked: dict[str, Any] = {"found": FOUND}

    def tune(data: Any, config: Config, run: Any, *, on_event: Any, **options: Any) -> TuneResult:
        asked.update(data=data, config=config, run=run, **options)
        return TuneResult(run, config, Task("ordinal", "y", ("0", "1")), asked["found"], None, 12.0, ())

    monkeypatch.setattr("phoneprice.workflows.tune.tune", tune)
    return asked


def test_arguments(call: Call, asked: dict[str, Any]) -> None:
    numbers = ("--candidates", "9", "--minutes", "2.5", "--folds", "4", "--seed", "3", "--metric", "accuracy")
    flags = ("--no-racing", "--no-train", "--nested", "--resume", "--force", "--device", "cpu")
    space = ("-x", "optimizer.lr=1e-3..0.1:log", "model.hidden=[]|[8]")
    result = call("tune", "t.csv", "-o", "run", *space, *numbers, *flags, "-s", "training.epochs=3", "model.skip=true")
    assert result.code == 0
    given = {"candidates": 9, "minutes": 2.5, "folds": 4, "seed": 3, "metric": "accuracy"}
    given |= {"racing": False, "training": False, "nested": True, "resume": True, "force": True}
    assert {name: asked[name] for name in given} == given
    assert (asked["data"], asked["run"], asked["config"].training.epochs) == (Path("t.csv"), Path("run"), 3)
    assert asked["config"].training.device == "cpu"
    assert asked["space"] == SearchedSpace(space[1:], {}, "None, [tune.space]", ("training.epochs", "model.skip"))
    assert asked["command_line"][:2] == ("phoneprice", "tune")


def test_by_default(call: Call, asked: dict[str, Any]) -> None:
    assert call("tune", "-o", "run").code == 0
    given = {"candidates": None, "minutes": None, "folds": 5, "seed": 0, "metric": None}
    given |= {"racing": True, "training": True, "nested": False, "resume": False, "force": False}
    assert {name: asked[name] for name in given} == given
    assert (asked["data"], asked["config"]) == (None, load_config())
    assert asked["space"].is_usual


def test_the_space_of_the_file(call: Call, asked: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('[tune.space]\noptimizer.lr = "0.1..0.2"\n')
    assert call("tune", "-c", file, "-o", "run").code == 0
    assert asked["space"].table == {"optimizer": {"lr": "0.1..0.2"}}


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("-x", "optimizer.lrr=1..2"), 'optimizer.lrr: unknown key for "adam"; did you mean "lr"?'),
        (("-x", "optimizer.lr=1"), "optimizer.lr: found 1, one value is no choice"),
        (("-x", "data.target=a|b"), "data.target: can't be varied"),
        (("--folds", "1"), "'--folds': found '1', must be a whole number from 2 to 1000"),
        (("--candidates", "0"), "'--candidates': found '0', must be a whole number from 1 to 1000"),
    ],
)
def test_faults_come_first(call: Call, asked: dict[str, Any], words: tuple[str, ...], fault: str) -> None:
    result = call("tune", "nix.csv", "-o", "run", *words)
    assert result.code == 2
    assert fault in result.err
    assert "data" not in asked


SHOWN = """\
6 candidates on 3 folds of 24 rows, in 12 s; the best by log loss
   log_loss      95% interval  better by   time  what changed
"""


def test_what_is_shown(call: Call, asked: dict[str, Any]) -> None:
    result = call("tune", "t.csv", "-o", "run")
    assert result.out == "run\n"
    assert result.err.startswith(SHOWN)
    best = FOUND.winner
    lines = result.err.splitlines()
    assert lines[3].startswith(f"{FOUND.picked}    {best.figure.value:.4f}  ")
    assert lines[3].rstrip().endswith(FOUND.words(FOUND.picked).split()[-1]) or "lr=" in lines[3]
    told = " ".join(result.err.split())
    picked = f"{best.figure.value:.4f} ({best.figure.low:.4f} to {best.figure.high:.4f})"
    assert f"picked candidate {FOUND.picked}: log loss {picked}; the luckiest, so it is too good" in told
    assert "corrected log loss 0.3100 (0.2100 to 0.4200): what to expect of it" in told
    assert "better by 0.0200 (-0.0100 to 0.0500) than candidate 0, the configuration as given; corrected" in told
    assert "nested log loss 0.3000 (0.2000 to 0.4000), better than 0 by 0.0100 (-0.0200 to 0.0400)" in told
    assert f"smallest candidate {FOUND.smallest}, " in told
    assert "mattered optimizer.lr 60.0%, model.activation 10.0%, model.dropout 0.0% of the variance" in told
    assert "dropped 1 behind after 1 fold" in told
    assert "failed 1 candidate: candidate 4 diverged in fold 1, epoch 3" in told
    assert "try -x optimizer.lr=0.03..0.3:log" in told
    assert "For a run of it: phoneprice train DATA -c run/best.toml" in told


@pytest.mark.parametrize("columns", [80, 60, 40])
def test_it_fits_the_terminal(call: Call, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    wide = {f"section{k}.a_long_name_of_a_setting": "1|2" for k in range(8)}
    long = tuple(own.model_copy(update={"settings": {**own.settings, **wide}}) for own in FOUND.candidates)
    asked["found"] = FOUND.model_copy(update={"candidates": long, "space": {**FOUND.space, **wide}})
    in_terminal(monkeypatch, columns)
    lines = call("tune", "t.csv", "-o", "run").err.splitlines()
    assert max(map(len, lines[:-1])) <= columns


def test_json(call: Call, asked: dict[str, Any]) -> None:
    document = json.loads(call("tune", "t.csv", "-o", "run", "--json").out)
    assert document["metrics"] == {"log_loss": {"value": 0.31, "low": 0.21, "high": 0.42}}
    assert (document["run"], document["training"], document["seconds"]) == ("run", None, 12.0)
    fields = {name: value for name, value in document.items() if name in Search.model_fields}
    assert Search.model_validate_json(json.dumps(fields)) == FOUND


def test_quiet(call: Call, asked: dict[str, Any]) -> None:
    result = call("tune", "t.csv", "-o", "run", "-q")
    assert (result.out, result.err) == ("run\n", "")


def test_from_start_to_end(call: Call, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("x,z,y\n" + "".join(f"{i % 7},{i % 5},{i % 7 + i % 3}\n" for i in range(60)))
    settings = ("-s", "training.epochs=4", "training.threads=1", "task.kind=regression")
    space = ("-x", "optimizer.lr=0.01..0.1:log", "model.hidden=[]|[3]")
    common = ("--target", "y", *settings, *space, "--candidates", "4", "--folds", "3")
    result = call("tune", table, *common, "-o", tmp_path / "run")
    assert (result.code, result.out) == (0, f"{tmp_path}/run\n"), result.err
    assert "4 candidates on 3 folds of 60 rows" in result.err
    assert f"For a report: phoneprice report {tmp_path}/run {table}" in result.err
    assert call("predict", tmp_path / "run", table, "-o", tmp_path / "p.csv").code == 0
    alone = call("tune", table, *common, "--no-train", "-o", tmp_path / "alone")
    assert alone.code == 0
    refused = call("predict", tmp_path / "alone", table)
    best = f"'phoneprice train DATA -c {tmp_path}/alone/best.toml' trains the best"
    told = f"phoneprice: error: {tmp_path}/alone: holds a search and no networks; {best}\n"
    assert (refused.code, refused.err) == (4, told)
