"""Every failure becomes a line and an exit code."""

import copy
import errno
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from phoneprice import errors
from phoneprice.cli import failures
from phoneprice.cli.session import Session
from phoneprice.shortage import OUT_OF_MEMORY
from tests.cli.calling import Call


def outcome(error: BaseException, capsys: pytest.CaptureFixture[str], *, debug: bool = False) -> tuple[int, str]:
    code = failures.exit_code(error, Session(debug=debug))
    return code, capsys.readouterr().err


def kinds(base: type[errors.PhonePriceError] = errors.PhonePriceError) -> Iterator[type[errors.PhonePriceError]]:
    for kind in base.__subclasses__():
        yield kind
        yield from kinds(kind)


@pytest.mark.parametrize("kind", list(kinds()), ids=lambda kind: kind.__name__)
def test_expected_failures(kind: type[errors.PhonePriceError], capsys: pytest.CaptureFixture[str]) -> None:
    assert outcome(kind("what; what to do"), capsys) == (kind.exit_code, "phoneprice: error: what; what to do\n")


def test_exit_codes_are_those_of_the_contract() -> None:
    names = ("Usage", "Config", "Data", "Model", "Storage", "Device", "Diverged", "Locked", "QualityGate")
    codes = {name: getattr(errors, f"{name}Error").exit_code for name in names}
    assert list(codes.values()) == [2, 2, 3, 4, 5, 6, 7, 8, 9]


def test_one_line_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    error = errors.DataError("a\nb\x1b[31m.csv: no such file")
    assert outcome(error, capsys) == (3, "phoneprice: error: a\\nb\\x1b[31m.csv: no such file\n")


def test_faults_of_a_configuration_come_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert outcome(errors.ConfigError("a: b", "c: d"), capsys) == (2, "phoneprice: error: a: b\nc: d\n")


def test_an_error_that_is_made_again_is_the_same() -> None:
    error = errors.ConfigError("a\x1b: b", "c\n: d")
    again = copy.copy(error)  # as pickle does for another process
    assert (type(again), str(again)) == (errors.ConfigError, "a\\x1b: b\nc\\n: d")
    assert str(error) == str(again)


def test_interrupted(capsys: pytest.CaptureFixture[str]) -> None:
    assert outcome(KeyboardInterrupt(), capsys) == (130, "phoneprice: interrupted\n")
    assert outcome(KeyboardInterrupt(), capsys, debug=True) == (130, "phoneprice: interrupted\n")


def test_out_of_memory(capsys: pytest.CaptureFixture[str]) -> None:
    message = f"phoneprice: error: {OUT_OF_MEMORY}\n"
    assert outcome(MemoryError(), capsys) == (6, message)


def test_a_disk_error_that_nobody_caught(capsys: pytest.CaptureFixture[str]) -> None:
    error = OSError(errno.ENOSPC, "No space left on device", "out.csv")
    message = "phoneprice: error: out.csv: can't be written: no space left on device; free some space and run again\n"
    assert outcome(error, capsys) == (5, message)


def test_a_bug_says_how_to_report_it(capsys: pytest.CaptureFixture[str]) -> None:
    message = (
        "phoneprice: error: unexpected ZeroDivisionError: by zero; this is a bug: "
        "run again with --debug and report what it prints\n"
    )
    assert outcome(ZeroDivisionError("by\nzero"), capsys) == (1, message)


def test_debug_shows_the_traceback_before_the_line(call: Call) -> None:
    result = call("data", "describe", "nix.csv", "--debug")
    lines = result.err.splitlines()
    assert result.code == 3
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-1] == "phoneprice: error: nix.csv: no such file; check the name"
    assert "Traceback" not in call("data", "describe", "nix.csv").err


def test_an_interrupt_inside_a_command(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("phoneprice.config.load.load_config", interrupted)
    result = call("config", "show")
    assert (result.code, result.out, result.err) == (130, "", "phoneprice: interrupted\n")


CASES = {
    "runs show nix --json": {
        "kind": "ModelError",
        "message": "nix: no such run; 'phoneprice runs list' shows those there are",
        "exit_code": 4,
    },
    "train --json --xyzzy": {
        "kind": "UsageError",
        "message": "no such option: --xyzzy; see 'phoneprice train --help'",
        "exit_code": 2,
    },
    "report nix --terminal --json": {
        "kind": "UsageError",
        "message": "--terminal writes no file: leave out -o, --plots, --summary and --json",
        "exit_code": 2,
    },
}


@pytest.mark.parametrize(("line", "failure"), CASES.items(), ids=CASES)
def test_with_json_an_error_is_a_document_too(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, failure: dict[str, object]
) -> None:
    monkeypatch.chdir(tmp_path)
    result = call(*line.split())
    assert result.document == {"format": 1, "error": failure}
    assert (result.code, result.err) == (failure["exit_code"], f"phoneprice: error: {failure['message']}\n")


def test_json_that_is_no_option_makes_no_document(call: Call) -> None:
    assert call("runs", "show", "--", "--json").out == ""


@pytest.mark.parametrize(
    ("error", "kind", "message", "code"),
    [
        (KeyboardInterrupt(), "Interrupted", "interrupted", 130),
        (errors.StoppedError(15, "terminated"), "Interrupted", "terminated", 143),
        (errors.ConfigError("a: b", "c: d"), "ConfigError", "a: b\nc: d", 2),
        (MemoryError(), "DeviceError", OUT_OF_MEMORY, 6),
        (
            ZeroDivisionError("x"),
            "Bug",
            "unexpected ZeroDivisionError: x; this is a bug: run again with --debug and report what it prints",
            1,
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_document_of_any_failure(
    capsys: pytest.CaptureFixture[str], error: BaseException, kind: str, message: str, code: int
) -> None:
    assert failures.exit_code(error, Session(json=True)) == code
    document = {"format": 1, "error": {"kind": kind, "message": message, "exit_code": code}}
    assert json.loads(capsys.readouterr().out) == document


def test_a_document_stays_alone(capsys: pytest.CaptureFixture[str]) -> None:
    session = Session(json=True)
    session.document({"format": 1})
    assert failures.exit_code(errors.QualityGateError("missed"), session) == 9
    assert json.loads(capsys.readouterr().out) == {"format": 1}


def test_a_reader_that_left_gets_no_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert failures.exit_code(BrokenPipeError(errno.EPIPE, "Broken pipe"), Session(json=True)) == 141
    assert capsys.readouterr() == ("", "")
