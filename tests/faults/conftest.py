from collections.abc import Generator
from pathlib import Path

import pytest

from tests.faults.counts import LINES, SEED, SHARE

COUNTED = "counted"
counted: list[str] = []
"""For the summary at the end."""


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test has counted goes with its report, which a worker of pytest-xdist sends to the main process."""
    made = yield
    made.user_properties += [(COUNTED, line) for line in LINES]
    LINES.clear()
    return made


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """In the main process, of all tests."""
    if report.when == "call":
        counted.extend(str(line) for name, line in report.user_properties if name == COUNTED)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The counts, as they stand in the README."""
    if counted:
        terminalreporter.section(f"proofs with seed {SEED}, {SHARE:.0%} of the full counts")
        for line in counted:
            terminalreporter.line(line)
