"""A comparison as files: every figure, and nothing that JSON has not."""

from __future__ import annotations

import io
import json

import numpy as np
import pyarrow.parquet as pq

from phoneprice.artifact import strict_json
from phoneprice.artifact.comparison_files import comparison_document, render_curves
from tests.report.comparisons import compared, comparison

LOST = comparison(compared("relu (base)", 0), compared("far", 1, lost=True), look_for="The loss.")


def test_every_variant_with_its_figures() -> None:
    document = json.loads(strict_json.render(comparison_document(LOST, "phones.csv")))
    assert (document["format"], document["source"], document["look_for"]) == (1, "phones.csv", "The loss.")
    assert (document["base"], document["why_not_paired"], document["varied"]) == (
        "relu (base)",
        None,
        ["model.activation"],
    )
    base, lost = document["variants"]
    assert base["metrics"]["accuracy"] == {"value": 0.8, "low": 0.79, "high": 0.81}
    assert (base["finished"], base["why_not"], base["better_than_base"]) == (True, None, {})
    assert base["layers"] == ["hidden 1", "hidden 2", "output"]
    start = LOST.trainings[0].curves.start
    assert start is not None
    assert base["start"]["gradient_norm"] == np.median(start.health["gradient_norm"], axis=0).tolist()
    assert base["end"].keys() == {"gradient_norm", "update_ratio", "dead_units"}
    assert (lost["finished"], lost["step_seconds"], lost["metrics"]) == (False, None, {})
    assert lost["why_not"].startswith("diverged in fold 1")


def test_curves_of_different_lengths() -> None:
    table = pq.read_table(io.BytesIO(render_curves(LOST))).to_pydict()
    assert table["variant"] == ["relu (base)"] * 36 + ["far"] * 36
    losses = LOST.trainings[0].curves.train_loss
    np.testing.assert_array_equal(np.reshape(table["training_loss"][:36], (12, 3)), losses)
    assert np.isnan(table["training_loss"][-1])
