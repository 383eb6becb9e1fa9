"""Nothing of who and where in a run, but as it was given; and names and settings that are no text."""

from __future__ import annotations

import getpass
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.forking import Forks
from tests.faults.program import Ended, Program, unmeasured
from tests.faults.test_guest import GOLDEN, write_table

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


Call = Callable[..., Ended]


def calling(forks: Forks, home: Path) -> Call:
    """The program in that home; words may be bytes, what is named are variables of its environment."""
    surroundings = {"HOME": str(home), "USER": TELLTALE, "LOGNAME": TELLTALE}

    def call(*words: str | bytes, **variables: str) -> Ended:
        given = tuple(word if isinstance(word, str) else as_argument(word) for word in words)
        return forks.call(Program(given, str(home / "here"), environment=surroundings | variables))

    return call


def as_argument(word: bytes) -> str:
    return word.decode("utf-8", "surrogateescape")


@pytest.fixture
def call(forks: Forks, home: Path) -> Call:
    return calling(forks, home)


@pytest.fixture(scope="module")
def c_forks() -> Iterator[Forks]:
    """Children in a locale without UTF-8: Python looks at it when it starts."""
    with Forks(changes=C_LOCALE) as forks:
        yield forks


@pytest.fixture(params=["forks", "c_forks"], ids=["UTF-8", "C"])
def call_in_locale(request: pytest.FixtureRequest, home: Path) -> Call:
    return calling(request.getfixturevalue(request.param), home)


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
def test_a_run_says_nothing_of_who_and_where(call: Call, home: Path, train: list[str]) -> None:
    done = call(*train, *QUICK)
    assert done.code == 0, done.err
    assert call("report", "run", "t.csv", "-o", "again.html", "--plots", "plots", "-q").code == 0
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
    subprocess.run([sys.executable, str(script), "secret"], cwd=home / "here", env=unmeasured(), check=True)
    assert json.loads((home / "here" / "run" / "environment.json").read_text())["command_line"] == []


def test_the_command_line_as_given_or_not_at_all(call: Call, home: Path) -> None:
    given = str(home / "here" / "t.csv")
    assert call("train", given, "-o", "run", *QUICK).code == 0
    recorded = json.loads((home / "here" / "run" / "environment.json").read_text())["command_line"]
    assert recorded == ["phoneprice", "train", given, "-o", "run", *QUICK]
    left_out = ["train", given, "-o", "run", "--force", "--report", "--no-command-line"]
    assert call(*left_out, *QUICK).code == 0
    work = home / "here"
    assert json.loads((work / "run" / "environment.json").read_text())["command_line"] == []
    files = {**everything_in(work / "run"), "run.html": (work / "run.html").read_bytes()}
    assert [name for name, data in files.items() if TELLTALE.encode() in data] == []


ODD = b"odd\xff\xe6\x89\x8b"
"""A name that is no UTF-8, but for its last character."""


def test_names_that_are_no_text(call_in_locale: Call, home: Path) -> None:
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
        done = call_in_locale(*command, *(trains if command[0] in {"train", "cv"} else []))
        assert done.code == 0, (command, done.err)
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
def test_settings_that_are_no_text_are_named(
    call: Call, home: Path, setting: bytes, key: str, in_environment: bool
) -> None:
    if in_environment:
        name = f"PHONEPRICE_{key.upper().replace('.', '__')}"
        name = name if "__" in name else f"{name}__TARGET"
        key = "data.target" if key == "data" else key
        done = call("train", "t.csv", "-o", "x", **{name: as_argument(setting.partition(b"=")[2])})
        source = f"environment variable {name}"
    else:
        done = call("train", "t.csv", "-o", "x", "-s", setting)
        source = "-s"
    assert done.code == 2
    assert done.err.startswith(f"phoneprice: error: {key}: found ")
    assert done.err.endswith(f", must be valid Unicode ({source})\n")
    assert not (home / "here" / "x").exists()


def test_settings_are_utf8_in_every_locale(call_in_locale: Call) -> None:
    done = call_in_locale("config", "show", "-s", "data.target=手机", "--json")
    assert json.loads(done.out)["config"]["data"]["target"] == "手机"
