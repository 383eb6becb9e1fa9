from dataclasses import replace
from itertools import product
from typing import get_args

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits  # type: ignore[import-untyped]

from phoneprice.components.activations import Activation
from phoneprice.components.encodings import Encoding
from phoneprice.config.schema import Config
from phoneprice.errors import DeviceError
from phoneprice.inference import torch_engine
from phoneprice.inference.averages import probabilities
from phoneprice.inference.engine import blocks, make_engine
from phoneprice.inference.folding import fold
from phoneprice.inference.numpy_engine import NumpyEngine, block_rows
from phoneprice.inference.predictor import Predictor
from phoneprice.inference.threads import blas_libraries
from phoneprice.inference.torch_engine import TorchEngine
from phoneprice.model.mlp import StackedMLP, standardised
from phoneprice.model.shape import network_shape
from phoneprice.records import Calibration, Inputs, Task, TrainedRecipe
from tests.random_runs import random_ensemble, random_inputs

ACTIVATIONS = [kind.model_fields["name"].default for kind in get_args(get_args(Activation)[0])]
ENCODINGS = [kind.model_fields["name"].default for kind in get_args(get_args(Encoding)[0])]
NUMBERS = (0, 3, 4)
NORMS = [
    {"name": "none"},
    *(
        {"name": name, "position": position}
        for name, position in product(["batch_norm", "layer_norm"], ["before", "after"])
    ),
]
LOSSES = {
    "ordinal": ({"name": "ordinal", "distribution": "probit"}, 4),
    "multiclass": ({"name": "cross_entropy"}, 3),
    "binary": ({"name": "binary_cross_entropy"}, 2),
    "regression": ({"name": "mse"}, 0),
}


def configuration(kind="ordinal", **model):
    return Config.model_validate({"task": {"kind": kind}, "loss": LOSSES[kind][0], "model": model})


def reference(ensemble, config, inputs, classes):
    """The training network itself, in float64."""
    members, width = ensemble.inputs.shift.shape
    shape = network_shape(config, width, classes, members, ensemble.inputs.numbers)
    tensors = {name: torch.tensor(values).double() for name, values in ensemble.parameters.items()}
    statistics = (torch.tensor(getattr(ensemble.inputs, key))[:, None] for key in ("shift", "factor", "fill"))
    missing = None if inputs.missing is None else torch.tensor(inputs.missing)
    z = standardised(torch.tensor(inputs.values).double(), missing, *statistics)
    return StackedMLP(config.model, shape, tensors).forward(z).numpy()


CASES = [
    *(configuration(hidden=(7, 5), activation={"name": name}) for name in ACTIVATIONS),
    *(configuration(hidden=(7, 5, 3), normalization=norm, activation={"name": "prelu"}) for norm in NORMS),
    *(
        configuration(kind, hidden=hidden, skip=skip)
        for kind, hidden, skip in product(LOSSES, [(), (6,), (6, 4)], [True, False])
        if hidden or skip
    ),
    *(
        configuration(kind, hidden=(7, 5), encoding={"name": name}, normalization=norm)
        for name, norm, kind in product(ENCODINGS, NORMS, ["ordinal", "regression"])
    ),
]


def outputs(engine, inputs):
    """Raw outputs ``(K, n, W)`` of any number of rows."""
    pieces = blocks(inputs, engine.block_rows, engine.least_rows)
    parts = [engine.block(piece)[:, : place.stop - place.start] for place, piece in pieces]
    return np.concatenate(parts, axis=1)


def _name(config):
    model = config.model
    parts = config.loss, model.encoding, model.activation, model.normalization
    return "-".join([*(part.name for part in parts), str(model.hidden), str(model.skip)])


@pytest.mark.parametrize("config", CASES, ids=_name)
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_agrees_with_the_training_network(config, missing):
    classes = LOSSES[config.task.kind][1]
    ensemble, inputs = random_ensemble(config, 5, classes, numbers=NUMBERS), random_inputs(333, 5, missing=missing)
    expected = reference(ensemble, config, inputs, classes)
    found = outputs(make_engine(ensemble, config), inputs)
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("config", CASES, ids=_name)
def test_both_engines_agree(config, monkeypatch):
    monkeypatch.setattr(torch_engine, "BLOCK_ROWS", 512)
    classes = LOSSES[config.task.kind][1]
    ensemble, inputs = random_ensemble(config, 5, classes, numbers=NUMBERS), random_inputs(700, 5, missing=0.1)
    ours = outputs(make_engine(ensemble, config), inputs)
    theirs = outputs(TorchEngine(fold(ensemble, config), config.model.activation, "cpu"), inputs)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)
    if classes:
        p, q = probabilities(ours, config.loss), probabilities(theirs, config.loss)
        np.testing.assert_allclose(p, q, rtol=0, atol=1e-6)
        np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)


