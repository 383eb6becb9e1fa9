"""``phoneprice report``, ``train --report``, findings, and ``runs diff``."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from phoneprice.cli.rendering.plots import Canvas, sparkline
from phoneprice.data.samples.sample import sample_path
from tests.cli.calling import Call

QUICK = ("-s", "training.epochs=3", "training.threads=1", "training.device=cpu")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "phones.csv"
    path.write_text("\n".join(sample_path("train").read_text().splitlines()[:301]) + "\n")
    return path


def test_a_training_ends_with_findings_and_names_the_report(call: Call, table: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    result = call("train", table, *QUICK, "-s", "model.init.name=zeros", "-o", run)
    assert (result.code, result.out) == (0, f"{run}\n")
    assert "Try: -s model.init.name=kaiming_normal" in result.err
    assert result.err.count("Try: ") <= 3
    assert f"For a report: phoneprice report {run} " in f"{' '.join(result.err.split())} "
    assert not run.with_name("run.html").exists()


def test_the_place_of_the_report_is_looked_at_before_the_training(call: Call, table: Path, tmp_path: Path) -> None:
    page = tmp_path / "run.html"
    page.write_text("mine")
    result = call("train", table, *QUICK, "-o", tmp_path / "run", "--report")
    assert (result.code, result.out) == (5, "")
    assert result.err == (
        f"phoneprice: error: {page}: is a file, which this program has not made, so it was not touched; "
        "rename or delete it, or choose another -o\n"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["phones.csv", "run.html"]


def test_a_report_is_a_file(call: Call, table: Path, tmp_path: Path) -> None:
    assert call("train", table, *QUICK, "-o", tmp_path / "run", "-q").code == 0
    result = call("report", tmp_path / "run", "-o", "-")
    assert (result.code, result.out) == (2, "")
    assert result.err == "phoneprice: error: -o -: a report is a file; name one, such as report.html\n"


def test_a_training_with_report(call: Call, table: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    result = call("train", table, *QUICK, "-o", run, "--report", "--json")
    page = run.with_name("run.html")
    assert result.document["report"] == str(page)
    assert [finding["code"] for finding in result.document["findings"]] == ["too_short"]
    assert "Permutation importance" in page.read_text()


def test_report(call: Call, table: Path, tmp_path: Path) -> None:
    run, page, plots = tmp_path / "run", tmp_path / "a page.html", tmp_path / "plots"
    assert call("train", table, *QUICK, "-o", run, "-q").code == 0
    result = call("report", run, "-o", page)
    assert (result.code, result.out) == (0, f"{page}\n")
    assert result.err.endswith(f"phoneprice: with {table}, the table of the training\n")
    document = call("report", run, table, "-o", page, "--plots", plots, "--json").document
    assert document["output"] == str(page)
    assert {Path(name).name for name in document["plots"]} >= {"loss.svg", "importance.svg"}
    assert all(Path(name).is_file() for name in document["plots"])


LACKS = "the report lacks importance, partial dependence and the worst rows; give it as DATA"


def test_the_table_of_a_run_has_changed_or_is_gone(call: Call, table: Path, tmp_path: Path) -> None:
    run, page = tmp_path / "run", tmp_path / "run.html"
    assert call("train", table, *QUICK, "-o", run, "-q").code == 0
    lines = table.read_text().splitlines()
    table.write_text("\n".join(lines[:-1]) + "\n")
    changed = call("report", run)
    assert (changed.code, changed.out) == (0, f"{page}\n")
    told = f"the table of the training: {table}: has changed since the training: {LACKS}"
    assert changed.err == f"phoneprice: warning: {told}\n"
    assert "Permutation importance" not in page.read_text()
    assert call("report", run, "--json").document["warnings"] == [told]
    assert call("report", run, table).code == 0
    assert "Permutation importance" in page.read_text()
    table.unlink()
    gone = call("report", run)
    assert (gone.code, gone.out) == (0, f"{page}\n")
    assert gone.err.startswith(f"phoneprice: warning: the table of the training: {table}: no such file;")
    assert gone.err.endswith(f": {LACKS}\n")
    assert gone.err.count("\n") == 1


def test_a_run_that_was_not_to_know_where_its_table_is(call: Call, table: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    trained = call("train", table, *QUICK, "-o", run, "--no-command-line")
    assert f"For a report: phoneprice report {run} {table} " in f"{' '.join(trained.err.split())} "
    told = f"phoneprice: the run doesn't say where its table is: {LACKS}\n"
    assert (call("report", run).code, call("report", run).err) == (0, told)


def test_the_table_of_a_run_is_not_written_over(call: Call, table: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert call("train", table, *QUICK, "-o", run, "-q").code == 0
    refused = call("report", run, "-o", table)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == f"phoneprice: error: {table}: is the input itself; name another file with -o\n"


def test_a_report_of_the_sample(call: Call, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert call("train", *QUICK, "-o", run, "-q").code == 0
    assert call("report", run).err.endswith(f"phoneprice: with {sample_path('train')}, the table of the training\n")


def test_a_summary(call: Call, table: Path, tmp_path: Path) -> None:
    run, page = tmp_path / "run", tmp_path / "run-summary.html"
    assert call("train", table, *QUICK, "-o", run, "-q").code == 0
    result = call("report", run, "--summary", "-q")
    assert (result.code, result.out) == (0, f"{page}\n")
    assert "<title>phoneprice report, price_range: run, summary</title>" in page.read_text()
    assert call("report", run, "--summary", "-q").code == 0
    page.write_text("mine")
    assert call("report", run, "--summary", "-q").code == 5


def test_report_never_writes_over_its_data_or_into_the_run(call: Call, table: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert call("train", table, *QUICK, "-o", run, "-q").code == 0
    before, names = table.read_bytes(), sorted(run.iterdir())
    soft, hard, alias = tmp_path / "soft.csv", tmp_path / "hard.csv", tmp_path / "alias"
    soft.symlink_to(table)
    hard.hardlink_to(table)
    alias.symlink_to(run)
    for output in (table, soft, hard):
        refused = call("report", run, table, "-o", output)
        assert (refused.code, refused.out) == (2, "")
        assert refused.err == f"phoneprice: error: {output}: is the input itself; name another file with -o\n"
    inside = "is inside a run, to which nothing may be added; name another place with"
    for output in (run / "page.html", run / "config.toml", run / "sub" / "page.html", alias / "page.html"):
        refused = call("report", run, "-o", output)
        assert (refused.code, refused.out) == (2, "")
        assert refused.err == f"phoneprice: error: {output}: {inside} -o\n"
    refused = call("report", run, "--plots", run / "plots")
    assert (refused.code, refused.err) == (2, f"phoneprice: error: {run / 'plots'}: {inside} --plots\n")
    assert table.read_bytes() == before
    assert sorted(run.iterdir()) == names
    assert call("runs", "verify", run, "-q").code == 0


def test_report_replaces_pages_only(call: Call, table: Path, tmp_path: Path) -> None:
    run, page, other = tmp_path / "run", tmp_path / "page", tmp_path / "empty"
    assert call("train", table, *QUICK, "-o", run, "-q").code == 0
    mine = tmp_path / "mine.csv"
    mine.write_text("a,b\n1,2\n")
    refused = call("report", run, "-o", mine)
    assert (refused.code, refused.out) == (2, "")
    assert (
        refused.err
        == f"phoneprice: error: {mine}: exists and is no report of phoneprice; choose another -o, or move it away\n"
    )
    assert mine.read_text() == "a,b\n1,2\n"
    other.touch()
    for output in (page, page, other):
        assert call("report", run, "-o", output).code == 0


TRAINING_ROWS = "Training rows: no rows were held out, so this says nothing about new ones"


def test_figures_of_training_rows_say_so(call: Call, table: Path, tmp_path: Path) -> None:
    learned, honest = tmp_path / "learned", tmp_path / "honest"
    assert call("train", table, *QUICK, "-s", "validation.scheme=none", "-o", learned, "-q").code == 0
    assert call("train", table, *QUICK, "-o", honest, "-q").code == 0
    for words in (("runs", "show", learned), ("report", learned, "--terminal")):
        text = call(*words).out
        assert text.index(TRAINING_ROWS) < text.index("accuracy")
    for shown in (("runs", "show", honest), ("report", honest, "--terminal"), ("runs", "diff", honest, honest)):
        assert "Training rows" not in call(*shown).out
    for pair, names in (((learned, honest), "AB"), ((honest, learned), "BA")):
        text = " ".join(call("runs", "diff", *pair).out.split())
        caution = (
            f"Training rows: {names[0]} held out none, so its figures flatter it beside those of {names[1]}, which are "
            "from held-out rows; the differences don't show which is better. metric A B B - A"
        )
        assert caution in text
    text = " ".join(call("runs", "diff", learned, learned).out.split())
    assert "Training rows: neither run held out rows, so the figures say nothing about new ones. metric A" in text
    assert call("runs", "diff", learned, honest, "--json").document["measured_on"] == ["training set", "out of fold"]


def test_report_in_the_terminal(call: Call, table: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert call("train", table, *QUICK, "-o", run, "-q").code == 0
    result = call("report", run, "--terminal")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("run: ordinal, price_range\n")
    for part in ("Loss by epoch", "Confusion matrix", "Training health", "try      -s training.epochs=50"):
        assert part in result.out
    assert any("\N{BRAILLE PATTERN BLANK}" < character <= "\u28ff" for character in result.out)
    (legend,) = [line for line in result.out.splitlines() if "training: " in line]
    assert re.fullmatch(r"╌╌ training: [\d.]+ to [\d.]+   ── validation: [\d.]+ to [\d.]+", legend)
    refused = call("report", run, "--terminal", "--json")
    assert refused.code == 2
    assert refused.err == "phoneprice: error: --terminal writes no file: leave out -o, --plots, --summary and --json\n"


def test_report_of_nothing(call: Call, tmp_path: Path) -> None:
    assert call("report", tmp_path / "nothing").code == 4


def test_diff(call: Call, table: Path, tmp_path: Path) -> None:
    for name, epochs in (("a", 3), ("b", 30)):
        settings = ("-s", f"training.epochs={epochs}", "training.threads=1", "training.device=cpu")
        assert call("train", table, *settings, "-o", tmp_path / name, "-q").code == 0
    result = call("runs", "diff", tmp_path / "a", tmp_path / "b")
    assert (result.code, result.err) == (0, "")
    assert ["training.epochs", "3", "30"] in [line.split() for line in result.out.splitlines()]
    assert "accuracy: B is better by " in result.out
    assert "more than chance (McNemar p < 0.0001)" in " ".join(result.out.split())
    document = call("runs", "diff", tmp_path / "a", tmp_path / "b", "--json").document
    assert document["paired"][0]["beyond_chance"] is True
    listed = call("runs", "list", tmp_path, "--best", "--json").document["runs"]
    values = [run["value"] for run in listed if run["value"] is not None]
    assert values == sorted(values, reverse=True)


def test_sparkline() -> None:
    assert sparkline([1.0]) == ""
    assert sparkline([1, 2, 3, 4, 5, 6, 7, 8]) == "▁▂▃▄▅▆▇█"
    assert sparkline([1000, 100, 10, 1]) == "█▆▃▁"
    assert sparkline([2.0, float("nan"), 2.0]) == "▁▁"
    assert len(sparkline([float(i) for i in range(1000)], width=10)) == 10


def test_canvas() -> None:
    canvas = Canvas(4, 2, 0.0, 1.0)
    canvas.line([1.0, 0.0], "blue")
    assert canvas.rows() == ["⠑⢄  ", "  ⠑⢄"]
    assert canvas.styles == [["blue", "blue", "", ""], ["", "", "blue", "blue"]]
    dashed = Canvas(8, 1, 0.0, 1.0)
    dashed.line([0.0, 0.0], "blue", dashed=True)
    assert dashed.rows() == ["⣀⣀  ⣀⣀  "]
    gap = Canvas(2, 1, 1.0, 10.0, log=True)
    gap.line([10.0, 0.0, float("nan"), 10.0], "red")
    assert set("".join(gap.rows())) <= {" ", "⠁", "⠈"}
