"""An oracle of inodes over every command: it makes what it is asked for, and never over anything that it reads."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from phoneprice.cli.program import app
from tests.faults.calls import CALLS, Call, make_scratch
from tests.faults.counts import SEED, report, share_of
from tests.faults.forking import Forks
from tests.faults.planting import PLANTS, Facts, audit
from tests.faults.program import APPEND, READ, UPDATE

ALL = [call for calls in CALLS.values() for call in calls]
Streams = dict[int, tuple[str, int]]
Naming = Callable[[Path, str, Call], tuple[str, Streams]]
FREE = 30
"""A descriptor that nothing else has."""


@pytest.fixture
def scratch(tmp_path: Path, golden: Path) -> Path:
    return make_scratch(tmp_path / "scratch", golden)


def leaves(command: Any, *path: str) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield " ".join(path), command
    for name, child in getattr(command, "commands", {}).items():
        yield from leaves(child, *path, name)


def test_every_command_and_file_has_its_call() -> None:
    """A new command, or an option that names a file, fails here until it has its line in ``calls.py``."""
    root = get_command(app)
    commands = dict(leaves(root))
    options = {name for parameter in root.params for name in parameter.opts if name.startswith("--")}
    assert {*commands, *options, "--help"} == set(CALLS)
    for name, command in commands.items():
        words = [word for call in CALLS[name] for word in call.words.split()]
        for parameter in command.params:
            if parameter.metavar in {"FILE", "DIR"} and parameter.param_type_name == "option":
                assert {*parameter.opts} & {*words}, (name, parameter.name)


def changed(before: Facts, after: Facts) -> list[str]:
    """The names that are new, gone, or not exactly as they were."""
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))


def made_by(forks: Forks, scratch: Path, call: Call) -> list[str]:
    """Call it where nothing is wrong: it makes what it may; returns the files of the scratch directory that it reads.

    An oracle that looks at inodes: what is read is what was opened, by whatever name.
    """
    before = audit(scratch)
    ended = forks.call(call.program(scratch))
    assert ended.code == 0, ended
    made = changed(before, audit(scratch))
    assert [name for name in made if not any(fnmatchcase(name, pattern) for pattern in call.allowed)] == []
    assert not call.output or call.output in made
    names = {fact[0]: name for name, fact in before.items()}
    return sorted(names[inode] for _, inode in ended.read if inode in names)


def _linked(make: Callable[[Path, Path], None]) -> Naming:
    """The output's name is made a link to the file, or a new name where one is given on the command line."""

    def name(scratch: Path, target: str, call: Call) -> tuple[str, Streams]:
        place = scratch / (f"link{Path(call.output).suffix}" if call.names_output else call.output)
        place.parent.mkdir(exist_ok=True)
        make(place, scratch / target)
        return place.relative_to(scratch).as_posix(), {}

    return name


def _chain(link: Path, target: Path) -> None:
    (link.parent / "between").symlink_to(target)
    link.symlink_to("between")


def _in_linked_folder(scratch: Path, target: str, _call: Call) -> tuple[str, Streams]:
    (scratch / "there").symlink_to((scratch / target).parent)
    return f"there/{Path(target).name}", {}


def _open(descriptor: int, flags: int, name: str) -> Naming:
    return lambda _scratch, target, _call: (name, {descriptor: (target, flags)})


MADE: dict[str, Naming] = {
    "symbolic link": _linked(lambda link, target: link.symlink_to(target)),
    "hard link": _linked(lambda link, target: link.hardlink_to(target)),
    "chain of links": _linked(_chain),
}
"""How the name of an output, given or not, can lead to a file."""
GIVEN: dict[str, Naming] = {
    "path": lambda _scratch, target, _call: (target, {}),
    "absolute path": lambda scratch, target, _call: (str(scratch / target), {}),
    "way round": lambda _scratch, target, _call: (f"run/../{target}", {}),
    "linked folder": _in_linked_folder,
    "/dev/stdin": _open(0, READ, "/dev/stdin"),
    "/dev/fd/0": _open(0, READ, "/dev/fd/0"),
    "/dev/stdout >>": _open(1, APPEND, "/dev/stdout"),
    "/dev/stdout 1<>": _open(1, UPDATE, "/dev/stdout"),
    "/dev/fd/30 30>>": _open(FREE, APPEND, f"/dev/fd/{FREE}"),
    "/proc/self/fd/30 30<>": _open(FREE, UPDATE, f"/proc/self/fd/{FREE}"),
}
"""How a file can be named as the output on the command line."""
REDIRECTED: dict[str, Naming] = {
    ">>": _open(1, APPEND, ""),
    "1<>": _open(1, UPDATE, ""),
    "2>>": _open(2, APPEND, ""),
    "2<>": _open(2, UPDATE, ""),
}
"""How standard output or error can lead to a file, whatever else the command writes."""


