"""What is asked for before a table has told the rest."""

import numpy as np
import pytest

from phoneprice.components.optimizers import Adam
from phoneprice.config.asked import ToInfer, override_texts, target_text
from phoneprice.config.load import load_config
from phoneprice.errors import ConfigError


def test_overrides_are_texts() -> None:
    given = {"training.epochs": np.int64(5), "optimizer": Adam(lr=0.5), "data.target": "a"}
    config = load_config(None, override_texts(given))
    assert (config.training.epochs, config.optimizer, config.data.target) == (5, Adam(lr=0.5), "a")
    assert override_texts(["training.epochs=5"]) == ["training.epochs=5"]
    assert override_texts(None) == []
    with pytest.raises(TypeError) as fault:
        override_texts("training.epochs=5")
    assert str(fault.value) == ("overrides = 'training.epochs=5': must be a mapping or a sequence of key=value texts")


@pytest.mark.parametrize("name", ["y", "2024", "a.b", 'a"\\\n#', "手机", "none"])
def test_a_target_of_any_name(name: str) -> None:
    assert load_config(None, [target_text(name)]).data.target == name


def test_what_is_asked_for_wins_over_what_is_inferred() -> None:
    inferred: dict[str, dict[str, object]] = {
        "data": {"target": "z", "id_columns": ("a",), "ignored_columns": ("b",)},
        "task": {"kind": "regression"},
    }
    asked = ToInfer("y", ("data.ignored_columns=['c']",), {"PHONEPRICE_DATA__ID_COLUMNS": "['d']"})
    config = asked.config(inferred)
    assert (config.data.target, config.data.ignored_columns, config.data.id_columns) == ("y", ("c",), ("d",))
    assert (config.task.kind, config.loss.name) == ("regression", "mse")
    assert ToInfer("y").config(inferred).data.ignored_columns == ("b",)
    assert ToInfer("y", ("task.kind=binary",)).config(inferred).task.kind == "binary"


@pytest.mark.parametrize("loss", ["mse", "ordinal", "cross_entropy", "binary_cross_entropy"])
def test_a_loss_of_any_kind_of_task_may_be_right(loss: str) -> None:
    assert ToInfer("y", (f"loss.name={loss}",)).known().loss.name == loss


def test_what_is_wrong_whatever_the_table_holds() -> None:
    with pytest.raises(ConfigError) as fault:
        ToInfer("y", ("loss.name=mse", "training.epochs=0")).known()
    assert str(fault.value) == "training.epochs: found 0, must be at least 1 (-s)"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (ToInfer("y"), False),
        (ToInfer("y", ("task.kind=binary",)), True),
        (ToInfer("y", ("task={kind='binary'}",)), True),
        (ToInfer("y", ("task.decision=argmax", "data.kind=1")), False),
        (ToInfer("y", (), {"PHONEPRICE_TASK__KIND": "binary"}), True),
    ],
)
def test_whether_a_key_is_asked_for(asked: ToInfer, expected: bool) -> None:
    assert asked.asks_for("task.kind") is expected
