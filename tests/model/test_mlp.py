"""The stacked network against ordinary PyTorch modules, a member at a time."""

from __future__ import annotations

import doctest
import itertools
import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from phoneprice.components.activations import Activation
from phoneprice.components.encodings import Encoding
from phoneprice.components.initializers import Initializer
from phoneprice.components.normalization import Normalization
from phoneprice.config.schema import Config
from phoneprice.model import mlp
from phoneprice.model.mlp import StackedMLP, cut_points, place_cuts, place_edges, standardised
from phoneprice.model.shape import network_shape, parameter_shapes
from tests.components.families import choices

ACTIVATIONS = choices(Activation)
NORMS: list[dict[str, Any]] = [
    {"name": name, **({"position": position} if position else {})}
    for name, kind in choices(Normalization).items()
    for position in (("before", "after") if "position" in kind.model_fields else (None,))
]
MODULES: dict[str, Any] = {
    "identity": nn.Identity,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "softplus": nn.Softplus,
    "hardtanh": nn.Hardtanh,
    "hardswish": nn.Hardswish,
}
MEMBERS, ROWS, INPUTS, HIDDEN, CLASSES = 3, 11, 4, (6, 5), 4
NUMBERS = (0, 2, 3)
ENCODINGS: dict[str, Any] = choices(Encoding)


def norm_id(norm: dict[str, Any]) -> str:
    return "_".join(norm.values())


def config_of(kind: str = "multiclass", **model: Any) -> Config:
    loss = {"multiclass": "cross_entropy", "ordinal": "ordinal", "regression": "mse"}[kind]
    model = {"hidden": HIDDEN, "skip": False, "output_init": "same", **model}
    return Config.model_validate({"task": {"kind": kind}, "loss": {"name": loss}, "model": model})


def network_of(config: Config, members: int = MEMBERS, dtype: torch.dtype = torch.float64) -> StackedMLP:
    """An initialised network, every parameter then moved off its start so that none is trivially 0 or 1."""
    classes = 0 if config.task.kind == "regression" else CLASSES
    shape = network_shape(config, INPUTS, classes, members, NUMBERS)
    network = StackedMLP.initialised(config, shape, [(7, k) for k in range(members)], dtype)
    generator = torch.Generator().manual_seed(1)
    for tensor in network.tensors.values():
        tensor.add_(torch.rand(tensor.shape, generator=generator, dtype=dtype), alpha=0.1)
    if "encoding.edges" in network.tensors:
        place_edges(network, 20 * network.tensors["encoding.edges"].sort(-1).values - 1)
    return network