def ways(call: Call) -> dict[str, Naming]:
    """That can be tried; what sets up a shell adds to files of the user's."""
    if call.words.startswith("--"):
        return {}
    made = MADE if call.output else {}
    return made | (GIVEN if call.names_output else {}) | REDIRECTED


Attempt = tuple[Call, str, str]
"""A call whose output is this file, by this way of naming it."""


def attempts(forks: Forks, folder: Path, golden: Path, call: Call) -> list[Attempt]:
    """Every way in which a call could write to something that it reads."""
    read = made_by(forks, make_scratch(folder, golden), call)
    possible = [way for way in ways(call) if "-" not in call.words.split() or "stdin" not in way]
    return [(call, target, way) for target in read for way in possible]


def refused(forks: Forks, scratch: Path, attempt: Attempt) -> None:
    """Try it, and look at everything."""
    call, target, way = attempt
    start = {*audit(scratch)}
    output, streams = ways(call)[way](scratch, target, call)
    before = audit(scratch)
    ended = forks.call(call.program(scratch, output, streams))
    assert changed(before, audit(scratch)) == [], (attempt, ended)
    # With --json stdout has a document, and the line is on the terminal, if there is one.
    lines = 0 if way.startswith("2") and "--json" in call.words else 1
    shown = ended.out if way.startswith("2") and lines else ended.err
    assert shown.count("\n") == lines, (attempt, ended)
    # A name that we make up may already be somebody's file, whatever that is: a refusal of its own.
    somebodys = not call.names_output and ended.code == 5 and "which this program has not made" in ended.err
    assert ended.code == 2 or somebodys, (attempt, ended)
    for name in sorted({*audit(scratch)} - start, reverse=True):
        path = scratch / name
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


@pytest.mark.parametrize("name", CALLS)
def test_a_command_makes_what_it_is_asked_for(
    forks: Forks, scratch: Path, tmp_path: Path, golden: Path, name: str
) -> None:
    """And one of the ways in which it must not be asked."""
    found = attempts(forks, tmp_path / "plain", golden, CALLS[name][-1])
    for attempt in random.Random(SEED).sample(found, min(len(found), 1)):
        refused(forks, scratch, attempt)


@pytest.mark.long
def test_outputs_that_are_inputs(forks: Forks, scratch: Path, tmp_path: Path, golden: Path) -> None:
    every = [
        attempt for number, call in enumerate(ALL) for attempt in attempts(forks, tmp_path / str(number), golden, call)
    ]
    chosen = random.Random(SEED).sample(every, share_of(len(every)))
    for attempt in chosen:
        refused(forks, scratch, attempt)
    report(f"{len(ALL)} calls of all {len(CALLS)} commands made what they were asked for and touched nothing else; "
           f"{len(chosen):,} times an output was a file that is read: refused, nothing touched")  # fmt: skip


NAMED = {
    "config init": Call("config init -o {} --force", "out.toml"),
    "cv": next(call for call in CALLS["cv"] if call.names_output),
    "data sample": Call("data sample -o {} --rows 9 --force", "out.csv"),
    "predict": CALLS["predict"][0],
    "report": Call("report run -o {} -q", "out.html"),
}
"""The commands that write a file of a name that is given, as they are called where that is a link."""
MADE_UP = {
    "data fetch": CALLS["data fetch"][-1],
    "report": CALLS["report"][2],
    "report --plots": Call("report run d.csv --plots plots", "plots/confusion.svg", ("run.html", "plots", "plots/*")),
    "train --report": CALLS["train"][2],
}
"""The same for names that we make up."""
LINKS = NAMED | {f"{name}, made up": call for name, call in MADE_UP.items()}


def put_link(scratch: Path, call: Call, target: str) -> Path:
    link = scratch / call.output
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(scratch / target)
    return link


def test_every_command_that_writes_a_file_is_called_with_links() -> None:
    """Not those that write a directory alone, as ``RUN`` is: see ``test_replacement.py``."""
    assert {name.split()[0] for name in NAMED | MADE_UP} == {
        name.split()[0]
        for name, calls in CALLS.items()
        if any(Path(call.output).suffix for call in calls) and name[0] != "-"
    }


