"""``phoneprice compare``, and several runs in ``phoneprice report``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phoneprice.data.samples.sample import sample_path
from phoneprice.wording import count
from tests.cli.calling import Call, in_terminal

QUICK = ("-s", "training.epochs=3", "training.threads=1", "training.device=cpu", "validation.folds=2")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "phones.csv"
    path.write_text("\n".join(sample_path("train").read_text().splitlines()[:201]) + "\n")
    return path


def test_variants_side_by_side(call: Call, table: Path, tmp_path: Path) -> None:
    tried = tmp_path / "tried"
    result = call("compare", table, *QUICK, "-x", "model.activation=relu|tanh", "model.hidden=[]", "-o", tried)
    assert (result.code, result.out) == (0, f"{tried}\n")
    assert max(map(len, result.err.splitlines())) <= 120
    for words in ("base", "activation=tanh", "hidden=[]", "accuracy on held-out rows, higher is better", "finished"):
        assert words in result.err
    assert f"Page: {tried / 'report.html'}" in result.err
    assert call("compare", table, *QUICK, "-x", "model.skip=false", "-o", tried).code == 2
    quiet = call("compare", table, *QUICK, "-x", "model.skip=false", "-o", tried, "--force", "-q")
    assert (quiet.code, quiet.out, quiet.err) == (0, f"{tried}\n", "")
    lines = call("compare", table, *QUICK, "-x", "model.skip=false", "-o", tried, "--force", "--json")
    assert [own["name"] for own in lines.document["variants"]] == ["true (base)", "false"]
    assert lines.document["path"] == str(tried)
    assert json.loads((tried / "comparison.json").read_text())["variants"] == lines.document["variants"]


@pytest.mark.parametrize("width", [80, 50, 40])
def test_tables_fit_the_terminal(
    call: Call, table: Path, tmp_path: Path, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_terminal(monkeypatch, width)
    words = ("-x", "model.init=xavier_uniform|zeros", "-x", "optimizer.lr=0.05", "-o", tmp_path / "tried")
    result = call("compare", table, *QUICK, *words)
    assert result.code == 0
    tables = result.err.partition("held-out rows")[2].partition("Page:")[0]
    assert max(map(len, tables.splitlines())) <= width
    assert ("95% interval" in tables) == (width == 80)
    assert ("so it is" in tables) == (width < 80)


def test_a_lesson_by_its_name(call: Call, tmp_path: Path) -> None:
    words = ("training.epochs=1", "validation.folds=2", "training.threads=1", "-x", "model.activation=relu|silu")
    result = call("compare", "-c", "activation", "-s", *words, "-o", tmp_path / "tried")
    assert result.code == 0
    assert "What to look for: Six sigmoid layers: the gradient shrinks" in " ".join(result.err.split())
    assert "silu" in result.err
    assert "sigmoid  " not in result.err
    assert f"{count(2000)} rows" in result.err


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ((), "nothing to compare; give -x KEY=A|B"),
        (("-x", "model.dropout=0..0.5"), 'model.dropout: found "0..0.5", and a comparison is of values'),
        (("-x", "model.activation=rleu"), 'model.activation.name: found "rleu"; did you mean "relu"?'),
        (("-x", "nothing"), "-x nothing: expected key=value|value"),
        (("-x", "task.kind=binary"), "task.kind: can't be varied; what may vary is"),
    ],
)
def test_faults(call: Call, words: tuple[str, ...], fault: str, tmp_path: Path) -> None:
    result = call("compare", tmp_path / "nothing.csv", *words, "-o", tmp_path / "tried")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"phoneprice: error: {fault}")


def test_all_diverge(call: Call, table: Path, tmp_path: Path) -> None:
    words = ("optimizer={name='sgd', lr=1e30}", "-x", "optimizer.lr=1e31", "-o", tmp_path / "tried")
    result = call("compare", table, *QUICK, *words)
    assert result.code == 7
    assert "none of 2 variants could be trained: diverged in fold 1" in result.err


def test_several_runs(call: Call, table: Path, tmp_path: Path) -> None:
    one, two, page = tmp_path / "one", tmp_path / "two", tmp_path / "both.html"
    call("train", table, *QUICK, "-o", one)
    call("train", table, *QUICK, "-s", "model.activation=tanh", "-o", two)
    result = call("report", one, two, "-o", page)
    assert (result.code, result.out) == (0, f"{page}\n")
    assert "model.activation.name" not in result.err
    assert "better by" in result.err
    assert "model.activation.name" in page.read_text()
    document = call("report", one, two, table, "--json").document
    assert [own["name"] for own in document["variants"]] == ["one", "two"]
    assert document["output"] == str(tmp_path / "compared.html")
    assert len(document["warnings"]) == 2
    assert "was trained on these rows" in document["warnings"][0]
    assert call("report", one, tmp_path / "nothing.csv").code == 3
    assert call("report", one, tmp_path).code == 4
    for words in (("--terminal",), ("--plots", tmp_path / "plots")):
        refused = call("report", one, two, *words)
        assert (refused.code, refused.err) == (
            2,
            "phoneprice: error: --terminal, --plots and --summary are for one run; leave them out, or name one\n",
        )
    assert call("report", one, two, "-").code == 2
