"""Tune: from a table and a space of configurations to a run of the best one, and what it is worth in truth."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from phoneprice.artifact.search_files import SearchContents
from phoneprice.artifact.writer import RunContents, RunWriter, SearchAlone, refuse_unreadable
from phoneprice.config.asked import Overrides, ToInfer
from phoneprice.config.reading import AS_CONFIGURED, Reading
from phoneprice.config.schema import Config
from phoneprice.data.inspection.leaks import leaks_told
from phoneprice.records import Task
from phoneprice.records.searches import Search
from phoneprice.workflows.arguments import checked
from phoneprice.workflows.checkpointing import Checkpointer
from phoneprice.workflows.events import Noted, OnEvent, WarningCollector, ignore
from phoneprice.workflows.inferring import asked_for, prepare_as_asked
from phoneprice.workflows.prepare import labelled_source
from phoneprice.workflows.searching import search
from phoneprice.workflows.train import TrainResult, place_of_run, result_of, trained


@dataclass(frozen=True)
class TuneResult:
    """A finished search: what it has found, and the run of the best configuration."""

    run: Path
    config: Config
    """The best one."""
    task: Task
    search: Search
    training: TrainResult | None
    """Of the best configuration; None where only the search was asked for."""
    seconds: float
    warnings: tuple[str, ...]
    inferred: Mapping[str, str] | None = None
    """Why the settings that the table has told are as they are, by dotted key; None where all were given."""


@checked
def tune(
    data: Path | str | None = None,
    config: Config | ToInfer | Path | str | None = None,
    run: Path | str | None = None,
    *,
    space: Mapping[str, Any] | Sequence[str] | None = None,
    candidates: int | None = None,
    minutes: float | None = None,
    folds: int = 5,
    metric: str | None = None,
    seed: int = 0,
    racing: bool = True,
    training: bool = True,
    target: str | None = None,
    overrides: Overrides | None = None,
    resume: bool = False,
    force: bool = False,
    command_line: Sequence[str] = (),
    record_command_line: bool = True,
    reading: Reading = AS_CONFIGURED,
    on_event: OnEvent = ignore,
) -> TuneResult:
    """Search a ``space`` of configurations on ``data``, and write a run of the best one, trained as ``train`` does it.

    ``space`` has the alternatives of each setting by dotted key, ``{"optimizer.lr": "1e-3..0.1:log"}``, or is texts as
    ``-x`` takes them; None: the usual space of the kind of task, but for what ``overrides`` set. ``candidates`` are
    tried, 64 if neither they nor ``minutes`` are given; after ``minutes`` no further ones are asked for. ``metric`` is
    what the best is picked by, on ``folds`` that ``seed`` decides, as it does the candidates. With ``racing`` those that
    are surely behind are dropped early. Without ``training`` the run holds the search alone.

    All else is as in ``train``. Raises a ``PhonePriceError``; ``DivergedError`` where no candidate could be trained.
    """
    started = time.perf_counter()
    plan = _plan(candidates, folds, metric, seed, minutes, racing=racing)
    collector = WarningCollector(on_event)
    path = place_of_run(run, data, config)
    asked = asked_for(config, target, overrides, reading, collector)
    asked_space = AskedSpace.of(space, config, overrides)
    if isinstance(asked, Config):
        asked_space.around(asked)  # its faults are told before the table is read
    recorded = command_line if record_command_line else ()
    with RunWriter(path, force=force, resume=resume) as writer:
        prepared = prepare_as_asked(labelled_source(data, collector), asked, reading, collector)
        refuse_unreadable(prepared.config, prepared.schema)
        found_space = asked_space.around(prepared.config)
        for message in asked_space.told(found_space, plan):
            collector(Noted(message))
        saving = Checkpointer(writer, path, prepared.config, resume=resume, command=command_line, on_event=collector)
        with saving as checkpointer:
            found = search(prepared, found_space, plan, collector)
            contents = SearchContents(found.picked.candidate.config, search_document(found, prepared))
            best = replace(prepared, config=contents.best)
            made: RunContents | SearchAlone
            if training:
                made = replace(trained(best, checkpointer, recorded, started, collector), search=contents)
            else:
                made = SearchAlone(contents, _environment(prepared.config, recorded, started))
            writer.finish(made)
    if leaks := leaks_told(prepared.table, prepared.schema.feature_names, prepared.config):
        collector.warn(f"{prepared.table.source}: {leaks}")
    seconds = time.perf_counter() - started
    return TuneResult(
        path,
        contents.best,
        prepared.task,
        contents.search,
        result_of(path, best, made, seconds, collector.messages) if isinstance(made, RunContents) else None,
        seconds,
        collector.messages,
        prepared.reasons,
    )
