"""What is written is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tables.results import Facts, Result, nothing, place_of, read, read_facts, write


def test_classes_and_numbers_come_back(tmp_path: Path) -> None:
    facts = Facts("A table", "phoneprice plain", ("a=1", "b=[2]"), labels=("no", "yes"), fit_seconds=(0.5,) * 5)
    classes = Result(
        facts, np.arange(5), np.array([0, 1, 0, 1, 1]), np.array([1, 1, 0, 0, 1]), np.full((5, 2), [0.25, 0.75])
    )
    numbers = Result(Facts("other", "linear"), np.arange(5), np.linspace(0, 1, 5), np.zeros(5), None)
    for result in (classes, numbers):
        write(tmp_path, result)
        found = read(place_of(tmp_path, result.facts.table, result.facts.model))
        assert found.facts == result.facts
        for name in ("folds", "truth", "predicted", "probabilities"):
            assert np.array_equal(getattr(found, name), getattr(result, name)), name
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "atable.phonepriceplain.parquet",
        "other.linear.parquet",
    ]


def test_a_model_without_an_answer_leaves_a_file_too(tmp_path: Path) -> None:
    facts = Facts("one", "SVM", outcome="too slow", words="120 s")
    write(tmp_path, nothing(facts))
    path = place_of(tmp_path, "one", "SVM")
    assert read_facts(path) == facts
    assert len(read(path).truth) == 0
