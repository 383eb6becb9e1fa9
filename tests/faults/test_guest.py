"""A guest in somebody's process: what the Python API leaves as it was, and what it works under."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.faults.guest import FUNCTIONS, PROPERTIES, TABLE

TESTS = Path(__file__).parents[1]
GOLDEN = TESTS / "golden" / "ordinal"
OCCASIONS = "the first call", "settings of one's own", "a fault", "another thread"


@cache
def changed(function: str) -> dict[str, list[str]]:
    """What a program of its own finds changed, by occasion; a fault of the program is one of the test."""
    with TemporaryDirectory() as folder:
        shutil.copytree(GOLDEN / "run", Path(folder) / "run")
        write_table(Path(folder) / TABLE)
        program = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(TESTS.parent)!r}); {_MAIN}", function]
        done = subprocess.run(program, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


_MAIN = "from tests.faults.guest import main; main()"


def write_table(path: Path) -> None:
    """The labelled rows that the run was made from."""
    import pyarrow.csv

    from tests.golden.make import ROWS, phones

    pyarrow.csv.write_csv(phones(ROWS, seed=1), path)


@pytest.mark.parametrize("occasion", OCCASIONS)
@pytest.mark.parametrize("setting", PROPERTIES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_everything_is_left_as_it_was(function: str, setting: str, occasion: str) -> None:
    assert setting not in changed(function)[occasion]
