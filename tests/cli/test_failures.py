"""Every failure becomes a line and an exit code."""

import errno
from collections.abc import Iterator

import pytest
from calling import Call

from phoneprice import errors
from phoneprice.cli import failures
from phoneprice.cli.session import Session


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
    assert outcome(error, capsys) == (3, "phoneprice: error: a b\\x1b[31m.csv: no such file\n")


def test_faults_of_a_configuration_come_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert outcome(errors.ConfigError("a: b\nc: d"), capsys) == (2, "phoneprice: error: a: b\nc: d\n")


def test_interrupted(capsys: pytest.CaptureFixture[str]) -> None:
    assert outcome(KeyboardInterrupt(), capsys) == (130, "phoneprice: interrupted\n")
    assert outcome(KeyboardInterrupt(), capsys, debug=True) == (130, "phoneprice: interrupted\n")


def test_out_of_memory(capsys: pytest.CaptureFixture[str]) -> None:
    message = "phoneprice: error: out of memory; use smaller blocks or a smaller network, or free memory\n"
    assert outcome(MemoryError(), capsys) == (6, message)


def test_a_disk_error_that_nobody_caught(capsys: pytest.CaptureFixture[str]) -> None:
    error = OSError(errno.ENOSPC, "No space left on device", "out.csv")
    message = "phoneprice: error: out.csv: can't be written: no space left on device; write elsewhere\n"
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
    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("phoneprice.config.load.load_config", interrupted)
    result = call("config", "show")
    assert (result.code, result.out, result.err) == (130, "", "phoneprice: interrupted\n")


def test_with_json_an_error_leaves_stdout_empty(call: Call) -> None:
    result = call("runs", "show", "nix", "--json")
    assert (result.code, result.out) == (4, "")
    assert result.err.startswith("phoneprice: error: ")
    assert result.err.count("\n") == 1
