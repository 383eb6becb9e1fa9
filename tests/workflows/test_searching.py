"""A search from table to result: who is tried, who is left out and why, and what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phoneprice.config.load import load_config
from phoneprice.config.schema import Config
from phoneprice.errors import DataError, DivergedError, MemoryShortageError, UsageError
from phoneprice.search.notation import read_space
from phoneprice.search.space import Space
from phoneprice.workflows import searching
from phoneprice.workflows.events import ignore
from phoneprice.workflows.fitting import fit
from phoneprice.workflows.prepare import Prepared, prepare
from phoneprice.workflows.searching import SearchPlan, SearchResult, at_once, metric_of, search

QUICK = ["training.epochs=8", "training.threads=1", "training.device=cpu", "model.hidden=[]", "data.target=y"]
LINE = [*QUICK, "task.kind=regression", "penalty.name=none", "optimizer.lr=0.1", "optimizer.skip_lr=none"]
FAR = "optimizer={name='adam', lr=1e-6}|{name='adam', lr=0.1}"


def table_of(folder: Path, **settings: str) -> Prepared:
    """A number that is twice another one, but for noise; half of the rows in each class of the sign of that."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=100)
    y = 2 * x + 0.1 * generator.normal(size=100)
    label = y if settings.get("task.kind", "regression") == "regression" else (y > 0).astype(int)
    rows = [f"{a:.4f},{b},{i // 4},{1 + i % 3}" for i, (a, b) in enumerate(zip(x, label, strict=True))]
    path = folder / "phones.csv"
    path.write_text("x,y,group,weight\n" + "\n".join(rows) + "\n")
    ignored = 'data.ignored_columns=["group", "weight"]'
    return prepare(path, load_config(None, [*LINE, ignored, *(f"{k}={v}" for k, v in settings.items())]), ignore)


@pytest.fixture
def table(tmp_path: Path) -> Prepared:
    return table_of(tmp_path)


def searched(table: Prepared, *texts: str, **plan: Any) -> SearchResult:
    return search(table, read_space(table.config, texts), SearchPlan(**{"candidates": 4, "folds": 3, **plan}), ignore)


def test_every_candidate_on_every_fold(table: Prepared) -> None:
    found = searched(table, "optimizer.lr=0.05..0.2", "model.hidden=[]|[3]", racing=False)
    assert [own.candidate.number for own in found.tried] == [0, 1, 2, 3]
    assert [len(own.figures) for own in found.tried] == [3] * 4
    assert [own.why_not for own in found.tried] == [""] * 4
    assert {own.candidate.config.model.hidden: own.parameters for own in found.tried} == {(): 2, (3,): 11}
    assert (found.rows, found.metric, found.space.base) == (100, "rmse", table.config)
    standings = [own.standing.figure.value for own in found.tried]
    assert found.picked.standing.figure.value == min(standings)
    assert found.picked == found.tried[found.corrected.picked]
    assert found.tried[0].standing.lead.value == 0
    assert found.tried[found.smallest].parameters <= found.picked.parameters


def test_a_candidate_among_others_is_what_it_is_alone(table: Prepared) -> None:
    together = searched(table, "optimizer.lr=0.05..0.2", "model.hidden=[]|[3]", racing=False)
    for own in together.tried[1:]:
        alone = search(table, Space(own.candidate.config, ()), SearchPlan(folds=3), ignore)
        assert alone.tried[0].figures == pytest.approx(own.figures, rel=1e-4)


def test_who_is_surely_behind_is_trained_no_further(table: Prepared) -> None:
    whole, raced = (searched(table, FAR, folds=4, racing=racing) for racing in (False, True))
    assert [own.why_not for own in raced.tried] == ["", "behind after 1 fold"]
    assert [len(own.figures) for own in raced.tried] == [4, 1]
    assert raced.tried[1].figures == pytest.approx(whole.tried[1].figures[:1])
    assert raced.tried[0].figures == pytest.approx(whole.tried[0].figures)
    assert raced.tried[1].standing is None
    assert (raced.corrected.picked, whole.corrected.picked) == (0, 0)


def test_the_configuration_as_given_goes_on_whatever_it_is(tmp_path: Path) -> None:
    table = table_of(tmp_path, **{"optimizer.lr": "1e-6"})
    found = searched(table, "optimizer.lr=0.1|0.2")
    assert len(found.tried[0].figures) == 3
    assert found.corrected.picked > 0
    assert found.corrected.lead.low > 0


def test_who_diverges_is_listed_with_its_reason(table: Prepared) -> None:
    found = searched(table, "optimizer.lr=0.1|1e30")
    reason = found.tried[1].why_not
    assert reason.startswith("diverged in fold 1, epoch ")
    assert reason.endswith(
        "; the likely cause is optimizer.lr = 1e+30: try optimizer.lr = 0.02 or training.gradient_clip_norm = 1"
    )
    assert (found.tried[1].figures, found.tried[1].standing, found.corrected.picked) == ((), None, 0)


