"""No output is ever an input, by whatever name: an oracle of inodes over the commands that write."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from phoneprice.workflows.predict import predict
from tests.faults.forking import Forks
from tests.faults.program import Ended, Program

Call = Callable[[str], Ended]

COMMANDS = {
    "predict": "predict run {data} -q -o {output}",
    "predict to stdout": "predict run {data} -q >> {output}",
    "predict to /dev/stdout": "predict run {data} -q -o /dev/stdout 1<> {output}",
    "predict to /dev/fd": "predict run {data} -q -o /dev/fd/5 5<> {output}",
    "cv": "cv {data} --folds 2 --repeats 1 -q -s training.epochs=1 --predictions {output}",
    "config init": "config init --from-data {data} --target price_range --force -o {output}",
    "config init to stdout": "config init --from-data {data} --target price_range >> {output}",
}
"""Each reads d.csv, by name or as standard input, and writes to an output."""


@pytest.fixture
def place(tmp_path: Path, golden_run: Path, golden_data: Path) -> Path:
    shutil.copytree(golden_run, tmp_path / "run")
    shutil.copyfile(golden_data, tmp_path / "d.csv")
    (tmp_path / "link.csv").symlink_to("d.csv")
    (tmp_path / "hard.csv").hardlink_to(tmp_path / "d.csv")
    return tmp_path


@pytest.fixture
def call(forks: Forks, place: Path) -> Call:
    return lambda line: forks.call(Program.of(line, place))


def state(place: Path) -> dict[str, tuple[int, bytes]]:
    """Inode and bytes of all files."""
    files = (path for path in place.rglob("*") if path.is_file())
    return {str(path): (path.lstat().st_ino, path.read_bytes()) for path in files}


@pytest.mark.parametrize("output", ["d.csv", "link.csv", "hard.csv"])
@pytest.mark.parametrize("data", ["d.csv", "- < d.csv"])
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_the_table_is_never_the_output(call: Call, place: Path, command: str, data: str, output: str) -> None:
    before = state(place)
    result = call(command.format(data=data, output=output))
    assert (result.code, result.err.count("\n")) == (2, 1), result.err
    assert re.search("is the input itself; (name another file with -|redirect it to another file)", result.err)
    assert state(place) == before


@pytest.mark.parametrize(
    "command",
    [
        "cv d.csv -c mine.toml --folds 2 --repeats 1 -q --predictions mine.toml",
        "report run d.csv -o d.csv",
        "predict run d.csv -o run/metrics.json",
        "predict other/run d.csv -o run/p.csv",
        "cv d.csv --predictions run/p.parquet",
        "config init -o run/x.toml",
        "data sample -o run/sub/x.csv",
        "report run --plots run/plots -o r.html",
        "train run/oof.parquet --target truth -o run --force",
        "train d.csv -c run/config.toml -o run --force",
        "train - --target truth -o run --force < run/oof.parquet",
    ],
)
def test_other_inputs_and_runs_are_never_the_output(call: Call, place: Path, command: str) -> None:
    (place / "mine.toml").write_text("# mine\n[training]\nepochs = 1\n")
    shutil.copytree(place / "run", place / "other" / "run")
    before = state(place)
    result = call(command)
    assert result.code == 2, result.err
    assert state(place) == before


@pytest.mark.parametrize(
    "command",
    [
        "train .mine.partial/d.csv -o mine --force",
        "train linked.csv -o mine",
        "train - -o mine < .mine.partial/d.csv",
        "train d.csv -c .mine.partial/run-x/config.toml -o mine --force",
        "train d.csv -o mine --resume -c .mine.partial/run-x/config.toml",
        f"predict run .out.csv.{'0' * 32}.partial/output -o out.csv",
        f"predict run - -o out.csv < .out.csv.{'0' * 32}.partial/output",
    ],
)
def test_what_killed_processes_have_left_is_no_input_of_what_deletes_it(call: Call, place: Path, command: str) -> None:
    for made in (".mine.partial/d.csv", f".out.csv.{'0' * 32}.partial/output", ".mine.partial/run-x/config.toml"):
        (place / made).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(place / ("d.csv" if "run-x" not in made else "run/config.toml"), place / made)
    (place / "linked.csv").symlink_to(".mine.partial/d.csv")
    before = state(place)
    result = call(command)
    written = "out.csv" if "out.csv" in command else "mine"
    what = "the input" if written == "out.csv" else "the table to learn from"
    what = "the configuration to learn with" if "-c" in command else what
    fault = f"{written}: {what} is in its work directory, and would go with it; copy it to another place first"
    assert (result.code, result.err) == (2, f"phoneprice: error: {fault}\n")
    assert state(place) == before


def test_a_chart_is_not_written_over_the_table(call: Call, place: Path) -> None:
    assert call("report run -o r.html --plots plots -q").code == 0
    chart = next((place / "plots").iterdir())
    chart.unlink()
    chart.symlink_to(place / "d.csv")
    before = state(place)
    result = call("report run d.csv -o r.html --plots plots -q")
    assert result.code == 2
    assert state(place) == before


@pytest.mark.parametrize("output", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "out.csv"])
def test_an_open_output_is_written_to_where_it_stands(call: Call, place: Path, output: str) -> None:
    (place / "out.csv").symlink_to("/dev/stdout")
    assert call("predict run d.csv -q -o whole.csv").code == 0
    whole = (place / "whole.csv").read_text()
    assert call(f"predict run d.csv -q -o {output} > x.csv").code == 0
    assert (place / "x.csv").read_text() == whole
    (place / "all.csv").write_text("begin\n")
    inode = (place / "all.csv").stat().st_ino
    assert call(f"predict run d.csv -q -o {output} >> all.csv").code == 0
    assert (place / "all.csv").read_text() == f"begin\n{whole}"
    assert (place / "all.csv").stat().st_ino == inode


@pytest.mark.parametrize(
    "command",
    [
        "predict run d.csv -q -o {}",
        "predict run d.csv -q --json -o {} > document.json",
        "report run -q -o {} > /dev/null",
        "config init -q -o {}",
        "data sample -q -o {}",
        "cv d.csv --folds 2 --repeats 1 -q -s training.epochs=1 --predictions {}",
    ],
)
def test_a_file_called_like_a_stream_is_an_output(call: Call, place: Path, command: str) -> None:
    done = call(command.format("./-"))
    assert (done.code, done.out) == (0, ""), done.err
    assert call(command.format("other")).code == 0
    assert (place / "-").read_bytes() == (place / "other").read_bytes()


@pytest.mark.parametrize(
    "command",
    [
        "predict run {} -q",
        "evaluate run {} --json",
        "train {} --dry-run --json",
        "data describe {} --json",
        "data check {} --json",
        "data check d.csv --reference {} --json",
        "config init --from-data {} --target price_range --json",
        "cv {} --folds 2 --repeats 1 --json -s training.epochs=1",
        "report run {} -o r.html",
    ],
)
def test_a_file_called_like_a_stream_is_a_table(call: Call, place: Path, command: str) -> None:
    shutil.copyfile(place / "d.csv", place / "-")
    found, expected = (call(f"{command.format(name)} < /dev/null") for name in ("./-", str(place / "d.csv")))
    assert found.code == expected.code == 0, found.err
    called = found.out.replace(str(place / "-"), str(place / "d.csv")).replace("./-", str(place / "d.csv"))
    # Lines are broken where a name leaves room for words.
    assert re.sub(r"(\\n# |\s)+", " ", called) == re.sub(r"(\\n# |\s)+", " ", expected.out)


@pytest.mark.parametrize("command", ["config show -c {}", "config check {}", "train d.csv --dry-run -c {}"])
def test_a_configuration_that_is_called_like_something_else(call: Call, place: Path, command: str) -> None:
    """A file called ``-``; and ``./textbook`` is no ready-made configuration."""
    (place / "-").write_text("[training]\nepochs = 3\n")
    assert call(command.format("./-")).code == 0
    missing = call(command.format("./textbook"))
    assert missing.code == 2
    assert "./textbook: no such configuration file" in missing.err


def test_a_text_names_a_file_that_is_called_like_a_stream(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    predict("run", "d.csv", "./-")
    predict("run", "d.csv", "whole.csv")
    assert Path("./-").read_bytes() == Path("whole.csv").read_bytes()
    shutil.copyfile("d.csv", "./-")
    predict("run", "./-", "again.csv")
    assert Path("again.csv").read_bytes() == Path("whole.csv").read_bytes()
