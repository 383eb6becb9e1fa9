"""What is typed wrong: one line, exit code 2, and a suggestion where there is one."""

import pytest

from tests.cli.calling import Call

CASES = {
    "trian": "no such command 'trian'; did you mean 'train'? see 'phoneprice --help'",
    "config shwo": "no such command 'shwo'; did you mean 'show'? see 'phoneprice config --help'",
    "xyzzy": "no such command 'xyzzy'; see 'phoneprice --help'",
    "train --forse": "no such option: --forse; did you mean --force? see 'phoneprice train --help'",
    "train --xyzzy": "no such option: --xyzzy; see 'phoneprice train --help'",
    "train --epochs": "no such option: --epochs; as a setting it is -s training.epochs=VALUE; "
    "see 'phoneprice train --help'",
    "cv --batch-rows=8": "no such option: --batch-rows; as a setting it is -s training.batch_rows=VALUE; "
    "see 'phoneprice cv --help'",
    "cv --learning-rate 0.1": "no such option: --learning-rate; as a setting it is -s optimizer.lr=VALUE; "
    "see 'phoneprice cv --help'",
    "train --Target x": "no such option: --Target; did you mean --target? see 'phoneprice train --help'",
    "train --outpt x": "no such option: --outpt; did you mean --output? see 'phoneprice train --help'",
    "--json train": "no such option: --json; see 'phoneprice --help'",
    "evaluate --epochs": "no such option: --epochs; see 'phoneprice evaluate --help'",
    "train -z": "no such option: -z; see 'phoneprice train --help'",
    "predict": "missing argument 'RUN'; see 'phoneprice predict --help'",
    "predict RUN": "missing argument 'DATA'; see 'phoneprice predict --help'",
    "evaluate RUN DATA more": "too many arguments (more); see 'phoneprice evaluate --help'",
    "train --device gpu": (
        "invalid value for '--device': 'gpu' is not one of 'auto', 'cpu', 'cuda', 'mps'; see 'phoneprice train --help'"
    ),
    "predict RUN DATA --chunk-rows 0": (
        "invalid value for '--chunk-rows': found '0', must be a whole number from 1 to 2147483647; "
        "see 'phoneprice predict --help'"
    ),
    "data sample --rows many": (
        "invalid value for '--rows': found 'many', must be a whole number from 1 to 100000000; "
        "see 'phoneprice data sample --help'"
    ),
    "data sample --rows": "option '--rows' requires an argument; see 'phoneprice data sample --help'",
    "predict RUN DATA --json": "--json needs stdout for itself; name a file for the predictions with -o FILE",
    "predict RUN DATA --json -o -": "--json needs stdout for itself; name a file for the predictions with -o FILE",
    "predict RUN DATA --keep a --keep-all": "--keep and --keep-all contradict each other; give one of them",
    "data sample --json": "--json needs stdout for itself; name a file for the sample with -o FILE",
    "config init --json -o -": "--json needs stdout for itself; name a file for the configuration with -o FILE",
    "config init --target price": "--from-data FILE and --target COL go together; give both or none",
    "config check a.toml -c b.toml": "found two configurations, a.toml and b.toml; give one of them",
    "evaluate RUN DATA --require accuracy": (
        "--require 'accuracy': expected a metric, >= <= > or <, and a number, such as 'accuracy>=0.95'"
    ),
}


@pytest.mark.parametrize(("line", "message"), CASES.items(), ids=CASES)
def test_message(call: Call, line: str, message: str) -> None:
    result = call(*line.split())
    assert (result.code, result.err) == (2, f"phoneprice: error: {message}\n")
    if "--json" in line:
        assert result.document["error"] == {"kind": "UsageError", "message": message, "exit_code": 2}
    else:
        assert result.out == ""


@pytest.mark.parametrize("line", ["", "config", "data", "runs"])
def test_without_a_command_the_help_goes_to_stderr(call: Call, line: str) -> None:
    result = call(*line.split())
    assert (result.code, result.out) == (2, "")
    assert result.err == call(*line.split(), "--help").out
