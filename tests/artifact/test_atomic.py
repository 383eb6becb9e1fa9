import errno
import fcntl
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from phoneprice.artifact.atomic import replace_file
from phoneprice.errors import StorageError
from tests.random_runs import names


def _write(path, data):
    with replace_file(path) as file:
        file.write(data)


def test_the_new_version_replaces_the_old_one(tmp_path):
    target = tmp_path / "手机 prices.csv"
    for data in (b"old", b"the new one"):
        _write(target, data)
        assert target.read_bytes() == data
    assert names(tmp_path) == [target.name]


def test_the_old_version_is_there_until_the_end(tmp_path):
    target = tmp_path / "out.csv"
    target.write_bytes(b"old")
    with replace_file(target) as file:
        file.write(b"new")
        file.flush()
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"


def _write_half(path, fault):
    with replace_file(path) as file:
        file.write(b"new")
        raise fault


@pytest.mark.parametrize("fault", [KeyboardInterrupt, ValueError])
def test_an_exception_leaves_the_old_version_alone(tmp_path, fault):
    target = tmp_path / "out.csv"
    target.write_bytes(b"old")
    with pytest.raises(fault):
        _write_half(target, fault)
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["out.csv"]


REASONS = {
    errno.ENOSPC: "no space left on device; free some space and run again",
    errno.EIO: "input/output error; check the disk",
    errno.EDQUOT: "disk quota exceeded; free some of your quota and run again",
}


def _failing_from(call, nth, number):
    """``call``, which fails with ``number`` at its ``nth`` use (0 is the first) and ever after."""
    uses = iter(range(1000))

    def failing(*args, **kwargs):
        if next(uses) >= nth:
            raise OSError(number, os.strerror(number))
        return call(*args, **kwargs)

    return failing


def _written_while_failing(target, monkeypatch, owner, name, nth, number):
    """What ``target`` then holds of its old version b"old" and the new one b"new"."""
    target.write_bytes(b"old")
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, _failing_from(getattr(owner, name), nth, number))
        with pytest.raises(StorageError) as caught:
            _write(target, b"new")
    assert str(caught.value) == f"{target}: can't be written: {REASONS[number]}"
    assert names(target.parent) == [target.name]
    return target.read_bytes()


@pytest.mark.parametrize("number", REASONS)
@pytest.mark.parametrize(
    ("owner", "name"), [(os, "mkdir"), (os, "open"), (os, "write"), (fcntl, "flock"), (os, "fsync"), (os, "rename")]
)
def test_a_failing_disk_is_one_line_and_leaves_the_old_version(tmp_path, monkeypatch, owner, name, number):
    assert _written_while_failing(tmp_path / "out.csv", monkeypatch, owner, name, 0, number) == b"old"


@pytest.mark.parametrize("number", REASONS)
def test_where_only_the_directory_is_not_flushed_the_new_version_is_there(tmp_path, monkeypatch, number):
    assert _written_while_failing(tmp_path / "out.csv", monkeypatch, os, "fsync", 3, number) == b"new"


def _write_all_but_the_last(path, number):
    with replace_file(path) as file:
        file.write(b"ne")
        raise OSError(number, os.strerror(number))


@pytest.mark.parametrize("number", REASONS)
def test_a_disk_that_fails_while_writing(tmp_path, number):
    target = tmp_path / "out.csv"
    target.write_bytes(b"old")
    with pytest.raises(StorageError) as caught:
        _write_all_but_the_last(target, number)
    assert str(caught.value) == f"{target}: can't be written: {REASONS[number]}"
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["out.csv"]


def test_a_missing_directory_is_named(tmp_path):
    with pytest.raises(StorageError) as caught:
        _write(tmp_path / "none" / "out.csv", b"")
    assert str(caught.value) == (
        f"{tmp_path}/none/out.csv: can't be written: no such file or directory; make the directory first"
    )


def test_a_directory_is_no_target(tmp_path):
    with pytest.raises(StorageError) as caught:
        _write(tmp_path, b"")
    assert str(caught.value) == f"{tmp_path}: can't be written: is a directory; name a file in it"


def test_permissions_follow_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        _write(tmp_path / "out.csv", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == 0o640


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o755])
def test_an_existing_file_keeps_its_permissions(tmp_path, mode):
    target = tmp_path / "out.csv"
    target.write_bytes(b"old")
    target.chmod(mode)
    with replace_file(target) as file:
        file.write(b"new")
        file.flush()
        (work,) = (entry for entry in tmp_path.iterdir() if entry != target)
        # Whoever may not read the old version can't read the new one while it is written either.
        (output,) = work.glob("output-*")
        assert stat.S_IMODE(output.stat().st_mode) & ~mode == 0
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_an_existing_file_keeps_its_owner(tmp_path):
    target = tmp_path / "out.csv"
    target.write_bytes(b"old")
    os.chown(target, 1, 2)
    _write(target, b"new")
    assert (target.stat().st_uid, target.stat().st_gid) == (1, 2)


def test_a_group_that_cannot_be_kept_hands_no_rights_on(tmp_path, monkeypatch):
    target = tmp_path / "out.csv"
    target.write_bytes(b"old")
    target.chmod(0o664)

    def refused(*_arguments):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "fchown", refused)
    _write(target, b"new")
    assert stat.S_IMODE(target.stat().st_mode) == 0o644


def test_a_named_pipe_without_a_reader_is_not_waited_on(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StorageError) as caught:
        _write(tmp_path / "pipe", b"data")
    reason = "no such device or address; start the program that reads from it first"
    assert str(caught.value) == f"{tmp_path}/pipe: can't be written: {reason}"


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.csv").write_bytes(b"old")
    (tmp_path / "link.csv").symlink_to("real.csv")
    _write(tmp_path / "link.csv", b"new")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_bytes() == b"new"


def test_a_device_is_written_to_and_not_replaced():
    _write("/dev/null", b"data")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_pipe_is_written_to_by_any_name():
    """As /dev/stdout is one where the shell has put a pipe: a link to a name that is none."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as reader:
        _write(f"/dev/fd/{writing}", b"data")
        os.close(writing)
        assert reader.read() == b"data"


def test_strays_of_killed_processes_go_and_live_ones_stay(tmp_path):
    target = tmp_path / "out.csv"
    code = (
        "import os, signal, sys; from phoneprice.artifact.atomic import replace_file;"
        "out = replace_file(sys.argv[1]); out.__enter__().write(b'half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(target)], check=False).returncode == -9
    (stray,) = tmp_path.iterdir()
    assert names(stray) == ["lock", f"output-{stray.name[-40:-8]}"]
    with replace_file(target) as first:
        first.write(b"first")
        assert not stray.exists()
        _write(target, b"second")
        assert target.read_bytes() == b"second"
    assert target.read_bytes() == b"first"
    assert names(tmp_path) == ["out.csv"]


def test_long_names_work(tmp_path):
    target = tmp_path / ("价" * 85)
    _write(target, b"x")
    assert target.read_bytes() == b"x"
