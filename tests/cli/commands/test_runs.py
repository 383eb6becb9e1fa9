"""``phoneprice runs``, on runs that were not trained."""

import hashlib
from pathlib import Path

import pytest

from phoneprice.artifact.writer import RunWriter
from phoneprice.config.schema import Config
from tests.cli.calling import Call, in_terminal
from tests.random_runs import NOTHING_HELD_OUT, random_contents, write_run


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        with RunWriter(Path("runs") / name) as writer:
            writer.finish(random_contents())
    return tmp_path / "runs"


def test_list(call: Call, runs: Path) -> None:
    (runs / "c").mkdir()
    result = call("runs", "list")
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0].split() == ["run", "created", "(UTC)", "task", "target", "metric"]
    assert lines[2] == ("runs/c  unusable: no run: manifest.json is missing; name a directory that train has written")
    assert [line.split()[0] for line in lines[3:]] == ["runs/a", "runs/b"]
    assert lines[3].split()[3:] == ["ordinal", "price_range", "accuracy", "0.5000"]


def test_a_figure_from_training_rows_says_so(call: Call, tmp_path: Path) -> None:
    with RunWriter(tmp_path / "runs" / "a") as writer:
        writer.finish(random_contents(NOTHING_HELD_OUT))
    assert call("runs", "list", tmp_path / "runs").out.splitlines()[-1].endswith("accuracy 0.5000 (training rows)")


def test_a_list_of_what_holds_no_runs(call: Call, runs: Path) -> None:
    for root, what in (
        ("runz", "no such directory; name one that holds runs"),
        ("runs/a", "is a run itself; 'phoneprice runs show' shows it"),
    ):
        result = call("runs", "list", root)
        assert (result.code, result.out, result.err) == (4, "", f"phoneprice: error: {root}: {what}\n")


