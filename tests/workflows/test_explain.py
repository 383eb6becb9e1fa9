"""Names that people know things by."""

import pytest

from phoneprice.errors import UsageError
from phoneprice.metrics.catalogue import METRICS
from phoneprice.suggestions import OTHER_NAMES
from phoneprice.workflows.explain import every_explanation, explain


def found(name: str) -> list[tuple[str, str]]:
    return [(one.kind, one.name) for one in explain(name)]


@pytest.mark.parametrize("one", every_explanation(), ids=lambda one: f"{one.path}:{one.name}")
def test_every_one_is_found_by_its_name(one) -> None:
    assert one in explain(one.name)
    assert one in explain(one.use if one.kind == "component" else one.name.upper())


@pytest.mark.parametrize(
    ("name", "things"),
    [
        ("relu", [("component", "relu")]),
        ("ReLU", [("component", "relu")]),
        ("model.activation=relu", [("component", "relu")]),
        ("-s model.activation.name=relu", [("component", "relu")]),
        ("swish", [("component", "silu")]),
        ("KaimingNormal", [("component", "kaiming_normal")]),
        ("none", [("component", "none")] * 3),
        ("dropout", [("setting", "model.dropout")]),
        ("optimizer.lr", [("setting", "optimizer.lr")]),
        ("learning-rate", [("setting", "optimizer.lr")]),
        ("patience_epochs", [("setting", "scheduler.patience_epochs"),
                             ("setting", "training.early_stopping.patience_epochs")]),
        ("early_stopping", [("section", "training.early_stopping")]),
        ("activation", [("setting", "model.activation")]),
        ("activation.name", [("setting", "model.activation")]),
        ("log_loss", [("metric", "log_loss")]),
        ("acc", [("metric", "accuracy")]),
        ("AUC", [("metric", "roc_auc")]),
    ],
)  # fmt: skip
def test_names(name: str, things: list[tuple[str, str]]) -> None:
    assert found(name) == things


@pytest.mark.parametrize("other", sorted({other for others in OTHER_NAMES.values() for other in others.split()}))
def test_names_of_others(other: str) -> None:
    assert found(other)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_metrics(metric) -> None:
    (one,) = [one for one in explain(metric.name) if one.kind == "metric"]
    assert (one.summary, one.when) == (metric.description, metric.when)
    assert metric.better in one.values


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("reluu", "did you mean 'relu'?"),
        ("optimizer.lrr", "did you mean 'optimizer.lr'?"),
        ("precision", "'phoneprice config show' shows every setting"),
        ("", "'phoneprice config show' shows every setting"),
        ("...", "'phoneprice config show' shows every setting"),
    ],
)
def test_what_nothing_is_called(name: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        explain(name)
    assert str(caught.value) == f"{name!r}: no setting, component or metric is called so; {hint}"
