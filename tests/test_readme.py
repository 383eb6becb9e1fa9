"""Every command of the README runs, as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.forking import Forks
from tests.faults.program import Program, unmeasured

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
REAL_FILE = "mobile_price_train.csv"
FAILS_ON_PURPOSE = {"phoneprice config check -s optimizer.name=adamm -s model.dropout=1.5": 2}


def commands() -> list[str]:
    """The lines of the shell blocks; of a set-up line, what follows the installation."""
    lines = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
    lines += re.findall(r"`(phoneprice [^`]+)`", README)
    parts = []
    for line in lines:
        if line.startswith("python3 -m venv"):
            parts += [part.removeprefix(".venv/bin/") for part in line.split(" && ")[2:]]
        else:
            parts.append(line)
    return [part for part in parts if part.startswith("phoneprice")]


CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def test_the_chinese_readme_is_in_step() -> None:
    """The same commands and examples, links, names and sections, in the same order."""
    for pattern in (BLOCK, re.compile(r"`(phoneprice [^`]+)`"), re.compile(r"^\| \[?`([^`]+)`", re.MULTILINE)):
        assert without_comments(pattern.findall(CHINESE)) == without_comments(pattern.findall(README))
    levels = re.compile(r"^(#+) ", re.MULTILINE)
    assert levels.findall(CHINESE) == levels.findall(README)
    numbers = re.compile(r"^\|.*\|$", re.MULTILINE)
    assert [digits(line) for line in numbers.findall(CHINESE)] == [digits(line) for line in numbers.findall(README)]
    links = re.compile(r"\]\(([^)]+)\)")
    assert sorted({*links.findall(CHINESE)} - {"README.md"}) == sorted({*links.findall(README)} - {"README.zh-CN.md"})


def without_comments(found: list[str] | list[tuple[str, str]]) -> list[str]:
    """What stands in blocks, without what a comment says of it."""
    return [re.sub(r"  # .*", "", text) for one in found for text in ([one] if isinstance(one, str) else one)]


def digits(line: str) -> list[str]:
    return re.findall(r"\d+(?:[.,]\d+)*", line)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("readme")
    for name in ("data", "configs"):
        (place / name).symlink_to(ROOT / name)
    return place


def run(command: str, workplace: Path, forks: Forks) -> tuple[int, str]:
    """Exit code and stderr of a line: a child of an interpreter that has everything imported, or a shell's pipeline."""
    if "|" in command:
        done = in_a_shell(command, workplace)
        return done.returncode, done.stderr
    ended = forks.call(Program.of(command.removeprefix("phoneprice "), workplace))
    return ended.code, ended.err


def in_a_shell(command: str, workplace: Path) -> subprocess.CompletedProcess[str]:
    """As the installed program."""
    scripts = Path(sys.executable).parent
    return subprocess.run(
        ["bash", "-c", command],
        cwd=workplace,
        env=unmeasured(PATH=f"{scripts}{os.pathsep}{os.environ['PATH']}"),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.early
def test_every_command_runs(workplace: Path, forks: Forks) -> None:
    # One test, since later commands use the runs of earlier ones.
    found = commands()
    assert len(found) > 15
    for command in found:
        if REAL_FILE in command:
            continue
        code, err = run(command, workplace, forks)
        assert code == FAILS_ON_PURPOSE.get(command, 0), f"{command}\n{err}"
        assert "Traceback" not in err


def test_the_command_of_the_table_runs(workplace: Path, real_data: Path, forks: Forks) -> None:
    (command,) = [command for command in commands() if REAL_FILE in command]
    (workplace / REAL_FILE).symlink_to(real_data / REAL_FILE)
    code, err = run(f"{command} --repeats 1 --folds 2 -s training.epochs=5 --json", workplace, forks)
    assert code == 0, err


def test_the_python_example_runs(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    monkeypatch.chdir(workplace)
    exec(example, {"__name__": "__main__"})  # our own words


def test_set_up_lines_are_one_line_each() -> None:
    lines = re.findall(r"```sh\n(python3 -m venv .*)\n```", README)
    assert len(lines) == 2
    assert all("-c constraints.txt" in line for line in lines)
