"""The judgement as a whole: causes hide their symptoms, and what was looked at is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest

from phoneprice.config.load import load_config
from phoneprice.diagnosis.findings import CHECKS, STAGES, judge
from phoneprice.records.findings import TrainingCheck, TrainingFinding, TrainingFindingCode, symptoms
from tests.diagnosis.recorded import HEALTHY, codes, falling, figures, recorded, weights

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
        "heavy_dropout",
        "dropout",
        finding.evidence,
        "at most 0.75",
        finding.source,
        passed=False,
        stage="regularisation",
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


def test_what_is_wrong_beside_the_findings_is_named_once() -> None:
    judgement = judge(recorded("model.dropout=0.9", train=falling(1, 0.99, 100), metrics=figures(r2=0.0)))
    assert symptoms(judgement.findings, judgement.checked) == (
        "Not as it should be either, perhaps because of this: the network beside guessing."
    )
    twice = [replace(check, recipe=name) for name in ("one", "two") for check in judgement.checked]
    told = [replace(finding, recipe="one") for finding in judgement.findings]
    assert symptoms(told, twice) == (
        "Not as it should be either, perhaps because of this: the network beside guessing; dropout."
    )
    assert symptoms(*vars(judge(recorded("model.dropout=0.9"))).values()) == ""
    assert symptoms((), ()) == ""


LINEAR_ALONE = (
    " The linear path alone carries the result; whether hidden layers would add to it, only a training with the advice "
    "shows."
)


@pytest.mark.parametrize(
    ("settings", "output", "first", "alone"),
    [
        ((), 1.0, 1.0, False),
        ((), 0.0, 1.0, True),
        ((), 0.003, 1.0, False),
        ((), 0.002, 1.0, True),
        ((), 1.0, 0.002, True),  # what little there is comes to nothing in the first layer
        (("model.normalization.name=layer_norm",), 1.0, 0.002, False),  # which makes it as large as any
        (("model.skip=false",), 0.0, 1.0, False),
    ],
)
def test_hidden_layers_that_are_no_use_beside_a_linear_path(
    settings: tuple[str, ...], output: float, first: float, alone: bool
) -> None:
    training = recorded("model.hidden=[8]", "model.dropout=0.9", *settings)
    sizes = {"output.weight": output, "hidden.0.weight": first}
    parameters = {name: value * sizes.get(name, 1.0) for name, value in training.parameters.items()}
    training = replace(training, parameters=parameters)
    (finding,) = judge(training).findings
    assert training.linear_alone == alone
    assert finding.summary == (
        "Dropout leaves out 90% of the hidden units at every step: too little is left to learn with."
        + LINEAR_ALONE * alone
    )


def test_findings_that_are_not_about_hidden_layers_blame_none() -> None:
    training = recorded("model.hidden=[8]", train=falling(1, 0.5, 100))
    silent = replace(training, parameters={**training.parameters, "output.weight": np.zeros((1, 8, 1))})
    (finding,) = judge(silent).findings
    assert (finding.code, silent.linear_alone) == ("too_short", True)
    assert LINEAR_ALONE not in finding.summary


def test_advice_is_given_once() -> None:
    start = {"spread": [0.0], "weight_norm": [0.0], "gradient_norm": [0.0]}
    training = recorded("model.hidden=[8]", "model.init.name=zeros", start=start)
    judgement = judge(replace(training, parameters=weights(training.config, apart=0.0)))
    assert [check.code for check in judgement.checked if not check.passed] == ["symmetric_units", "vanishing_gradients"]
    assert [finding.code for finding in judgement.findings] == ["symmetric_units"]


def test_titles_can_stand_in_a_list() -> None:
    assert [check.title for check in CHECKS if {",", ";"} & set(check.title)] == []


@pytest.mark.parametrize(
    ("code", "settings", "facts", "measured"),
    [
        ("heavy_weight_decay", (), {"weight_norm": [[1.0]] * 50 + [[0.0]] * 50}, "optimizer.weight_decay = 0"),
        (
            "learning_rate_too_low",
            ("optimizer.lr=0.02",),
            {"update_ratio": [[0.587]] * 100},
            "optimizer.lr = 0.02; the largest step changed the weights by 59% of their size",
        ),
        (
            "learning_rate_too_low",
            ("optimizer.lr=1e-5",),
            {"update_ratio": [[1.23e-5]] * 100},
            "optimizer.lr = 1e-05; the largest step changed the weights by 0.0012% of their size",
        ),
        (
            "learning_rate_too_high",
            (),
            {"weight_norm": [[0.3]] * 99 + [[28.0]], "start": {"weight_norm": [0.3]}},
            (
                "optimizer.lr = 0.02 (usual: 0.02); training loss 0.5000, guessing has 1.0000; "
                "the hidden layers' weights reached 88.5 times their first size"
            ),
        ),
        (
            "too_short",
            (),
            {"validation": [*HEALTHY[:-1], 0.51]},
            "100 epochs of 50 steps; in the last 25 epochs the loss rose by 1.0% of the guessing loss, to 0.5100",
        ),
        (
            "too_short",
            (),
            {"validation": [*HEALTHY[:-1], 0.50001]},
            "100 epochs of 50 steps; in the last 25 epochs the loss fell by 0.0% of the guessing loss, to 0.5000",
        ),
    ],
)
def test_what_was_measured_is_in_words(code: str, settings: tuple[str, ...], facts: Any, measured: str) -> None:
    checked = judge(recorded("model.hidden=[8]", *settings, **facts)).checked
    assert [check.measured for check in checked if check.code == code] == [measured]


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
    brackets = replace(one, setting="model.hidden=[]")
    assert brackets.remedy == "-s 'model.hidden=[]'"  # zsh takes bare ones for a pattern of file names
    load_config(None, [one.setting])
