"""Advice is followed, and helps; healthy configurations get none. The rest of both lists is in the long part."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.diagnosis.trials import (
    BROKEN,
    HEALED,
    HEALTHY,
    TABLES,
    Outcome,
    advised,
    broken,
    healthy,
    outcome,
    table,
    what_to_try,
)

QUICK_BROKEN = (
    ("std 5", "classes"),
    ("std 0.001, sgd", "numbers"),
    ("adam at 100", "classes"),
    ("adam at 1e-5", "numbers"),
    ("sgd at 0.003, 20 epochs", "classes"),
    ("a step that never comes", "numbers"),
    ("six sigmoids at 0.001", "classes"),
    ("six sigmoids at 0.1", "numbers"),
    ("no dropout, two layers", "classes"),
    ("a bottleneck", "phones"),
)
QUICK_HEALTHY = (
    "fast.toml",
    "regression.toml",
    "the recipe for classes, wines",
    "the recipe for two classes",
    "the recipe for ordered classes, irises",
    "textbook.toml, two classes",
)
CLEARLY = 0.99
"""Of the loss that a configuration has, at most so much is left with the advice."""


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tables are made, each once."""
    return tmp_path_factory.mktemp("tables")


def followed(case: str, name: str, folder: Path, tmp_path: Path) -> tuple[Outcome, float]:
    """What a broken configuration gives, and the loss with its first advice."""
    config = broken(name, BROKEN[case], tmp_path / "broken.toml")
    before = outcome(config, table(name, folder), tmp_path / "before")
    setting = what_to_try(before)
    assert setting, (before.loss, before.error)
    better = advised(config, setting, tmp_path / "advised.toml")
    return before, outcome(better, table(name, folder), tmp_path / "after").loss


@pytest.mark.parametrize(("case", "name"), QUICK_BROKEN)
def test_advice_helps(case: str, name: str, folder: Path, tmp_path: Path) -> None:
    before, after = followed(case, name, folder, tmp_path)
    assert after < CLEARLY * before.loss, (before, after)


@pytest.mark.long
@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("case", BROKEN)
def test_all_advice_helps(case: str, name: str, folder: Path, tmp_path: Path) -> None:
    if (case, name) in HEALED:
        config = broken(name, BROKEN[case], tmp_path / "broken.toml")
        assert outcome(config, table(name, folder), tmp_path / "run").findings == ()
        return
    before, after = followed(case, name, folder, tmp_path)
    assert after < CLEARLY * before.loss, (before, after)


@pytest.mark.parametrize("case", QUICK_HEALTHY)
def test_a_healthy_configuration_gives_no_finding(case: str, folder: Path, tmp_path: Path) -> None:
    found = outcome(healthy(case), table(HEALTHY[case][0], folder), tmp_path / "run").findings
    assert [(finding.code, finding.evidence) for finding in found] == []


@pytest.mark.long
@pytest.mark.parametrize("case", [case for case in HEALTHY if case not in QUICK_HEALTHY])
def test_no_healthy_configuration_gives_a_finding(case: str, folder: Path, tmp_path: Path) -> None:
    test_a_healthy_configuration_gives_no_finding(case, folder, tmp_path)
