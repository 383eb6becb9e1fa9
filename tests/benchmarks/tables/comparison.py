"""All results of a folder against each other: ranks, wins and losses, shares of the way, times."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from tables.catalogue import Table
from tables.ours import NAME
from tables.protocol import FOLDS, Doubles
from tables.results import Facts, Result, place_of, read, read_facts
from tables.scoring import BETTER, Calibration, Metric, by_fold, calibration, trivial

TOO_LITTLE = 0.02
"""A table is left out of the shares of the way where the best is no better than the trivial predictor by more: of
accuracy and log loss (nats) as they are, of RMSE relative to the trivial predictor's."""
ENOUGH, ON_AVERAGE = 0.9, 0.97
"""Shares of the way to the best that should be gone on every table, and on average."""
NOT_WORSE = 2 / 3
"""Share of the tables on which one should be better than the reference or level."""
RESAMPLES = 2_000
CALIBRATED_ROWS = 1_000
"""Calibration is judged on tables of as many rows."""

Scores = Mapping[str, Mapping[str, Doubles]]
"""Scores of the folds, ``(5,)``, by table and model, for one metric."""


@dataclass(frozen=True)
class Estimate:
    """A mean over tables, and the middle 95 % of what other tables like these would have given (bootstrap)."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Pairs:
    """On how many tables one model is ahead of another, level, and behind."""

    wins: int
    ties: int
    losses: int

    @property
    def kept(self) -> float:
        """The share of wins and ties."""
        tables = self.wins + self.ties + self.losses
        return (self.wins + self.ties) / tables if tables else float("nan")


@dataclass(frozen=True)
class Way:
    """How far a model is from the trivial predictor to the best, on one table."""

    table: str
    metric: Metric
    value: float
    best: float
    best_model: str
    share: float
    """0 as good as the trivial predictor, 1 as the best."""
    level: bool
    """Within one paired standard error of the best."""

    @property
    def enough(self) -> bool:
        """Whether it is near enough to the best, or level with it."""
        return self.level or self.share >= ENOUGH


@dataclass(frozen=True)
class Times:
    """Seconds of a fold, medians over the tables, and as a multiple of another model's on the same tables."""

    start: float
    fit: float
    predict: float
    fit_ratio: float
    predict_ratio: float


