"""Tune: from a table and a space of configurations to a run of the best one, and what it is worth in truth."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from phoneprice.artifact.search_files import SearchContents
from phoneprice.artifact.writer import RunContents, RunWriter, SearchAlone, refuse_unreadable
from phoneprice.config.asked import Overrides, ToInfer, override_texts
from phoneprice.config.bounds import MOST_CANDIDATES, MOST_FOLDS
from phoneprice.config.fields import as_typed
from phoneprice.config.reading import AS_CONFIGURED, Reading
from phoneprice.config.schema import Config
from phoneprice.data.inspection.leaks import leaks_told
from phoneprice.errors import UsageError
from phoneprice.metrics.catalogue import METRICS
from phoneprice.records import Task
from phoneprice.records.documents import Environment
from phoneprice.records.searches import NestedEstimate, Search, TriedCandidate
from phoneprice.search.importance import value_of
from phoneprice.search.space import Space
from phoneprice.wording import cut
from phoneprice.workflows.arguments import checked
from phoneprice.workflows.checkpointing import Checkpointer, origin_of
from phoneprice.workflows.environment import environment
from phoneprice.workflows.events import Noted, OnEvent, WarningCollector, ignore
from phoneprice.workflows.fitting import machine
from phoneprice.workflows.inferring import asked_for, prepare_as_asked
from phoneprice.workflows.nested import nested_estimate
from phoneprice.workflows.prepare import Prepared, labelled_source, of_one_network
from phoneprice.workflows.searching import SearchPlan, SearchResult, Tried, metric_of, search
from phoneprice.workflows.spaces import SearchedSpace
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
    space: SearchedSpace | Mapping[str, Any] | Sequence[str] | None = None,
    candidates: int | None = None,
    minutes: float | None = None,
    folds: int = 5,
    metric: str | None = None,
    seed: int = 0,
    racing: bool = True,
    training: bool = True,
    nested: bool = False,
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
    what the best is picked by, on ``folds`` that ``seed`` decides, as it does the candidates. With ``racing`` those
    that are surely behind are dropped early. Without ``training`` the run holds the search alone.
    ``nested`` does the whole search again within each of ``folds`` outer folds, and judges what it finds there on the
    fold's own rows.

    All else is as in ``train``. Raises a ``PhonePriceError``; ``DivergedError`` where no candidate could be trained.
    """
    started = time.perf_counter()
    plan = _plan(candidates, folds, metric, seed, minutes, racing=racing)
    collector = WarningCollector(on_event)
    path = place_of_run(run, data, config)
    asked = asked_for(config, target, overrides, reading, collector)
    file = config if isinstance(config, Path | str) else None
    space = space if isinstance(space, SearchedSpace) else SearchedSpace.of(space, file, override_texts(overrides))
    if isinstance(asked, Config):
        _refuse_faults(asked.alone, space, metric)  # before the table is read
    recorded = command_line if record_command_line else ()
    with RunWriter(path, force=force, resume=resume) as writer:
        prepared = prepare_as_asked(labelled_source(data, collector), asked, reading, collector)
        prepared = of_one_network(prepared, "a search", collector)
        refuse_unreadable(prepared.config, prepared.schema)
        around = space.around(prepared.config)
        if space.is_usual:
            texts = ", ".join(map(str, around.axes))
            collector(Noted(f"nothing said to search: the default space of {prepared.task.kind} tasks, {texts}"))
        saving = Checkpointer(writer, path, prepared.config, resume=resume, command=command_line, on_event=collector)
        with saving as checkpointer:
            checkpointer.begin_search(_origin(prepared, around, plan, nested=nested))
            found = search(prepared, around, plan, collector, checkpointer.piece)
            outer = nested_estimate(prepared, found, collector, checkpointer.piece) if nested else None
            contents = SearchContents(found.picked.candidate.config, search_document(found, prepared, outer))
            best, begun = replace(prepared, config=contents.best), time.perf_counter()
            made: RunContents | SearchAlone
            if training:
                made = replace(trained(best, checkpointer, recorded, data, begun, collector), search=contents)
            else:
                made = SearchAlone(contents, _environment(prepared.config, recorded, started))
            writer.finish(made)
    if leaks := leaks_told(prepared.table, prepared.schema.feature_names, prepared.config):
        collector.warn(f"{prepared.table.source}: {leaks}")
    ended = time.perf_counter()
    return TuneResult(
        path,
        contents.best,
        prepared.task,
        contents.search,
        result_of(path, best, made, ended - begun, collector.messages) if isinstance(made, RunContents) else None,
        ended - started,
        collector.messages,
        prepared.reasons,
    )


