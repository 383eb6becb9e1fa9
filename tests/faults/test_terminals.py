"""Words of files, runs and command lines are shown and never obeyed: by every command, piped and on a terminal."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.dom import minidom

import pytest
from typer.main import get_command

from phoneprice.cli.program import app, run
from tests.cli.calling import Result
from tests.faults.hostile_words import (
    PATH,
    UNDECODABLE,
    WORD,
    forge,
    obeyed,
    on_a_terminal,
    settings,
    write_table,
)

DATA, RUN, FORGED, OTHER = f"data{PATH}.parquet", f"runs/run{UNDECODABLE}", f"runs/forged{PATH}", "runs/other"
TARGET = ["--target", f"target{WORD}"]
SETTINGS = settings()

LINES: dict[str, list[list[str]]] = {
    "train": [
        [DATA, "-o", f"new{UNDECODABLE}", "--force", "--report", *SETTINGS],
        [DATA, "--dry-run", *SETTINGS],
        [DATA, "-o", f"new{PATH}", *settings(f"nix{WORD}")],
        [DATA, "-c", f"nix{PATH}"],
        [DATA, "-s", f"nix{WORD}={WORD}", f"task.kind={WORD}"],
    ],
    "evaluate": [[RUN, DATA], [FORGED, DATA, "--require", "accuracy>=2"], [RUN, DATA, "--require", f"a{PATH}>=2"]],
    "predict": [
        [RUN, DATA, "-o", f"out{UNDECODABLE}.csv", "--keep-all"],
        [RUN, DATA, "-o", "out.csv", "--keep", f"nix{WORD}"],
        [RUN, f"extra{PATH}.parquet", "-o", f"out{PATH}.parquet"],
    ],
    "cv": [[DATA, "--folds", "2", "--repeats", "1", "--predictions", f"cv{PATH}.parquet", *SETTINGS]],
    "compare": [
        [DATA, "-x", "model.skip=true|false", "-o", f"compared{UNDECODABLE}", "--force", *SETTINGS],
        [DATA, "-x", f"nix{WORD}={WORD}"],
    ],
    "tune": [
        [DATA, "-x", "model.skip=true|false", "--folds", "2", "-o", f"tuned{UNDECODABLE}", "--force", *SETTINGS],
        [DATA, "-x", f"nix{WORD}={WORD}", "--metric", f"nix{WORD}"],
    ],
    "report": [[RUN, DATA, "-o", f"report{UNDECODABLE}.html", "--plots", f"plots{PATH}"], [FORGED, "--terminal"]],
    "config init": [["--from-data", DATA, *TARGET, "-o", f"made{UNDECODABLE}.toml", "--force"]],
    "config show": [SETTINGS],
    "config check": [SETTINGS, [f"bad{PATH}.toml"], [f"nix{UNDECODABLE}.toml"]],
    "config explain": [["relu"], [f"relu{WORD}"], [UNDECODABLE]],
    "config schema": [[]],
    "data check": [[DATA, *TARGET], [DATA, "--reference", RUN], [DATA, "--target", f"nix{WORD}"]],
    "data describe": [[DATA, *TARGET], [f"{UNDECODABLE}.csv"], [f"ragged{PATH}.csv"]],
    "data sample": [["-o", f"sample{UNDECODABLE}.csv", "--rows", "3", "--force"]],
    "data fetch": [["-o", UNDECODABLE]],
    "runs list": [["runs"], ["runs", "--best"], [UNDECODABLE]],
    "runs show": [[RUN], [FORGED], [UNDECODABLE]],
    "runs diff": [[RUN, OTHER], [FORGED, RUN]],
    "runs verify": [[RUN], [FORGED, "--expect-sha256", WORD], [f"runs/damaged{PATH}"]],
}
"""Command lines of every command, some of them faulty."""


def commands(group: Any, *words: str) -> Iterator[str]:
    """Every command of the program."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *words, name)
        else:
            yield " ".join((*words, name))