def ranks(values: Sequence[float], better: int) -> Doubles:
    """1 for the best; those that are equal share the mean of their places."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(-better * np.asarray(values)), np.float64)


def estimate(values: NDArray[np.floating]) -> Estimate:
    """Of one value a table, ``(tables,)``."""
    drawn = np.random.default_rng(0).choice(values, (RESAMPLES, len(values))).mean(axis=1)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Estimate(float(values.mean()), float(low), float(high))


def lead(ours: Doubles, theirs: Doubles, better: int) -> tuple[float, float]:
    """By how much the first is better on average over the folds, and the standard error of that, paired."""
    ahead = better * (ours - theirs)
    return float(ahead.mean()), float(ahead.std(ddof=1) / np.sqrt(FOLDS))


def pairs(scores: Scores, ours: str, theirs: str, better: int) -> Pairs:
    """Over the tables that both have; level is whoever is within one standard error of the other."""
    counts = {1: 0, 0: 0, -1: 0}
    for models in scores.values():
        if ours in models and theirs in models:
            mean, error = lead(models[ours], models[theirs], better)
            counts[0 if abs(mean) <= error else int(np.sign(mean))] += 1
    return Pairs(counts[1], counts[0], counts[-1])


def mean_ranks(scores: Scores, models: Sequence[str], better: int) -> dict[str, Estimate]:
    """The mean rank of each model among ``models``, over the tables that all of them have."""
    whole = [by_model for by_model in scores.values() if all(model in by_model for model in models)]
    if not whole or not models:
        return {}
    places = np.array([ranks([by_model[model].mean() for model in models], better) for by_model in whole])
    return {model: estimate(places[:, place]) for place, model in enumerate(models)}


def ways(
    scores: Scores, floors: Mapping[str, Doubles], model: str, others: Collection[str], metric: Metric
) -> Iterator[Way]:
    """How far a model is, on each table on which it or one of the others is better than the trivial predictor."""
    better = BETTER[metric]
    for table, by_model in scores.items():
        if model not in by_model:
            continue
        models = {name: folds for name, folds in by_model.items() if name == model or name in others}
        best_model = max(models, key=lambda name: better * models[name].mean())
        best, floor, value = (float(fold.mean()) for fold in (models[best_model], floors[table], models[model]))
        gain = better * (best - floor)
        if gain > TOO_LITTLE * (abs(floor) if metric == "RMSE" else 1.0):
            behind, error = lead(models[best_model], models[model], better)
            yield Way(table, metric, value, best, best_model, better * (value - floor) / gain, level=behind <= error)


@dataclass(frozen=True)
class Comparison:
    """The results of a folder."""

    tables: Sequence[Table]
    models: Sequence[str]
    facts: Mapping[tuple[str, str], Facts]
    """By table and model, whatever came out."""
    rows: Mapping[str, int]
    folds: Mapping[Metric, Scores]
    floors: Mapping[Metric, Mapping[str, Doubles]]
    """The scores of the trivial predictor, by table."""
    calibrations: Mapping[tuple[str, str], Calibration]
    """By table and model, where there are classes and 1,000 rows."""

    @classmethod
    def of(cls, folder: Path, tables: Sequence[Table], models: Collection[str]) -> Comparison:
        """Read and score what a folder has of these tables and models."""
        facts: dict[tuple[str, str], Facts] = {}
        rows: dict[str, int] = {}
        scores: dict[Metric, dict[str, dict[str, Doubles]]] = {}
        floors: dict[Metric, dict[str, Doubles]] = {}
        calibrations: dict[tuple[str, str], Calibration] = {}
        for table, model in ((table.name, model) for table in tables for model in models):
            path = place_of(folder, table, model)
            if not path.is_file():
                continue
            facts[table, model] = read_facts(path)
            if facts[table, model].outcome != "answered":
                continue
            result = read(path)
            _add(result, scores, floors)
            rows[table] = len(result.truth)
            if len(result.truth) >= CALIBRATED_ROWS and (found := calibration(result)):
                calibrations[table, model] = found
        return cls(tables, list(models), facts, rows, scores, floors, calibrations)

    @cached_property
    def ours(self) -> list[str]:
        """Our own models."""
        return [model for model in self.models if model.split()[0] == NAME]

    @cached_property
    def complete(self) -> list[str]:
        """The models that have answered on all tables."""
        return [model for model in self.models if not self.left_out(model)]

    @property
    def failed(self) -> list[Facts]:
        """What ended with a fault."""
        return [facts for facts in self.facts.values() if facts.outcome == "failed"]

    def left_out(self, model: str) -> list[str]:
        """The tables on which a model has no answer."""
        return [t.name for t in self.tables if not self._answered(t.name, model)]

    def _answered(self, table: str, model: str) -> bool:
        return (table, model) in self.facts and self.facts[table, model].outcome == "answered"

    @cached_property
    def others(self) -> list[str]:
        """All but ours."""
        return [model for model in self.models if model not in self.ours]

    def ranks(self, metric: Metric, models: Collection[str]) -> dict[str, Estimate]:
        """Mean ranks of ``models`` on the tables that all of them have.

        Each of ours is ranked among the others alone; the others are ranked with the first of ours.
        """
        scores = self.common(metric, models)
        others = [model for model in self.others if model in models]
        found: dict[str, Estimate] = {}
        for field in [[*others, model] for model in self.ours if model in models] or [others]:
            found = mean_ranks(scores, field, BETTER[metric]) | found
        return found

    def common(self, metric: Metric, models: Collection[str]) -> Scores:
        """The scores of the tables that all of ``models`` have."""
        scores = self.folds.get(metric, {})
        return {table: by_model for table, by_model in scores.items() if all(model in by_model for model in models)}

    def against(self, ours: str, theirs: str, metric: Metric) -> Pairs:
        """Wins, ties and losses."""
        return pairs(self.folds.get(metric, {}), ours, theirs, BETTER[metric])

    def ways_of(self, model: str, metric: Metric) -> list[Way]:
        """How far a model is on each table, from the trivial predictor to the best of the others and itself."""
        others = self.others if model in self.ours else [*self.others, *self.ours[:1]]
        return list(ways(self.folds.get(metric, {}), self.floors.get(metric, {}), model, others, metric))

    def times(self, model: str, reference: str) -> Times | None:
        """How long a model took; the ratios are NaN where the reference has none of its tables."""
        own = {t.name: self.facts[t.name, model] for t in self.tables if self._answered(t.name, model)}
        if not own:
            return None
        other = {name: self.facts[name, reference] for name in own if self._answered(name, reference)}
        fit = [median(own[name].fit_seconds) / median(facts.fit_seconds) for name, facts in other.items()]
        predict = [median(own[name].predict_seconds) / median(facts.predict_seconds) for name, facts in other.items()]
        return Times(
            median(facts.start_seconds for facts in own.values()),
            median(median(facts.fit_seconds) for facts in own.values()),
            median(median(facts.predict_seconds) for facts in own.values()),
            median(fit) if fit else float("nan"),
            median(predict) if predict else float("nan"),
        )


def _add(
    result: Result,
    scores: dict[Metric, dict[str, dict[str, Doubles]]],
    floors: dict[Metric, dict[str, Doubles]],
) -> None:
    table, model = result.facts.table, result.facts.model
    for metric, values in by_fold(result).items():
        scores.setdefault(metric, {}).setdefault(table, {})[model] = values
    if not any(table in known for known in floors.values()):
        for metric, values in by_fold(trivial(result)).items():
            floors.setdefault(metric, {})[table] = values