def predictor(config, ensemble, calibration, classes):
    task = Task(config.task.kind, "y", tuple(map(str, range(classes))))
    return Predictor(config, task, (TrainedRecipe(config, ensemble),), calibration)


def _predict(predictor, inputs, chunk):
    starts = range(0, len(inputs), chunk)
    parts = [predictor.predict(inputs.take(slice(start, start + chunk))) for start in starts]
    return np.concatenate([part.probabilities for part in parts]), np.concatenate([part.classes for part in parts])


@pytest.mark.parametrize(
    "model",
    [{"normalization": norm} for norm in NORMS[::2]] + [{"encoding": {"name": name}} for name in ENCODINGS],
    ids=str,
)
@pytest.mark.parametrize("missing", [0.0, 0.001])
def test_bits_do_not_depend_on_chunks(model, missing):
    config = configuration(hidden=(32, 8), **model)
    ensemble = random_ensemble(config, 20, 4, 5, numbers=tuple(range(3, 20)))
    ready = predictor(config, ensemble, Calibration(1.3, None, "expected_cost"), 4)
    inputs = random_inputs(2500, 20, missing=missing)  # two of the largest blocks and a part
    whole, classes = _predict(ready, inputs, 2500)
    for chunk in (1000, 999, 1024, 513, 127, 64, 1777):
        p, c = _predict(ready, inputs, chunk)
        assert p.tobytes() == whole.tobytes()
        assert c.tobytes() == classes.tobytes()
    first = inputs.take(slice(0, 50))
    for chunk in (1, 7, 8, 9, 33):
        assert _predict(ready, first, chunk)[0].tobytes() == whole[:50].tobytes()


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_bits_do_not_depend_on_the_order_of_rows(activation):
    config = configuration(hidden=(32,), activation={"name": activation})
    ready = predictor(config, random_ensemble(config, 20, 4, 5), Calibration(0.7), 4)
    inputs = random_inputs(3000, 20, missing=0.01)
    order = np.random.default_rng(1).permutation(3000)
    straight, shuffled = ready.predict(inputs), ready.predict(inputs.take(order))
    assert straight.probabilities[order].tobytes() == shuffled.probabilities.tobytes()


def test_no_rows():
    config = configuration(hidden=(4,))
    ensemble, nothing = random_ensemble(config, 3, 4), Inputs(np.zeros((0, 3), np.float32))
    predicted = predictor(config, ensemble, Calibration(), 4).predict(nothing)
    assert predicted.probabilities.shape == (0, 4)
    assert predicted.classes.shape == (0,)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_huge_inputs_stay_finite(encoding):
    config = configuration(hidden=(4,), encoding={"name": encoding})
    inputs = Inputs(np.array([[1e6] * 3, [-1e6] * 3], np.float32))
    predicted = predictor(config, random_ensemble(config, 3, 4, numbers=(0, 2)), Calibration(2.0), 4).predict(inputs)
    assert np.isfinite(predicted.probabilities).all()


def test_regression_is_in_the_units_of_the_target():
    config = configuration("regression", hidden=(4,))
    ensemble, inputs = random_ensemble(config, 3, 0), random_inputs(10, 3)
    raw = reference(ensemble, config, inputs, 0)[:, :, 0]
    expected = (raw * ensemble.target.scale[:, None] + ensemble.target.shift[:, None]).mean(axis=0)
    found = predictor(config, ensemble, Calibration(), 0).predict(inputs)
    np.testing.assert_allclose(found.values, expected, rtol=1e-5)


def test_block_size_follows_the_network_alone():
    narrow, wide = configuration(hidden=(32,)), configuration(hidden=(4096,))
    assert block_rows(fold(random_ensemble(narrow, 20, 4, 5), narrow)) == 1024
    assert block_rows(fold(random_ensemble(wide, 20, 4, 5), wide)) == 64
    encoded = configuration(hidden=(32,), encoding={"name": "piecewise_linear", "bins": 12})
    assert block_rows(fold(random_ensemble(encoded, 20, 4, 5, numbers=tuple(range(20))), encoded)) == 128


