"""The program for a user who may not do everything: unwritable, unreadable and other people's files and directories.

Root may do everything, so as root these calls are made for another user; else for whoever runs the tests.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.calls import CALLS, TINY, Call, make_scratch
from tests.faults.forking import Forks
from tests.faults.planting import audit, marker
from tests.faults.program import NOBODY, Ended

USER = os.geteuid() or NOBODY
OTHER = 1
"""Somebody else."""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
Change = Callable[[Path], None]


@pytest.fixture
def scratch(golden: Path) -> Iterator[Path]:
    """A directory of the user, in one that everybody may search, which those of pytest are not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    scratch = make_scratch(folder / "scratch", golden)
    give(scratch, USER)
    yield scratch
    for path, _, _ in os.walk(folder):
        Path(path).chmod(0o700)
    shutil.rmtree(folder)


def give(path: Path, user: int) -> None:
    """To this user, with all that is in it."""
    if os.geteuid() == 0:
        for each in (path, *path.rglob("*")):
            os.chown(each, user, user, follow_symlinks=False)


class User:
    """Calls the program for the user, and looks at what has become of the directory."""

    def __init__(self, forks: Forks, scratch: Path) -> None:
        self.forks, self.scratch = forks, scratch
        self.ended = Ended(-1, "", "", frozenset())

    def call(self, call: Call | str) -> Ended:
        call = Call(call) if isinstance(call, str) else call
        self.ended = self.forks.call(call.program(self.scratch, user=USER if os.geteuid() == 0 else None))
        return self.ended

    def refused(self, call: Call | str, code: int, message: str) -> None:
        """With one line, and everything is as it was."""
        before = audit(self.scratch)
        ended = self.call(call)
        assert (ended.code, ended.err) == (code, f"phoneprice: error: {message}\n")
        assert audit(self.scratch) == before

    def has_read(self, name: str) -> bool:
        """Whether the last call has opened a file: what is refused before the work has not."""
        status = (self.scratch / name).stat()
        return (status.st_dev, status.st_ino) in self.ended.read


@pytest.fixture
def user(forks: Forks, scratch: Path) -> User:
    return User(forks, scratch)


def no_writing(folder: Path) -> None:
    for path in (*folder.iterdir(), folder):
        path.chmod(path.stat().st_mode & 0o555)


WRITING = {
    "config init": Call("config init -o {}", "out.toml"),
    "cv": CALLS["cv"][0],
    "data sample": Call("data sample -o {} --rows 9", "out.csv"),
    "predict": CALLS["predict"][0],
    "report": Call("report run -o {} -q", "out.html"),
    "train": CALLS["train"][0],
}


def forced(name: str) -> Call:
    """The call that replaces what is there."""
    call = WRITING[name]
    return Call(call.words + " --force" * (name in {"config init", "data sample", "train"}), call.output)


LONG_WORK = {"cv", "train"}
"""What ought to know before it begins."""


@pytest.mark.parametrize("name", WRITING)
def test_a_directory_that_may_not_be_written_to(user: User, scratch: Path, name: str) -> None:
    no_writing(scratch)
    call = WRITING[name]
    user.refused(call, 5, f"{call.output}: can't be written: permission denied; choose a place that you may write to")
    assert not (name in LONG_WORK and user.has_read("d.csv"))


@pytest.mark.parametrize(
    "words",
    [
        "predict run d.csv",
        "evaluate run d.csv",
        "report run -q",
        "runs show run",
        "runs verify run",
        "runs diff run runs/one",
    ],
)
def test_a_read_only_run_serves(user: User, scratch: Path, words: str) -> None:
    no_writing(scratch / "run")
    assert user.call(words).code == 0, user.ended


def of_another(path: Path) -> None:
    give(path, OTHER)


def open_to_all_of_another(path: Path) -> None:
    give(path, OTHER)
    path.chmod(0o777)
    path.parent.chmod(0o1777)
    os.chown(path.parent, 0, 0)


PERMISSION, OPERATION = "permission denied", "operation not permitted"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (no_writing, PERMISSION),
        pytest.param(of_another, PERMISSION, marks=as_root),
        pytest.param(open_to_all_of_another, OPERATION, marks=as_root),
    ],
)
def test_a_run_that_may_not_be_replaced_is_found_before_training(
    user: User, scratch: Path, change: Change, why: str
) -> None:
    change(scratch / "run")
    message = f"run: can't be written: {why}; choose a place that you may write to"
    user.refused(f"train d.csv -o run --force -q {TINY}", 5, message)
    assert not user.has_read("d.csv")
    user.refused("train d.csv -o run --force --dry-run", 5, message)


def hide(name: str) -> Change:
    def change(scratch: Path) -> None:
        (scratch / name).chmod(0)

    return change


def hide_all(scratch: Path) -> None:
    """What is asked for lies in a directory that may not be searched."""
    (scratch / "hidden").mkdir()
    give(scratch / "hidden", USER)
    (scratch / "hidden").chmod(0)


