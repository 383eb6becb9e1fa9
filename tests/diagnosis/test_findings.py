"""The judgement as a whole: causes hide their symptoms, and what was looked at is told."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from phoneprice.config.load import load_config
from phoneprice.diagnosis.findings import CHECKS, STAGES, judge
from phoneprice.records.findings import TrainingCheck, TrainingFinding, TrainingFindingCode
from tests.diagnosis.recorded import HEALTHY, codes, falling, figures, recorded

STEADY: dict[str, Any] = {
    "dead_units": [[0.1]] * 100,
    "weight_norm": [[0.3]] * 100,
    "update_ratio": [[2e-3]] * 100,
    "start": {"spread": [0.8], "gradient_norm": [0.1], "weight_norm": [0.3]},
}
"""Measurements of a healthy training of one hidden layer."""


def test_every_code_has_one_check() -> None:
    assert sorted(check.code for check in CHECKS) == sorted(get_args(TrainingFindingCode))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
def test_a_threshold_is_written_down_with_its_source(check: Any) -> None:
    assert min(len(check.title), len(check.threshold)) > 3
    assert any(character.isdigit() for character in check.source) or check.source == "by definition"


def test_a_healthy_training_has_no_findings_and_says_what_was_checked() -> None:
    metrics = figures(r2=0.9, rmse=1.0)
    judgement = judge(recorded("model.hidden=[8]", validation=HEALTHY, metrics=metrics, **STEADY))
    assert judgement.findings == ()
    assert all(check.passed and check.measured for check in judgement.checked)
    told = {check.code: check.measured for check in judgement.checked}
    assert told["no_better_than_guessing"] == "R2 is 0.9000; always the mean gives 0"
    assert told["exploding_start"] == (
        "the loss begins at 1.0000, guessing has 1.0000; activations spread 0.8000 times as far as inputs"
    )
    # Nothing is said of what was not measured.
    assert {check.code for check in CHECKS} - told.keys() == {
        "saturated_start",
        "clipped_to_nothing",
        "decayed_too_early",
        "tiny_batch_norm",
        "narrow_layer",
        "heavy_penalty",
        "early_stopping_never_reached",
        "behind_linear",
    }


def test_a_finding_is_a_check_that_failed() -> None:
    judgement = judge(recorded("model.dropout=0.9"))
    (finding,) = judgement.findings
    (failed,) = [check for check in judgement.checked if not check.passed]
    assert failed == TrainingCheck(
        "heavy_dropout", "dropout", finding.evidence, "at most 0.75", finding.source, passed=False
    )
    assert finding.evidence == "model.dropout = 0.9; training loss 0.5000"


def test_only_the_first_stage_in_which_anything_is_wrong_is_told() -> None:
    wrong: dict[str, Any] = {"train": falling(1, 0.99, 100), "metrics": figures(r2=0.0)}
    assert codes(recorded(**wrong)) == ["no_better_than_guessing"]
    assert codes(recorded("model.dropout=0.9", **wrong)) == ["heavy_dropout"]
    assert codes(recorded("model.dropout=0.9", "data.scaling=none", ranges=(1.0, 1000.0), **wrong)) == [
        "unscaled_inputs"
    ]
    stages = [stage for stage, checks in STAGES.items() if any(check.code == "heavy_dropout" for check in checks)]
    assert stages == ["regularisation"]


def test_a_run_of_an_earlier_version_has_no_start() -> None:
    training = recorded("model.hidden=[8,8]", "model.activation.name=sigmoid", train=falling(1, 0.5, 100))
    curves = training.curves.__class__(**{**vars(training.curves), "start": None})
    before = training.__class__(**{**vars(training), "curves": curves})
    assert codes(before) == codes(training)
    assert before.guessing_loss == 1.0
    assert "exploding_start" not in {check.code for check in judge(before).checked}


def test_what_to_try_where_no_setting_is_left() -> None:
    left = TrainingFinding("no_better_than_guessing", "It guesses.", "R2 is 0", "", "source")
    assert left.remedy == "phoneprice data check"
    one = TrainingFinding("too_short", "Too short.", "1 epoch", "training.epochs=50", "source")
    assert one.remedy == "-s training.epochs=50"
    load_config(None, [one.setting])
