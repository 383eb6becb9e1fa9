"""Limits of the shell (``ulimit``), closed streams, full disks: the right exit code and cause; nothing is left over."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from phoneprice.shortage import NO_THREADS, OUT_OF_MEMORY, TOO_MANY_FILES
from tests.faults import counts
from tests.faults.counts import SEED, share_of
from tests.faults.forking import Forks
from tests.faults.program import Program, unmeasured

TOO_LARGE = "file too large; raise the limit on the size of files (ulimit -f), or write less"
CLOSED = "it is closed; redirect it to a file or a program, or name a file"
QUICK = "-s training.epochs=1 model.hidden=[2] validation.folds=2"
COMMANDS = {
    "predict": "predict RUN in.parquet -o out.csv -q --keep-all",
    "train": f"train in.csv -o run -q {QUICK}",
    "evaluate": "evaluate RUN in.csv -q",
    "cv": f"cv in.csv -q --folds 2 --repeats 1 {QUICK}",
    "describe": "data describe in.csv",
    "report": "report RUN in.csv -o report.html -q",
}


@pytest.fixture
def folder(tmp_path: Path, golden_run: Path, golden_data: Path) -> Path:
    header, *rows = golden_data.read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "in.csv").write_text(header + "".join(rows * 5), encoding="utf-8")
    pq.write_table(pyarrow.csv.read_csv(tmp_path / "in.csv"), tmp_path / "in.parquet")
    (tmp_path / "RUN").symlink_to(golden_run)
    return tmp_path


def under(folder: Path, shell: str, **environment: str) -> tuple[int, str, str]:
    """Exit code, stdout and the last line of stderr of a shell's line, in which ``PROGRAM`` is the program.

    No coverage is measured: its own files would meet the limits first.
    """
    done = subprocess.run(
        ["bash", "-c", shell.replace("PROGRAM", f"{sys.executable} -m phoneprice")],
        cwd=folder,
        capture_output=True,
        text=True,
        env=unmeasured(**environment),
        check=False,
    )
    return done.returncode, done.stdout, (done.stderr.splitlines() or [""])[-1]


def entries(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


@pytest.mark.parametrize("name", ["predict", "evaluate", "report"])
@pytest.mark.parametrize("files", [6, 10])
def test_few_open_files(folder: Path, name: str, files: int) -> None:
    before = entries(folder)
    code, _, message = under(folder, f"ulimit -n {files}; PROGRAM {COMMANDS[name]}")
    assert (code, message) == (5, f"phoneprice: error: {TOO_MANY_FILES}")
    assert entries(folder) == before


@pytest.mark.parametrize(("name", "output"), [("predict", "out.csv"), ("train", "run"), ("report", "report.html")])
def test_a_limit_on_the_size_of_files(folder: Path, name: str, output: str) -> None:
    before = entries(folder)
    code, _, message = under(folder, f"ulimit -f 1; PROGRAM {COMMANDS[name]}")
    assert (code, message) == (5, f"phoneprice: error: {output}: can't be written: {TOO_LARGE}")
    assert entries(folder) == before


def test_a_limit_on_the_size_of_temporary_files(folder: Path) -> None:
    (folder / "tmp").mkdir()
    shell = "ulimit -f 1; cat in.parquet | PROGRAM predict RUN - -q"
    code, out, message = under(folder, shell, TMPDIR=str(folder / "tmp"))
    assert (code, out, message) == (5, "", f"phoneprice: error: {folder / 'tmp'}: can't be written: {TOO_LARGE}")


def test_a_limit_on_what_stdout_leads_to(folder: Path) -> None:
    code, _, message = under(folder, "ulimit -f 1; PROGRAM data sample > out.csv")
    assert (code, message) == (5, f"phoneprice: error: standard output: can't be written: {TOO_LARGE}")


@pytest.mark.parametrize("name", ["predict", "evaluate", "train", "describe"])
@pytest.mark.parametrize("kibibytes", [60_000, 150_000, 300_000, 350_000])
def test_little_address_space(folder: Path, name: str, kibibytes: int) -> None:
    before = entries(folder)
    code, _, message = under(folder, f"ulimit -v {kibibytes}; PROGRAM {COMMANDS[name]}")
    full = "training: memory is full; try a smaller training.batch_rows, a smaller training.stack_members "
    assert code in {0, 6}, message
    if code:
        causes = {f"phoneprice: error: {OUT_OF_MEMORY}", f"phoneprice: error: {NO_THREADS}"}
        assert message in causes or message.startswith(f"phoneprice: error: {full}")
        assert entries(folder) == before


LEARNING = {
    "cv --baselines": f"{COMMANDS['cv']} --baselines",
    "train --target": "train in.csv --target price_range -o run -q -s training.epochs=1",
    "init": "config init --from-data in.csv --target price_range -o init.toml",
}
LIMITED = {**COMMANDS, **LEARNING, "check": "data check in.csv", "train --report": f"{COMMANDS['train']} --report"}


def outcome(folder: Path, name: str, kibibytes: int) -> tuple[int, str]:
    """Exit code and message of a command that may use so many addresses, with as many threads as there are cores.

    What is neither success nor a lack of memory or threads, and what doesn't end, is a fault of the test.
    """
    before = entries(folder)
    words = f"ulimit -v {kibibytes}; exec timeout -s KILL 120 PROGRAM {LIMITED[name]}"
    code, out, message = under(folder, words, OMP_NUM_THREADS="")
    assert code in {0, 6}, (name, kibibytes, message)
    made = entries(folder) - before
    if code:
        causes = (OUT_OF_MEMORY, NO_THREADS, "training: memory is full; ")
        assert message.startswith(tuple(f"phoneprice: error: {cause}" for cause in causes)), (name, kibibytes)
        if (out, made) == ("run\n", {"run"}):  # the training is told and whole, the report is what failed
            assert "--report" in LIMITED[name]
            assert under(folder, "PROGRAM runs verify run -q")[0] == 0
        elif made == {".run.partial"}:  # nothing is lost: it goes on where there is memory
            assert under(folder, f"PROGRAM {LIMITED[name]} --resume")[0] == 0
        else:
            assert not made
    remove(folder, entries(folder) - before)
    return code, message


def remove(folder: Path, names: set[str]) -> None:
    for name in names:
        subprocess.run(["rm", "-r", folder / name], check=True)


@pytest.mark.parametrize(
    ("name", "kibibytes"),
    [("report", 400_000), ("report", 1_450_000), ("evaluate", 110_000), ("train", 994_472), ("init", 941_144)],
)
def test_some_limits_on_addresses(folder: Path, name: str, kibibytes: int) -> None:
    """OpenBLAS ended the process with 1, PyTorch with -6; Python waited for a thread that found no memory."""
    outcome(folder, name, kibibytes)


@pytest.mark.long
@pytest.mark.parametrize("name", LIMITED)
def test_many_limits_on_addresses(folder: Path, name: str) -> None:
    random = Random(f"{SEED} {name}")
    codes = [outcome(folder, name, random.randrange(60_000, 3_000_000))[0] for _ in range(share_of(40))]
    counts.report(f"{name}: {len(codes)} limits on addresses, {codes.count(6)} times too little")


@pytest.mark.parametrize("threads", ["0", "100000", "99999999999999999999"])
def test_absurd_threads_of_the_environment(folder: Path, threads: str) -> None:
    code, _, message = under(folder, f"PROGRAM {COMMANDS['train']}", OMP_NUM_THREADS=threads)
    what = f"OMP_NUM_THREADS: found '{threads}', must be a whole number from 1 to 1024"
    assert (code, message) == (2, f"phoneprice: error: {what}")
    assert not (folder / "run").exists()


@pytest.mark.parametrize(
    "words",
    ["predict RUN in.csv", "data describe in.csv", "runs list .", "config show", "--help", "--version", "data sample"],
)
def test_a_closed_stdout_where_it_is_asked_for(folder: Path, words: str) -> None:
    code, _, message = under(folder, f"PROGRAM {words} >&-")
    assert (code, message) == (5, f"phoneprice: error: standard output: can't be written: {CLOSED}")


@pytest.mark.parametrize(
    "words",
    ["predict RUN in.csv -o out.csv", "evaluate RUN in.csv", *(COMMANDS[name] for name in ("cv", "train", "report"))],
)
def test_closed_streams_that_nobody_needs(folder: Path, words: str) -> None:
    assert under(folder, f"PROGRAM {words} <&- >&- 2>&-")[0] == 0


MUTE = {
    "full": "PROGRAM {} 2>/dev/full",
    "without a reader": "PROGRAM {} 2>&1 >out | head -c 0; exit ${{PIPESTATUS[0]}}",
}


@pytest.mark.parametrize("mute", MUTE)
@pytest.mark.parametrize(
    ("words", "made"),
    [
        (f"train in.csv -o run {QUICK}", {"run", "out"}),
        ("predict RUN in.csv -o out.csv", {"out.csv", "out"}),
        ("report RUN -o out.html", {"out.html", "out"}),
        ("evaluate RUN in.csv", {"out"}),
    ],
)
def test_messages_that_can_not_be_shown_stop_nothing(folder: Path, words: str, made: set[str], mute: str) -> None:
    before = entries(folder)
    assert under(folder, MUTE[mute].format(words))[0] == 0
    assert entries(folder) - before == made - ({"out"} if mute == "full" else set())


def test_an_error_that_can_not_be_shown_keeps_its_code(folder: Path) -> None:
    for mute in MUTE.values():
        assert under(folder, mute.format("predict RUN nothing.csv"))[0] == 3


@pytest.mark.parametrize("words", ["predict RUN - -q", "evaluate RUN - -q", "data describe -", "train - -q"])
def test_a_closed_stdin_where_it_is_asked_for(folder: Path, words: str) -> None:
    code, out, message = under(folder, f"PROGRAM {words} <&-")
    what = "<stdin>: is closed; redirect a file to it, or name a file"
    assert (code, out, message) == (3, "", f"phoneprice: error: {what}")


@pytest.mark.parametrize("columns", ["1", "8", "23"])
@pytest.mark.parametrize("words", ["report RUN --terminal", "runs show RUN", "data describe in.csv"])
def test_a_narrow_terminal(forks: Forks, folder: Path, words: str, columns: str) -> None:
    ended = forks.call(Program(tuple(words.split()), str(folder), environment={"COLUMNS": columns}))
    assert (ended.code, bool(ended.out)) == (0, True)
