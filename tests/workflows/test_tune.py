"""Tuning: from a table to the run of the best configuration, with the search that it comes from."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from phoneprice.artifact import layout
from phoneprice.artifact.loader import load_run, verify_run
from phoneprice.artifact.runs import list_runs
from phoneprice.errors import ConfigError, DivergedError, ModelError, StoppedError, UsageError
from phoneprice.workflows import nested as nesting
from phoneprice.workflows import searching
from phoneprice.workflows.events import EpochDone, Event, Noted, Progress
from phoneprice.workflows.predict import predict
from phoneprice.workflows.train import train
from phoneprice.workflows.tune import TuneResult, tune

SETTINGS = [
    "data.target=y",
    "task.kind=regression",
    "model.hidden=[]",
    "penalty.name=none",
    "optimizer.skip_lr=none",
    "training.epochs=6",
    "training.threads=1",
    "training.device=cpu",
]
SPACE = ["optimizer.lr=0.05..0.2", "model.hidden=[]|[3]", "model.activation=relu|silu"]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A number that is twice another one, but for noise."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=80)
    y = 2 * x + 0.1 * generator.normal(size=80)
    path = tmp_path_factory.mktemp("tune") / "table.csv"
    path.write_text(
        "x,z,y\n" + "".join(f"{a:.4f},{i % 5},{b:.4f}\n" for i, (a, b) in enumerate(zip(x, y, strict=True)))
    )
    return path


def tuned(table: Path, run: Path, **options: Any) -> TuneResult:
    given: dict[str, Any] = {"space": SPACE, "candidates": 7, "folds": 3, "overrides": SETTINGS}
    return tune(table, None, run, **given | options)


@pytest.fixture(scope="module")
def found(table: Path) -> TuneResult:
    return tuned(table, table.with_name("run"), command_line=["phoneprice", "tune"])


def test_the_run_is_of_the_best_configuration(found: TuneResult, table: Path) -> None:
    run, search = load_run(found.run), found.search
    figures = {own.candidate: own.figure.value for own in search.candidates if own.figure}
    assert search.picked == min(figures, key=figures.__getitem__) == search.ranking[0]
    assert run.config == found.config == found.training.config
    changed = {"optimizer.lr": run.config.optimizer.lr, "model.hidden": list(run.config.model.hidden)}
    assert {key: str(value) for key, value in changed.items()} == {key: search.winner.settings[key] for key in changed}
    assert run.search == search
    predict(found.run, table, table.with_name("predicted.csv"))
    assert {file.name for file in verify_run(found.run)} >= layout.OF_SEARCH


def test_training_with_the_best_gives_the_same_bits(found: TuneResult, table: Path, tmp_path: Path) -> None:
    train(table, found.run / "best.toml", tmp_path / "again")
    for name in (layout.WEIGHTS, layout.CONFIG, layout.METRICS, layout.OUT_OF_FOLD, layout.HISTORY):
        assert (tmp_path / "again" / name).read_bytes() == (found.run / name).read_bytes()


def test_the_best_says_what_it_was_chosen_over(found: TuneResult) -> None:
    text, search = (found.run / "best.toml").read_text(), found.search
    comment = " ".join(line.lstrip("# ") for line in text.partition("\n\n")[0].splitlines())
    assert comment.startswith(
        f"Candidate {search.picked}, the best of 7 candidates on 3 folds by RMSE; "
        f"'phoneprice train -c' learns with it. Picked, so too good to be true: RMSE {search.winner.figure.value:.4f} ("
    )
    assert f"Corrected for that: RMSE {search.estimate.value:.4f} (" in comment
    assert "Chosen over candidate 0, the configuration as given: RMSE " in comment
    rate, given = (own.settings["optimizer.lr"] for own in (search.winner, search.candidates[0]))
    assert f"optimizer.lr = {rate} (as given: {given}; searched: 0.05..0.2)" in comment
    assert comment.endswith(f"Seed 0, racing on, data SHA-256 {load_run(found.run).splits.data_sha256}.")
    assert tomllib.loads(text) == tomllib.loads((found.run / "config.toml").read_text())


def test_a_line_a_candidate_and_fold(found: TuneResult) -> None:
    lines = pq.read_table(found.run / "search.parquet").to_pylist()
    assert [(line["candidate"], line["fold"]) for line in lines] == [(k, fold) for k in range(7) for fold in range(3)]
    for line in lines:
        own = found.search.candidates[line["candidate"]]
        there = line["fold"] < len(own.scores)
        assert line["score"] == (own.scores[line["fold"]] if there else None)
        assert line["status"] == ("scored" if there else own.why_not)
        assert line["optimizer.lr"] == float(own.settings["optimizer.lr"])
        assert line["model.hidden"] == own.settings["model.hidden"]
    assert {*lines[0]} == {"candidate", "fold", "score", "status", "seconds"} | {
        text.partition("=")[0] for text in SPACE
    }


def test_the_search_alone(table: Path, found: TuneResult, tmp_path: Path) -> None:
    alone = tuned(table, tmp_path / "alone", training=False)
    assert alone.training is None
    assert {path.name for path in alone.run.iterdir()} == {*layout.SEARCH_ALONE, layout.MANIFEST, layout.MANIFEST_HASH}
    assert len(verify_run(alone.run)) == 1 + len(layout.SEARCH_ALONE)
    assert (alone.run / "best.toml").read_bytes() == (found.run / "best.toml").read_bytes()
    told = (
        f"{alone.run}: holds a search and no networks; 'phoneprice train DATA -c {alone.run}/best.toml' trains the best"
    )
    with pytest.raises(ModelError) as raised:
        predict(alone.run, table, tmp_path / "predicted.csv")
    assert str(raised.value) == told
    assert [run.fault for run in list_runs(tmp_path)] == [told]


def test_without_a_space_the_usual_one_is_said(table: Path, tmp_path: Path) -> None:
    said: list[Event] = []
    usual = tuned(table, tmp_path / "run", space=None, candidates=3, on_event=said.append, training=False)
    (told,) = [event.message for event in said if isinstance(event, Noted) and "space" in event.message]
    assert told == "nothing said to search: the default space of regression tasks, " + ", ".join(
        f"{key}={value}" for key, value in usual.search.space.items()
    )
    assert {*usual.search.space} == {"model.dropout", "optimizer.lr"}


def test_the_space_of_a_file(table: Path, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('[tune.space]\noptimizer.lr = "0.05..0.2"\n')
    own = tune(table, file, tmp_path / "run", overrides=SETTINGS, candidates=2, folds=3, training=False)
    assert own.search.space == {"optimizer.lr": "0.05..0.2"}


def test_one_in_three_diverges(table: Path, tmp_path: Path) -> None:
    own = tuned(table, tmp_path / "run", space=["optimizer.lr=0.1|0.2|1e30"], candidates=4)
    lost = {k.settings["optimizer.lr"]: k.why_not for k in own.search.candidates if k.why_not}
    assert next(iter(lost)) == "1e+30"
    assert lost["1e+30"].startswith("diverged in fold 1, epoch ")
    assert own.search.winner.why_not is None
    with pytest.raises(DivergedError, match=r"^none of 1 candidate could be trained: diverged in fold 1"):
        tuned(table, tmp_path / "none", overrides=[*SETTINGS, "optimizer.lr=1e30"], candidates=1)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"candidates": 0}, "candidates: found 0, must be a whole number from 1 to 1000"),
        ({"folds": 1}, "folds: found 1, must be a whole number from 2 to 1000"),
        ({"seed": -1}, "seed: found -1, must be a whole number from 0 to 4294967295"),
        ({"minutes": 0}, "minutes: found 0, must be a number above 0"),
        ({"space": 3}, "tune: space: found 3, must be a SearchedSpace, a Mapping, a list of texts or None"),
    ],
)
def test_numbers_that_make_no_search(table: Path, tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as raised:
        tuned(table, tmp_path / "run", **options)
    assert str(raised.value) == message
    assert list(tmp_path.iterdir()) == []


def test_faults_come_before_the_table_is_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        tuned(tmp_path / "nix.csv", tmp_path / "run", space=["optimizer.lrr=1..2", "model.hidden=[1]"])
    assert str(raised.value) == (
        "model.hidden: found [1], one value is no choice; give a range, such as 1e-3..0.1:log, or several values (-x)\n"
        'optimizer.lrr: unknown key for "adam"; did you mean "lr"? one of name, lr, skip_lr, weight_decay, '
        "skip_weight_decay, beta1, beta2, eps (-x)"
    )


def test_progress_counts_networks_to_the_end(table: Path, tmp_path: Path) -> None:
    said: list[Event] = []
    tuned(table, tmp_path / "run", racing=False, training=False, on_event=said.append)
    told = [event for event in said if isinstance(event, Progress) and event.unit == "networks"]
    assert {event.total for event in told} == {21}
    assert told[-1].done == 21
    assert [event.done for event in told] == sorted(event.done for event in told)


class Stop(BaseException):
    """Ends a search as SIGKILL would, but for the tidying up that a killed process leaves to others."""


def stopped_at(count: int, kind: type[Progress | EpochDone]) -> Any:
    """A listener that raises at an event of a kind, the first for 1."""
    seen = []

    def listen(event: Event) -> None:
        if isinstance(event, kind):
            seen.append(event)
            if len(seen) == count:
                raise Stop

    return listen


def bits(run: Path) -> dict[str, Any]:
    """What is equal in two equal searches: all but times."""
    lines = pq.read_table(run / layout.CANDIDATES).drop_columns(["seconds"]).to_pylist()
    names = (layout.WEIGHTS, layout.CONFIG, layout.BEST, layout.METRICS, layout.HISTORY)
    return {layout.CANDIDATES: lines} | {name: (run / name).read_bytes() for name in names}


@pytest.mark.parametrize(("count", "kind"), [(1, Progress), (30, Progress), (80, Progress), (3, EpochDone)])
def test_resumed_is_the_same(
    found: TuneResult, table: Path, tmp_path: Path, count: int, kind: type[Progress | EpochDone]
) -> None:
    run = tmp_path / "run"
    with pytest.raises(Stop):
        tuned(table, run, on_event=stopped_at(count, kind))
    tuned(table, run, resume=True)
    assert bits(run) == bits(found.run)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_search_that_was_stopped_is_not_thrown_away(table: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(Stop):
        tuned(table, run, on_event=stopped_at(80, Progress))
    with pytest.raises(UsageError) as raised:
        tuned(table, run)
    assert str(raised.value) == f"{run}: holds an unfinished search; go on with --resume, or start over with --force"
    with pytest.raises(ModelError) as refused:
        predict(run, table, tmp_path / "predicted.csv")
    assert str(refused.value) == (
        f"{run}: its search is unfinished; go on with 'phoneprice tune DATA -o {run} --resume'"
    )
    with pytest.raises(ModelError) as other:
        tuned(table, run, resume=True, candidates=8, seed=3)
    assert str(other.value) == (
        f"{run}: can't go on from its checkpoint: the search.candidates was 7, is 8; the search.seed was 0, is 3; "
        "resume with what it was begun with, or start over with --force"
    )
    with pytest.raises(ModelError, match=r"can't go on from its checkpoint: the command was tune, is unset; "):
        train(table, None, run, overrides=SETTINGS, resume=True)


def test_stopping_says_how_to_go_on(table: Path, tmp_path: Path) -> None:
    def interrupt(event: Event) -> None:
        if isinstance(event, Progress):
            raise KeyboardInterrupt

    with pytest.raises(StoppedError) as raised:
        tuned(table, tmp_path / "run", on_event=interrupt)
    assert str(raised.value) == f"stopped in the search; go on with: tune(..., run='{tmp_path}/run', resume=True)"


def test_the_time_ends_a_search_after_whole_candidates_and_the_number_repeats_it(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "_BLOCKS", (3, 6))
    timed = tuned(table, tmp_path / "timed", candidates=50, minutes=1e-9)
    assert len(timed.search.candidates) == 3
    counted = tuned(table, tmp_path / "counted", candidates=3)
    assert bits(timed.run) == bits(counted.run)
    endless = tuned(table, tmp_path / "endless", candidates=8, minutes=60, training=False)
    assert len(endless.search.candidates) == 8


def test_the_whole_search_on_outer_folds(table: Path, tmp_path: Path, found: TuneResult) -> None:
    said: list[Event] = []
    nested = tuned(table, tmp_path / "run", nested=True, on_event=said.append)
    outer = nested.search.nested
    assert outer.folds == 3
    assert outer.figure.low <= outer.figure.value <= outer.figure.high
    assert 0.05 < outer.figure.value < 1
    assert nested.search.estimate == found.search.estimate
    assert "The whole search on 3 outer folds: " in (nested.run / "best.toml").read_text()
    units = dict.fromkeys(event.unit for event in said if isinstance(event, Progress) and "networks" in event.unit)
    assert [*units] == ["networks", *(f"networks of outer fold {k}/3" for k in (1, 2, 3))]
    assert load_run(nested.run).search == nested.search


def test_a_nested_search_goes_on_too(table: Path, tmp_path: Path) -> None:
    options = {"nested": True, "candidates": 3, "training": False}
    whole = tuned(table, tmp_path / "whole", **options)
    count = []

    def stop(event: Event) -> None:
        if isinstance(event, Progress) and event.unit.endswith("2/3"):
            count.append(event)
            if len(count) == 12:
                raise Stop

    with pytest.raises(Stop):
        tuned(table, tmp_path / "run", on_event=stop, **options)
    again = tuned(table, tmp_path / "run", resume=True, **options)
    assert again.search.nested == whole.search.nested


def test_outer_folds_have_no_part_in_their_search(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, seen = searching.search, list[int]()

    def watched(prepared: Any, *arguments: Any) -> Any:
        seen.append(len(prepared.inputs))
        return real(prepared, *arguments)

    monkeypatch.setattr(nesting, "search", watched)
    tuned(table, tmp_path / "run", nested=True, candidates=2, training=False)
    assert sorted(seen) == [53, 53, 54]
