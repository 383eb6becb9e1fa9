"""From a configuration through a real training to its findings."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from phoneprice.config.load import load_config
from phoneprice.data.reading import read_table
from phoneprice.data.rows.splits import plan_members
from phoneprice.data.samples.sample import sample_path
from phoneprice.diagnosis.findings import judge
from phoneprice.diagnosis.training import Training
from phoneprice.metrics.figures import measured
from phoneprice.records.documents import RunMetrics
from phoneprice.workflows.assess import choose
from phoneprice.workflows.events import ignore
from phoneprice.workflows.fitting import fit
from phoneprice.workflows.prepare import Prepared, prepare_table, read_options
from tests.diagnosis.recorded import codes, member

PLAIN = (
    "model.skip=false",
    "model.hidden=[32,16]",
    "model.output_init=same",
    "penalty.name=none",
    "training.network_start=0",
    "loss.name=cross_entropy",
    "training.epochs=20",
    "training.batch_rows=32",
    "optimizer.name=adam",
    "optimizer.lr=0.003",
    "scheduler.name=cosine",
)
"""The network of a course, without any of the default's helpers."""
SIGMOID_8 = ("model.activation.name=sigmoid", "model.hidden=[32,32,32,32,32,32,32,32]")


@cache
def prepared(settings: tuple[str, ...]) -> Prepared:
    config = load_config(None, settings)
    text = [] if config.task.kind == "regression" else [config.data.target]
    table = read_table(sample_path("train"), read_options(config.data), text)
    return prepare_table(table.take(np.arange(0, table.rows, 2)), config, ignore)


def trained(*settings: str) -> Training:
    config = load_config(None, [*settings, "validation.scheme=holdout", "training.threads=1", "training.device=cpu"])
    data = replace(prepared(tuple(s for s in settings if s.startswith(("data.", "task.", "loss.")))), config=config)
    plans, _ = plan_members(data.targets, config, len(data.inputs))
    fitted = fit(data, plans, ignore)
    held = choose(data, plans, fitted.ensembles).held
    assert held is not None
    members = [member(len(plan.train_rows)) for plan in plans]
    metrics = RunMetrics.model_construct(**vars(measured(held.truth, held.predictions, data.task)), members=members)
    return Training(config, data.schema, fitted.history, fitted.ensembles[0].parameters, metrics)


@pytest.mark.parametrize(
    ("settings", "code", "remedy"),
    [
        (("model.init.name=zeros",), "symmetric_units", "model.init.name=kaiming_normal"),
        ((*PLAIN, *SIGMOID_8), "vanishing_gradients", "model.normalization.name=batch_norm"),
        ((*PLAIN, "optimizer.name=sgd", "optimizer.lr=10"), "learning_rate_too_high", "optimizer.lr=0.1"),
        ((*PLAIN, "optimizer.lr=1e-9"), "learning_rate_too_low", "optimizer.lr=0.02"),
        (("data.scaling=none",), "unscaled_inputs", "data.scaling=standard"),
        (("training.epochs=1",), "too_short", "training.epochs=50"),  # nor is a network frozen that has not begun
    ],
)
def test_a_broken_configuration_gives_its_finding(settings: tuple[str, ...], code: str, remedy: str) -> None:
    finding = judge(trained(*settings)).findings[0]
    assert (finding.code, finding.setting) == (code, remedy)


@pytest.mark.parametrize(
    "settings", [(), (*PLAIN, "training.epochs=60", "model.dropout=0.2", "model.normalization.name=batch_norm")]
)
def test_a_healthy_configuration_gives_none(settings: tuple[str, ...]) -> None:
    assert codes(trained(*settings)) == []
