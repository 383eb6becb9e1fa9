"""Search: many configurations on the same folds, those that are surely behind left out as soon as that is known.

Each rung is one fit of all candidates that are still in the race, so networks of one shape train together, whatever
their rates and penalties are. Every schedule runs to its end: no half-trained network is judged.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise

import numpy as np

from phoneprice.components.base import TaskKind
from phoneprice.config.schema import Config
from phoneprice.data.rows.splits import plans_of
from phoneprice.errors import ConfigError, DivergedError, MemoryShortageError, ModelError, PhonePriceError, UsageError
from phoneprice.inference.predictor import Predictor
from phoneprice.metrics.catalogue import METRICS, Metric
from phoneprice.metrics.figures import value_of
from phoneprice.metrics.row_losses import MEANS, row_losses
from phoneprice.records import Doubles, Ensemble, MemberPlan, Predictions, Task, TrainedRecipe, joined
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
from phoneprice.workflows.fitting import Fitted, fit, why_diverged
from phoneprice.workflows.prepare import Prepared

RUNGS = (1, 2)
"""After how many folds those who are surely behind are left out; after more there is little left to save."""


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
    why_not: str = ""
    """Why it has not: it was behind, it diverged, or memory was too small."""


@dataclass(frozen=True)
class SearchResult:
    """What was found. Candidates are named by their places in ``tried``, which are their numbers."""

    config: Config
    """As given."""
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
    seconds: float

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


def search(prepared: Prepared, space: Space, plan: SearchPlan, on_event: OnEvent) -> SearchResult:
    """Try candidates of a space, whose base is the table's own configuration, on the folds of a table.

    A candidate is one network a fold. What diverges or doesn't fit into memory is out, with its reason. Raises
    ``DivergedError`` where that is true of all candidates, ``ConfigError`` for a base that is a portfolio, what
    ``make_folds`` raises for too few rows, ``DeviceError`` for a device that isn't there.
    """
    started = time.perf_counter()
    if space.base.portfolio:
        names = ", ".join(recipe.name for recipe in space.base.portfolio)
        raise ConfigError(f"portfolio: found {names}, and a search is for one network; remove the portfolio")
    metric = metric_of(plan.metric, prepared.task.kind)
    tried = _Search.begin(prepared, list(islice(candidates(space, plan.seed), plan.candidates)), metric, plan)
    for first, last in pairwise((0, *tried.race.rungs, plan.folds)):
        tried.train(range(first, last), on_event)
    return tried.result(space, started)


@dataclass
class _Search:
    """Candidates under way, ``K`` of them; rows are those of all folds, one fold after the other, ``n``."""

    prepared: Prepared
    candidates: Sequence[Candidate]
    metric: Metric
    plan: SearchPlan
    plans: Sequence[MemberPlan]
    """A member for each fold."""
    race: Race
    losses: Doubles
    """``(K, n)``, NaN for rows that are not predicted."""
    predictions: list[list[Predictions]]
    """Of each candidate, a fold at a time; none where row losses say it all."""
    figures: list[list[float]]
    """Of each candidate on each fold."""
    parameters: list[int]
    """Of one network of each candidate."""
    behind: dict[int, int] = field(default_factory=dict)
    """Who was left out, and after how many folds."""
    faults: dict[int, PhonePriceError] = field(default_factory=dict)
    """Who can't be trained, and why."""

    @classmethod
    def begin(cls, prepared: Prepared, tried: Sequence[Candidate], metric: Metric, plan: SearchPlan) -> _Search:
        """With nothing trained."""
        folds = make_folds(prepared, Protocol(folds=plan.folds, repeats=1, seed=plan.seed))
        splits = [(fold.train_rows, fold.test_rows) for fold in folds]
        plans = plans_of(splits, prepared.targets, prepared.config, prepared.roles)
        rungs = tuple(rung for rung in RUNGS if rung < plan.folds) if plan.racing else ()
        race = Race(np.repeat(np.arange(len(folds)), [len(fold.test_rows) for fold in folds]), rungs)
        losses = np.full((len(tried), len(race.folds)), np.nan)
        said, figures = [list[Predictions]() for _ in tried], [list[float]() for _ in tried]
        return cls(prepared, tried, metric, plan, plans, race, losses, said, figures, [0] * len(tried))

    def train(self, folds: range, on_event: OnEvent) -> None:
        """Train who is still in the race for some more folds, and judge them by what they say of the rows held out."""
        running = [k for k in range(len(self.candidates)) if k not in self.behind and k not in self.faults]
        for k, ensemble in self._fitted(running, folds, on_event):
            for place, fold in enumerate(folds):
                self._note(k, fold, ensemble.take([place]))
        if self.faults.keys() >= set(running):
            first = self.faults[running[0]]
            raise type(first)(f"none of {counted(len(running), 'candidate')} could be trained: {first}")
        self._judge(folds.stop)

    def _fitted(self, who: Sequence[int], folds: range, on_event: OnEvent) -> Iterator[tuple[int, Ensemble]]:
        """Candidates with a network for each fold; those that diverge or don't fit into memory are noted instead."""
        plans, configs = [self.plans[fold] for fold in folds], [self.candidates[k].config for k in who]
        try:
            fitted = fit(self.prepared, plans, on_event, configs=configs, watch=False, judge=False)
        except MemoryShortageError as fault:
            # What was tried is kept alive by the error: only when that is gone there is memory for half of it.
            short = MemoryShortageError(*fault.args)
        else:
            yield from self._converged(fitted, who, folds)
            return
        if len(who) == 1:
            self.faults[who[0]] = short
            return
        half = len(who) // 2
        for part in (who[:half], who[half:]):
            yield from self._fitted(part, folds, on_event)

    def _converged(self, fitted: Fitted, who: Sequence[int], folds: range) -> Iterator[tuple[int, Ensemble]]:
        """Those of which every network has learned something."""
        for place, (k, ensemble) in enumerate(zip(who, fitted.ensembles, strict=True)):
            self.parameters[k] = fitted.shapes[place].parameters // len(folds)
            epochs = dict(zip(folds, fitted.diverged[place * len(folds) :], strict=False))
            if why := why_diverged(epochs, self.candidates[k].config, self.prepared.schema.columns):
                self.faults[k] = DivergedError(why)
            else:
                yield k, ensemble

    def _predict(self, k: int, fold: int, ensemble: Ensemble) -> Predictions:
        """What the network that has not seen a fold says of its rows; not calibrated."""
        config, task = self.candidates[k].config, self.prepared.task
        predictor = Predictor(config, task, (TrainedRecipe(config, ensemble),), final_calibration(None, config.task))
        return predictor.predict(self.prepared.inputs.take(self.plans[fold].held_out_rows))

    def _note(self, k: int, fold: int, ensemble: Ensemble) -> None:
        rows = self.plans[fold].held_out_rows
        try:
            predictions = self._predict(k, fold, ensemble)
        except ModelError as fault:  # numbers that overflow on rows that it has not seen
            self.faults[k] = fault
            return
        truth, weights, task = self.prepared.targets[rows], self.prepared.roles.take(rows).weights, self.prepared.task
        losses = row_losses(race_metric(self.metric.name, task), truth, predictions)
        self.losses[k, self.race.folds == fold] = losses
        self.figures[k].append(value_of(self.metric.name, truth, predictions, task, weights))
        if self.metric.name not in MEANS:
            self.predictions[k].append(predictions)
        if not np.isfinite(losses).all():
            self.faults[k] = DivergedError(f"its predictions of fold {fold + 1} are not finite")

    def _judge(self, done: int) -> None:
        """Leave out who is surely behind after ``done`` folds."""
        if done not in self.race.rungs:
            return
        running = self.race.running(self.losses, self._trial.row_weights[np.newaxis], done)[0]
        out = set(np.flatnonzero(~running).tolist()) - self.faults.keys() - self.behind.keys()
        self.behind |= dict.fromkeys(out, done)

    @property
    def _trial(self) -> Trial:
        """All candidates on the rows of all folds."""
        rows, task = np.concatenate([plan.held_out_rows for plan in self.plans]), self.prepared.task
        roles = self.prepared.roles.take(rows)
        whole = [joined(own) if len(own) == len(self.plans) else None for own in self.predictions]
        figures = figures_of(self.metric.name, self.losses, self.prepared.targets[rows], whole, task)
        return Trial(self.metric, figures, self.losses, self.race, roles.weights, roles.groups)

    def result(self, space: Space, started: float) -> SearchResult:
        """What came out; ``started`` is the ``time.perf_counter`` at which the search began."""
        corrected = correct(self._trial)
        tried = tuple(
            Tried(own, self.parameters[k], tuple(self.figures[k]), corrected.standings[k], self._why_not(k))
            for k, own in enumerate(self.candidates)
        )
        return SearchResult(
            config=space.base,
            task=self.prepared.task,
            metric=self.metric.name,
            plan=self.plan,
            tried=tried,
            corrected=corrected,
            smallest=corrected.within_error(self.metric, self.parameters),
            importances=importances(space, self.candidates, self._gaps(corrected.picked)),
            warnings=edge_warnings(space, self.candidates[corrected.picked]),
            rows=len(self.race.folds),
            seconds=time.perf_counter() - started,
        )

    def _why_not(self, k: int) -> str:
        if k in self.behind:
            return f"behind after {counted(self.behind[k], 'fold')}"
        return str(self.faults.get(k, ""))

    def _gaps(self, best: int) -> list[float]:
        """How far each candidate is behind the best on the rows that both have predicted, infinite without any."""
        gaps = self.losses - self.losses[best]
        known = np.isfinite(gaps)
        sums, counts = np.where(known, gaps, 0).sum(axis=1), known.sum(axis=1)
        means: list[float] = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf).tolist()
        return means
