"""A comparison from table to directory: who is trained, what is told of each, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from phoneprice.artifact import layout
from phoneprice.config.load import load_config
from phoneprice.errors import ConfigError, DivergedError, ModelError, UsageError
from phoneprice.records.comparison import Compared
from phoneprice.workflows import compare as module
from phoneprice.workflows.compare import ComparisonResult, compare
from phoneprice.workflows.evaluate import evaluate
from phoneprice.workflows.events import Event, Noted
from phoneprice.workflows.train import train

QUICK = ["training.epochs=4", "training.threads=1", "training.device=cpu", "validation.folds=3", "data.target=y"]
NUMBERS = [*QUICK, "task.kind=regression", "penalty.name=none", "model.hidden=[4]", "training.batch_rows=16"]
CLASSES = [*QUICK, "task.kind=binary", "model.hidden=[4]", "penalty.name=none", "training.batch_rows=16"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables of a number that is about twice another one, and of its sign."""
    folder = tmp_path_factory.mktemp("tables")
    generator = np.random.default_rng(0)
    x = generator.normal(size=120)
    y = 2 * x + 0.5 * generator.normal(size=120)
    for name, target in (("numbers", y), ("classes", (y > 0).astype(int))):
        rows = [f"{a:.4f},{b}" for a, b in zip(x, target, strict=True)]
        (folder / f"{name}.csv").write_text("\n".join(["x,y", *rows]) + "\n")
    return folder


@pytest.fixture(scope="module")
def classes(folder: Path) -> ComparisonResult:
    texts = ["model.activation=relu|tanh", "optimizer.lr=0.05", "data.scaling=none"]
    return compare(folder / "classes.csv", load_config(None, CLASSES), texts, folder / "classes")


def test_a_portfolio_has_no_part_in_it(folder: Path, tmp_path: Path) -> None:
    two = load_config(None, [*CLASSES, 'portfolio=[{name="a"}, {name="b"}]'])
    told = list[Event]()
    found = compare(folder / "classes.csv", two, ["model.skip=false"], tmp_path / "compared", on_event=told.append)
    assert Noted("a comparison is of single networks: without the portfolio (a, b)") in told
    assert list(named(found)) == ["true (base)", "false"]


def named(result: ComparisonResult) -> dict[str, Compared]:
    return {own.name: own for own in result.comparison.trainings}


def test_the_base_and_each_change(classes: ComparisonResult) -> None:
    found = named(classes)
    assert list(found) == ["base", "activation=tanh", "lr=0.05", "scaling=none"]
    base = found["base"]
    assert base.settings == {"model.activation": "relu", "optimizer.lr": 0.02, "data.scaling": "standard"}
    assert found["lr=0.05"].settings == {"optimizer.lr": 0.05}
    assert (classes.comparison.base, classes.comparison.metrics) == (0, ("accuracy", "log_loss"))
    assert classes.comparison.measured_on == (
        "120 rows, each predicted by the networks that have not seen it (3 folds)"
    )
    assert base.leads == {}
    for own in [*found.values()][1:]:
        assert own.leads.keys() == own.training.keys() == {"accuracy", "log_loss"}
        assert own.curves.train_loss.shape == (4, 3)
        assert own.step_seconds > 0
        gain = base.metrics["log_loss"].value - own.metrics["log_loss"].value
        assert own.leads["log_loss"].value == pytest.approx(gain)


def test_a_variant_is_what_train_makes_of_it(folder: Path, classes: ComparisonResult, tmp_path: Path) -> None:
    config = load_config(None, [*CLASSES, "model.activation=tanh", "task.calibration=none"])
    alone = train(folder / "classes.csv", config, tmp_path / "run").metrics
    own = named(classes)["activation=tanh"]
    for name in ("accuracy", "log_loss", "roc_auc"):
        assert own.metrics[name].value == pytest.approx(alone.metrics[name].value, rel=1e-4)
    losses = [member.train_loss for member in alone.members]
    np.testing.assert_allclose(own.curves.train_loss[-1], np.array(losses, float), rtol=1e-4)


def test_the_directory(classes: ComparisonResult) -> None:
    assert {entry.name for entry in classes.path.iterdir()} == {
        *layout.LIMITS_OF_COMPARISONS,
        layout.MANIFEST,
        layout.MANIFEST_HASH,
    }
    document = json.loads((classes.path / layout.COMPARISON).read_text())
    assert document == {k: v for k, v in json.loads(json.dumps(classes.document())).items() if k in document}
    assert [own["name"] for own in document["variants"]] == list(named(classes))
    kept = load_config(classes.path / layout.CONFIG)
    assert (kept.model, kept.training) == (load_config(None, CLASSES).model, load_config(None, CLASSES).training)
    curves = pq.read_table(classes.path / layout.CURVES)
    assert curves.num_rows == 4 * 3 * 4
    assert curves.column_names == [
        "variant",
        "member",
        "epoch",
        "learning_rate",
        "training_loss",
        "validation_loss",
        "validation_metric",
    ]
    first = curves.filter(np.array(curves["variant"].to_numpy() == "lr=0.05")).to_pydict()
    own = named(classes)["lr=0.05"].curves
    np.testing.assert_array_equal(np.reshape(first["training_loss"], (4, 3)), own.train_loss)
    accuracy = own.health["validation_accuracy"][..., 0]
    np.testing.assert_array_equal(np.reshape(first["validation_metric"], (4, 3)), accuracy)
    assert (first["member"][:4], first["epoch"][:4]) == ([0, 1, 2, 0], [1, 1, 1, 2])
    with pytest.raises(ModelError, match="is a comparison of several trainings, not a run"):
        evaluate(classes.path, "x.csv")