def test_without_any_run_yet_the_list_is_empty(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = call("runs", "list")
    assert (result.code, result.out) == (0, "runs: no runs\n")


def test_an_unfinished_training_is_not_unknown(call: Call, runs: Path) -> None:
    place = runs / ".c.partial" / "checkpoints"
    writer = RunWriter(runs / "c")
    place.mkdir()
    (place / f"00000001-{'0' * 64}.safetensors").touch()
    writer.close(keep_checkpoints=True)
    result = call("runs", "show", "runs/c")
    what = "its training is unfinished; go on with 'phoneprice train DATA -o runs/c --resume'"
    assert (result.code, result.err) == (4, f"phoneprice: error: runs/c: {what}\n")


WILSON = {"low": pytest.approx(0.3142742581957335), "high": pytest.approx(0.6857257418042665)}
"""Of 12 rows in 24."""
LONG = "20261123T041500Z-a-rather-long-name"


def test_a_piped_list_has_one_line_a_run(call: Call, runs: Path) -> None:
    (runs / "a").rename(runs / (LONG * 4))
    lines = call("runs", "list").out.splitlines()
    assert len(lines) == 2 + 2
    assert lines[2].split()[0] == f"runs/{LONG * 4}"
    assert lines[2].endswith("0.5000")


WIDTHS = [
    ("a", 80, "run created (UTC) task target metric"),
    ("a", 60, "run created task target metric"),
    ("a", 50, "run task target metric"),
    (LONG, 80, "run task target metric"),
    (LONG, 75, "run target metric"),
    (LONG, 60, "run metric"),
]


@pytest.mark.parametrize(("name", "width", "headings"), WIDTHS, ids=str)
def test_a_list_in_a_terminal_has_the_columns_that_fit(
    call: Call, runs: Path, monkeypatch: pytest.MonkeyPatch, name: str, width: int, headings: str
) -> None:
    (runs / "a").rename(runs / name)
    (runs / "c").mkdir()
    in_terminal(monkeypatch, width)
    lines = call("runs", "list").out.splitlines()
    assert " ".join(lines[0].split()) == headings
    assert len(lines) == 2 + 3
    assert max(map(len, lines)) <= width
    beside = len(f"runs/{name}  ")
    fault = "unusable: no run: manifest.json is missing; name a directory that train has written"
    assert lines[2] == f"{'runs/c':{beside}}{fault[: width - beside - 1]}…"
    assert all(line.endswith("accuracy 0.5000") for line in lines[3:])


def test_list_json(call: Call, runs: Path) -> None:
    document = call("runs", "list", runs, "--json").document
    assert document["format"] == 1
    first = document["runs"][0]
    assert (first["path"], first["task"], first["members"], first["value"]) == (str(runs / "a"), "ordinal", 3, 0.5)
    assert first["fault"] is None


def test_a_damaged_run_in_a_list(call: Call, runs: Path) -> None:
    (runs / "a" / "config.toml").write_text("")
    faults = {run["path"]: run["fault"] for run in call("runs", "list", "--json").document["runs"]}
    assert "config.toml" in faults["runs/a"]
    assert faults["runs/b"] is None


def test_nothing_to_list(call: Call, tmp_path: Path) -> None:
    assert call("runs", "list", tmp_path).out.endswith(": no runs\n")
    assert call("runs", "list", tmp_path, "--json").document == {"format": 1, "runs": []}


def test_show(call: Call, runs: Path) -> None:
    result = call("runs", "show", "latest")
    assert (result.code, result.err) == (0, "")
    assert "run       runs/b\n" in result.out
    assert "task      ordinal: price_range\n" in result.out
    assert "network   3 members, 6 inputs, " in result.out
    accuracy = next(line for line in result.out.splitlines() if line.startswith("accuracy "))
    assert accuracy.split() == ["accuracy", "0.5000", "0.3143", "to", "0.6857"]


def test_show_says_what_is_encoded(call: Call, tmp_path: Path) -> None:
    config = Config.model_validate({"model": {"encoding": {"name": "periodic"}}})
    write_run(tmp_path / "encoded", random_contents(config))
    assert "encoded   6 numbers, periodic\n" in call("runs", "show", str(tmp_path / "encoded")).out


def test_show_says_which_recipes_count(call: Call, tmp_path: Path) -> None:
    recipes = [{"name": "one"}, {"name": "two", "model": {"hidden": [3]}}]
    write_run(tmp_path / "run", random_contents(Config.model_validate({"portfolio": recipes})))
    shown = call("runs", "show", str(tmp_path / "run")).out
    assert "recipe    one, which counts 50%\nhidden    32 (relu), with a linear skip path\n" in shown
    assert "recipe    two, which counts 50%\nhidden    3 (relu), with a linear skip path\n" in shown
    assert call("runs", "verify", str(tmp_path / "run")).code == 0


def test_show_json(call: Call, runs: Path) -> None:
    document = call("runs", "show", "runs/a", "--json").document
    assert document["format"] == 1
    assert document["metrics"]["accuracy"] == {"value": 0.5, **WILSON}
    assert document["config"]["task"]["kind"] == "ordinal"
    assert document["schema"]["target"] == "price_range"
    assert document["manifest"]["files"]["config.toml"]["bytes"] > 0


def test_verify(call: Call, runs: Path) -> None:
    result = call("runs", "verify", "runs/a")
    assert result.code == 0
    assert result.err.startswith(
        "runs/a: 13 files listed in manifest.json, that file and manifest.sha256, all as they were written. Checked: "
    )
    assert "files     13 listed in manifest.json, " in call("runs", "show", "runs/a").out
    assert len(list((runs / "a").iterdir())) == 13 + 2
    lines = [line.split("  ") for line in result.out.splitlines()]
    manifest = (runs / "a" / "manifest.json").read_bytes()
    assert lines[0] == [hashlib.sha256(manifest).hexdigest(), "runs/a/manifest.json"]
    assert len(lines) == 14
    document = call("runs", "verify", "runs/a", "--json").document
    assert document["valid"] is True
    assert {file["name"] for file in document["files"]} >= {"config.toml", "model.safetensors"}


def test_verify_against_a_hash_known_beforehand(call: Call, runs: Path) -> None:
    own = hashlib.sha256((runs / "a" / "manifest.json").read_bytes()).hexdigest()
    assert call("runs", "verify", "runs/a", "--expect-sha256", own.upper()).code == 0
    other = call("runs", "verify", "runs/b", "--expect-sha256", own)
    found = hashlib.sha256((runs / "b" / "manifest.json").read_bytes()).hexdigest()
    assert (other.code, other.out) == (4, "")
    assert other.err == (
        f"phoneprice: error: runs/b/manifest.json: its SHA-256 is {found}, expected {own}; "
        "this is another run, don't use it\n"
    )
    assert call("runs", "verify", "runs/a", "--expect-sha256", "abc").err == (
        "phoneprice: error: --expect-sha256: found 'abc', must be 64 hexadecimal digits, as 'phoneprice runs verify' "
        "shows for manifest.json\n"
    )


def test_verify_a_changed_run(call: Call, runs: Path) -> None:
    file = runs / "a" / "history.jsonl"
    file.write_bytes(file.read_bytes().replace(b"1", b"2"))
    result = call("runs", "verify", "runs/a", "--json")
    assert (result.code, result.document["error"]["kind"]) == (4, "ModelError")
    assert "history.jsonl" in result.err


@pytest.mark.parametrize("command", ["show", "verify"])
def test_no_such_run(call: Call, runs: Path, command: str) -> None:
    result = call("runs", command, "nix")
    assert (result.code, result.out) == (4, "")
    assert result.err.count("\n") == 1


def test_a_directory_called_latest(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "runs" / "a", random_contents())
    write_run(tmp_path / "latest", random_contents(seed=1))
    assert call("runs", "verify", "./latest", "--json").document["run"] == "latest"
    assert call("runs", "verify", "latest", "--json").document["run"] == "runs/a"
