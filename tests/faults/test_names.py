"""Names that no file can have, wherever a command takes one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.calls import Call, make_scratch
from tests.faults.forking import Forks
from tests.faults.planting import audit

LONG = "x" * 300


@pytest.fixture
def scratch(tmp_path: Path, golden: Path) -> Path:
    return make_scratch(tmp_path / "scratch", golden)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (f"predict {LONG} d.csv", 4),
        (f"predict run {LONG}", 3),
        (f"predict run d.csv -o {LONG}", 5),
        (f"train d.csv -c {LONG}", 2),
        (f"train d.csv -o {LONG}", 5),
        (f"cv d.csv --predictions {LONG}", 5),
        (f"report run -o {LONG}", 5),
        (f"report run d.csv -o out.html --plots {LONG}", 5),
        (f"data check d.csv --reference {LONG}", 3),
        (f"data sample -o {LONG}.csv", 5),
        (f"data fetch -o {LONG}", 5),
        (f"config init -o {LONG}", 5),
        (f"config check {LONG}", 2),
        (f"runs list {LONG}", 4),
        (f"runs show {LONG}", 4),
        (f"runs diff run {LONG}", 4),
    ],
)
def test_a_name_that_is_too_long(forks: Forks, scratch: Path, words: str, code: int) -> None:
    before = audit(scratch)
    ended = forks.call(Call(words).program(scratch))
    assert (ended.code, ended.err.count("\n")) == (code, 1), ended
    assert "file name too long" in ended.err.lower()
    assert audit(scratch) == before
