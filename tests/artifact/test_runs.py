"""Names of runs."""

from pathlib import Path

import pytest

from phoneprice.artifact.runs import resolve_run
from phoneprice.artifact.writer import write_run
from phoneprice.errors import ModelError
from tests.random_runs import random_contents


def test_a_run_that_is_missing_but_has_a_near_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "runs" / "abc", random_contents())
    (tmp_path / "runs" / "abd").mkdir()
    (tmp_path / "runs" / ".xyz.old").mkdir()
    for asked in ("runs/abcd", "abc"):
        with pytest.raises(ModelError) as caught:
            resolve_run(asked)
        assert str(caught.value) == (
            f"{asked}: no such run; did you mean 'runs/abc'? 'phoneprice runs list' shows those there are"
        )
    for left_to_the_loader in ("runs/abc", "runs/abd", "runs/phones", "runs/xyz", "nix", ""):
        assert resolve_run(left_to_the_loader) == Path(left_to_the_loader)
