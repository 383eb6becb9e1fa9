"""What a search leaves in a run: written, read back, and refused where it contradicts itself."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from phoneprice.artifact import layout
from phoneprice.artifact.loader import load_run, verify_run
from phoneprice.artifact.search_files import SearchContents, candidate_table, parse_search, render_search
from phoneprice.artifact.training_files import render_document
from phoneprice.artifact.writer import RunWriter, SearchAlone
from phoneprice.config.load import load_config
from phoneprice.config.schema import Config
from phoneprice.errors import ModelError
from phoneprice.records.searches import Search
from tests.random_runs import ENVIRONMENT, random_contents, random_search, write_run

SEARCH = random_search(Config())
DAMAGED = "the run is damaged, use another copy of it"


def parsed(search: Search = SEARCH, best: Config | None = None, table: bytes | None = None) -> SearchContents:
    files = render_search(SearchContents(best or Config(), SEARCH)) | {layout.SEARCH: render_document(search)}
    files |= {} if table is None else {layout.CANDIDATES: table}
    return parse_search(*((files[name], name) for name in (layout.BEST, layout.SEARCH, layout.CANDIDATES)))


def test_it_is_read_back() -> None:
    assert parsed() == SearchContents(Config(), SEARCH)


def test_a_run_has_its_search(tmp_path: Path) -> None:
    write_run(tmp_path / "run", random_contents())
    assert load_run(tmp_path / "run").search == SEARCH
    write_run(tmp_path / "plain", random_contents(search=None))
    assert load_run(tmp_path / "plain").search is None


def test_the_best_must_be_what_was_trained(tmp_path: Path) -> None:
    other = load_config(overrides=["optimizer.lr=0.5"])
    write_run(tmp_path / "run", random_contents(search=SearchContents(other, SEARCH)))
    with pytest.raises(ModelError) as caught:
        verify_run(tmp_path / "run")
    told = f"{tmp_path}/run/best.toml: not valid: it is not what config.toml has; {DAMAGED}"
    assert str(caught.value) == told


def test_a_search_without_networks(tmp_path: Path) -> None:
    with RunWriter(tmp_path / "run") as writer:
        writer.finish(SearchAlone(SearchContents(Config(), SEARCH), ENVIRONMENT))
    assert {file.name for file in verify_run(tmp_path / "run")} == {layout.MANIFEST, *layout.SEARCH_ALONE}
    with pytest.raises(ModelError) as caught:
        load_run(tmp_path / "run")
    assert str(caught.value) == (
        f"{tmp_path}/run: holds a search and no networks; "
        f"'phoneprice train DATA -c {tmp_path}/run/best.toml' trains the best"
    )


@pytest.mark.parametrize("name", sorted(layout.OF_SEARCH))
def test_its_files_go_together(tmp_path: Path, name: str) -> None:
    contents = random_contents()
    with RunWriter(tmp_path / "run") as writer:
        from phoneprice.artifact.writer import _render

        writer.finish_with({file: data for file, data in _render(contents).items() if file != name})
    with pytest.raises(ModelError) as caught:
        load_run(tmp_path / "run")
    assert str(caught.value) == f"{tmp_path}/run/manifest.json: file '{name}' is not listed; {DAMAGED}"


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"picked": 99}, "a candidate is named that is not there"),
        ({"ranking": (0, 1)}, "ranking is not of those that have a figure"),
        ({"smallest": 5}, "a candidate was chosen that has no figure"),
        ({"metric": "rmse"}, "'rmse' is no metric of task kind 'ordinal'"),
        ({"task": "binary"}, "task is not that of best.toml"),
        ({"space": {"optimizer.lr": "1|2"}}, "a candidate has a setting that is not in space"),
        ({"importances": {"model.skip": 0.5}}, "a setting is important that is not in space"),
        ({"folds": 2}, "a candidate has more scores than folds"),
        ({"candidates": SEARCH.candidates[::-1]}, "candidates are not numbered 0, 1, ..."),
    ],
)
def test_what_contradicts_itself(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(ModelError) as caught:
        parsed(SEARCH.model_copy(update=changes))
    assert str(caught.value) == f"search.json: not valid: {fault}; {DAMAGED}"


def test_another_table() -> None:
    table = candidate_table(SEARCH)
    sink = io.BytesIO()
    pq.write_table(table.set_column(1, "fold", pa.array([0] * len(table), pa.int64())), sink)
    with pytest.raises(ModelError) as caught:
        parsed(table=sink.getvalue())
    assert str(caught.value) == f"search.parquet: not valid: its lines are not those of search.json; {DAMAGED}"
    with pytest.raises(ModelError, match=r"^search.parquet: not valid: "):
        parsed(table=b"PAR1")


def test_numbers_are_numbers_in_the_table() -> None:
    types = dict(zip(candidate_table(SEARCH).schema.names, candidate_table(SEARCH).schema.types, strict=True))
    assert types["optimizer.lr"] == types["model.dropout"] == types["score"] == pa.float64()
    assert types["model.activation"] == types["status"] == pa.string()


def test_in_words() -> None:
    first = SEARCH.candidates[0].settings
    assert SEARCH.words(0) == "as given"
    assert SEARCH.changes(1).keys() == {"model.activation", "optimizer.lr", "model.dropout"}
    assert SEARCH.words(2) == f"lr={SEARCH.candidates[2].settings['optimizer.lr']} dropout=0.2"
    twice = SEARCH.model_copy(update={"space": {**SEARCH.space, "x.lr": "1|2"}})
    assert twice.words(2).startswith("optimizer.lr=")
    assert first["model.activation"] == "relu"


def test_the_course_of_a_search() -> None:
    figures = [own.figure.value for own in SEARCH.course]
    assert figures == sorted(figures, reverse=True)
    assert SEARCH.course[0].candidate == 0
    assert SEARCH.course[-1].candidate == SEARCH.picked
    assert SEARCH.seconds == pytest.approx(sum(sum(own.seconds) for own in SEARCH.candidates))