def test_numbers_and_a_grid(folder: Path, tmp_path: Path) -> None:
    texts = ["optimizer.lr=0.02|0.05", "model.hidden=[4]|[]"]
    result = compare(folder / "numbers.csv", load_config(None, NUMBERS), texts, tmp_path / "tried", grid=True)
    assert [own.name for own in result.comparison.trainings] == [
        "base",
        "lr=0.02, hidden=[]",
        "lr=0.05, hidden=[4]",
        "lr=0.05, hidden=[]",
    ]
    assert result.comparison.metrics == ("rmse", "mae")
    own = result.comparison.trainings[3]
    assert own.layers == ("skip",)
    assert own.leads["mae"].low < own.leads["mae"].value < own.leads["mae"].high


def test_a_variant_that_diverges_is_listed(folder: Path, tmp_path: Path) -> None:
    config = load_config(None, [*NUMBERS, "optimizer={name='sgd', lr=0.01}"])
    result = compare(folder / "numbers.csv", config, ["optimizer.lr=1e30|0.02"], tmp_path / "tried")
    base, lost, fine = result.comparison.trainings
    assert lost.why_not == (
        "diverged in fold 1, epoch 1; the likely cause is optimizer.lr = 1e+30: try optimizer.lr = 0.1 or "
        "training.gradient_clip_norm = 1"
    )
    assert (lost.metrics, lost.training, lost.leads) == ({}, {}, {})
    assert base.why_not == fine.why_not == result.comparison.why_not_paired == ""
    (_, own, _) = json.loads((result.path / layout.COMPARISON).read_text())["variants"]
    assert (own["finished"], own["why_not"], own["metrics"]) == (False, lost.why_not, {})
    assert lost.why_not in (result.path / layout.PAGE).read_text()


def test_a_base_that_diverges_leaves_intervals(folder: Path, tmp_path: Path) -> None:
    config = load_config(None, [*NUMBERS, "optimizer={name='sgd', lr=1e30}"])
    result = compare(folder / "numbers.csv", config, ["optimizer.lr=0.02"], tmp_path / "tried")
    base, fine = result.comparison.trainings
    assert result.comparison.why_not_paired == f"the base has no predictions: {base.why_not}"
    assert (fine.leads, set(fine.metrics) >= {"rmse", "mae"}) == ({}, True)


def test_all_diverge(folder: Path, tmp_path: Path) -> None:
    config = load_config(None, [*NUMBERS, "optimizer={name='sgd', lr=1e30}"])
    with pytest.raises(DivergedError) as raised:
        compare(folder / "numbers.csv", config, ["optimizer.lr=1e31"], tmp_path / "tried")
    assert raised.value.exit_code == 7
    assert str(raised.value).startswith("none of 2 variants could be trained: diverged in fold 1, epoch 1;")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("settings", "texts", "fault"),
    [
        (
            [],
            [],
            (
                "nothing to compare; give -x KEY=A|B, such as -x 'model.activation=relu|tanh', or a lesson, such as "
                "-c activation"
            ),
        ),
        (
            ["validation.scheme=none"],
            ["model.skip=false"],
            'validation.scheme "none" holds out no rows to compare by; set validation.scheme = "kfold" or "holdout"',
        ),
        ([], ["model.skipp=false"], 'model.skipp: unknown key; did you mean "skip"?'),
    ],
)
def test_what_is_refused_before_the_table_is_read(
    settings: list[str], texts: list[str], fault: str, tmp_path: Path
) -> None:
    with pytest.raises((ConfigError, UsageError)) as raised:
        compare(tmp_path / "nothing.csv", load_config(None, settings), texts, tmp_path / "tried")
    assert str(raised.value).startswith(fault)
    assert raised.value.exit_code == 2
    assert [*tmp_path.iterdir()] == []


def test_a_place_that_is_taken(folder: Path, classes: ComparisonResult) -> None:
    for output, fault in ((classes.path, "exists already; choose another -o"), (classes.path / "x", "is inside a run")):
        with pytest.raises(UsageError, match=fault):
            compare(folder / "classes.csv", load_config(None, CLASSES), ["model.skip=false"], output)
    with pytest.raises(UsageError, match="the table to learn from is in it"):
        compare(classes.path / layout.CURVES, "fast", ["model.skip=false"], classes.path, force=True)


def test_without_a_place(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = compare(folder / "classes.csv", "fast", ["model.skip=false"], overrides=CLASSES[:-1])
    assert (result.path.parent, result.path.name.partition("-")[2]) == (module.COMPARISONS, "fast")
    assert result.comparison.measured_on == "24 rows that no network has seen"


def test_what_a_table_tells(folder: Path, tmp_path: Path) -> None:
    quick: Any = ["training.epochs=2", "training.threads=1", "training.device=cpu"]
    result = compare(folder / "classes.csv", None, ["model.hidden=[]"], tmp_path / "tried", target="y", overrides=quick)
    assert result.comparison.task.kind == "binary"
    assert result.inferred is not None
