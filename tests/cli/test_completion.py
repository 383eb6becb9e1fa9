"""What the shell is offered."""

import os
from pathlib import Path

import pytest

from phoneprice.cli.completion import (
    complete_config,
    complete_explained,
    complete_run,
    complete_setting,
    complete_varied,
)
from tests.cli.calling import Call


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_runs(place: Path) -> None:
    for name in ("runs/20260101T000000Z-a", "runs/20270101T000000Z-b", "runs/.hidden.partial", "elsewhere/run1"):
        (place / name).mkdir(parents=True)
    (place / "runs" / "file").touch()
    assert complete_run("") == ["latest", "runs/20270101T000000Z-b", "runs/20260101T000000Z-a"]
    assert complete_run("l") == ["latest"]
    assert complete_run("runs/2026") == ["runs/20260101T000000Z-a"]
    assert complete_run("elsewhere/") == ["elsewhere/run1"]


def test_configurations(place: Path) -> None:
    (place / "text.toml").touch()
    (place / "texts").mkdir()
    (place / "text.csv").touch()
    assert complete_config("text") == ["textbook", "text.toml", "texts/"]


@pytest.mark.parametrize(
    ("incomplete", "offered"),
    [
        ("optimizer.na", [f"optimizer.name={name}" for name in ("sgd", "momentum", "nesterov")]),
        (
            "optimizer.name=ada",
            [f"optimizer.name={name}" for name in ("adagrad", "adam", "adamw", "adadelta", "adamax")],
        ),
        ("model.skip=", ["model.skip=true", "model.skip=false"]),
        ("task.kind=o", ["task.kind=ordinal"]),
        ("training.ep", ["training.epochs="]),
        ("training.epochs=", []),
        ("training.early_stopping.p", ["training.early_stopping.patience_epochs="]),
        ("nonsense", []),
        ("nonsense=", []),
    ],
)
def test_settings(incomplete: str, offered: list[str]) -> None:
    assert complete_setting(incomplete)[: len(offered) or None] == offered


@pytest.mark.parametrize(
    ("incomplete", "offered"),
    [
        ("model.sk", ["model.skip=true", "model.skip=false"]),
        ("optimizer.name=sgd|ada", [f"optimizer.name=sgd|{name}" for name in ("adagrad", "adam", "adamw")]),
        ("data.sc", [f"data.scaling={name}" for name in ("standard", "robust", "none")]),
        ("data.scaling=standard|n", ["data.scaling=standard|none"]),
        ("training.epochs=10|", []),
        ("training.s", []),
        ("task.kind=o", []),
        ("nonsense=1|", []),
    ],
)
def test_what_varies(incomplete: str, offered: list[str]) -> None:
    assert complete_varied(incomplete)[: len(offered) or None] == offered


def test_what_is_explained(call: Call) -> None:
    assert complete_explained("kai") == ["kaiming_normal", "kaiming_uniform"]
    assert complete_explained("optimizer.l") == ["optimizer.lr"]
    offered = complete_explained("")
    assert {"relu", "log_loss", "model.dropout", "training.early_stopping"} <= set(offered)
    assert len(offered) == len(set(offered))


def test_every_setting_offered_is_one(call: Call) -> None:
    offered = complete_setting("")
    assert {"data.target=", "task.kind=", "model.activation.name=", "training.threads="} <= set(offered)
    assert len(offered) == len(set(offered))


def bash(call: Call, monkeypatch: pytest.MonkeyPatch, *words: str) -> list[str]:
    monkeypatch.setenv("_PHONEPRICE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "\n".join(["phoneprice", *words]))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    monkeypatch.setitem(os.sys.modules, "rich", os.sys.modules.get("rich"))  # type: ignore[attr-defined]
    result = call()
    assert (result.code, result.err) == (0, "")
    return result.out.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["tr"], ["train"]),
        (["config", "s"], ["show", "schema"]),
        (["train", "--dry"], ["--dry-run"]),
        (["train", "--device", "c"], ["cpu", "cuda"]),
        (["train", "--device", "=", "m"], ["mps"]),
        (["train", "-s", "loss.name", "=", "cross"], ["cross_entropy"]),
        (["train", "-s", "model.skip", "="], ["true", "false"]),
        (["train", "-s", "optimizer.name", "=", "adam", "-s", "task.kind", "=", "bin"], ["binary"]),
        (["evaluate", "la"], ["latest"]),
        (["train", "-c", "textb"], ["textbook"]),
    ],
)
def test_bash(call: Call, monkeypatch: pytest.MonkeyPatch, words: list[str], offered: list[str]) -> None:
    assert bash(call, monkeypatch, *words) == offered


def test_zsh_gets_whole_words(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_PHONEPRICE_COMPLETE", "complete_zsh")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "phoneprice train -s loss.name=cross")
    monkeypatch.setitem(os.sys.modules, "rich", os.sys.modules.get("rich"))  # type: ignore[attr-defined]
    assert call().out == "_arguments '*: :((\"loss.name=cross_entropy\"))'\n"


def test_scripts(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    # Typer asks which shell its parent is; tests may run without one.
    monkeypatch.setattr("shellingham.detect_shell", lambda: ("bash", "/bin/bash"))
    result = call("--show-completion")
    assert "_PHONEPRICE_COMPLETE=complete_bash" in result.out
