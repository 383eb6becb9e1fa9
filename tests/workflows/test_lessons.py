"""The ready-made lessons: what each tells to look for is what its figures show, on the bundled sample."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest

from phoneprice.cli.program import run
from phoneprice.config.load import load_config, load_tables
from phoneprice.config.presets import presets
from phoneprice.records import Doubles
from phoneprice.records.comparison import Compared
from phoneprice.records.curves import median_of_members
from phoneprice.workflows.compare import compare
from phoneprice.workflows.spaces import variants_asked

GUESSING = float(np.log(4))
"""The log loss of guessing among four classes."""
LESSONS = {name: path for name, path in presets().items() if path.parent.name == "lessons"}


@cache
def lesson(name: str, *overrides: str) -> dict[str, Compared]:
    """What a lesson gives, by name; the base is called ``base``, too."""
    folder = Path(mkdtemp(prefix="phoneprice-lesson-"))
    cheap = ["training.threads=1", "training.device=cpu", *overrides]
    found = compare(None, LESSONS[name], (), folder / "tried", overrides=cheap).comparison
    assert found.look_for
    named = {own.name.removesuffix(" (base)"): own for own in found.trainings}
    return named | {"base": found.trainings[found.base]}


def at_the_start(own: Compared, measurement: str) -> Doubles:
    """By layer."""
    assert own.curves.start is not None
    return median_of_members(own.curves.start.health[measurement].T)


def last_loss(own: Compared) -> tuple[float, float]:
    """Of training and of validation, mean of the networks."""
    return float(own.curves.train_loss[-1].mean()), float(own.curves.validation_loss[-1].mean())


def gap(own: Compared) -> float:
    """How much larger the log loss of rows is that were not learned."""
    return own.metrics["log_loss"].value - own.training["log_loss"]


def test_there_are_ten() -> None:
    assert sorted(LESSONS) == [
        "activation",
        "batch_norm",
        "decay",
        "depth",
        "dropout",
        "initialization",
        "learning_rate",
        "optimizer",
        "scaling",
        "weight_decay",
    ]


@pytest.mark.parametrize("name", LESSONS)
def test_each_says_what_it_is(name: str) -> None:
    lines = LESSONS[name].read_text().splitlines()
    assert lines[0] == "#:schema ../schema.json"
    assert lines[2] == f"# phoneprice compare -c {name}"
    tables = load_tables(name)
    assert tables.compare.variants
    assert tables.compare.look_for.endswith(".")


def activation(found: dict[str, Compared]) -> None:
    """The gradient vanishes under sigmoid alone."""
    for name in ("relu", "tanh"):
        gradients = at_the_start(found[name], "gradient_norm")
        assert gradients[0] > gradients[-1] / 20
    gradients = at_the_start(found["sigmoid"], "gradient_norm")
    assert (gradients[1:] > 2 * gradients[:-1]).all()
    assert gradients[0] < gradients[-1] / 1000


def initialization(found: dict[str, Compared]) -> None:
    """Zeros stay symmetric, small weights lose the signal, large ones begin far above guessing."""
    assert not at_the_start(found["zeros"], "gradient_norm").any()
    for name in ("zeros", "normal std=0.01"):
        assert last_loss(found[name])[1] == pytest.approx(GUESSING, abs=0.01)
    small, kept = (at_the_start(found[name], "spread") for name in ("normal std=0.01", "kaiming_normal"))
    assert small[-1] < small[0] / 100
    assert kept[-1] > kept[0] / 2
    assert found["normal std=1.0"].curves.start is not None
    assert found["normal std=1.0"].curves.start.loss.min() > 50 * GUESSING


def scaling(found: dict[str, Compared]) -> None:
    """Unscaled inputs stall at guessing."""
    assert found["none"].curves.train_loss[0].min() > 100 * GUESSING
    assert last_loss(found["none"])[0] > 0.98 * GUESSING
    assert last_loss(found["standard"])[1] < GUESSING / 2


def dropout(found: dict[str, Compared]) -> None:
    """The gap narrows."""
    gaps = [gap(found[name]) for name in ("0.0", "0.2", "0.5", "0.7")]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < gaps[0] / 4


def optimizer(found: dict[str, Compared]) -> None:
    """Plain SGD is last."""
    losses = {name: last_loss(own)[0] for name, own in found.items()}
    others = [losses[name] for name in ("momentum lr=0.02", "rmsprop lr=0.002", "adam lr=0.002")]
    assert max(others) < losses["sgd"] / 3


def learning_rate(found: dict[str, Compared]) -> None:
    """Too small: hardly moved; too large: worse or diverged."""
    small = found["0.0001"].curves.train_loss.mean(axis=1)
    assert small[-1] > 0.9 * small[0]
    assert found["100.0"].why_not.startswith("diverged in fold 1, epoch 1;")
    assert last_loss(found["0.1"])[1] < min(last_loss(found[name])[1] for name in ("0.01", "3.0")) / 2


def decay(found: dict[str, Compared]) -> None:
    """With any decay the loss ends lower, and is calmer."""
    constant = found["constant"].curves.train_loss.mean(axis=1)
    for name, own in found.items():
        if name not in {"constant", "base"}:
            assert last_loss(own)[0] < constant[-1] / 3
            assert last_loss(own)[1] < last_loss(found["constant"])[1]
            assert own.curves.train_loss.mean(axis=1)[-8:].std() < constant[-8:].std() / 3


def weight_decay(found: dict[str, Compared]) -> None:
    """Smaller weights, a higher training loss, a smaller gap; too much learns nothing."""
    order = [found[name] for name in ("0.0", "0.3", "3.0", "30.0")]
    weights = [median_of_members(own.curves.health["weight_norm"][-1].T)[0] for own in order]
    assert weights == sorted(weights, reverse=True)
    losses = [last_loss(own)[0] for own in order]
    assert losses == sorted(losses)
    gaps = [gap(own) for own in order]
    assert gaps == sorted(gaps, reverse=True)
    assert last_loss(order[-1])[1] > 0.7 * GUESSING


def batch_norm(found: dict[str, Compared]) -> None:
    """It brings the gradient back to the first layer of sigmoids."""
    for name in ("none", "layer_norm"):
        assert last_loss(found[name])[1] > 0.98 * GUESSING
    gradients = at_the_start(found["batch_norm"], "gradient_norm")
    assert gradients[0] > gradients[-1] / 20
    assert last_loss(found["batch_norm"])[1] < GUESSING / 2


def depth(found: dict[str, Compared]) -> None:
    """Each layer lets less gradient through."""
    order = [found[name] for name in ("[32]", "[32, 32]", "[32, 32, 32, 32]", "[32, 32, 32, 32, 32, 32]")]
    first = [at_the_start(own, "gradient_norm")[0] for own in order]
    assert first == sorted(first, reverse=True)
    half = [int(np.argmax(own.curves.train_loss.mean(axis=1) < GUESSING / 1.2)) or 10**6 for own in order]
    assert half == sorted(half)
    assert last_loss(order[-1])[1] > 0.98 * GUESSING


CLAIMS = {
    "activation": activation,
    "batch_norm": batch_norm,
    "decay": decay,
    "depth": depth,
    "dropout": dropout,
    "initialization": initialization,
    "learning_rate": learning_rate,
    "optimizer": optimizer,
    "scaling": scaling,
    "weight_decay": weight_decay,
}


@pytest.mark.long
@pytest.mark.parametrize("name", LESSONS)
def test_the_claim_of_each(name: str) -> None:
    CLAIMS[name](lesson(name))


@pytest.mark.parametrize(("name", "epochs"), [("activation", 2), ("initialization", 2), ("scaling", 12)])
def test_some_claims_quickly(name: str, epochs: int) -> None:
    CLAIMS[name](lesson(name, f"training.epochs={epochs}", "validation.folds=2"))


# --- docs/lessons.md --------------------------------------------------------------------------------------------------

PAGE = (Path(__file__).parents[2] / "docs" / "lessons.md").read_text(encoding="utf-8")


def test_the_page_has_each_with_its_sentence() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE, re.MULTILINE)
    assert dict(rows) == {name: load_tables(name).compare.look_for for name in LESSONS}
    assert load_tables("activation").compare.look_for in " ".join(PAGE.split())


def test_the_example_of_a_file_is_valid(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    file = tmp_path / "own.toml"
    file.write_text(example)
    base = load_config(file)
    assert [axis.key for axis in variants_asked(base, (), file).axes] == ["model.hidden", "model.dropout"]


COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_of_the_page_run(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cheap = ["-s", "training.epochs=1", "training.threads=1", "validation.folds=2", "-q"]
    assert run([*shlex.split(command.removeprefix("phoneprice ")), *cheap]) == 0
    (made,) = (tmp_path / "comparisons").iterdir()
    assert (made / "report.html").is_file()
