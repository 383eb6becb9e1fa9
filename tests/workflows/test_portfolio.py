"""A portfolio of recipes from a configuration to predictions: trained together, weighed, and judged honestly."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from phoneprice import load
from phoneprice.artifact import layout
from phoneprice.artifact.loader import Run, load_run, verify_run
from phoneprice.config.load import load_config
from phoneprice.config.schema import Config
from phoneprice.data.rows.splits import plan_members
from phoneprice.errors import DivergedError, StoppedError
from phoneprice.evaluation.mixture import cross_mixed, fit_weights
from phoneprice.inference.predictor import Predictor
from phoneprice.records import Classified, TrainingFinding, Valued
from phoneprice.records.documents import Protocol
from phoneprice.workflows.assess import hold_out
from phoneprice.workflows.changes import changes, comparable
from phoneprice.workflows.cross_validate import cross_validate
from phoneprice.workflows.estimators import PhonePriceRegressor
from phoneprice.workflows.events import EpochDone, Event, Noted, ignore
from phoneprice.workflows.judging import judged
from phoneprice.workflows.predictors import predicted, predictor_of
from phoneprice.workflows.prepare import prepare
from phoneprice.workflows.report import gather
from phoneprice.workflows.train import train

ROWS = 150
RECIPES: list[dict[str, Any]] = [
    {"name": "linear", "model": {"hidden": []}, "training": {"epochs": 6}},
    {"name": "ramps", "model": {"encoding": "piecewise_linear", "hidden": [6]}, "optimizer": {"lr": 0.05}},
    {"name": "deep", "model": {"hidden": [4, 3]}, "training": {"epochs": 4, "batch_rows": 30}},
]
KINDS = pytest.mark.parametrize("kind", ["regression", "binary", "ordinal"])


def table(seed: int = 0) -> pd.DataFrame:
    """A line in one column and a wave in another, as numbers and as classes."""
    chance = np.random.default_rng(seed)
    x, z = chance.uniform(-3, 3, (2, ROWS))
    y = x + np.sin(3 * z) + 0.3 * chance.normal(size=ROWS)
    ranks = y.argsort().argsort()
    return pd.DataFrame({"x": x, "z": z, "price": y, "cheap": ranks * 2 // ROWS, "class": ranks * 3 // ROWS})


TARGETS = {"regression": "price", "binary": "cheap", "ordinal": "class"}


def config_of(kind: str, recipes: list[dict[str, Any]] = RECIPES, *settings: str) -> Config:
    from phoneprice.config.fields import toml_value

    target = TARGETS[kind]
    others = [name for name in TARGETS.values() if name != target]
    own = [f"task.kind={kind}", f"data.target={target}", f"data.ignored_columns={toml_value(others)}"]
    short = [
        "training.epochs=8",
        "training.batch_rows=60",
        "training.threads=1",
        "training.device=cpu",
        "task.calibration=none",
    ]
    return load_config(None, [*own, *short, "task.calibration=none", f"portfolio={toml_value(recipes)}", *settings])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("portfolio") / "data.csv"
    table().to_csv(path, index=False)
    return path


def trained(data: Path, config: Config, path: Path) -> Run:
    train(data, config, path)
    return load_run(path)


@pytest.fixture(scope="module", params=["regression", "binary", "ordinal"])
def run(request: pytest.FixtureRequest, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(data, config_of(request.param), tmp_path_factory.mktemp(request.param) / "run")


def alone(run: Run, data: Path, name: str, folder: Path) -> Run:
    """What the recipe trains by itself."""
    own = next(recipe for recipe in run.config.portfolio if recipe.name == name)
    return trained(data, run.config.of_recipe(own), folder / name)


def test_a_recipe_is_trained_as_it_is_by_itself(run: Run, data: Path, tmp_path: Path) -> None:
    for recipe in run.recipes:
        single = alone(run, data, recipe.name, tmp_path)
        assert single.config == recipe.config
        for name, values in single.recipes[0].ensemble.parameters.items():
            np.testing.assert_allclose(recipe.ensemble.parameters[name], values, rtol=1e-4, atol=1e-6)
        for own, line in zip(
            [line for line in run.metrics.members if line.recipe == recipe.name], single.metrics.members, strict=True
        ):
            assert own.train_loss == pytest.approx(line.train_loss, rel=1e-4)
            assert own.best_epoch == line.best_epoch


def test_all_recipes_are_listed_and_those_that_count_are_kept(run: Run) -> None:
    verify_run(run.path)
    tried = run.metrics.portfolio or ()
    assert [recipe.name for recipe in tried] == ["linear", "ramps", "deep"]
    assert {recipe.name: recipe.weight for recipe in tried if recipe.weight} == {
        recipe.name: recipe.weight for recipe in run.recipes
    }
    assert sum(recipe.weight for recipe in run.recipes) == pytest.approx(1)
    assert len(run.metrics.members) == run.members == run.splits.members == 5 * len(run.recipes)
    assert run.history.members == run.members
    assert len(run.history.epochs) == max(recipe.config.training.epochs for recipe in run.recipes)


def test_weights_and_figures_come_from_rows_that_were_held_out(run: Run, data: Path, tmp_path: Path) -> None:
    """Each recipe by itself, mixed here; what is judged of a fold is mixed by weights of the others."""
    prepared = prepare(data, run.config, ignore)
    plans, _ = plan_members(prepared.targets, run.config, ROWS, prepared.roles)
    said, held = [], None
    for recipe in run.config.portfolio:
        single = alone(run, data, recipe.name, tmp_path)
        held = hold_out(Predictor(run.config, run.task, single.recipes), prepared, plans)
        assert held is not None
        said.append(held.predictions)
    assert held is not None
    weights = fit_weights(said, held.truth)
    own = [recipe.weight for recipe in run.metrics.portfolio or ()]
    np.testing.assert_allclose(own, weights, atol=1e-3)
    judged, mixed = run.held_out, cross_mixed(said, held.truth, held.folds)
    assert judged is not None
    if isinstance(judged.predictions, Valued) and isinstance(mixed, Valued):
        np.testing.assert_allclose(judged.predictions.values, mixed.values, rtol=1e-3)
    elif isinstance(judged.predictions, Classified) and isinstance(mixed, Classified):
        np.testing.assert_allclose(judged.predictions.probabilities, mixed.probabilities, atol=1e-3)


def test_predictions_are_the_weighted_mean(run: Run, data: Path) -> None:
    inputs = prepare(data, run.config, ignore).inputs
    whole = predicted(predictor_of(run), inputs)
    total: Any = 0.0
    for recipe in run.recipes:
        part = predicted(Predictor(run.config, run.task, (replace(recipe, weight=1.0),)), inputs)
        total = total + recipe.weight * (part.values if isinstance(part, Valued) else part.probabilities)
    found = whole.values if isinstance(whole, Valued) else whole.probabilities
    np.testing.assert_allclose(found, total, rtol=1e-12)


def test_bits_do_not_depend_on_chunks(run: Run, data: Path) -> None:
    inputs, predictor = prepare(data, run.config, ignore).inputs, predictor_of(run)
    parts = [predictor.predict(inputs.take(slice(i, i + 7))) for i in range(0, ROWS, 7)]
    whole = predictor.predict(inputs)
    if isinstance(whole, Valued):
        assert whole.values.tobytes() == b"".join(p.values.tobytes() for p in parts if isinstance(p, Valued))
    else:
        rows = [p.probabilities for p in parts if isinstance(p, Classified)]
        assert whole.probabilities.tobytes() == np.concatenate(rows).tobytes()


def test_the_report_has_the_training_of_each_recipe(run: Run, data: Path) -> None:
    facts = gather(run, data)
    assert [training.name for training in facts.trainings] == [recipe.name for recipe in run.recipes]
    for training, recipe, shape in zip(facts.trainings, run.recipes, run.shapes, strict=True):
        assert training.curves.members == 5
        assert len(training.curves.epochs) == recipe.config.training.epochs
        assert training.curves.health["weight_norm"].shape[2] == len(training.layers)
        assert np.isfinite(training.curves.train_loss).all()
        assert len(shape.hidden) == len(recipe.config.model.hidden)
    from phoneprice.report.page import charts, page

    drawn = [chart.name for chart in charts(facts)["curves"]]
    assert len(set(drawn)) == len(drawn)
    assert {f"loss-{recipe.name}" for recipe in run.recipes} <= set(drawn)
    assert all(recipe.name in page(facts) for recipe in run.recipes)


def test_the_same_configuration_gives_the_same_run(run: Run, data: Path, tmp_path: Path) -> None:
    train(data, run.path / layout.CONFIG, tmp_path / "again")
    for name in (layout.CONFIG, layout.WEIGHTS, layout.CALIBRATION, layout.METRICS, layout.HISTORY):
        assert (tmp_path / "again" / name).read_bytes() == (run.path / name).read_bytes()


def test_what_was_chosen_is_said(data: Path, tmp_path: Path) -> None:
    noted = list[str]()
    train(data, config_of("regression"), tmp_path / "run", on_event=lambda e: noted.append(_noted(e)))
    (said,) = [text for text in noted if text.startswith("portfolio: ")]
    metrics = load_run(tmp_path / "run").metrics
    for recipe in metrics.portfolio or ():
        assert f"{recipe.weight:.0%} {recipe.name} ({recipe.metrics['rmse']:.4f})" in said
    assert said.endswith(f"together RMSE {metrics['rmse'].value:.4f} on held-out rows")


def _noted(event: Event) -> str:
    return event.message if isinstance(event, Noted) else ""


def test_one_recipe_is_the_configuration_with_its_changes(data: Path, tmp_path: Path) -> None:
    run = trained(data, config_of("regression", [{"name": "deep", "model": {"hidden": [4, 3]}}]), tmp_path / "run")
    verify_run(tmp_path / "run")
    single = trained(data, run.config.of_recipe(run.config.portfolio[0]), tmp_path / "single")
    for name, values in single.recipes[0].ensemble.parameters.items():
        assert run.recipes[0].ensemble.parameters[name].tobytes() == values.tobytes()
    assert run.metrics.metrics == single.metrics.metrics


def test_a_holdout_and_several_members_a_split(data: Path, tmp_path: Path) -> None:
    own = ["validation.scheme=holdout", "validation.members=2", "training.early_stopping.patience_epochs=2"]
    run = trained(data, config_of("binary", RECIPES, *own), tmp_path / "run")
    verify_run(tmp_path / "run")
    assert run.members == 2 * len(run.recipes)


def test_a_training_that_was_stopped_goes_on_exactly(data: Path, tmp_path: Path) -> None:
    config = config_of("binary", RECIPES, "training.checkpoint_seconds=0")
    train(data, config, tmp_path / "whole")

    def stop(event: Event) -> None:
        if isinstance(event, EpochDone) and event.record.epoch == 5:
            raise StoppedError(signal.SIGTERM, "terminated")

    with pytest.raises(StoppedError):
        train(data, config, tmp_path / "run", on_event=stop)
    train(data, config, tmp_path / "run", resume=True)
    for name in (layout.WEIGHTS, layout.CALIBRATION, layout.METRICS, layout.HISTORY):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@KINDS
def test_each_fold_of_a_cross_validation_weighs_for_itself(data: Path, kind: str) -> None:
    """As ``train`` on its training rows would."""
    found = cross_validate(data, config_of(kind), Protocol(2, 1, 0)).metrics
    weights = found.portfolio or {}
    assert list(weights) == ["linear", "ramps", "deep"]
    assert sum(weights.values()) == pytest.approx(1)


@pytest.mark.filterwarnings("ignore:.*outside the range")
def test_a_fold_of_a_cross_validation_is_what_train_makes_of_it(data: Path, tmp_path: Path) -> None:
    from phoneprice.workflows.cross_validate import make_folds

    config = config_of("regression")
    prepared = prepare(data, config, ignore)
    first, _ = make_folds(prepared, Protocol(2, 1, 0))
    frame = table()
    frame.iloc[first.train_rows].to_csv(tmp_path / "rows.csv", index=False)
    train(tmp_path / "rows.csv", config, tmp_path / "run")
    values = load(tmp_path / "run").predict(frame.iloc[first.test_rows])["prediction"]
    rmse = float(np.sqrt(np.mean((values - frame["price"].iloc[first.test_rows]) ** 2)))
    found = cross_validate(data, config, Protocol(2, 1, 0)).metrics.folds[0]
    assert found.metrics["rmse"] == pytest.approx(rmse, rel=1e-3)


def test_estimators_have_portfolios() -> None:
    frame = table()
    model = PhonePriceRegressor(config=config_of("regression")).fit(frame.drop(columns="price"), frame["price"])
    assert {recipe.name for recipe in model.predictor_.recipes} <= {"linear", "ramps", "deep"}
    assert sum(recipe.weight for recipe in model.predictor_.recipes) == pytest.approx(1)
    assert model.predict(frame.drop(columns="price")).shape == (ROWS,)


def test_settings_of_one_network_leave_a_portfolio_out(data: Path, tmp_path: Path) -> None:
    noted = list[str]()
    train(
        data,
        config_of("regression"),
        tmp_path / "run",
        overrides={"model.hidden": [3]},
        on_event=lambda e: noted.append(_noted(e)),
    )
    assert "model.hidden is set (-s): trained without the portfolio (linear, ramps, deep)" in noted
    run = load_run(tmp_path / "run")
    assert (run.config.portfolio, run.config.model.hidden, len(run.recipes)) == ((), (3,), 1)
    assert "weights" not in json.loads((tmp_path / "run" / layout.CALIBRATION).read_text())


def test_findings_are_those_of_each_recipe_by_itself(run: Run, data: Path, tmp_path: Path) -> None:
    """Those of the recipe that counts most come first, and say what to change in the portfolio."""
    expected = list[TrainingFinding]()
    for recipe in sorted(run.recipes, key=lambda own: -own.weight):
        found = findings_of(alone(run, data, recipe.name, tmp_path))
        expected += [replace(finding, recipe=recipe.name) for finding in found]
    told = findings_of(run)
    assert [(f.recipe, f.code, f.setting) for f in told] == [(f.recipe, f.code, f.setting) for f in expected]
    first = told[0]
    assert first.remedy == f"{first.setting} in [[portfolio]] {first.recipe}"
    assert first.title == f"{first.recipe}: {first.summary}"


def findings_of(run: Run) -> tuple[TrainingFinding, ...]:
    return judged(run.recipes, run.schema, run.task, run.history, run.metrics).findings


def test_a_recipe_that_diverges_does_not_count(data: Path, tmp_path: Path) -> None:
    recipes: list[dict[str, Any]] = [
        {"name": "wild", "optimizer": {"name": "sgd", "lr": 1e9, "skip_lr": 1e9}},
        {"name": "sound"},
    ]
    config = config_of("regression", recipes, "training.epochs=60")
    result = train(data, config, tmp_path / "run")
    verify_run(tmp_path / "run")
    assert [recipe.name for recipe in load_run(tmp_path / "run").recipes] == ["sound"]
    (warning,) = [text for text in result.warnings if "diverged" in text]
    assert warning == (
        "5 of 10 members diverged; as far as their recipe counts, they predict with earlier weights, or untrained "
        "where those are worse; the likely cause is optimizer.lr = 1e+09: try optimizer.lr = 0.1 or "
        "training.gradient_clip_norm = 1"
    )
    with pytest.raises(DivergedError):
        train(data, config_of("regression", recipes[:1]), tmp_path / "other")


def test_what_differs_is_said_by_the_name_of_the_recipe() -> None:
    """In a difference of runs, and where a training can't be resumed."""
    other = [RECIPES[0], RECIPES[1] | {"optimizer": {"lr": 0.06}}]
    found = list(changes(comparable(config_of("binary")), comparable(config_of("binary", other))))
    assert [(change.key, change.a if change.b is not None else "") for change in found] == [
        ("portfolio.ramps.optimizer.lr", 0.05),
        ("portfolio.deep", ""),
    ]