@pytest.mark.parametrize("rows", [0, 4, 9, 8192])
def test_a_block_has_one_of_its_sizes(rows):
    config = configuration(hidden=(4,))
    with pytest.raises(ValueError, match=f"found a block of {rows} rows, expected a power of two from 8 to 4096"):
        make_engine(random_ensemble(config, 3, 4), config).block(random_inputs(rows, 3))


@pytest.mark.parametrize(("rows", "sizes"), [(0, []), (1, [8]), (8, [8]), (9, [16]), (64, [64]), (130, [64, 64, 8])])
def test_the_last_block_is_no_larger_than_its_rows_need(rows, sizes):
    found = list(blocks(random_inputs(rows, 3, missing=0.1), 64, 8))
    assert [len(piece) for _, piece in found] == sizes
    assert sum(place.stop - place.start for place, _ in found) == rows


@pytest.mark.parametrize("classes", [4, 20])
def test_few_rows_give_the_bits_that_many_do(classes):
    """A sum over classes or members is in one order for any number of rows."""
    config = Config.model_validate({"task": {"kind": "multiclass"}, "loss": {"name": "cross_entropy"}})
    ready = predictor(config, random_ensemble(config, 20, classes, 12), Calibration(1.3), classes)
    inputs = random_inputs(2000, 20)
    whole = ready.predict(inputs).probabilities
    for start, rows in ((0, 1), (1, 3), (500, 8), (700, 9), (900, 40), (1000, 1000)):
        place = slice(start, start + rows)
        assert ready.predict(inputs.take(place)).probabilities.tobytes() == whole[place].copy().tobytes()


def test_small_work_takes_one_blas_thread(monkeypatch):
    config = configuration(hidden=(4,))
    ready, threads = predictor(config, random_ensemble(config, 3, 4), Calibration(), 4), []
    compute = NumpyEngine.block

    def block(self, inputs):
        threads.append({pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"})
        return compute(self, inputs)

    monkeypatch.setattr(NumpyEngine, "block", block)
    blas_libraries.cache_clear()  # other tests may have brought more
    with threadpool_limits(3, user_api="blas"):
        before = threadpool_info()
        ready.predict(random_inputs(1, 3))
        ready.predict(random_inputs(ready.block_rows + 1, 3))
        assert threadpool_info() == before
    assert threads == [{1}, {3}, {3}]


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_device_that_is_not_there(device):
    config = configuration(hidden=(4,))
    ensemble = random_ensemble(config, 3, 4)
    available = torch.cuda.is_available() if device == "cuda" else torch.backends.mps.is_available()
    if available:
        assert make_engine(ensemble, config, device)
        return
    with pytest.raises(DeviceError) as caught:
        make_engine(ensemble, config, device)
    assert str(caught.value) == f"found no {device} device; use --device cpu"


def test_out_of_memory_means_smaller_pieces(monkeypatch):
    config = configuration(hidden=(4,))
    ensemble, inputs = random_ensemble(config, 3, 4), random_inputs(1 << 16, 3)
    engine = TorchEngine(fold(ensemble, config), config.model.activation, "cpu")
    expected, forward, sizes = engine.block(inputs), engine._forward, []

    def limited(piece):
        sizes.append(len(piece))
        if len(piece) > 1 << 14:
            raise torch.OutOfMemoryError
        return forward(piece)

    monkeypatch.setattr(engine, "_forward", limited)
    np.testing.assert_allclose(engine.block(inputs), expected, atol=1e-6)
    assert sizes == [1 << 16, 1 << 15, *[1 << 14] * 4]

    def none_at_all(_piece):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(engine, "_forward", none_at_all)
    with pytest.raises(DeviceError) as caught:
        engine.block(inputs)
    assert str(caught.value) == "cpu: out of memory with 1024 rows at a time; free some of it or use --device cpu"


@pytest.mark.parametrize("engine", ["numpy", "torch"])
def test_outputs_beyond_float32_stay_finite(engine):
    """Finite weights, each fit for float32; their products are not."""
    config = configuration("multiclass", hidden=(7, 5))
    ensemble = random_ensemble(config, 4, 3, members=2)
    huge = {name: values * np.float32(1e25) for name, values in ensemble.parameters.items()}
    folded = fold(replace(ensemble, parameters=huge), config)
    activation = config.model.activation
    chosen = NumpyEngine(folded, activation) if engine == "numpy" else TorchEngine(folded, activation, "cpu")
    found = outputs(chosen, random_inputs(9, 4))
    assert np.isfinite(found).all()
    assert np.abs(found).max() == np.finfo(np.float32).max
