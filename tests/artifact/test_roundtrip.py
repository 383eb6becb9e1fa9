import hashlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load

from phoneprice.artifact import layout
from phoneprice.artifact.held_out import parse_held_out, render_held_out
from phoneprice.artifact.loader import load_run, verify_run
from phoneprice.artifact.prediction_files import parse_features, render_features
from phoneprice.artifact.runs import list_runs, new_run_path, resolve_run
from phoneprice.artifact.training_files import parse_history, render_history
from phoneprice.components.encodings import Encoding, PiecewiseLinear
from phoneprice.config.schema import Config, ModelConfig, Recipe
from phoneprice.data.encoding.schema import input_names
from phoneprice.errors import ModelError
from phoneprice.records import Calibration, EpochRecord, HeldOut, InputStatistics, TrainedRecipe, Valued
from phoneprice.records.curves import Curves, Start
from phoneprice.records.inputs import LARGEST_SINGLE
from tests.components.families import choices
from tests.random_runs import NOTHING_HELD_OUT, numeric_schema, random_contents, random_ensemble, write_run

REGRESSION = Config.model_validate({"task": {"kind": "regression"}, "loss": {"name": "huber"}})
SETTINGS = {
    "default": Config(),
    "textbook": Config.model_validate(
        {
            "task": {"kind": "multiclass"},
            "loss": {"name": "cross_entropy", "class_weights": [1.0, 2.0, 0.5, 1.0]},
            "model": {
                "hidden": [8, 4],
                "skip": False,
                "activation": {"name": "prelu"},
                "normalization": {"name": "batch_norm"},
            },
            "optimizer": {"name": "sgd"},
        }
    ),
    "regression": REGRESSION,
    **{name: Config.model_validate({"model": {"encoding": {"name": name}}}) for name in choices(Encoding)},
    "portfolio": Config(
        portfolio=(
            Recipe(name="linear", model=ModelConfig(hidden=())),
            Recipe(name="ramps", model=ModelConfig(hidden=(3, 2), encoding=PiecewiseLinear(bins=4))),
        )
    ),
}


def _contents(name, **changes):
    labels = () if name == "regression" else ("0", "1", "2", "3")
    return random_contents(SETTINGS[name], numeric_schema(labels=labels), **changes)


def assert_same_arrays(found, expected):
    """Records of the same arrays, bit for bit."""
    assert type(found) is type(expected)
    if expected is None:
        return
    for name, value in (expected if isinstance(expected, dict) else vars(expected)).items():
        own = found[name] if isinstance(found, dict) else getattr(found, name)
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(own, value, strict=True)
        else:
            assert_same_arrays(own, value)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_run_reads_back_exactly_as_it_was_written(tmp_path, name):
    contents = _contents(name, members=5)
    write_run(tmp_path / "run", contents)
    run = load_run(tmp_path / "run")
    assert (run.config, run.schema, run.calibration) == (contents.config, contents.schema, contents.calibration)
    for recipe, expected in zip(run.recipes, contents.recipes, strict=True):
        assert (recipe.config, recipe.weight, recipe.name) == (expected.config, expected.weight, expected.name)
        assert list(recipe.ensemble.parameters) == list(expected.ensemble.parameters)
        for key, values in expected.ensemble.parameters.items():
            np.testing.assert_array_equal(recipe.ensemble.parameters[key], values, strict=True)
        for key in ("shift", "factor", "fill"):
            np.testing.assert_array_equal(
                getattr(recipe.ensemble.inputs, key), getattr(expected.ensemble.inputs, key), strict=True
            )
        assert recipe.ensemble.inputs.numbers == expected.ensemble.inputs.numbers
        assert (recipe.ensemble.target is None) == (name != "regression")
    assert (run.task.kind, run.task.target, run.task.labels) == (
        contents.config.task.kind,
        "price_range",
        contents.schema.labels,
    )
    assert run.metrics == contents.metrics
    assert run.splits == contents.splits
    assert run.environment == contents.environment
    assert_same_arrays(run.history, contents.history)
    assert_same_arrays(run.held_out, contents.held_out)
    assert run.members == 5 * len(contents.recipes)


