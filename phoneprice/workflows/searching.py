"""Search: many configurations on the same folds, those that are surely behind left out as soon as that is known.

A rung trains all candidates that are still in the race on some more folds, networks of one shape together, whatever
their rates and penalties are. Every schedule runs to its end: no half-trained network is judged.

A search is made of pieces: a fit of some candidates on some folds each. What a piece finds is arrays, so that a search
that was killed can be done again from its beginning with the pieces that are kept, to the same bits.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, islice, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.artifact.checkpoints import Arrays
from phoneprice.components.base import TaskKind
from phoneprice.data.rows.splits import plans_of
from phoneprice.errors import (
    DataError,
    DivergedError,
    MemoryShortageError,
    ModelError,
    PhonePriceError,
    UsageError,
)
from phoneprice.inference.predictor import Predictor
from phoneprice.metrics.catalogue import METRICS, Metric
from phoneprice.metrics.figures import value_of
from phoneprice.metrics.row_losses import MEANS, row_losses
from phoneprice.records import (
    Classified,
    Doubles,
    Ensemble,
    MemberPlan,
    Predictions,
    Rows,
    Task,
    TrainedRecipe,
    Valued,
    joined,
)
from phoneprice.records.documents import Protocol
from phoneprice.search.candidates import Candidate, candidates
from phoneprice.search.correction import Corrected, Standing, Trial, correct
from phoneprice.search.figures import figures_of, race_metric
from phoneprice.search.importance import Importance, edge_warnings, importances
from phoneprice.search.racing import Race
from phoneprice.search.space import Space
from phoneprice.suggestions import did_you_mean
from phoneprice.wording import counted
from phoneprice.workflows.assess import final_calibration
from phoneprice.workflows.cross_validate import make_folds
from phoneprice.workflows.events import OnEvent
from phoneprice.workflows.fitting import Fitted, fit, likely_cause
from phoneprice.workflows.prepare import Prepared
from phoneprice.workflows.search_progress import SearchProgress

RUNGS = (1, 2)
"""After how many folds those who are surely behind are left out; after more there is little left to save."""
_BLOCKS = (16, 64)
"""How many candidates are asked for at first, and then at a time: few enough to stop early, enough to train together.

After each block it is known whether there is time for another. Who trains together depends on nothing else, so that as
many candidates give the same bits, whether the time or the number of candidates has ended the search."""

Piece = Arrays
Keep = Callable[[Callable[[], Piece]], Piece]
"""Takes what makes a piece, and gives the piece: made now, or as it was made before the search was killed."""


def at_once(make: Callable[[], Piece]) -> Piece:
    """Make a piece, and keep none."""
    return make()


@dataclass(frozen=True)
class SearchPlan:
    """How a space is searched."""

    candidates: int = 64
    """How many are tried, the configuration as given included."""
    folds: int = 5
    metric: str | None = None
    """By which the best is picked; None: log loss, or RMSE for numbers."""
    seed: int = 0
    """Of the candidates and of the folds; networks have the configuration's own."""
    racing: bool = True
    minutes: float | None = None
    """After which no further candidates are asked for; None: there is time for all."""

    @property
    def rungs(self) -> tuple[int, ...]:
        """After how many folds the candidates are judged."""
        return tuple(rung for rung in RUNGS if rung < self.folds) if self.racing else ()


@dataclass(frozen=True)
class Tried:
    """A candidate, and what became of it."""

    candidate: Candidate
    parameters: int
    """Of one network."""
    figures: tuple[float, ...]
    """The metric on each fold that it was trained for, NaN where it is undefined."""
    standing: Standing | None
    """On all folds; None where it has not finished."""
    seconds: tuple[float, ...] = field(compare=False)
    """Of each fold that it was trained for: its share of what the networks took that trained together."""
    why_not: str = ""
    """Why it has not finished: it was behind, it diverged, or memory was too small."""