def test_all_diverged(tmp_path: Path) -> None:
    table = table_of(tmp_path, **{"optimizer.lr": "1e30"})
    with pytest.raises(DivergedError, match=r"^none of 2 candidates could be trained: diverged in fold 1, epoch \d+; "):
        searched(table, "optimizer.lr=1e30|1e31")


def test_who_does_not_fit_into_memory_is_listed(table: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    real, asked = fit, list[int]()

    def full(prepared: Prepared, plans: Any, on_event: Any, *, configs: Sequence[Config], **options: Any) -> Any:
        asked.append(len(configs))
        if any(own.optimizer.lr == 0.7 for own in configs):
            raise MemoryShortageError("training: memory is full")
        return real(prepared, plans, on_event, configs=configs, **options)

    monkeypatch.setattr(searching, "fit", full)
    found = searched(table, "optimizer.lr=0.2|0.7|0.3", racing=False)
    whys = {own.candidate.config.optimizer.lr: own.why_not for own in found.tried}
    assert whys == {0.1: "", 0.2: "", 0.3: "", 0.7: "training: memory is full"}
    assert sorted(asked) == [1, 1, 2, 2, 4]


def test_memory_for_nobody(table: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise MemoryShortageError("training: memory is full")

    monkeypatch.setattr(searching, "fit", full)
    with pytest.raises(MemoryShortageError) as raised:
        searched(table, "model.hidden=[2]|[3]")
    assert str(raised.value) == "none of 3 candidates could be trained: training: memory is full"


@pytest.mark.parametrize("metric", ["accuracy", "roc_auc", "macro_f1"])
def test_any_metric_of_the_task(tmp_path: Path, metric: str) -> None:
    kind = {"task.kind": "binary", "loss.name": "binary_cross_entropy"}
    found = searched(table_of(tmp_path, **kind), FAR, metric=metric, racing=False)
    figures = [own.standing.figure.value for own in found.tried]
    assert found.picked.standing.figure.value == max(figures)
    assert found.metric == metric
    assert 0 < found.corrected.estimate.value <= 1


def test_weights_and_groups_count(tmp_path: Path) -> None:
    settings = {"data.group_column": "group", "data.weight_column": "weight", "data.ignored_columns": "[]"}
    table = table_of(tmp_path, **settings)
    found = searched(table, "optimizer.lr=0.05..0.2")
    plain = searched(table_of(tmp_path), "optimizer.lr=0.05..0.2")
    assert found.picked.standing.figure.value != plain.picked.standing.figure.value


def test_the_same_again(table: Prepared) -> None:
    one, other = (searched(table, "optimizer.lr=0.05..0.2", "model.hidden=[]|[3]") for _ in range(2))
    assert one.tried == other.tried
    assert one.corrected.estimate == other.corrected.estimate


def test_a_space_that_has_fewer_configurations(table: Prepared) -> None:
    assert len(searched(table, "optimizer.lr=0.1|0.2", candidates=50).tried) == 2


def test_too_few_rows(table: Prepared) -> None:
    with pytest.raises(DataError):
        searched(table, "optimizer.lr=0.1|0.2", folds=200)


def test_metrics_of_a_task() -> None:
    assert (metric_of(None, "regression").name, metric_of(None, "binary").name) == ("rmse", "log_loss")
    with pytest.raises(UsageError) as raised:
        metric_of("auc", "binary")
    assert str(raised.value) == (
        "--metric: found 'auc', which binary has not; did you mean \"roc_auc\"? one of accuracy, balanced_accuracy, "
        "macro_f1, log_loss, brier, ece, roc_auc, average_precision, f1, mcc"
    )


def test_candidates_may_differ_in_how_their_inputs_are_scaled(table: Prepared) -> None:
    prepared = table
    under_way = searching._Search.begin(prepared, metric_of(None, "regression"), SearchPlan(folds=3), at_once, ignore)
    plans = under_way.plans
    shared = read_space(prepared.config, ["model.encoding=piecewise_linear|none", "model.hidden=[3]|[]"])
    base = shared.configured([(axis, axis.alternatives[0]) for axis in shared.axes])
    configs = [
        base.model_copy(update={"data": base.data.model_copy(update={"scaling": s})}) for s in ("none", "robust")
    ]
    together = fit(prepared, plans, ignore, configs=configs, watch=False).ensembles
    for own, ensemble in zip(configs, together, strict=True):
        (alone,) = fit(prepared, plans, ignore, configs=[own], watch=False).ensembles
        np.testing.assert_array_equal(ensemble.inputs.factor, alone.inputs.factor)
        for name, values in alone.parameters.items():
            np.testing.assert_allclose(ensemble.parameters[name], values, rtol=1e-4, atol=1e-6)
    assert not np.array_equal(together[0].inputs.factor, together[1].inputs.factor)