def test_target_statistics_of_a_regression_are_exact(tmp_path):
    contents = _contents("regression")
    write_run(tmp_path / "run", contents)
    found = load_run(tmp_path / "run").recipes[0].ensemble.target
    np.testing.assert_array_equal(found.shift, contents.recipes[0].ensemble.target.shift, strict=True)
    np.testing.assert_array_equal(found.scale, contents.recipes[0].ensemble.target.scale, strict=True)


def test_without_held_out_rows_there_is_no_table_of_them(tmp_path):
    write_run(tmp_path / "run", random_contents(NOTHING_HELD_OUT))
    assert {entry.name for entry in (tmp_path / "run").iterdir()} == set(layout.LIMITS) - layout.OPTIONAL
    run = load_run(tmp_path / "run")
    assert run.held_out is None
    assert run.metrics.learned
    verify_run(tmp_path / "run")


def test_calibration_is_kept(tmp_path):
    calibration = Calibration(0.1 + 0.2, None, "expected_cost", tuple((0.0, 1.5, 2.0, 3.0) for _ in range(4)))
    write_run(tmp_path / "run", random_contents(calibration=calibration))
    assert load_run(tmp_path / "run").calibration == calibration


def test_the_directory_holds_what_the_design_says(tmp_path):
    write_run(tmp_path / "run", random_contents())
    names = {entry.name for entry in (tmp_path / "run").iterdir()}
    assert names == set(layout.LIMITS)
    manifest = (tmp_path / "run" / "manifest.json").read_bytes()
    assert json.loads(manifest)["format_version"] == 1
    digest = hashlib.sha256(manifest).hexdigest()
    assert (tmp_path / "run" / "manifest.sha256").read_text() == f"{digest}  manifest.json\n"


def test_the_safetensors_library_reads_the_weights(tmp_path):
    contents = random_contents()
    write_run(tmp_path / "run", contents)
    tensors = load((tmp_path / "run" / "model.safetensors").read_bytes())
    assert set(tensors) == set(contents.recipes[0].ensemble.parameters)


def test_a_run_can_be_moved(tmp_path):
    write_run(tmp_path / "run", random_contents())
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").rename(tmp_path / "elsewhere" / "手机")
    assert load_run(tmp_path / "elsewhere" / "手机").schema == numeric_schema()


def test_verify_lists_every_file(tmp_path):
    write_run(tmp_path / "run", random_contents())
    checked = verify_run(tmp_path / "run")
    assert [file.name for file in checked] == [layout.MANIFEST, *layout.LISTED]
    assert all(file.bytes == (tmp_path / "run" / file.name).stat().st_size for file in checked)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-LARGEST_SINGLE, LARGEST_SINGLE), min_size=6, max_size=6))
def test_statistics_survive_as_text(values):
    table = np.array([values])
    schema, config = numeric_schema(6), Config()
    data = render_features(InputStatistics(table, abs(table), table), None, input_names(schema))
    found, target = parse_features(data, "features.json", config, schema)
    assert target is None
    assert found.shift.tobytes() == found.fill.tobytes() == table.tobytes()
    assert found.factor.tobytes() == abs(table).tobytes()


def test_a_history_is_strict_json():
    records = [
        EpochRecord(
            epoch=epoch,
            train_loss=np.array([0.5, np.nan]),
            validation_loss=np.array([np.inf, 0.25], np.float32),
            learning_rate=np.array([0.1, 0.1]),
            active=np.array([True, False]),
            health={"dead": np.array([[0.0, 1.0], [0.5, np.nan]])},
        )
        for epoch in (1, 2)
    ]
    data = render_history(Curves.of(records))
    assert [json.loads(line) for line in data.splitlines()] == [
        {
            "epoch": epoch,
            "train_loss": [0.5, None],
            "validation_loss": [None, 0.25],
            "learning_rate": [0.1, 0.1],
            "active": [True, False],
            "health": {"dead": [[0.0, 1.0], [0.5, None]]},
        }
        for epoch in (1, 2)
    ]
    found = parse_history(data, "history.jsonl")
    assert render_history(found) == data
    assert [record.epoch for record in found.records()] == [1, 2]
    assert_same_arrays(Curves.of(list(found.records())), found)