@dataclass(frozen=True)
class SearchResult:
    """What was found. Candidates are named by their places in ``tried``, which are their numbers."""

    space: Space
    """Around the configuration as given."""
    task: Task
    metric: str
    plan: SearchPlan
    tried: tuple[Tried, ...]
    corrected: Corrected
    smallest: int
    """What the one-standard-error rule would choose: the fewest parameters within one standard error of the best."""
    importances: tuple[Importance, ...]
    warnings: tuple[str, ...]
    """Where the best lies at the end of a range."""
    rows: int
    """That were held out by all folds together."""

    @property
    def picked(self) -> Tried:
        """The candidate with the best figure, which is too good to be true: see ``corrected.estimate``."""
        return self.tried[self.corrected.picked]


def metric_of(name: str | None, kind: TaskKind) -> Metric:
    """The metric that a search picks by. Raises ``UsageError`` for one that the task doesn't have."""
    known = [metric.name for metric in METRICS.values() if kind in metric.tasks]
    if name is None:
        return METRICS["rmse" if kind == "regression" else "log_loss"]
    if name not in known:
        hint = did_you_mean(name, known)
        raise UsageError(f"--metric: found {name!r}, which {kind} has not;{hint} one of {', '.join(known)}")
    return METRICS[name]


def search(prepared: Prepared, space: Space, plan: SearchPlan, on_event: OnEvent, keep: Keep = at_once) -> SearchResult:
    """Try candidates of a space, whose base is the table's own configuration, on the folds of a table.

    A candidate is one network a fold. What diverges or doesn't fit into memory is out, with its reason. Raises
    ``DivergedError`` where that is true of all candidates, what
    ``make_folds`` raises for too few rows, ``DeviceError`` for a device that isn't there.
    """
    metric = metric_of(plan.metric, prepared.task.kind)
    under_way = _Search.begin(prepared, metric, plan, keep, on_event)
    first, *others = pairwise((0, *plan.rungs, plan.folds))
    drawn: Iterator[Candidate] = islice(candidates(space, plan.seed), plan.candidates)
    if plan.minutes is None:
        drawn = iter(under_way.expect([*drawn]))
    for block in _blocks(drawn):
        under_way.enter(block if plan.minutes is None else under_way.expect(block), range(*first))
        if under_way.is_time_up(share=first[1] / plan.folds):
            break
    under_way.judge(first[1])
    for rung in others:
        under_way.go_on(range(*rung))
        under_way.judge(rung[1])
    return under_way.result(space)


def _blocks(drawn: Iterator[Candidate]) -> Iterator[list[Candidate]]:
    first, most = _BLOCKS
    for size in chain((first, most - first), iter(lambda: most, None)):
        if not (block := [*islice(drawn, size)]):
            return
        yield block


def _together(entries: Sequence[_Entry]) -> Iterator[tuple[str, list[_Entry]]]:
    """Those of one shape, beside it; so many at a time that memory is enough for larger ones, too."""
    groups = dict[str, list[_Entry]]()
    for entry in entries:
        groups.setdefault(_shape(entry.candidate), []).append(entry)
    for shape, own in groups.items():
        yield from ((shape, own[i : i + _BLOCKS[1]]) for i in range(0, len(own), _BLOCKS[1]))


def _shape(candidate: Candidate) -> str:
    from phoneprice.training.settings import shared_part

    return shared_part(candidate.config)


@dataclass
class _Entry:
    """A candidate under way; rows are those of all folds, one fold after the other, ``n``."""

    candidate: Candidate
    losses: Doubles
    """``(n,)``, NaN for rows that are not predicted."""
    predictions: list[Predictions] = field(default_factory=list)
    """A fold at a time; none where row losses say it all."""
    figures: list[float] = field(default_factory=list)
    """On each fold."""
    seconds: list[float] = field(default_factory=list)
    """Of each fold."""
    parameters: int = 0
    """Of one network."""
    behind: int = 0
    """After how many folds it was left out; 0: it was not."""
    fault: PhonePriceError | None = None
    """Why it can't be trained."""

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return not self.behind and self.fault is None

    @property
    def finished(self) -> bool:
        """Whether it has predicted every row."""
        return bool(np.isfinite(self.losses).all())

    def tried(self, standing: Standing | None) -> Tried:
        """What became of it."""
        why_not = f"behind after {counted(self.behind, 'fold')}" if self.behind else str(self.fault or "")
        figures, seconds = tuple(self.figures), tuple(self.seconds)
        return Tried(self.candidate, self.parameters, figures, standing, seconds, why_not)