ALL = [*commands(get_command(app))]
CASES = [pytest.param(name.split() + line, id=f"{name} {i}") for name in ALL for i, line in enumerate(LINES[name])]
FAULTY = [f"--nix{UNDECODABLE}", *(f"{i}{PATH}" for i in range(9))]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables and runs, made once."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_table(Path(DATA))
        write_table(Path(f"extra{PATH}.parquet"))
        assert run(["train", DATA, "-o", RUN, "-q", *SETTINGS]) == 0
        assert run(["train", DATA, "-o", OTHER, "-q", *SETTINGS, "-s", "training.seed=1"]) == 0
        forge(Path(RUN), Path(FORGED))
        shutil.copytree(RUN, f"runs/damaged{PATH}")
        (Path("runs") / f"damaged{PATH}" / f"stranger{UNDECODABLE}").touch()
        Path(f"bad{PATH}.toml").write_text('[data]\ntarget = 3\n"nix\\u001b\\u202e" = 1\n')
        Path(f"ragged{PATH}.csv").write_bytes(f'"a{PATH}",b\n1,2\n1,"{PATH}",3\n'.encode())
    return folder


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a copy of them."""
    place = tmp_path / "here"
    shutil.copytree(made, place)
    monkeypatch.chdir(place)
    fetched = (Path(UNDECODABLE) / "train.csv",)
    monkeypatch.setattr("phoneprice.workflows.inspect_tables.fetch", lambda _folder, _put: fetched)
    return place


@pytest.fixture
def capture(capsys: pytest.CaptureFixture[str]) -> Any:
    def capture(words: list[str]) -> Result:
        code = run(words)
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return capture


def test_every_command_has_its_lines() -> None:
    assert list(LINES) == ALL


@pytest.mark.parametrize("words", CASES)
def test_in_a_pipe(here: Path, capture: Any, words: list[str]) -> None:
    shown = capture(words)
    assert shown.code != 1
    assert obeyed(shown.out + shown.err) == []


@pytest.mark.parametrize("words", [case for case in CASES if case.id != "report 1"])
def test_as_json(here: Path, capture: Any, words: list[str]) -> None:
    shown = capture([*words, "--json", "--debug"])
    shown.out.encode()
    assert shown.code != 1
    assert shown.document
    assert obeyed(shown.out + shown.err) == []


@pytest.mark.parametrize("words", [*CASES, pytest.param(["predict", RUN, DATA, "--keep-all"], id="predict to stdout")])
def test_on_a_terminal(here: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    monkeypatch.setattr("phoneprice.cli.rendering.progress.PATIENCE_SECONDS", 0)
    monkeypatch.setattr("phoneprice.cli.rendering.progress.REFRESH_SECONDS", 0)
    code, shown = on_a_terminal(lambda: run(words), monkeypatch)
    assert code != 1
    assert shown
    assert obeyed(shown) == []


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("words", [FAULTY[:1], FAULTY[1:]], ids=["options", "arguments"])
def test_a_faulty_command_line(here: Path, capture: Any, name: str, words: list[str]) -> None:
    shown = capture([*name.split(), *words])
    # Words after report are runs, however many, and these are none.
    assert shown.code == (4 if (name, words) == ("report", FAULTY[1:]) else 2)
    assert shown.err
    assert obeyed(shown.out + shown.err) == []


@pytest.mark.parametrize("variable", [f"PHONEPRICE_DATA__{PATH}", "PHONEPRICE_TASK__KIND", f"PHONEPRICE_data_{PATH}"])
def test_the_environment(here: Path, monkeypatch: pytest.MonkeyPatch, capture: Any, variable: str) -> None:
    monkeypatch.setenv(variable, UNDECODABLE)
    shown = capture(["config", "show"])
    assert shown.code == 2
    assert obeyed(shown.out + shown.err) == []


def test_what_json_escapes_comes_out_as_it_was(here: Path, capture: Any) -> None:
    document = capture(["runs", "show", RUN, "--json"]).document
    assert document["run"] == RUN
    assert document["config"]["data"]["target"] == f"target{WORD}"


def test_a_configuration_on_stdout_reads_back(here: Path, capture: Any) -> None:
    Path("again.toml").write_text(capture(["config", "show", *SETTINGS]).out, encoding="utf-8")
    assert capture(["config", "show", "-c", "again.toml", "--json"]).document["config"]["data"]["id_columns"] == [
        f"id{WORD}"
    ]


def test_pictures_and_pages(here: Path) -> None:
    assert run(["report", RUN, DATA, "-o", "a.html", "--plots", "plots", "-q"]) == 0
    assert run(["report", FORGED, "-o", "b.html", "-q"]) == 0
    pictures = [*Path("plots").glob("*.svg")]
    assert {file.suffix for file in Path("plots").iterdir()} == {".svg", ".png"}
    for file in (Path("a.html"), Path("b.html"), *pictures):
        assert obeyed(file.read_bytes().decode()) == []
    for picture in pictures:
        minidom.parse(str(picture))
    for name in ("a.html", "b.html", "plots/confusion.svg", "plots/importance.svg", "plots/dependence-1.svg"):
        assert "\\x1b]0;x\\x07\\u202e" in Path(name).read_text(encoding="utf-8")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_the_shell_is_offered_no_such_name(
    here: Path, monkeypatch: pytest.MonkeyPatch, capture: Any, shell: str
) -> None:
    line = ["phoneprice", "runs", "show", "runs/"]
    for name, value in {
        "_PHONEPRICE_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": " ".join(line),
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "_TYPER_COMPLETE_WORD_TO_COMPLETE": line[-1],
        "COMP_WORDS": "\n".join(line),
        "COMP_CWORD": "3",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setitem(sys.modules, "rich", sys.modules.get("rich"))
    shown = capture([])
    assert "runs/other" in shown.out
    assert not re.search("forged|damaged", shown.out)
    assert obeyed(shown.out + shown.err) == []
