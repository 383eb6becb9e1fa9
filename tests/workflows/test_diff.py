"""Two runs compared, and the leaderboard."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoneprice.config.load import load_config
from phoneprice.data.samples.sample import sample_path
from phoneprice.errors import UsageError
from phoneprice.workflows.diff import diff_runs
from phoneprice.workflows.inspect_runs import RunLine, best_first
from phoneprice.workflows.train import train


def made(path: Path, *settings: str) -> Path:
    config = load_config(None, [*settings, "training.threads=1", "training.device=cpu"])
    return train(sample_path("train"), config, path).run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("runs")
    return made(root / "short", "training.epochs=5"), made(root / "long", "training.epochs=60")


def test_a_better_run(runs: tuple[Path, Path]) -> None:
    found = diff_runs(*runs)
    assert [(c.key, c.a, c.b) for c in found.settings] == [("training.epochs", 5, 60)]
    assert (found.rows, found.why_not) == (2000, "")
    accuracy, log_loss = found.paired
    assert accuracy.metric == "accuracy"
    pair = {p.name: p for p in found.metrics}["accuracy"]
    assert pair.a is not None
    assert pair.b is not None
    assert accuracy.lead.value == pytest.approx(pair.b - pair.a)
    assert accuracy.beyond_chance
    assert accuracy.p is not None
    assert accuracy.p < 1e-6
    assert log_loss.beyond_chance
    backwards = diff_runs(*reversed(runs))
    assert backwards.paired[0].lead.high == pytest.approx(-accuracy.lead.low)


def test_a_run_against_itself(runs: tuple[Path, Path]) -> None:
    found = diff_runs(runs[0], runs[0])
    assert found.settings == found.environment == ()
    assert [(line.lead.value, line.beyond_chance) for line in found.paired] == [(0.0, False), (0.0, False)]


def test_what_cannot_be_compared(runs: tuple[Path, Path], tmp_path: Path) -> None:
    other = made(tmp_path / "other", "data.target=ram", "task.kind=regression", "loss.name=mse", "training.epochs=2")
    with pytest.raises(UsageError, match=r"these can't be compared; name two runs of one target$"):
        diff_runs(runs[0], other)
    nothing = made(tmp_path / "nothing", "validation.scheme=none", "training.epochs=2")
    assert diff_runs(runs[0], nothing).why_not == "a run held out no rows"
    longer = made(tmp_path / "longer", "data.target=ram", "task.kind=regression", "loss.name=mse", "training.epochs=9")
    assert [line.metric for line in diff_runs(other, longer).paired] == ["rmse", "mae"]


def test_other_columns_of_the_same_rows(runs: tuple[Path, Path], tmp_path: Path) -> None:
    fewer = made(tmp_path / "fewer", "training.epochs=5", 'data.ignored_columns=["ram"]')
    found = diff_runs(fewer, runs[0])
    assert found.rows == 2000
    assert ("data.ignored_columns", ["ram"], []) in [(c.key, c.a, c.b) for c in found.settings]


def test_a_leaderboard() -> None:
    def line(name: str, metric: str | None, value: float | None, target: str = "price") -> RunLine:
        return RunLine(Path(name), "", target=target, metric=metric, value=value)

    lines = [line("a", "accuracy", 0.9), line("b", None, None), line("c", "accuracy", 0.95)]
    lines += [line("d", "rmse", 0.3, "used"), line("e", "rmse", 0.2, "used")]
    assert [str(found.path) for found in best_first(lines)] == ["c", "a", "e", "d", "b"]
    learned = RunLine(Path("f"), "", target="price", metric="accuracy", value=1.0, measured_on="training set")
    assert [str(found.path) for found in best_first([learned, *lines])] == ["c", "a", "f", "e", "d", "b"]