_FAULTS: Mapping[str, type[PhonePriceError]] = {
    kind.__name__: kind for kind in (DivergedError, MemoryShortageError, ModelError)
}


@dataclass
class _Search:
    """A search under way."""

    prepared: Prepared
    metric: Metric
    plan: SearchPlan
    plans: Sequence[MemberPlan]
    """A member for each fold."""
    race: Race
    keep: Keep
    progress: SearchProgress
    entries: list[_Entry] = field(default_factory=list)
    """By the candidates' numbers."""

    @classmethod
    def begin(cls, prepared: Prepared, metric: Metric, plan: SearchPlan, keep: Keep, on_event: OnEvent) -> _Search:
        """With nobody in it."""
        folds = make_folds(prepared, Protocol(folds=plan.folds, repeats=1, seed=plan.seed))
        splits = [(fold.train_rows, fold.test_rows) for fold in folds]
        plans = plans_of(splits, prepared.targets, prepared.config, prepared.roles)
        race = Race(np.repeat(np.arange(len(folds)), [len(fold.test_rows) for fold in folds]), plan.rungs)
        return cls(prepared, metric, plan, plans, race, keep, SearchProgress(plan.rungs, plan.folds, on_event))

    def expect(self, block: list[Candidate]) -> list[Candidate]:
        """Tell the progress who is to come."""
        self.progress.enter([_shape(candidate) for candidate in block])
        return block

    def enter(self, block: Sequence[Candidate], folds: range) -> None:
        """Let candidates in, and train them on the first folds."""
        entries = [_Entry(candidate, np.full(len(self.race.folds), np.nan)) for candidate in block]
        self.entries += entries
        self._train(entries, folds)

    def go_on(self, folds: range) -> None:
        """Train who is still in the race for some more folds."""
        running = [entry for entry in self.entries if entry.running]
        self.progress.go_on([_shape(entry.candidate) for entry in running], folds)
        self._train(running, folds)

    def is_time_up(self, share: float) -> bool:
        """Whether there is no time for further candidates, since the other folds of those that are in it take the rest.

        ``share`` is that of the first folds in all.
        """
        spent = sum(sum(entry.seconds) for entry in self.entries)
        return self.plan.minutes is not None and spent >= share * 60 * self.plan.minutes

    def _train(self, entries: Sequence[_Entry], folds: range) -> None:
        for shape, group in _together(entries):
            self.progress.begin(shape, len(group) * len(folds))
            self._take(group, folds, self.keep(partial(self._piece, group, folds)))
            self.progress.end()

    def _piece(self, group: Sequence[_Entry], folds: range) -> Piece:
        """What a network a fold says of the fold's rows, which it has not seen, for each of a group.

        By name: ``losses`` and the arrays of the predictions are ``(k, m)``, ``figures`` ``(k, folds)``,
        ``parameters`` ``(k,)``, ``seconds`` ``()``. Those who have a fault have losses of NaN.
        """
        started = time.perf_counter()
        rows = np.concatenate([self.plans[fold].held_out_rows for fold in folds])
        losses, figures = np.full((len(group), len(rows)), np.nan), np.full((len(group), len(folds)), np.nan)
        parameters, faults = np.zeros(len(group), np.int64), dict[int, PhonePriceError]()
        said = list[tuple[int, Predictions]]()
        for place, (shape, ensemble) in self._fitted([*enumerate(group)], folds, faults):
            parameters[place] = shape
            try:
                parts = [self._predict(group[place], fold, ensemble.take([i])) for i, fold in enumerate(folds)]
            except ModelError as fault:  # numbers that overflow on rows that it has not seen
                faults[place] = fault
                continue
            said.append((place, joined(parts)))
            losses[place] = self._losses(rows, said[-1][1])
            figures[place] = [self._figure(fold, own) for fold, own in zip(folds, parts, strict=True)]
        found = {"losses": losses, "figures": figures, "parameters": parameters}
        if self.metric.name not in MEANS:
            found |= _stacked(said, len(group))
        return found | {"faults": _as_bytes(faults), "seconds": np.array(time.perf_counter() - started)}

    def _fitted(
        self, who: Sequence[tuple[int, _Entry]], folds: range, faults: dict[int, PhonePriceError]
    ) -> Iterator[tuple[int, tuple[int, Ensemble]]]:
        """The places of those who can be trained, each with the size of its networks and a network for each fold."""
        plans, configs = [self.plans[fold] for fold in folds], [entry.candidate.config for _, entry in who]
        try:
            fitted = fit(self.prepared, plans, self.progress, configs=configs, watch=False, judge=False)
        except MemoryShortageError as fault:
            # What was tried is kept alive by the error: only when that is gone there is memory for half of it.
            short = MemoryShortageError(*fault.args)
        else:
            yield from self._converged(fitted, who, folds, faults)
            return
        if len(who) == 1:
            faults[who[0][0]] = short
            return
        half = len(who) // 2
        for part in (who[:half], who[half:]):
            yield from self._fitted(part, folds, faults)

    def _converged(
        self, fitted: Fitted, who: Sequence[tuple[int, _Entry]], folds: range, faults: dict[int, PhonePriceError]
    ) -> Iterator[tuple[int, tuple[int, Ensemble]]]:
        """Those of which every network has learned something."""
        parts = zip(who, fitted.shapes, fitted.ensembles, strict=True)
        for i, ((place, entry), shape, ensemble) in enumerate(parts):
            epochs = dict(zip(folds, fitted.diverged[i * len(folds) :], strict=False))
            if lost := [fold for fold in folds if epochs[fold]]:
                cause = likely_cause(entry.candidate.config, self.prepared.schema.columns)
                what = f"diverged in fold {lost[0] + 1}, epoch {epochs[lost[0]]}"
                faults[place] = DivergedError(f"{what}; the likely cause is {cause}")
            else:
                yield place, (shape.parameters // len(folds), ensemble)

    def _predict(self, entry: _Entry, fold: int, ensemble: Ensemble) -> Predictions:
        """What the network that has not seen a fold says of its rows; not calibrated."""
        config, task = entry.candidate.config, self.prepared.task
        predictor = Predictor(config, task, (TrainedRecipe(config, ensemble),), final_calibration(None, config.task))
        return predictor.predict(self.prepared.inputs.take(self.plans[fold].held_out_rows))

    def _losses(self, rows: Rows, predictions: Predictions) -> Doubles:
        return row_losses(race_metric(self.metric.name, self.prepared.task), self.prepared.targets[rows], predictions)

    def _figure(self, fold: int, predictions: Predictions) -> float:
        rows = self.plans[fold].held_out_rows
        weights = self.prepared.roles.take(rows).weights
        return value_of(self.metric.name, self.prepared.targets[rows], predictions, self.prepared.task, weights)

    def _take(self, group: Sequence[_Entry], folds: range, piece: Piece) -> None:
        """Note what a piece has found."""
        here, faults = np.isin(self.race.folds, folds), _from_bytes(piece["faults"])
        seconds = float(piece["seconds"]) / (len(group) * len(folds))
        for place, entry in enumerate(group):
            entry.seconds += [seconds] * len(folds)
            entry.parameters = entry.parameters or int(piece["parameters"][place])
            if (fault := faults.get(place)) is not None:
                entry.fault = fault
                continue
            entry.losses[here] = piece["losses"][place]
            entry.figures += piece["figures"][place].tolist()
            entry.predictions += _unstacked(piece, place)
            if len(unsound := np.flatnonzero(~np.isfinite(entry.losses) & here)):
                entry.fault = DivergedError(f"its predictions of fold {self.race.folds[unsound[0]] + 1} are not finite")

    def judge(self, done: int) -> None:
        """Leave out who is surely behind after ``done`` folds, if anybody is judged then.

        Raises the fault of the first candidate where nobody is left.
        """
        if (first := next((entry.fault for entry in self.entries), None)) and not any(e.running for e in self.entries):
            raise type(first)(f"none of {counted(len(self.entries), 'candidate')} could be trained: {first}")
        if done in self.race.rungs:
            running = self.race.running(self._trial.losses, self._trial.row_weights[np.newaxis], done)[0]
            for entry, stays in zip(self.entries, running, strict=True):
                if entry.running and not stays:
                    entry.behind = done

    @property
    def _trial(self) -> Trial:
        """All candidates on the rows of all folds."""
        rows, task = np.concatenate([plan.held_out_rows for plan in self.plans]), self.prepared.task
        roles, losses = self.prepared.roles.take(rows), np.stack([entry.losses for entry in self.entries])
        whole = [joined(e.predictions) if e.predictions and e.finished else None for e in self.entries]
        figures = figures_of(self.metric.name, losses, self.prepared.targets[rows], whole, task)
        return Trial(self.metric, figures, losses, self.race, roles.weights, roles.groups)

    def result(self, space: Space) -> SearchResult:
        """What came out."""
        corrected, drawn = correct(self._trial), [entry.candidate for entry in self.entries]
        if math.isnan(corrected.estimate.value):
            raise DataError(f"{self.metric.title} is undefined on rows of so few kinds; choose another --metric")
        return SearchResult(
            space=space,
            task=self.prepared.task,
            metric=self.metric.name,
            plan=replace(self.plan, candidates=len(self.entries)),
            tried=tuple(map(_Entry.tried, self.entries, corrected.standings)),
            corrected=corrected,
            smallest=corrected.within_error(self.metric, [entry.parameters for entry in self.entries]),
            importances=importances(space, drawn, self._gaps(corrected.picked)),
            warnings=edge_warnings(space, drawn[corrected.picked]),
            rows=len(self.race.folds),
        )

    def _gaps(self, best: int) -> list[float]:
        """How far each candidate is behind the best on the rows that both have predicted, infinite without any."""
        losses = np.stack([entry.losses for entry in self.entries])
        gaps = losses - losses[best]
        known = np.isfinite(gaps)
        sums, counts = np.where(known, gaps, 0).sum(axis=1), known.sum(axis=1)
        means: list[float] = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf).tolist()
        return means


def _stacked(said: Sequence[tuple[int, Predictions]], size: int) -> dict[str, NDArray[Any]]:
    """The arrays of predictions by name, ``(k, m)`` or ``(k, m, C)``; of those who have none they are NaN or 0."""
    found = dict[str, NDArray[Any]]()
    for place, own in said:
        for name, values in vars(own).items():
            found.setdefault(name, np.full((size, *values.shape), 0, values.dtype))[place] = values
    return found


def _unstacked(piece: Piece, place: int) -> list[Predictions]:
    """The predictions of one of a group, if they were needed."""
    if "probabilities" in piece:
        return [Classified(piece["classes"][place], piece["probabilities"][place])]
    return [Valued(piece["values"][place])] if "values" in piece else []


def _as_bytes(faults: Mapping[int, PhonePriceError]) -> NDArray[np.uint8]:
    text = json.dumps([[place, type(fault).__name__, str(fault)] for place, fault in faults.items()])
    return np.frombuffer(text.encode(), np.uint8)


def _from_bytes(faults: NDArray[np.uint8]) -> dict[int, PhonePriceError]:
    return {place: _FAULTS[kind](text) for place, kind, text in json.loads(faults.tobytes())}
