from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.counts import LINES, SEED, SHARE
from tests.faults.forking import Forks


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """One interpreter that forks for everybody."""
    with Forks() as forks:
        yield forks


@pytest.fixture
def golden() -> Path:
    """The runs that are committed, one a task."""
    return Path(__file__).parents[1] / "golden"


@pytest.fixture
def golden_run(golden: Path) -> Path:
    return golden / "ordinal" / "run"


@pytest.fixture
def golden_data(golden: Path) -> Path:
    return golden / "ordinal" / "phones.csv"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The counts, as they stand in the README."""
    if LINES:
        terminalreporter.section(f"proofs with seed {SEED}, {SHARE:.0%} of the full counts")
        for line in LINES:
            terminalreporter.line(line)