def batch(seed: int = 0, rows: int = ROWS, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(MEMBERS, rows, INPUTS, generator=torch.Generator().manual_seed(seed)).to(dtype)


class Applied(nn.Module):
    """An activation that PyTorch has no module for."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


class Ordinary:
    """Member ``k`` as anyone would write it in PyTorch; ``tensors`` are its parameters and buffers by our names."""

    def __init__(self, network: StackedMLP, k: int) -> None:
        self.own = {n: t[k].detach().clone() for n, t in network.tensors.items()}
        self.tensors: dict[str, Tensor] = {}
        layers: list[nn.Module] = []
        for i in range(len(network.shape.hidden)):
            layers += [self.linear(f"hidden.{i}"), self.activation(network, i)]
            norm = network.model.normalization
            if norm.name != "none":
                layers.insert(len(layers) - (norm.position == "before"), self.norm(norm, f"hidden.{i}.norm"))
        self.module = nn.Sequential(*layers, self.linear("output"))
        for name, tensor in self.tensors.items():
            tensor.data.copy_(self.own[name].T if name.endswith(".weight") else self.own[name][0])

    def linear(self, name: str) -> nn.Module:
        inputs, outputs = self.own[f"{name}.weight"].shape
        layer = nn.Linear(inputs, outputs, dtype=torch.float64)
        self.tensors |= {f"{name}.weight": layer.weight, f"{name}.bias": layer.bias}
        return layer

    def activation(self, network: StackedMLP, layer: int) -> nn.Module:
        if network.shape.learned_slope:
            module = nn.PReLU(network.shape.hidden[layer], dtype=torch.float64)
            self.tensors[f"hidden.{layer}.slope"] = module.weight
            return module
        choice = network.model.activation
        return MODULES[choice.name]() if choice.name in MODULES else Applied(choice.torch)

    def norm(self, norm: Any, name: str) -> nn.Module:
        width = self.own[f"{name}.scale"].shape[1]
        if norm.name == "layer_norm":
            module: Any = nn.LayerNorm(width, eps=norm.eps, dtype=torch.float64)
        else:
            module = nn.BatchNorm1d(width, eps=norm.eps, momentum=norm.momentum, dtype=torch.float64)
            self.tensors |= {
                f"{name}.running_mean": module.running_mean,
                f"{name}.running_variance": module.running_var,
            }
        self.tensors |= {f"{name}.scale": module.weight, f"{name}.shift": module.bias}
        return module


def test_the_documentations_example_runs() -> None:
    results = doctest.testmod(mlp)
    assert results.attempted >= 5
    assert results.failed == 0


@pytest.mark.parametrize("norm", NORMS, ids=norm_id)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_each_member_is_an_ordinary_sequential(activation: str, norm: dict[str, Any]) -> None:
    """Outputs at prediction and in training, every gradient, and the running statistics that training leaves."""
    network = network_of(config_of(activation={"name": activation}, normalization=norm))
    z, members = batch(), [Ordinary(network, k) for k in range(MEMBERS)]
    for k, ordinary in enumerate(members):
        torch.testing.assert_close(network.forward(z)[k], ordinary.module.eval()(z[k]))
    for tensor in network.parameters.values():
        tensor.requires_grad_()
    outputs = network.forward(z, training=True)
    outputs.square().sum().backward()
    for k, ordinary in enumerate(members):
        theirs = ordinary.module.train()(z[k])
        torch.testing.assert_close(outputs[k], theirs)
        theirs.square().sum().backward()
        assert ordinary.tensors.keys() == network.tensors.keys()
        for name, tensor in network.tensors.items():
            other = ordinary.tensors[name]
            mine, expected = (tensor.grad, other.grad) if name in network.parameters else (tensor, other)
            assert mine is not None
            assert expected is not None
            torch.testing.assert_close(mine[k], expected.T if name.endswith(".weight") else expected[None])


@pytest.mark.parametrize("norm", NORMS, ids=norm_id)
@pytest.mark.parametrize("rows", [1, 2])
def test_tiny_batches_give_no_nan(norm: dict[str, Any], rows: int) -> None:
    network = network_of(config_of(normalization=norm), dtype=torch.float32)
    for tensor in network.parameters.values():
        tensor.requires_grad_()
    outputs = network.forward(batch(rows=rows, dtype=torch.float32), training=True)
    outputs.sum().backward()
    assert outputs.isfinite().all()
    assert all(t.grad is not None and t.grad.isfinite().all() for t in network.parameters.values())
    assert all(t.isfinite().all() for t in network.tensors.values())


def test_dropout_masks_multiply_the_inputs_and_each_layer() -> None:
    network, z = network_of(config_of()), batch()
    masks = [torch.rand(MEMBERS, ROWS, width, dtype=torch.float64) for width in (INPUTS, *HIDDEN)]
    outputs = network.forward(z, training=True, masks=[masks[0], None, masks[2]])
    t = network.tensors
    for k in range(MEMBERS):
        h = (z[k] * masks[0][k] @ t["hidden.0.weight"][k] + t["hidden.0.bias"][k]).relu()
        h = (h @ t["hidden.1.weight"][k] + t["hidden.1.bias"][k]).relu() * masks[2][k]
        torch.testing.assert_close(outputs[k], h @ t["output.weight"][k] + t["output.bias"][k])


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("masked", [False, True])
def test_hidden_layers_get_encoded_numbers_and_the_skip_path_plain_ones(encoding: str, masked: bool) -> None:
    """Behind the other inputs; one that is left out is so with all that it becomes, and not on the skip path."""
    network, z = network_of(config_of(hidden=(5,), skip=True, encoding={"name": encoding})), batch()
    mask = torch.rand(MEMBERS, ROWS, INPUTS, dtype=torch.float64) if masked else torch.ones(MEMBERS, ROWS, INPUTS)
    outputs = network.forward(z, training=True, masks=[mask, None] if masked else None)
    for k in range(MEMBERS):
        t = {n: tensor[k] for n, tensor in network.tensors.items()}
        h = z[k] * mask[k]
        if ENCODINGS[encoding].active:
            own = {n.removeprefix("encoding."): a[None] for n, a in t.items() if n.startswith("encoding.")}
            encoded = network.shape.encoding.torch(z[k : k + 1, :, list(NUMBERS)], own)[0]
            kept = encoded * mask[k][:, None, list(NUMBERS)]
            h = torch.cat([h[:, [1]], *(kept[:, i] for i in range(kept.shape[1]))], dim=1)
        score = (h @ t["hidden.0.weight"] + t["hidden.0.bias"]).relu() @ t["output.weight"] + z[k] @ t["skip.weight"]
        torch.testing.assert_close(outputs[k], score + t["output.bias"])


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("masked", [False, True])
def test_what_is_encoded_already_gives_the_same_bits(encoding: str, masked: bool) -> None:
    network, z = network_of(config_of(encoding={"name": encoding})), batch()
    masks = [(batch(1) > 0).double(), None, None] if masked else None
    encoded = network.encoded(z)
    expected = network.forward(z, training=True, masks=masks)
    assert torch.equal(network.forward(z, training=True, masks=masks, encoded=encoded), expected)


def test_bins_that_are_none_have_no_weights() -> None:
    """So that they don't count in the size of an input's weights."""
    network = network_of(config_of(encoding={"name": "piecewise_linear", "bins": 2}))
    before = network.tensors["hidden.0.weight"].clone()
    edges = torch.tensor([[0.0, 1, 2], [3, 4, 4], [5, 5, 5]], dtype=torch.float64).expand(MEMBERS, -1, -1)
    place_edges(network, edges)
    used = torch.tensor([1, 1, 1, 0, 1, 0, 0])  # the other input, the first bins, the second ones
    assert torch.equal(network.tensors["hidden.0.weight"], before * used[:, None])
    assert network.input_groups is not None
    assert network.input_groups.used[0, :, 0].tolist() == used.tolist()
    assert "encoding.edges" not in network.parameters


@pytest.mark.parametrize(
    ("model", "widest"),
    [
        ({}, 6),
        ({"hidden": (), "skip": True}, 1),
        ({"encoding": {"name": "piecewise_linear", "bins": 12}}, 3 * 12),
        ({"encoding": {"name": "periodic", "frequencies": 16, "width": 8}}, 3 * 32),
    ],
)
def test_what_is_widest(model: dict[str, Any], widest: int) -> None:
    assert network_of(config_of(**model)).shape.widest == widest


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_encoding_without_numbers_is_none(encoding: str) -> None:
    config, none = (config_of(encoding={"name": name}) for name in (encoding, "none"))
    assert parameter_shapes(network_shape(config, INPUTS, CLASSES, MEMBERS)) == parameter_shapes(
        network_shape(none, INPUTS, CLASSES, MEMBERS)
    )


@pytest.mark.parametrize("kind", ["multiclass", "regression", "ordinal"])
@pytest.mark.parametrize("hidden", [(), (5,)])
def test_the_skip_path_is_a_linear_model_beside_the_network(kind: str, hidden: tuple[int, ...]) -> None:
    network, z = network_of(config_of(kind, hidden=hidden, skip=True)), batch()
    for k in range(MEMBERS):
        t = {n: tensor[k] for n, tensor in network.tensors.items()}
        score = z[k] @ t["skip.weight"]
        if hidden:
            score = score + (z[k] @ t["hidden.0.weight"] + t["hidden.0.bias"]).relu() @ t["output.weight"]
        if kind == "ordinal":
            cuts = [t["cuts.first"].item()]
            for gap in t["cuts.log_gaps"][0].tolist():
                cuts.append(cuts[-1] + math.exp(gap))
            expected = torch.exp(t["cuts.log_sharpness"]) * (score - torch.tensor(cuts, dtype=torch.float64))
        else:
            expected = score + t["output.bias"]
        torch.testing.assert_close(network.forward(z)[k], expected)


def test_cut_points_increase_and_outputs_fall() -> None:
    network = network_of(config_of("ordinal", skip=True))
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        for name in ("cuts.first", "cuts.log_gaps", "cuts.log_sharpness"):
            tensor = network.tensors[name]
            tensor.copy_(3 * torch.randn(tensor.shape, generator=generator))
        assert (cut_points(network.tensors).diff(dim=-1) > 0).all()
        assert (network.forward(batch(seed)).diff(dim=-1) < 0).all()


def test_placed_cuts_are_where_they_were_put() -> None:
    network = network_of(config_of("ordinal", skip=True))
    cuts = torch.tensor([[-1.0, 0.5, 0.75], [0.0, 1.0, 5.0], [-9.0, -8.0, -7.5]], dtype=torch.float64)
    place_cuts(network.tensors, cuts)
    torch.testing.assert_close(cut_points(network.tensors)[:, 0], cuts)
    place_cuts(network.tensors, torch.zeros(MEMBERS, CLASSES - 1))
    assert (cut_points(network.tensors).diff(dim=-1) > 0).all()  # equal cuts are drawn a little apart


COMBINATIONS = list(
    itertools.product(NORMS, [(), (3,), (4, 3, 2)], [True, False], ["ordinal", "multiclass"], ["relu", "prelu"])
)


@pytest.mark.parametrize(
    ("norm", "hidden", "skip", "kind", "activation"),
    [c for c in COMBINATIONS if c[1] or c[2]],
    ids=lambda value: norm_id(value) if isinstance(value, dict) else str(value),
)
def test_shapes_are_those_declared(norm: Any, hidden: tuple[int, ...], skip: bool, kind: str, activation: str) -> None:
    config = config_of(kind, hidden=hidden, skip=skip, normalization=norm, activation={"name": activation})
    network = network_of(config)
    declared = parameter_shapes(network.shape)
    assert {n: tuple(t.shape) for n, t in network.tensors.items()} == declared
    assert all(size[0] == MEMBERS for size in declared.values())
    running = {n for n in declared if ".norm.running_" in n}
    assert network.parameters.keys() == declared.keys() - running
    assert bool(running) == (norm["name"] == "batch_norm" and bool(hidden))
    outputs = network.forward(batch())
    assert outputs.shape == (MEMBERS, ROWS, CLASSES - 1 if kind == "ordinal" else CLASSES)


@pytest.mark.parametrize(
    "choice", [{"init": n} for n in choices(Initializer)] + [{"encoding": n} for n in ENCODINGS], ids=str
)
def test_a_member_starts_the_same_in_any_stack(choice: dict[str, str]) -> None:
    chosen: dict[str, Any] = {family: {"name": name} for family, name in choice.items()}
    config = config_of(normalization={"name": "batch_norm"}, activation={"name": "prelu"}, **chosen)

    def start(seeds: list[tuple[int, int]]) -> dict[str, Tensor]:
        shape = network_shape(config, INPUTS, CLASSES, len(seeds), NUMBERS)
        return StackedMLP.initialised(config, shape, seeds).tensors

    together = start([(3, 0), (3, 1), (3, 2), (4, 1)])
    for place, seed in ((2, (3, 2)), (0, (3, 0)), (3, (4, 1))):
        for name, tensor in start([seed]).items():
            assert torch.equal(together[name][place], tensor[0])
    backwards = start([(4, 1), (3, 2), (3, 1), (3, 0)])
    assert all(torch.equal(t.flip(0), together[n]) for n, t in backwards.items())
    weight = together["hidden.0.weight"]
    if len(weight[0].unique()) > 1:
        assert len({float(w[0, 0]) for w in weight}) == 4


def test_the_stack_takes_each_members_own_fan() -> None:
    config = config_of("regression", hidden=(64, 32), activation={"name": "relu"}, init={"name": "kaiming_normal"})
    shape = network_shape(config, 20, 0, 30)
    tensors = StackedMLP.initialised(config, shape, [(0, k) for k in range(30)]).tensors
    assert float(tensors["hidden.0.weight"].std()) == pytest.approx(math.sqrt(2 / 20), rel=0.02)
    assert float(tensors["hidden.1.weight"].std()) == pytest.approx(math.sqrt(2 / 64), rel=0.02)
    assert float(tensors["output.weight"].std()) == pytest.approx(math.sqrt(1 / 32), rel=0.1)


@pytest.mark.parametrize("hidden", [(), HIDDEN])
@pytest.mark.parametrize("init", ["kaiming_normal", "pytorch_default"])
def test_a_silent_start(init: str, hidden: tuple[int, ...]) -> None:
    """``output_init = "zeros"``: all outputs are zero before training; the hidden layers are not."""
    config = config_of(hidden=hidden, skip=True, output_init="zeros", init={"name": init})
    network = StackedMLP.initialised(
        config, network_shape(config, INPUTS, CLASSES, MEMBERS), [(0, k) for k in range(3)]
    )
    assert (network.forward(batch(dtype=torch.float32)) == 0).all()
    assert not hidden or bool((network.tensors["hidden.1.weight"] != 0).all())


def test_pytorch_default_fills_every_bias_as_linear_does() -> None:
    config = config_of(init={"name": "pytorch_default"}, hidden=(100,))
    tensors = StackedMLP.initialised(
        config, network_shape(config, INPUTS, CLASSES, 50), [(0, k) for k in range(50)]
    ).tensors
    assert 0.49 < float(tensors["hidden.0.bias"].abs().max()) <= 1 / math.sqrt(INPUTS)
    assert 0.095 < float(tensors["output.bias"].abs().max()) <= 1 / math.sqrt(100)


def test_standardised_inputs() -> None:
    values = torch.tensor([[[1.0, 5.0], [3.0, 7.0]]])
    missing = torch.tensor([[[False, True], [False, False]]])
    shift, factor, fill = torch.tensor([[[1.0, 2.0]]]), torch.tensor([[[0.5, 0.0]]]), torch.tensor([[[9.0, 4.0]]])
    assert standardised(values, None, shift, factor, fill).tolist() == [[[0, 0], [1, 0]]]
    factor = torch.tensor([[[0.5, 10.0]]])
    assert standardised(values, missing, shift, factor, fill).tolist() == [[[0, 20], [1, 50]]]


def test_moving_to_a_device_copies_nothing_but_the_place() -> None:
    network = network_of(config_of(), dtype=torch.float32)
    there = network.to(torch.device("meta"))
    assert there.shape == network.shape
    assert {n: t.shape for n, t in there.tensors.items()} == {n: t.shape for n, t in network.tensors.items()}
    assert all(t.device.type == "meta" for t in there.tensors.values())
