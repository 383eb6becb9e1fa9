"""Run directories from somewhere else: damaged, forged, full of links; each is refused with exit code 4."""

from __future__ import annotations

import os
import random
import resource
import sys
import time
from pathlib import Path
from typing import Any, ClassVar

import pytest

from phoneprice.artifact.loader import load_run, verify_run
from phoneprice.cli.program import run as run_program
from phoneprice.errors import ModelError
from tests.faults.counts import SEED, report, share_of
from tests.faults.mutants import FORGERIES, MUTATIONS, Sandbox, flip, forge, read_run, seal
from tests.faults.nonsense import NONSENSE, changed

PREDICTION_FILES = ("config.toml", "schema.json", "features.json", "model.safetensors", "calibration.json", "manifest")


@pytest.fixture
def box(golden_run: Path, tmp_path: Path) -> Sandbox:
    original = read_run(golden_run)
    verify_run(golden_run)  # everything that is imported late is imported now
    return Sandbox(tmp_path / "run", original)


class Guard:
    """Notes every way in which reading a run could become running it. A hook can't be removed, but switched off."""

    FORBIDDEN = frozenset(
        [
            "exec",
            "compile",
            "import",
            "pickle.find_class",
            "ctypes.dlopen",
            "socket.connect",
            "subprocess.Popen",
            "os.system",
            "os.exec",
            "os.fork",
            "os.posix_spawn",
            "os.remove",
            "os.rename",
            "os.mkdir",
            "os.rmdir",
            "os.chmod",
            "shutil.rmtree",
        ]
    )
    seen: ClassVar[list[str]] = []
    on = False

    @classmethod
    def hook(cls, event: str, arguments: tuple[Any, ...]) -> None:
        if cls.on and (event in cls.FORBIDDEN or (event == "open" and _writes(arguments))):
            cls.seen.append(f"{event} {arguments}")


def _writes(arguments: tuple[Any, ...]) -> bool:
    mode, flags = arguments[1], arguments[2]
    return bool(set(mode or "") & set("wax+")) or bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


@pytest.fixture
def guard() -> type[Guard]:
    if not getattr(Guard, "installed", False):
        sys.addaudithook(Guard.hook)
        Guard.installed = True  # type: ignore[attr-defined]
    Guard.seen.clear()
    return Guard


def refused(box: Sandbox, what: str) -> float:
    """Seconds that it took to refuse the run."""
    started = time.perf_counter()
    message = ""
    try:
        verify_run(box.run)
    except ModelError as fault:
        message = str(fault)
    assert message, f"accepted: {what}"
    assert "\n" not in message, what
    assert len(message) < 1000, what
    return time.perf_counter() - started


def flip_bits(box: Sandbox, count: int) -> None:
    chance = random.Random(SEED)
    for _ in range(count):
        what = flip(box, chance)
        refused(box, what)
        box.restore()


def mutate(box: Sandbox, guard: type[Guard], count: int) -> float:
    """Returns the longest time that a refusal took, in seconds."""
    chance = random.Random(SEED)
    longest = 0.0
    for _ in range(count):
        what = chance.choice(MUTATIONS)(box, chance)
        guard.on = True
        longest = max(longest, refused(box, what))
        guard.on = False
        assert guard.seen == [], what
        box.restore()
    assert longest < 5
    return longest


def peak_mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def test_a_few_flipped_bits(box: Sandbox) -> None:
    flip_bits(box, 100)
    assert verify_run(box.run)


