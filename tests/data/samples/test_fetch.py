import json
import os
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from phoneprice.data.samples.fetch import HANDLE, PAGE, fetch
from phoneprice.errors import DataError, StorageError, UsageError

CONTENTS = {"train.csv": b"ram,price_range\n1,0\n", "test.csv": b"id,ram\n1,1\n"}


def stand_in(monkeypatch: pytest.MonkeyPatch, download: Any) -> None:
    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(dataset_download=download))


def from_memory(handle: str, path: str) -> str:
    assert handle == HANDLE
    print("Downloading ...")
    target = Path(os.environ["KAGGLEHUB_CACHE"]) / path
    target.write_bytes(CONTENTS[path])
    return str(target)


def test_both_files_arrive_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(monkeypatch, from_memory)
    monkeypatch.setenv("KAGGLEHUB_CACHE", "before")
    monkeypatch.delenv("KAGGLEHUB_VERBOSITY", raising=False)
    folder = tmp_path / "new" / "kaggle"
    assert fetch(folder, Path.replace) == (folder / "train.csv", folder / "test.csv")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == CONTENTS
    assert os.environ["KAGGLEHUB_CACHE"] == "before"
    assert "KAGGLEHUB_VERBOSITY" not in os.environ
    assert capsys.readouterr().out == ""


def test_old_files_stay_when_the_second_download_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fails(handle: str, path: str) -> str:
        if path == "test.csv":
            raise ValueError("gone\n  for good")
        return from_memory(handle, path)

    stand_in(monkeypatch, fails)
    (tmp_path / "train.csv").write_text("old")
    with pytest.raises(DataError) as fault:
        fetch(tmp_path, Path.replace)
    assert str(fault.value) == (
        f"can't download test.csv from Kaggle: gone for good; try later, or by hand from {PAGE}"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["train.csv"]
    assert (tmp_path / "train.csv").read_text() == "old"


def test_without_kagglehub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(UsageError) as fault:
        fetch(tmp_path, Path.replace)
    assert (
        str(fault.value) == "data fetch needs kagglehub, which is not installed; run: pip install 'phoneprice[fetch]'"
    )


def test_no_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in(monkeypatch, from_memory)
    occupied = tmp_path / "file"
    occupied.write_text("")
    with pytest.raises(StorageError) as fault:
        fetch(occupied, Path.replace)
    assert str(fault.value) == f"{occupied}: can't be written: file exists; choose another name"


class Kaggle(BaseHTTPRequestHandler):
    """Answers what kagglehub asks for a file of a data set."""

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = CONTENTS.get(request["fileName"], b"")
        self.send_response(200 if body and self.path.endswith("/DownloadDataset") else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def kaggle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A local server in Kaggle's place; needs the real kagglehub."""
    pytest.importorskip("kagglehub", reason="kagglehub is not installed (pip install 'phoneprice[fetch]')")
    from kagglesdk import kaggle_env

    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Kaggle)
    monkeypatch.setitem(
        kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.PROD, f"http://127.0.0.1:{server.server_port}"
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield
    server.shutdown()
    thread.join()
    server.server_close()


def test_against_a_local_server(kaggle: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "kaggle"
    fetch(folder, Path.replace)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == CONTENTS
    assert capsys.readouterr().out == ""


def test_a_server_that_lacks_the_file(kaggle: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delitem(CONTENTS, "test.csv")
    with pytest.raises(DataError, match=r"can't download test\.csv from Kaggle: 404 .*; try later, or by hand from"):
        fetch(tmp_path / "kaggle", Path.replace)
