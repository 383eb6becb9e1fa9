"""A reader of stdout that leaves early: exit code 141 and silence; one of stderr changes nothing. Real pipes."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest

from phoneprice.artifact.writer import RunWriter
from tests.faults.program import unmeasured
from tests.random_runs import random_contents

QUICK = ("-s", "training.epochs=2", "model.hidden=[4]", "validation.folds=2")
COMMANDS = {
    "train": (("train", "data.csv", "-o", "new", *QUICK), 141),
    "cv": (("cv", "data.csv", "--repeats", "1", *QUICK), 0),
    "evaluate": (("evaluate", "run", "data.csv"), 0),
}
"""Each with its exit code where nobody reads either stream: the path of a run goes to stdout, tables to stderr."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with RunWriter(tmp_path / "run") as writer:
        writer.finish(random_contents())
    rows = "".join(f"{i},{i / 10},1,2,3,4,{i % 3},{i % 4}\n" for i in range(80))
    (tmp_path / "data.csv").write_text(f"id,x0,x1,x2,x3,x4,x5,price_range\n{rows}")
    return tmp_path


def code_after(
    lines: int,
    folder: Path,
    arguments: tuple[str, ...],
    streams: Literal["stdout", "stderr", "both"],
    unbuffered: str = "",
) -> tuple[int, bytes]:
    """The exit code where the reader leaves after so many lines, and what the other stream got."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "phoneprice", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE if streams == "stderr" else writing,
        stderr=subprocess.PIPE if streams == "stdout" else writing,
        env=unmeasured(PYTHONUNBUFFERED=unbuffered),
    )
    os.close(writing)
    with os.fdopen(reading, "rb", buffering=0) as reader:
        for _ in range(lines):
            while reader.read(1) not in {b"\n", b""}:
                pass
    out, err = process.communicate()
    return process.returncode, (out or b"") + (err or b"")


@pytest.mark.parametrize("lines", [0, 5])
@pytest.mark.parametrize("name", COMMANDS)
def test_tables_beside_work(folder: Path, name: str, lines: int) -> None:
    arguments, code = COMMANDS[name]
    assert code_after(lines, folder, arguments, "both")[0] == code


@pytest.mark.parametrize(
    ("streams", "unbuffered"), [("stdout", ""), ("stdout", "1"), ("stderr", ""), ("both", "")], ids=str
)
@pytest.mark.parametrize(
    ("arguments", "own"),
    [
        (("predict", "run", "data.csv"), 0),
        (("runs", "show", "nix", "--json", "--debug"), 4),
        (("evaluate", "run", "data.csv", "--json", "--require", "accuracy>1"), 9),
    ],
    ids=str,
)
def test_either_stream(
    folder: Path, arguments: tuple[str, ...], own: int, streams: Literal["stdout", "stderr", "both"], unbuffered: str
) -> None:
    """A command keeps its ``own`` exit code where nothing but messages is lost."""
    code, rest = code_after(0, folder, arguments, streams, unbuffered)
    assert code == (own if streams == "stderr" else 141)
    assert (b"Traceback" in rest) == ("--debug" in arguments and streams == "stdout")
    assert b"Exception ignored" not in rest


@pytest.mark.parametrize(
    "arguments", [("runs", "list", "."), ("--help",), ("--version",), ("config", "show")], ids=" ".join
)
def test_what_goes_to_stdout_alone(folder: Path, arguments: tuple[str, ...]) -> None:
    assert code_after(0, folder, arguments, "stdout") == (141, b"")


@pytest.mark.parametrize(("arguments", "code"), [(("runs",), 2), (("runs", "show", "nix"), 4)], ids=str)
def test_what_goes_to_stderr_alone(folder: Path, arguments: tuple[str, ...], code: int) -> None:
    assert code_after(0, folder, arguments, "stderr") == (code, b"")