_USUAL_CANDIDATES = 64
_WHOLE = (("candidates", 1, MOST_CANDIDATES), ("folds", 2, MOST_FOLDS), ("seed", 0, (1 << 32) - 1))


def _plan(
    candidates: int | None, folds: int, metric: str | None, seed: int, minutes: float | None, *, racing: bool
) -> SearchPlan:
    """Raises ``UsageError`` for numbers that make no search."""
    if candidates is None:
        candidates = _USUAL_CANDIDATES if minutes is None else MOST_CANDIDATES
    given = {"candidates": candidates, "folds": folds, "seed": seed}
    for name, least, most in _WHOLE:
        if not least <= given[name] <= most:
            found = cut(ascii(given[name]), 40)
            raise UsageError(f"{name}: found {found}, must be a whole number from {least} to {most}")
    if minutes is not None and not 0 < minutes < math.inf:
        raise UsageError(f"minutes: found {minutes}, must be a number above 0")
    return SearchPlan(
        **{name: int(value) for name, value in given.items()}, metric=metric, racing=racing, minutes=minutes
    )


def _refuse_faults(config: Config, space: SearchedSpace, metric: str | None) -> None:
    """What is wrong whatever the table holds. Raises ``ConfigError``, ``UsageError``."""
    metric_of(metric, config.task.kind)
    space.around(config)


def _origin(prepared: Prepared, space: Space, plan: SearchPlan, *, nested: bool) -> dict[str, Any]:
    """All that decides the bits of a search, and of the training of what it finds, as JSON."""
    device, threads = machine(prepared.config)
    return {
        "the command": "tune",
        **origin_of(prepared, (), device=device, threads=threads),
        "the space": {axis.key: axis.written for axis in space.axes},
        "the search": {**vars(plan), "nested": nested, "metric": metric_of(plan.metric, prepared.task.kind).name},
    }


def _environment(config: Config, command_line: Sequence[str], started: float) -> Environment:
    """What a search without a training was made with."""
    device, threads = machine(config)
    return environment(
        device=device,
        threads=threads,
        seed=config.training.seed,
        seconds=time.perf_counter() - started,
        command_line=command_line,
    )


def search_document(found: SearchResult, prepared: Prepared, nested: NestedEstimate | None = None) -> Search:
    """What was found, as ``search.json`` has it."""
    corrected, metric = found.corrected, METRICS[found.metric]
    tried = tuple(_tried(own, found) for own in found.tried)
    badness = {k: metric.badness(own.figure.value) for k, own in enumerate(tried) if own.figure is not None}
    return Search(
        format=1,
        task=found.task.kind,
        rows=found.rows,
        data_sha256=prepared.sha256,
        metric=found.metric,
        folds=found.plan.folds,
        seed=found.plan.seed,
        racing=found.plan.racing,
        space={axis.key: axis.written for axis in found.space.axes},
        picked=corrected.picked,
        estimate=corrected.estimate,
        lead=corrected.lead,
        smallest=found.smallest,
        ranking=tuple(sorted(badness, key=lambda k: (badness[k], k))),
        importances={own.axis.key: own.share for own in found.importances},
        edges=found.warnings,
        candidates=tried,
        nested=nested,
    )


def _tried(own: Tried, found: SearchResult) -> TriedCandidate:
    values = {axis.key: value_of(axis, own.candidate) for axis in found.space.axes}
    standing = own.standing
    return TriedCandidate(
        candidate=own.candidate.number,
        settings={key: as_typed(value) for key, value in values.items() if value is not None},
        parameters=own.parameters,
        scores=tuple(value if math.isfinite(value) else None for value in own.figures),
        seconds=own.seconds,
        figure=None if standing is None else standing.figure,
        lead=None if standing is None else standing.lead,
        why_not=own.why_not or None,
    )