def test_a_few_mutants(box: Sandbox, guard: type[Guard]) -> None:
    mutate(box, guard, 150)
    assert verify_run(box.run)


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.__name__)
def test_every_kind_of_forgery(box: Sandbox, forgery: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.faults.mutants.FORGERIES", (forgery,))
    chance = random.Random(SEED)
    for _ in range(10):
        refused(box, forge(box, chance))
        box.restore()


def forged(golden_run: Path, target: Path, name: str, what: str) -> Path:
    """A copy of the golden run whose file says nonsense, with hashes that agree."""
    files = read_run(golden_run)
    files[name] = changed(name, files[name], NONSENSE[name][what])
    seal(files)
    target.mkdir()
    for file, data in files.items():
        (target / file).write_bytes(data)
    return target


@pytest.mark.parametrize(("name", "what"), [(name, what) for name, changes in NONSENSE.items() for what in changes])
def test_nonsense_is_refused(golden_run: Path, tmp_path: Path, name: str, what: str) -> None:
    run = forged(golden_run, tmp_path / "run", name, what)
    with pytest.raises(ModelError) as caught:
        verify_run(run)
    # Where two files contradict each other, the message names the one that was read last.
    assert str(caught.value).startswith(f"{run}/")
    assert str(caught.value).endswith("; the run is damaged, use another copy of it")
    assert load_run(run).task.kind == "ordinal"  # what prediction reads is as it was


READERS = {
    ("metrics.json", "nothing"): {"show", "diff", "report", "terminal", "evaluate"},
    ("metrics.json", "a count more"): {"show", "diff", "report", "terminal", "evaluate"},
    ("splits.json", "no splits"): {"diff", "report", "terminal", "evaluate"},
    ("environment.json", "no environment"): {"show", "diff", "report", "terminal"},
    ("history.jsonl", "no epochs"): {"report", "terminal"},
    ("oof.parquet", "a row twice"): {"diff", "report", "terminal"},
}
"""The commands that read a file of a run."""


@pytest.mark.parametrize(("name", "what"), READERS)
def test_every_command_that_reads_nonsense_exits_4(
    golden_run: Path, golden_data: Path, tmp_path: Path, name: str, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run, out = str(forged(golden_run, tmp_path / "run", name, what)), str(tmp_path / "out")
    commands = {
        "show": ["runs", "show", run],
        "diff": ["runs", "diff", run, str(golden_run)],
        "report": ["report", run, "-o", f"{out}.html"],
        "terminal": ["report", run, "--terminal"],
        "evaluate": ["evaluate", run, str(golden_data)],
        "verify": ["runs", "verify", run],
        "predict": ["predict", run, str(golden_data), "-o", f"{out}.csv"],
    }
    refused = {command for command, line in commands.items() if run_program(line) == 4}
    assert refused == READERS[name, what] | {"verify"}
    assert "bug" not in capsys.readouterr().err


def test_a_list_says_which_run_is_damaged(golden_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "runs").mkdir()
    forged(golden_run, tmp_path / "runs" / "bad", "metrics.json", "nothing")
    assert run_program(["runs", "list", str(tmp_path / "runs")]) == 0
    assert "unusable: metrics.json: not valid: " in capsys.readouterr().out


def test_the_program_exits_4_and_predict_runs_nothing(
    box: Sandbox, guard: type[Guard], golden_data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Through the command line; ``predict`` refuses whatever is wrong with the files that it reads."""
    chance = random.Random(SEED)
    for _ in range(25):
        what = chance.choice(MUTATIONS)(box, chance)
        assert run_program(["runs", "verify", str(box.run)]) == 4, what
        output = tmp_path / "out.csv"
        code = run_program(["predict", str(box.run), str(golden_data), "-o", str(output)])
        if any(name in what for name in PREDICTION_FILES):
            assert code == 4, what
        assert (code == 4) != output.exists(), what
        output.unlink(missing_ok=True)
        box.restore()
    err = capsys.readouterr().err
    assert "Traceback" not in err


def test_memory_stays_small(golden_run: Path, box: Sandbox) -> None:
    """In a child, whose peak is its own: 200 hostile runs don't need 64 MiB more than a good one."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        load_run(golden_run)
        before = peak_mebibytes()
        chance = random.Random(SEED)
        for _ in range(200):
            refused(box, forge(box, chance))
            box.restore()
        os.write(write, str(peak_mebibytes() - before).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        grown = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    assert float(grown) < 64


@pytest.mark.long
def test_single_bit_flips(box: Sandbox, golden_run: Path, tmp_path: Path) -> None:
    flips, copies = share_of(10_000), share_of(100)
    flip_bits(box, flips)
    for i in range(copies):
        copy = Sandbox(tmp_path / f"copy-{i}", box.original)
        assert verify_run(copy.run)
    report(f"{flips} single-bit flips over all files, manifest and its hash included: {flips} noticed; "
           f"{copies} undamaged copies: all accepted")  # fmt: skip


@pytest.mark.long
def test_mutated_runs(box: Sandbox, guard: type[Guard]) -> None:
    count = share_of(100_000)
    before = peak_mebibytes()
    longest = mutate(box, guard, count)
    grown = peak_mebibytes() - before
    assert grown < 64
    report(f"{count} mutated run directories: all refused (exit 4), no code run, the slowest in {longest:.2f} s, "
           f"{grown:.0f} MiB of memory more")  # fmt: skip
