"""What all tests share; helpers beside this file (such as ``random_runs``) can be imported from every test."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.faults.forking import Forks

# A slow moment of a busy machine is no fault: an example may take as long as it needs.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Small tests gain nothing from threads, and several processes may run them. Set before anything imports torch.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Where a test wants several all the same, they sleep while they wait: awake they take the cores from other processes.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the real files, or a skip that says why."""
    chosen = os.environ.get("PHONEPRICE_REAL_DATA")
    folder = Path(chosen) if chosen else Path(__file__).parents[2] / "shared" / "data"
    if not (folder / "mobile_price_train.csv").is_file():
        pytest.skip(f"no real data in {folder}: put ../shared/data beside the project or set PHONEPRICE_REAL_DATA")
    return folder


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """One interpreter that forks for everybody."""
    with Forks() as forks:
        yield forks


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of the real files, so that ``-m real_data`` selects them; what is to begin early comes first."""
    for item in items:
        if "real_data" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.real_data)
    items.sort(key=lambda item: item.get_closest_marker("early") is None)