HIDDEN: list[tuple[Change, str, int, str]] = [
    (hide("run"), "predict run d.csv", 4, "run: can't be read: permission denied"),
    (hide("run/metrics.json"), "predict run d.csv", 4, "run/metrics.json: can't be read: permission denied"),
    (hide("run/model.safetensors"), "runs verify run", 4, "run/model.safetensors: can't be read: permission denied"),
    (hide("d.csv"), "evaluate run d.csv", 3, "d.csv: can't be read: Permission denied"),
    (hide("mine.toml"), "cv d.csv -c mine.toml", 2, "mine.toml: cannot be read: Permission denied"),
    (hide_all, "predict hidden/run d.csv", 4, "hidden/run: can't be read: permission denied"),
    (hide_all, "runs list hidden/runs", 4, "hidden/runs: can't be read: permission denied"),
    (hide_all, "evaluate run hidden/d.csv", 3, "hidden/d.csv: can't be read: Permission denied"),
    (hide_all, "train d.csv -c hidden/x.toml", 2, "hidden/x.toml: cannot be read: permission denied"),
    (hide_all, "data check d.csv --reference hidden/d.csv", 3, "hidden/d.csv: can't be read: Permission denied"),
    *(
        (
            hide_all,
            words,
            5,
            f"hidden/{name}: can't be written: permission denied; choose a place that you may write to",
        )
        for words, name in [
            ("predict run d.csv -o hidden/out.csv", "out.csv"),
            (f"cv d.csv --predictions hidden/out.parquet {TINY}", "out.parquet"),
            ("report run -q -o hidden/out.html", "out.html"),
            ("report run -q -o out.html --plots hidden/plots", "plots"),
            ("config init -o hidden/out.toml", "out.toml"),
            ("data sample -o hidden/out.csv", "out.csv"),
            (f"train d.csv -o hidden/run {TINY}", "run"),
        ]
    ),
]


@pytest.mark.parametrize(
    ("change", "words", "code", "message"), HIDDEN, ids=[f"{c[1]}-{n}" for n, c in enumerate(HIDDEN)]
)
def test_what_may_not_be_looked_at(
    user: User, scratch: Path, change: Change, words: str, code: int, message: str
) -> None:
    change(scratch)
    user.refused(words, code, message)


def make_sticky(scratch: Path) -> None:
    """As /tmp: everybody may make something there, and only its owner may rename it."""
    os.chown(scratch, 0, 0)
    scratch.chmod(0o1777)


@as_root
@pytest.mark.parametrize("name", WRITING)
def test_a_sticky_directory_serves(user: User, scratch: Path, name: str) -> None:
    make_sticky(scratch)
    call = WRITING[name]
    start = {*audit(scratch)}
    assert user.call(call).code == 0, user.ended
    made = {path.split("/")[0] for path in {*audit(scratch)} - start}
    assert made == {call.output}
    assert (scratch / call.output).stat().st_uid == USER
    assert user.call(forced(name)).code == 0


@as_root
@pytest.mark.parametrize("name", sorted({*WRITING} - {"train"}))
def test_the_file_of_another_in_a_sticky_directory_stays(user: User, scratch: Path, name: str) -> None:
    make_sticky(scratch)
    call = WRITING[name]
    (scratch / call.output).write_text("<html><title>phoneprice report")
    (scratch / call.output).chmod(0o666)
    give(scratch / call.output, OTHER)
    message = f"{call.output}: can't be written: {OPERATION}; choose a place that you may write to"
    user.refused(forced(name), 5, message)
    assert not (name in LONG_WORK and user.has_read("d.csv"))


@as_root
def test_the_work_directories_of_another_in_a_sticky_directory(user: User, scratch: Path) -> None:
    """One that says it is ours is another's all the same."""
    make_sticky(scratch)
    token = "0" * 32
    for name, purpose in {
        ".new.partial": "run new",
        f".new.{token}.partial": "run new",
        f".out.csv.{token}.partial": "output out.csv",
    }.items():
        (scratch / name).mkdir()
        (scratch / name / "lock").write_text(marker(purpose, user=USER))
        (scratch / name).chmod(0o777)
        (scratch / name / "lock").chmod(0o666)
        give(scratch / name, OTHER)
    user.refused(
        CALLS["train"][0],
        5,
        f".new.partial: is a work directory of another user ({OTHER}), so it was not touched; "
        "leave it to that user, or choose another name",
    )
    before = audit(scratch)
    assert user.call(WRITING["predict"]).code == 0
    after = audit(scratch)
    assert {name: after.get(name) for name in before} == before
    assert {*after} - {*before} == {"out.csv"}


@as_root
@pytest.mark.parametrize(
    ("mode", "expected"), [(0o664, 0o644), (0o660, 0o600), (0o640, 0o600), (0o604, 0o600), (0o600, 0o600)]
)
def test_the_file_of_another_in_a_directory_of_the_user(user: User, scratch: Path, mode: int, expected: int) -> None:
    """It is replaced, as the directory's owner may; nobody gets rights that they had not."""
    (scratch / "out.csv").write_text("old")
    (scratch / "out.csv").chmod(mode)
    give(scratch / "out.csv", OTHER)
    assert user.call(WRITING["predict"]).code == 0
    status = (scratch / "out.csv").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (USER, USER, expected)


def test_an_output_that_the_user_may_not_write_is_replaced_and_stays_so(user: User, scratch: Path) -> None:
    """A rename asks the directory, as it does for every tool that replaces whole files."""
    (scratch / "out.csv").write_text("old")
    give(scratch / "out.csv", USER)
    (scratch / "out.csv").chmod(0o400)
    assert user.call(WRITING["predict"]).code == 0
    assert (scratch / "out.csv").stat().st_mode & 0o777 == 0o400
    assert (scratch / "out.csv").read_text() != "old"