@pytest.mark.parametrize("there", [True, False], ids=["a file", "nothing yet"])
@pytest.mark.parametrize("name", NAMED)
def test_a_link_stays_and_what_it_leads_to_is_replaced(forks: Forks, scratch: Path, name: str, there: bool) -> None:
    call = NAMED[name]
    (scratch / "else").mkdir()
    target = scratch / "else" / "where"
    if there:
        target.write_bytes(b"")
        target.chmod(0o640)
    link = put_link(scratch, call, "else/where")
    before = audit(scratch)
    ended = forks.call(call.program(scratch))
    assert ended.code == 0, ended
    allowed = (*call.allowed, "else/where")
    made = changed(before, audit(scratch))
    assert [name for name in made if not any(fnmatchcase(name, pattern) for pattern in allowed)] == []
    assert call.output not in made
    assert link.is_symlink()
    assert target.stat().st_size
    if there:
        assert target.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("plant", ["link to a file", "link to nothing", "named pipe", "directory", "file"])
@pytest.mark.parametrize("name", MADE_UP)
def test_a_name_that_is_made_up_is_trusted_with_nothing(forks: Forks, scratch: Path, name: str, plant: str) -> None:
    """Whatever has it and is not ours is seen before anything is written: no page without its charts, no training."""
    call = MADE_UP[name]
    place = scratch / call.output
    place.parent.mkdir(exist_ok=True)
    (place.parent / "victim").mkdir()
    (place.parent / "victim" / "thesis.txt").write_text("three years")
    PLANTS[plant](place)
    before = audit(scratch)
    ended = forks.call(call.program(scratch))
    assert changed(before, audit(scratch)) == []
    if (name, plant) == ("data fetch", "file"):
        message = "exists already; choose another -o, or replace it with --force"
        assert (ended.code, ended.err) == (2, f"phoneprice: error: {call.output}: {message}\n")
        return
    found = f"is a {'symbolic link' if 'link' in plant else plant}, which this program has not made"
    advice = f"so it was not touched; rename or delete it, or choose another {'--plots' if 'plots' in name else '-o'}"
    assert (ended.code, ended.err) == (5, f"phoneprice: error: {call.output}: {found}, {advice}\n")


@pytest.mark.parametrize("name", MADE_UP)
def test_what_is_ours_is_replaced(forks: Forks, scratch: Path, name: str) -> None:
    call = MADE_UP[name]
    words = {"data fetch": " --force", "train --report": " --force"}.get(name, "")
    call = Call(call.words + words, call.output, call.allowed)
    assert forks.call(call.program(scratch)).code == 0
    before = (scratch / call.output).stat().st_ino
    assert forks.call(call.program(scratch)).code == 0
    assert (scratch / call.output).stat().st_ino != before


@pytest.mark.parametrize("name", LINKS)
def test_a_link_into_a_run_is_refused(forks: Forks, scratch: Path, name: str) -> None:
    put_link(scratch, LINKS[name], ["run/new", "run/metrics.json", "runs/one/new"][len(name) % 3])
    before = audit(scratch)
    ended = forks.call(LINKS[name].program(scratch))
    assert changed(before, audit(scratch)) == []
    assert ended.code == 2
    assert "is inside a run, to which nothing may be added; name another place with -" in ended.err


@pytest.mark.parametrize(
    ("target", "force"),
    [("d.csv", " --force"), ("run", " --force"), ("home", ""), ("nothing", ""), ("run", " --force --resume")],
)
def test_a_run_is_never_a_link(forks: Forks, scratch: Path, target: str, force: str) -> None:
    """A directory is replaced by a rename, which would be of the link: neither that nor what it leads to is touched."""
    call = Call(CALLS["train"][0].words + force, "new")
    put_link(scratch, call, target)
    before = audit(scratch)
    ended = forks.call(call.program(scratch))
    assert changed(before, audit(scratch)) == []
    assert ended.code == (4 if "resume" in force else 2), ended


def test_another_hard_link_keeps_the_old_version(forks: Forks, scratch: Path) -> None:
    (scratch / "out.csv").write_bytes(b"old")
    (scratch / "other").hardlink_to(scratch / "out.csv")
    assert forks.call(CALLS["predict"][0].program(scratch)).code == 0
    assert (scratch / "other").read_bytes() == b"old"
    assert (scratch / "out.csv").read_bytes() != b"old"