def test_a_history_begins_before_the_first_step():
    losses = np.array([[0.5, 0.25]])
    start = Start(np.array([1.5, np.inf]), np.array([1.0, 1.25]), {"spread": np.array([[0.5], [0.75]])})
    curves = Curves(losses, losses, losses, losses > 0, {}, start)
    data = render_history(curves)
    first, _ = map(json.loads, data.splitlines())
    assert first == {
        "epoch": 0,
        "loss": [1.5, None],
        "guessing_loss": [1.0, 1.25],
        "health": {"spread": [[0.5], [0.75]]},
    }
    found = parse_history(data, "history.jsonl")
    assert render_history(found) == data
    assert found.epochs.tolist() == [1]


@pytest.mark.parametrize("broken", ["[1.0]", "[1.0, 2.0, 3.0]", "[[1.0], [2.0]]"])
def test_a_start_of_other_members_is_damaged(broken):
    losses = np.array([[0.5, 0.25]])
    start = Start(np.array([1.0, 2.0]), np.array([1.0, 1.25]), {})
    data = render_history(Curves(losses, losses, losses, losses > 0, {}, start)).decode()
    with pytest.raises(ModelError):
        parse_history(data.replace('"loss": [1.0, 2.0]', f'"loss": {broken}', 1).encode(), "history.jsonl")


def test_new_names_do_not_collide(tmp_path):
    from datetime import UTC, datetime

    now = datetime(2026, 11, 23, 4, 15, tzinfo=UTC)
    first = new_run_path("default", tmp_path, now)
    assert first == tmp_path / "20261123T041500Z-default"
    first.mkdir()
    (tmp_path / ".20261123T041500Z-default-2.partial").mkdir()  # one that is being trained
    assert new_run_path("default", tmp_path, now).name == "20261123T041500Z-default-3"


def test_latest_is_the_newest_undamaged_run(tmp_path):
    for name in ("b", "a", "broken"):
        write_run(tmp_path / name, random_contents())
    (tmp_path / "broken" / "metrics.json").unlink()
    (tmp_path / ".hidden").mkdir()
    assert [run.path.name for run in list_runs(tmp_path)] == ["broken", "b", "a"]
    assert list_runs(tmp_path)[0].fault == (
        f"{tmp_path}/broken/metrics.json: missing; the run is damaged, use another copy of it"
    )
    assert resolve_run("latest", tmp_path) == tmp_path / "a"
    assert resolve_run("somewhere/latest", tmp_path).name == "latest"


def test_no_latest_run(tmp_path):
    assert list_runs(tmp_path / "none") == ()
    with pytest.raises(ModelError) as caught:
        resolve_run("latest", tmp_path)
    assert str(caught.value) == f"{tmp_path}/: holds no run to be the latest; train one, or name a run directory"


def test_weights_must_be_finite_float32(tmp_path):
    ensemble = random_ensemble(Config(), 6, 4)
    ensemble.parameters["skip.weight"][0] = np.nan
    contents = random_contents()
    from dataclasses import replace

    with pytest.raises(ValueError, match=r"parameter 'skip.weight' must be finite float32"):
        write_run(tmp_path / "run", replace(contents, recipes=(TrainedRecipe(Config(), ensemble),)))
    assert list(tmp_path.iterdir()) == []


def test_weights_of_held_out_rows_read_back():
    held = HeldOut(
        np.array([0, 3]), np.array([0, 1]), np.array([1.5, -2.0]), Valued(np.array([1.0, 2.0])), np.array([0.25, 3.0])
    )
    assert_same_arrays(parse_held_out(render_held_out(held, ()), "oof.parquet", ()), held)


@pytest.mark.parametrize("weight", [0.0, -1.0, np.nan, np.inf])
def test_weights_that_no_row_has_are_refused(weight):
    held = HeldOut(np.array([0]), np.array([0]), np.array([1.5]), Valued(np.array([1.0])), np.array([weight]))
    with pytest.raises(ModelError, match="a weight is not from 1e-09 to 1e"):
        parse_held_out(render_held_out(held, ()), "oof.parquet", ())
