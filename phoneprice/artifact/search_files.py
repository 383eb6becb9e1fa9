"""What a search leaves in a run: its result, a line a candidate and fold, and the best configuration to learn with."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap

import pyarrow as pa
import pyarrow.parquet as pq

from phoneprice.artifact import layout
from phoneprice.artifact.prediction_files import damaged, parse_config, parse_record
from phoneprice.artifact.training_files import render_document
from phoneprice.config.render import WIDTH, to_toml
from phoneprice.config.schema import Config
from phoneprice.data.reading.bounded_parquet import BoundedParquet
from phoneprice.metrics.catalogue import METRICS
from phoneprice.records import Interval
from phoneprice.records.searches import Search, TriedCandidate
from phoneprice.wording import counted, figure, span

SCORED = "scored"
"""The status of a fold that a candidate was trained for; else it is the reason why it was not."""
_MOST_BYTES = 128 << 20
"""That the table may take in memory."""


@dataclass(frozen=True)
class SearchContents:
    """What a run holds of the search that it comes from."""

    best: Config
    """The configuration that was picked."""
    search: Search


def render_search(contents: SearchContents) -> dict[str, bytes]:
    """The bytes of its files, by name."""
    return {
        layout.BEST: _best(contents).encode(),
        layout.SEARCH: render_document(contents.search),
        layout.CANDIDATES: _parquet(candidate_table(contents.search)),
    }


def parse_search(best: tuple[bytes, str], search: tuple[bytes, str], candidates: tuple[bytes, str]) -> SearchContents:
    """The same from bytes, each with what messages call the file; raises ``ModelError``."""
    found, config = parse_record(Search, *search), parse_config(*best)
    for fault in _faults(found, config):
        raise damaged(search[1], fault)
    try:
        parquet = BoundedParquet(io.BytesIO(candidates[0]))
        table = parquet.held(parquet.header, _MOST_BYTES)
    except ValueError as fault:
        raise damaged(candidates[1], str(fault)) from None
    if not table.equals(candidate_table(found)):
        raise damaged(candidates[1], f"its lines are not those of {layout.SEARCH}")
    return SearchContents(config, found)


def candidate_table(search: Search) -> pa.Table:
    """A line a candidate and fold: number, settings (null where it has none), score, status and seconds."""
    lines = [(own, fold) for own in search.candidates for fold in range(search.folds)]
    columns = {"candidate": pa.array([own.candidate for own, _ in lines], pa.int64())}
    columns["fold"] = pa.array([fold for _, fold in lines], pa.int64())
    for key in search.space:
        columns[key] = _setting_column([own.settings.get(key) for own, _ in lines])
    columns["score"] = pa.array([_at(own.scores, fold) for own, fold in lines], pa.float64())
    columns["status"] = pa.array([_status(own, fold) for own, fold in lines], pa.string())
    columns["seconds"] = pa.array([_at(own.seconds, fold) for own, fold in lines], pa.float64())
    return pa.table(columns)


def _at(values: tuple[float | None, ...], fold: int) -> float | None:
    return values[fold] if fold < len(values) else None


def _status(candidate: TriedCandidate, fold: int) -> str:
    return SCORED if fold < len(candidate.scores) else candidate.why_not or ""


def _setting_column(texts: list[str | None]) -> pa.Array:
    """Numbers where all are some."""
    try:
        return pa.array([None if text is None else float(text) for text in texts], pa.float64())
    except ValueError:
        return pa.array(texts, pa.string())


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _best(contents: SearchContents) -> str:
    """The configuration, below what was chosen over what."""
    lines = (line for text in _told(contents.search) for line in _comment(text))
    return "\n".join(lines) + "\n\n" + to_toml(contents.best)


def _comment(text: str) -> list[str]:
    return wrap(
        text, WIDTH, initial_indent="# ", subsequent_indent="#   ", break_long_words=False, break_on_hyphens=False
    )


def _told(search: Search) -> Iterator[str]:
    title, winner, first = METRICS[search.metric].title, search.winner, search.candidates[0]
    tried = f"{counted(len(search.candidates), 'candidate')} on {counted(search.folds, 'fold')}"
    yield f"Candidate {search.picked}, the best of {tried} by {title}; 'phoneprice train -c' learns with it."
    yield f"Picked, so too good to be true: {title} {_interval(winner.figure)}."
    yield f"Corrected for that: {title} {_interval(search.estimate)} (bootstrap bias-corrected cross-validation)."
    if search.lead is not None:
        yield f"Better than the configuration as given by {_interval(search.lead)}, corrected."
    if search.nested is not None:
        yield f"The whole search on {counted(search.nested.folds, 'outer fold')}: {_interval(search.nested.figure)}."
    given = f"{title} {_interval(first.figure)}" if first.figure else first.why_not
    yield f"Chosen over candidate 0, the configuration as given: {given}."
    for key, value in search.changes(search.picked).items():
        yield f"  {key} = {value} (as given: {first.settings.get(key, 'none')}; searched: {search.space[key]})"
    yield f"Seed {search.seed}, racing {'on' if search.racing else 'off'}, data SHA-256 {search.data_sha256}."


def _interval(found: Interval | None) -> str:
    assert found is not None  # what is picked has finished
    ends = found.low, found.high
    return f"{figure(found.value, *ends)} ({span(*ends, found.value)})"


def _faults(search: Search, best: Config) -> Iterator[str]:
    """What in a search contradicts itself, or the configuration that it has found."""
    numbers = range(len(search.candidates))
    if [own.candidate for own in search.candidates] != [*numbers]:
        yield "candidates are not numbered 0, 1, ..."
    elif {search.picked, search.smallest, *search.ranking} - {*numbers}:
        yield "a candidate is named that is not there"
    elif sorted(search.ranking) != [k for k in numbers if search.candidates[k].figure is not None]:
        yield "ranking is not of those that have a figure"
    elif not {search.picked, search.smallest} <= {*search.ranking}:
        yield "a candidate was chosen that has no figure"
    if search.metric not in METRICS or search.task not in METRICS[search.metric].tasks:
        yield f"{search.metric!r} is no metric of task kind {search.task!r}"
    if search.task != best.task.kind:
        yield f"task is not that of {layout.BEST}"
    if any(key not in search.space for own in search.candidates for key in own.settings):
        yield "a candidate has a setting that is not in space"
    if not {*search.importances} <= {*search.space}:
        yield "a setting is important that is not in space"
    if any(len(own.scores) > len(own.seconds) or len(own.seconds) > search.folds for own in search.candidates):
        yield "a candidate has more scores than folds"
