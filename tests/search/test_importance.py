"""What mattered, and where a range was too narrow."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import numpy as np
import pytest

from phoneprice.config.load import load_config
from phoneprice.config.schema import Config
from phoneprice.search.candidates import Candidate, candidates
from phoneprice.search.importance import FEWEST, edge_warnings, importances
from phoneprice.search.notation import read_space
from phoneprice.search.space import Space

SPACE = read_space(
    Config(),
    [
        "optimizer.lr=1e-3..0.1:log",
        "model.activation=relu|silu",
        "model.dropout=0|0.1..0.5",
        "optimizer.skip_lr=none|0.1..1",
    ],
)
TRIED = list(islice(candidates(SPACE, 0), 64))


def shares(loss: Callable[[Config], float], space: Space = SPACE, tried: list[Candidate] = TRIED) -> dict[str, float]:
    return {own.axis.key: own.share for own in importances(space, tried, [loss(one.config) for one in tried])}


@pytest.mark.parametrize(
    ("key", "loss"),
    [
        ("optimizer.lr", lambda config: np.log(config.optimizer.lr)),
        ("model.activation", lambda config: config.model.activation.name == "relu"),
        ("model.dropout", lambda config: config.model.dropout > 0),
        ("optimizer.skip_lr", lambda config: config.optimizer.skip_lr is None),
    ],
)
def test_the_one_that_decides_has_it_all(key: str, loss: Callable[[Config], float]) -> None:
    found = shares(loss)
    assert next(iter(found)) == key
    assert found[key] > 0.95
    assert sum(found.values()) - found[key] < 0.02


def test_two_that_decide_share_it() -> None:
    found = shares(lambda config: np.log10(config.optimizer.lr) + 2 * (config.model.activation.name == "relu"))
    assert found["optimizer.lr"] + found["model.activation"] > 0.8
    assert min(found["optimizer.lr"], found["model.activation"]) > 0.15


def test_one_that_failed_outweighs_nobody() -> None:
    lost = TRIED[7].config
    found = shares(lambda config: 1e9 if config == lost else np.log(config.optimizer.lr))
    assert found["optimizer.lr"] > 0.9


def test_a_setting_that_some_candidates_lack() -> None:
    space = read_space(Config(), ["penalty=none|adaptive", "penalty.eps=1e-3..0.1:log", "optimizer.lr=0.01..0.1"])
    found = shares(lambda config: config.penalty.name == "none", space, list(islice(candidates(space, 0), 40)))
    assert found["penalty"] > 0.9
    assert found["penalty.eps"] + found["optimizer.lr"] < 0.02


def test_too_few_candidates_tell_nothing() -> None:
    assert importances(SPACE, TRIED[: FEWEST - 1], [0.0] * (FEWEST - 1)) == ()
    assert importances(Space(Config(), ()), TRIED, [0.0] * len(TRIED)) == ()
    assert set(shares(lambda _: 1.0).values()) == {0}


def picked(**values) -> Candidate:
    texts = [f"{key.replace('__', '.')}={value}" for key, value in values.items()]
    return Candidate(3, load_config(None, texts), {key.replace("__", "."): value for key, value in values.items()})


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        (
            "optimizer.lr=1e-3..0.1:log",
            {"optimizer__lr": 0.097},
            "optimizer.lr: the best value, 0.097, is at the end of 0.001..0.1:log; try -x optimizer.lr=0.01..1.0:log",
        ),
        (
            "optimizer.lr=1e-3..0.1:log",
            {"optimizer__lr": 0.00101},
            (
                "optimizer.lr: the best value, 0.00101, is at the end of 0.001..0.1:log; "
                "try -x optimizer.lr=0.0001..0.01:log"
            ),
        ),
        (
            "model.dropout=0|0.1..0.5",
            {"model__dropout": 0.49},
            "model.dropout: the best value, 0.49, is at the end of 0.1..0.5; try -x 'model.dropout=0|0.3..0.7'",
        ),
        (
            "training.epochs=100..200",
            {"training__epochs": 200},
            "training.epochs: the best value, 200, is at the end of 100..200; try -x training.epochs=150..250",
        ),
    ],
)
def test_the_best_at_the_end_of_a_range(text: str, values: dict[str, float], expected: str) -> None:
    assert edge_warnings(read_space(Config(), [text]), picked(**values)) == (expected,)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("optimizer.lr=1e-3..0.1:log", {"optimizer__lr": 0.01}),
        ("model.dropout=0..0.5", {"model__dropout": 0.001}),  # nothing is below 0
        ("model.dropout=0|0.1..0.5", {"model__dropout": 0}),
        ("optimizer.lr=1e-3..0.1:log", {}),  # the configuration as given
    ],
)
def test_no_end_or_one_that_the_schema_sets(text: str, values: dict[str, float]) -> None:
    assert edge_warnings(read_space(Config(), [text]), picked(**values)) == ()
