"""How much the long proofs do: ``FAULTS_SEED`` (default 0) and ``FAULTS_SHARE`` of the full counts (default 1)."""

import os

SEED = int(os.environ.get("FAULTS_SEED", "0"))
SHARE = float(os.environ.get("FAULTS_SHARE", "1"))
LINES: list[str] = []
"""What the test under way has done; ``conftest.py`` takes it to the summary."""


def share_of(full: int) -> int:
    """The part of a full count that this call of the tests does."""
    return max(1, round(full * SHARE))


def step_of(most: int = 40) -> int:
    """Of what is done once for each of some calls: from one that is done to the next."""
    return min(most, max(1, round(1 / SHARE)))


def report(text: str) -> None:
    """A line of the summary."""
    LINES.append(text)
