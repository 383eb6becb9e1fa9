"""How a space is written: every way in, every fault at once."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoneprice.config.load import load_config
from phoneprice.config.schema import Config
from phoneprice.errors import ConfigError
from phoneprice.search.notation import _Reader, fitting_space, read_space, read_variants
from phoneprice.search.space import Axis, Range, Space


def written(space: Space) -> list[str]:
    return [str(axis) for axis in space.axes]


def faults(*texts: str, table: dict[str, Any] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        read_space(Config(), texts, table, "own.toml")
    assert raised.value.exit_code == 2
    return str(raised.value).splitlines()


@pytest.mark.parametrize(
    ("text", "path", "alternatives"),
    [
        ("optimizer.lr=1e-3..0.1:log", "optimizer.lr", [Range(1e-3, 0.1, log=True)]),
        (" optimizer . lr = .001 .. 5. ", "optimizer.lr", [Range(0.001, 5.0)]),
        ("model.dropout=0..0.5", "model.dropout", [Range(0, 0.5)]),
        ("model.hidden=[32]|[64,32]|[]", "model.hidden", [[32], [64, 32], []]),
        ("model.activation=relu|silu", "model.activation", ["relu", "silu"]),
        ("model.activation.name=relu|silu", "model.activation", ["relu", "silu"]),
        ("optimizer.weight_decay=0|1e-4..0.1:log", "optimizer.weight_decay", [0, Range(1e-4, 0.1, log=True)]),
        ("optimizer.skip_lr=none|0.1", "optimizer.skip_lr", ["none", 0.1]),
        ("training.epochs=1e2..300", "training.epochs", [Range(100, 300, whole=True)]),
        ("training.batch_rows=1e2|512", "training.batch_rows", [100, 512]),
        ("optimizer.lr=0.001..0.01|0.05..0.1", "optimizer.lr", [Range(0.001, 0.01), Range(0.05, 0.1)]),
        (
            'model.normalization=none|{name="batch_norm", position="after"}',
            "model.normalization",
            ["none", {"name": "batch_norm", "position": "after"}],
        ),
    ],
)
def test_every_form(text: str, path: str, alternatives: list[Any]) -> None:
    (axis,) = read_space(Config(), [text]).axes
    assert (axis.key, list(axis.alternatives)) == (path, alternatives)


def test_a_comparison_is_of_values() -> None:
    table = tomllib.loads('model.activation = ["relu", "tanh"]\noptimizer.lr = [0.1]\n')
    space = read_variants(Config(), ["optimizer.lr=0.01", "data.scaling=standard|none"], table)
    assert written(space) == ["model.activation=relu|tanh", "optimizer.lr=0.01", "data.scaling=standard|none"]


def test_each_variant_goes_with_the_base_unless_all_are_combined() -> None:
    texts = ["optimizer=adam|momentum", "optimizer.momentum=0.5|0.9"]
    assert written(read_variants(Config(), texts, grid=True)) == texts
    with pytest.raises(ConfigError) as raised:
        read_variants(Config(), [*texts, "optimizer.lr=0.1..0.2", "nonsense", "model.hidden"], {"model": {"skip": []}})
    assert [line.partition(":")[0] for line in str(raised.value).splitlines()] == [
        "model.skip",
        "optimizer.lr",
        "-x nonsense",
        "-x model.hidden",
        "optimizer.momentum",
    ]
    assert "-x model.hidden: expected key=value|value, such as -x 'model.activation=relu|tanh'" in str(raised.value)


def test_a_file_says_the_same_in_toml() -> None:
    table = tomllib.loads(
        """
        optimizer.lr = "1e-3..0.1:log"
        optimizer.weight_decay = [0, "1e-4..0.1:log"]
        "model.dropout" = "0..0.5"
        [model]
        hidden = [[32], [64, 32], []]
        activation = ["relu", "silu"]
        """
    )
    texts = [
        "optimizer.lr=1e-3..0.1:log",
        "optimizer.weight_decay=0|1e-4..0.1:log",
        "model.dropout=0..0.5",
        "model.hidden=[32]|[64,32]|[]",
        "model.activation=relu|silu",
    ]
    assert written(read_space(Config(), (), table)) == written(read_space(Config(), texts))


def test_what_is_typed_is_laid_over_the_file() -> None:
    table = {"optimizer": {"lr": "0.1..0.2"}, "model": {"dropout": "0..0.1"}}
    space = read_space(Config(), ["optimizer.lr=0.3..0.4"], table, "own.toml")
    assert [(str(axis), axis.source) for axis in space.axes] == [
        ("optimizer.lr=0.3..0.4", "-x"),
        ("model.dropout=0..0.1", "own.toml"),
    ]


NUMBERS = st.integers(-1000, 1000) | st.floats(-1e9, 1e9, allow_nan=False)
RANGES = st.tuples(NUMBERS, NUMBERS, st.booleans()).filter(lambda own: own[0] < own[1] and (own[0] > 0 or not own[2]))
WORDS = st.text(st.sampled_from("ab |\"'\\=.:[]{},\u00e9\u202e"), max_size=6).filter(lambda text: ".." not in text)
VALUES = st.integers(-1000, 1000) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | WORDS
LISTS = st.lists(st.integers(0, 99) | WORDS, max_size=3)
ALTERNATIVES = st.builds(lambda own: Range(*own), RANGES) | VALUES | LISTS


@given(st.lists(ALTERNATIVES, min_size=2, max_size=4))
def test_what_is_written_is_read_back(alternatives: list[Any]) -> None:
    """As it was typed and as TOML, whatever the values are: the schema has no say here."""
    axis = Axis(("optimizer", "lr"), tuple(alternatives))
    reader = _Reader("-x")
    assert list(reader.axes_of_texts([str(axis)])) == [axis]
    assert list(reader.axes_of_table(tomllib.loads(axis.toml))) == [axis]
    assert reader.faults == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("optimizer.lr", "-x optimizer.lr: expected key=range, such as -x optimizer.lr=1e-3..0.1:log"),
        ("=1..2", "-x =1..2: expected key=range, such as -x optimizer.lr=1e-3..0.1:log"),
        (
            "optimizer.lr=0.1",
            (
                "optimizer.lr: found 0.1, one value is no choice; give a range, such as 1e-3..0.1:log, or several "
                "values (-x)"
            ),
        ),
        (
            "optimizer.lr=1..a",
            'optimizer.lr: found "1..a", must be two numbers with .. between them, such as 1e-3..0.1:log (-x)',
        ),
        ("optimizer.lr=2..1", 'optimizer.lr: found "2..1", must begin with the smaller number (-x)'),
        (
            "optimizer.lr=0..1:log",
            (
                'optimizer.lr: found "0..1:log", must begin above 0: only what is above has a logarithm; for zero or a '
                "range write 0|1e-4..0.1:log (-x)"
            ),
        ),
        (
            "optimizer.lr=1..2:lg",
            'optimizer.lr: found "1..2:lg", "lg" is no scale; did you mean "log"? :log is the only one (-x)',
        ),
        (
            "model.skip=true||false",
            "model.skip: found nothing beside a |, must be a value or a range, such as 1e-3..0.1:log (-x)",
        ),
        ("model.hidden=[1|[2]", 'model.hidden: found "[1", which is not valid TOML (-x)'),
        (
            "data.clip_inputs=true|false",
            (
                "data.clip_inputs: can't be varied; what may vary is the network, how it learns, and how its inputs "
                "are scaled: model, loss, penalty, optimizer, scheduler, data.scaling, training.epochs, "
                "training.batch_rows, training.gradient_clip_norm, training.ema_decay or training.network_start (-x)"
            ),
        ),
        ("optimizer.lr=-1..0.1", "optimizer.lr: found -1, must be greater than 0 (-x)"),
        (
            "optimizer.lr=0.1..inf",
            'optimizer.lr: found "0.1..inf", must be two numbers with .. between them, such as 1e-3..0.1:log (-x)',
        ),
        ("training.epochs=0.5..3", "training.epochs: found 0.5, must be a whole number (-x)"),
        ("model.dropout=0..1", "model.dropout: found 1, must be less than 1 (-x)"),
        (
            "optimizer.rate=0.1..1",
            (
                'optimizer.rate: unknown key for "adam"; one of name, lr, skip_lr, weight_decay, skip_weight_decay, '
                "beta1, beta2, eps (-x)"
            ),
        ),
        (
            "optimiser.lr=0.1..1",
            (
                'optimiser: unknown key; did you mean "optimizer"? one of data, task, model, loss, penalty, optimizer, '
                "scheduler, validation, training, portfolio (-x)"
            ),
        ),
        (
            "scheduler=cosine|nothing",
            (
                'scheduler.name: found "nothing"; one of "constant", "step", "multi_step", "exponential", "cosine", '
                '"one_cycle", "reduce_on_plateau" (-x)'
            ),
        ),
    ],
)
def test_every_fault(text: str, fault: str) -> None:
    assert faults(text) == [fault]


def test_all_faults_at_once() -> None:
    table = {"model": {"dropout": 0.5, "hidden": [[0], [1]]}}
    assert faults("optimizer.lr=2..1", "optimizer.lr=0.1..1", "penalty.eps=0..1", table=table) == [
        (
            "model.dropout: found 0.5, one value is no choice; give a range, such as 1e-3..0.1:log, or several values "
            "(own.toml)"
        ),
        'optimizer.lr: found "2..1", must begin with the smaller number (-x)',
        "optimizer.lr: given twice; put | between all alternatives of a setting (-x)",
        "model.hidden[0]: found 0, must be at least 1 (own.toml)",
        "penalty.eps: found 0, must be greater than 0 (-x)",
    ]


def test_a_setting_of_a_component_that_only_some_arms_have() -> None:
    texts = ["optimizer=adam|nesterov", "optimizer.momentum=0.5..0.99"]
    assert written(read_space(Config(), texts)) == ["optimizer=adam|nesterov", "optimizer.momentum=0.5..0.99"]
    assert faults(texts[0], "optimizer.momentum=0.5..1") == ["optimizer.momentum: found 1, must be less than 1 (-x)"]


def test_a_setting_of_a_component_that_no_arm_has() -> None:
    assert faults("optimizer=adam|adamw", "optimizer.momentum=0.5..0.99") == [
        (
            'optimizer.momentum: unknown key for "adam"; it belongs to "momentum", "nesterov", "rmsprop" or "muon": '
            "set optimizer.name; one of name, lr, skip_lr, weight_decay, skip_weight_decay, beta1, beta2, eps (-x)"
        )
    ]


def test_values_of_which_no_two_go_together() -> None:
    assert faults("model.hidden=[]|[]", "model.encoding=periodic|piecewise_linear") == [
        'model: encoding "periodic" is for hidden layers, and hidden is empty; set encoding.name = "none"'
    ]


def test_a_value_that_goes_with_another_one_only() -> None:
    base = load_config(None, ["model.encoding=periodic"])
    texts = ["model.hidden=[]|[8]", "model.encoding=none|periodic"]
    assert len(read_space(base, texts).axes) == 2
    with pytest.raises(ConfigError):
        read_space(base, texts[:1])


def test_too_many_combinations() -> None:
    widths = "|".join(f"[{width}]" for width in range(1, 66))
    rates = "|".join(str(rate / 100) for rate in range(1, 65))
    assert faults(f"model.hidden={widths}", f"optimizer.lr={rates}") == [
        (
            "model.hidden and optimizer.lr: found 4,160 combinations of values, must be at most 4,096; give ranges, or "
            "fewer values"
        )
    ]


def test_what_fits() -> None:
    base = load_config(None, ["model.encoding=periodic", "penalty=none"])
    texts = ["model.hidden=[]|[8]|[9]", "penalty.eps=0.1..1", "optimizer.lr=0.1..0.2"]
    assert written(fitting_space(base, texts, "us")) == ["model.hidden=[8]|[9]", "optimizer.lr=0.1..0.2"]
    assert written(fitting_space(base, ["model.hidden=[]|[8]"], "us")) == []
