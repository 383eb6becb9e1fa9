"""Nothing of who and where in a run, but as it was given; and names and settings that are no text."""

from __future__ import annotations

import getpass
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.test_guest import GOLDEN, write_table

PROGRAM = [sys.executable, "-m", "phoneprice"]
ROOT = Path(__file__).parents[2]
TELLTALE = "telltale-owner"
QUICK = ["-q", "-s", "training.epochs=1", "-s", "validation.folds=2"]
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home directory with a telltale name, and a table and a run in it."""
    home = tmp_path / "home" / TELLTALE
    (home / "here").mkdir(parents=True)
    write_table(home / "here" / "t.csv")
    shutil.copytree(GOLDEN / "run", home / "here" / "golden")
    return home


def program(home: Path, *words: str | bytes, **environment: str) -> subprocess.CompletedProcess[bytes]:
    surroundings = {**os.environ, "HOME": str(home), "USER": TELLTALE, "LOGNAME": TELLTALE, "PYTHONPATH": str(ROOT)}
    command = [*PROGRAM, *words]
    return subprocess.run(
        command, cwd=home / "here", env={**surroundings, **environment}, capture_output=True, check=False
    )


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize(
    "train",
    [
        ["train", "t.csv", "-o", "run", "--report"],
        ["train", "-o", "run", "--report"],  # the bundled sample, wherever that is
        ["train", "./t.csv", "-o", "../here/run", "--report", "-s", "task.kind=multiclass"],
    ],
    ids=" ".join,
)
def test_a_run_says_nothing_of_who_and_where(home: Path, train: list[str]) -> None:
    done = program(home, *train, *QUICK)
    assert done.returncode == 0, done.stderr
    assert program(home, "report", "run", "t.csv", "-o", "again.html", "--plots", "plots", "-q").returncode == 0
    work = home / "here"
    files = {**everything_in(work / "run"), **everything_in(work / "plots")}
    files |= {page.name: page.read_bytes() for page in work.glob("*.html")}
    assert len(files) > 15
    own = {word for word in (platform.node(), getpass.getuser()) if len(word) > 5}  # shorter ones may be anywhere
    telling = {TELLTALE, str(home.parent), str(ROOT), *own} - {"localhost"}
    found = {name: word for name, data in files.items() for word in telling if word.encode() in data}
    assert found == {}


def test_the_python_api_takes_no_command_line_of_somebody_elses(home: Path) -> None:
    script = home / "script.py"
    script.write_text(
        "import phoneprice; from phoneprice.config.load import load_config\n"
        "phoneprice.train('t.csv', load_config(None, ['training.epochs=1']), 'run')\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, str(script), "secret"], cwd=home / "here", env=environment, check=True)
    assert json.loads((home / "here" / "run" / "environment.json").read_text())["command_line"] == []


def test_the_command_line_as_given_or_not_at_all(home: Path) -> None:
    given = str(home / "here" / "t.csv")
    assert program(home, "train", given, "-o", "run", *QUICK).returncode == 0
    recorded = json.loads((home / "here" / "run" / "environment.json").read_text())["command_line"]
    assert recorded == ["phoneprice", "train", given, "-o", "run", *QUICK]
    left_out = ["train", given, "-o", "run", "--force", "--report", "--no-command-line"]
    assert program(home, *left_out, *QUICK).returncode == 0
    work = home / "here"
    assert json.loads((work / "run" / "environment.json").read_text())["command_line"] == []
    files = {**everything_in(work / "run"), "run.html": (work / "run.html").read_bytes()}
    assert [name for name, data in files.items() if TELLTALE.encode() in data] == []


ODD = b"odd\xff\xe6\x89\x8b"
"""A name that is no UTF-8, but for its last character."""


@pytest.mark.parametrize("locale", [{}, C_LOCALE], ids=["UTF-8", "C"])
def test_names_that_are_no_text(home: Path, locale: dict[str, str]) -> None:
    work = os.fsencode(home / "here")
    table, run = ODD + b".csv", ODD
    (home / "here" / "t.csv").rename(os.fsdecode(work + b"/" + table))
    commands: list[list[str | bytes]] = [
        ["train", table, "-o", run, "--report"],
        ["train", table, "-o", run, "--force", "--json"],
        ["evaluate", run, table, "--json"],
        ["predict", run, table, "-o", ODD + b".parquet"],
        ["predict", run, table, "-o", ODD + b".jsonl", "--json"],
        ["report", run, table, "-o", ODD + b".html", "--plots", ODD + b"-plots"],
        ["report", run, "--terminal"],
        ["runs", "show", run],
        ["runs", "list", ".", "--json"],
        ["runs", "diff", run, run],
        ["data", "check", table, "--reference", run],
        ["config", "init", "--from-data", table, "--target", "price_range", "-o", ODD + b".toml"],
        ["config", "check", ODD + b".toml"],
        ["train", table, "-c", ODD + b".toml"],
        ["cv", table, "--folds", "2", "--repeats", "1", "--predictions", ODD + b"-cv.parquet"],
    ]
    trains: list[str | bytes] = [*QUICK]
    for command in commands:
        done = program(home, *command, *(trains if command[0] in {"train", "cv"} else []), **locale)
        assert done.returncode == 0, (command, done.stderr)
    environment = json.loads(Path(os.fsdecode(work + b"/" + ODD + b"/environment.json")).read_bytes())
    assert environment["command_line"][2] == "odd\\xff手.csv"


@pytest.mark.parametrize(
    ("setting", "key"),
    [
        (b'data.missing_values=["\xff"]', "data.missing_values"),
        (b"data.target=\xff", "data.target"),
        (b'data={target="\xff"}', "data"),
        (b'task.labels=["a", "\xff"]', "task.labels"),
        (b"optimizer.name=\xff", "optimizer.name"),
        (b"data.encoding=\xff", "data.encoding"),
    ],
)
@pytest.mark.parametrize("in_environment", [False, True])
def test_settings_that_are_no_text_are_named(home: Path, setting: bytes, key: str, in_environment: bool) -> None:
    if in_environment:
        name = f"PHONEPRICE_{key.upper().replace('.', '__')}"
        name = name if "__" in name else f"{name}__TARGET"
        key = "data.target" if key == "data" else key
        done = program(home, "train", "t.csv", "-o", "x", **{name: os.fsdecode(setting.partition(b"=")[2])})
        source = f"environment variable {name}"
    else:
        done = program(home, "train", "t.csv", "-o", "x", "-s", setting)
        source = "-s"
    assert done.returncode == 2
    assert done.stderr.decode().startswith(f"phoneprice: error: {key}: found ")
    assert done.stderr.decode().endswith(f", must be valid Unicode ({source})\n")
    assert not (home / "here" / "x").exists()


@pytest.mark.parametrize("locale", [{}, C_LOCALE], ids=["UTF-8", "C"])
def test_settings_are_utf8_in_every_locale(home: Path, locale: dict[str, str]) -> None:
    done = program(home, "config", "show", "-s", "data.target=手机", "--json", **locale)
    assert json.loads(done.stdout)["config"]["data"]["target"] == "手机"
