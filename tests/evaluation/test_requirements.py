import pytest

from phoneprice.errors import QualityGateError, UsageError
from phoneprice.evaluation.requirements import (
    Requirement,
    judge,
    parse_requirements,
    refuse_missed,
    refuse_training_rows,
)
from phoneprice.metrics.catalogue import METRICS
from phoneprice.records import Interval

FOUND = {"accuracy": Interval(0.94, 0.9, 0.96), "log_loss": Interval(0.2, 0.1, 0.3)}


@pytest.mark.parametrize(
    ("text", "requirement"),
    [
        ("accuracy>=0.95", Requirement("accuracy", ">=", 0.95)),
        (" log_loss < 2e-1 ", Requirement("log_loss", "<", 0.2)),
        ("r2>-1", Requirement("r2", ">", -1.0)),
        ("rmse<=.5", Requirement("rmse", "<=", 0.5)),
        ("RMSE<=.5", Requirement("rmse", "<=", 0.5)),
        ("ROC_AUC>0.5", Requirement("roc_auc", ">", 0.5)),
    ],
)
def test_parse(text, requirement):
    assert parse_requirements([text]) == (requirement,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "accuracy",
        "accuracy=0.9",
        "accuracy>=",
        ">=1",
        "accuracy>=high",
        "accuracy>=nan",
        "accuracy>=inf",
        "a b>=1",
        "accuracy==1",
    ],
)
def test_another_form(text):
    with pytest.raises(UsageError) as caught:
        parse_requirements([text])
    assert str(caught.value) == (
        f"--require {text!r}: expected a metric, >= <= > or <, and a number, such as 'accuracy>=0.95'"
    )


def test_a_message_repeats_no_more_of_a_text_than_people_read():
    assert str(parse_requirements([f"accuracy>=0.{'9' * 5000}"])[0]) == "accuracy>=1"
    for text, beginning in (("9" * 5000, "expected a metric"), (f"{'a' * 5000}>=1", "unknown metric 'aaaa")):
        with pytest.raises(UsageError) as caught:
            parse_requirements([text])
        assert f": {beginning}" in str(caught.value)
        assert len(str(caught.value)) < 400


@pytest.mark.parametrize("name", ["accurcy", "acc"])
def test_unknown_metric(name):
    with pytest.raises(UsageError) as caught:
        parse_requirements([f"{name}>=0.95"])
    assert str(caught.value) == (
        f"--require '{name}>=0.95': unknown metric {name!r}; did you mean 'accuracy'? one of " + ", ".join(METRICS)
    )
    with pytest.raises(UsageError, match=r"unknown metric 'zzz'; one of accuracy, "):
        parse_requirements(["zzz>=0.95"])


@pytest.mark.parametrize("text", ["accuracy>=0.94", "accuracy<=0.94", "accuracy>0.9", "accuracy<0.95", "log_loss<0.3"])
def test_what_holds_passes(text):
    refuse_missed(judge(parse_requirements([text]), FOUND))


@pytest.mark.parametrize("text", ["accuracy>=0.9401", "accuracy<=0.9399", "accuracy>0.94", "accuracy<0.94"])
def test_what_is_missed_names_value_and_bound(text):
    with pytest.raises(QualityGateError) as caught:
        refuse_missed(judge(parse_requirements([text]), FOUND))
    assert str(caught.value) == f"accuracy is 0.94, required {text}"
    assert caught.value.exit_code == 9


def test_all_that_is_missed_is_listed():
    with pytest.raises(QualityGateError) as caught:
        refuse_missed(judge(parse_requirements(["accuracy>=0.95", "log_loss<1", "log_loss<0.1", "roc_auc>0.5"]), FOUND))
    assert str(caught.value) == (
        "accuracy is 0.94, required accuracy>=0.95; log_loss is 0.2, required log_loss<0.1; "
        "roc_auc is not defined here, required roc_auc>0.5"
    )


def test_nothing_passes_on_rows_that_were_learned():
    requirements = parse_requirements(["accuracy>=0.5", "log_loss<0.1"])
    assert [gate.passed for gate in judge(requirements, FOUND)] == [True, False]
    learned = judge(requirements, FOUND, learned=True)
    assert [(gate.value, gate.passed) for gate in learned] == [(0.94, False), (0.2, False)]
    with pytest.raises(QualityGateError) as caught:
        refuse_training_rows("phones.csv")
    assert str(caught.value) == (
        "phones.csv: these are the rows the run was trained on, which tell nothing of new ones, so --require is not "
        "met; give new rows, or add --training-rows-ok"
    )
