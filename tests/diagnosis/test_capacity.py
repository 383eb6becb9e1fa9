"""Networks that are held back too much, or too little."""

from __future__ import annotations

import pytest

from phoneprice.diagnosis.findings import judge
from tests.diagnosis.recorded import codes, falling, figures, flat, recorded


@pytest.mark.parametrize(
    ("setting", "found"),
    [
        ("model.dropout=0.75", []),
        ("model.dropout=0.76", ["heavy_dropout"]),
        ("model.input_dropout=0.75", []),
        ("model.input_dropout=0.76", ["heavy_dropout"]),
    ],
)
def test_heavy_dropout(setting: str, found: list[str]) -> None:
    findings = judge(recorded("model.hidden=[8]", setting))
    assert [finding.code for finding in findings] == found
    assert [finding.setting for finding in findings] == [setting.replace("0.76", "0.2")] * len(found)


def test_a_network_without_hidden_layers_may_drop_inputs() -> None:
    assert codes(recorded("model.hidden=[]", "model.input_dropout=0.5")) == []


@pytest.mark.parametrize(
    ("decay", "left", "found"),
    [(1, 0.45, ["heavy_weight_decay"]), (0.9, 0.45, []), (1, 0.55, [])],
)
def test_heavy_weight_decay(decay: float, left: float, found: list[str]) -> None:
    sizes = [[0.5], [1.0], *[[left]] * 98]
    assert codes(recorded("model.hidden=[8]", f"optimizer.weight_decay={decay}", weight_norm=sizes)) == found


@pytest.mark.parametrize(("r2", "found"), [(0.019, ["learned_nothing"]), (0.021, [])])
def test_no_better_than_the_mean(r2: float, found: list[str]) -> None:
    findings = judge(recorded(metrics=figures(r2=r2)))
    assert [finding.code for finding in findings] == found


@pytest.mark.parametrize(
    ("log_loss", "accuracy", "found"),
    [(0.692, 0.51, ["learned_nothing"]), (0.67, 0.51, []), (0.692, 0.56, []), (3.0, 0.54, ["learned_nothing"])],
)
def test_no_better_than_the_class_shares(log_loss: float, accuracy: float, found: list[str]) -> None:
    metrics = figures(support=[50, 50, 0], log_loss=log_loss, accuracy=accuracy)
    findings = judge(recorded(metrics=metrics))
    assert [finding.code for finding in findings] == found
    for finding in findings:
        assert finding.evidence.endswith("always the class shares give 0.6931; `phoneprice data check` may show why")


@pytest.mark.parametrize(
    ("end", "train_end", "best", "found"),
    [
        (0.53, 0.01, 30, ["overfitting"]),
        (0.51, 0.01, 30, []),  # rose by less than 30%
        (0.9, 0.44, 30, ["overfitting"]),
        (0.9, 0.46, 30, []),  # the training loss is more than half as high
        (0.9, 0.01, 81, ["overfitting"]),
        (0.9, 0.01, 82, []),  # it has only begun
    ],
)
def test_overfitting(end: float, train_end: float, best: int, found: list[str]) -> None:
    validation = [*falling(1, 0.4, best), *falling(0.4, end, 101 - best)[1:]]
    assert codes(recorded(train=flat(1, train_end), validation=validation)) == found


def test_overfitting_in_words() -> None:
    validation = [*falling(1, 0.4, 30), *falling(0.4, 0.9, 70)]
    losses = {"train": flat(1, 0.01), "validation": validation}
    (finding,) = judge(recorded(**losses))  # type: ignore[arg-type]
    assert finding.evidence == (
        "validation loss was lowest (0.4000) after epoch 30 of 100 and ended at 0.9000; training loss 0.0100"
    )
    stop = "training.early_stopping.patience_epochs=20"
    assert finding.setting == stop
    (dropping,) = judge(recorded("model.dropout=0.2", **losses))  # type: ignore[arg-type]
    assert dropping.setting == "model.dropout=0.5"
    (dropped,) = judge(recorded("model.dropout=0.5", **losses))  # type: ignore[arg-type]
    assert dropped.setting == stop
    assert codes(recorded(stop, **losses)) == []  # type: ignore[arg-type]
