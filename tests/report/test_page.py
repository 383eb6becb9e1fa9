"""The page: complete, self-contained, equal to the run's documents."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from phoneprice.artifact.loader import Run, load_run
from phoneprice.data.samples.sample import sample_path
from phoneprice.errors import DataError, ModelError, StorageError
from phoneprice.report.page import page as rendered
from phoneprice.report.prediction_charts import reliability_charts
from phoneprice.workflows.report import gather, report, report_path
from tests.report.reports import KINDS, Page, page, shown_metrics, small_run

ALWAYS = ["summary", "findings", "curves", "importance", "worst", "metrics", "health", "configuration", "reproduce"]
SECTIONS = {
    "ordinal": ["confusion", "classes", "calibration", "score", "dependence"],
    "multiclass": ["confusion", "classes", "calibration", "dependence"],
    "binary": ["confusion", "classes", "calibration", "ranking", "dependence"],
    "regression": ["residuals", "dependence"],
    "none held out": ["confusion", "classes", "dependence"],
    "after a search": ["search", "confusion", "classes", "calibration", "score", "dependence"],
    "softmax of ordered classes": ["confusion", "classes", "calibration", "score", "dependence"],
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_section_is_there(kind: str) -> None:
    found = [a["id"] for tag, a in Page(page(kind)).tags if tag == "section"]
    assert sorted(map(str, found)) == sorted(ALWAYS + SECTIONS[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_metrics_equal_those_of_the_run(kind: str) -> None:
    document = json.loads((small_run(kind) / "metrics.json").read_text())
    shown = shown_metrics(page(kind))
    assert {name: value for name, (value, _) in shown.items()} == {
        name: metric["value"] for name, metric in document["metrics"].items()
    }
    for value, text in shown.values():
        assert float(text.replace(",", "")) == pytest.approx(value, rel=5e-3, abs=5e-5)
    for metric in document["metrics"].values():
        assert repr(metric["low"]) in page(kind)
        assert repr(metric["high"]) in page(kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("data", [True, False])
def test_one_file_that_needs_nothing_else(kind: str, data: bool) -> None:
    text = page(kind, data=data)
    found = Page(text)
    assert found.open == []
    assert len(found.ids) == len(set(found.ids))
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in found.tags}
    references = [a[key] for _, a in found.tags for key in ("href", "src") if key in a]
    assert all(str(reference)[:1] == "#" and str(reference)[1:] in found.ids for reference in references)
    assert "url(" not in text
    assert "@import" not in text
    assert len(text.encode()) < 2_000_000


@pytest.mark.parametrize("kind", KINDS)
def test_every_picture_has_words_and_every_table_a_caption(kind: str) -> None:
    text = page(kind)
    figures = re.findall(r"<figure>.*?</figure>", text, re.DOTALL)
    assert len(figures) == text.count("<figcaption>") > 1
    for figure in figures:
        assert re.search(r"<h3>[^<]+</h3>", figure)
        assert re.search(r"<figcaption>[^<]{20,}</figcaption>", figure)
        assert re.search(r'role="img".*?<title id="[^"]+">[^<]+</title><desc id="[^"]+">[^<]{20,}</desc>', figure)
    for table in re.findall(r"<table.*?</table>", text, re.DOTALL):
        assert re.search(r"<caption>.+?</caption>", table)
    levels = [int(tag[1]) for tag, _ in Page(text).tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_without_data_it_says_how_to_get_the_rest() -> None:
    text = page("ordinal", data=False)
    assert f"phoneprice report {small_run('ordinal').resolve()} DATA" in text
    assert "Permutation importance" not in text
    assert "Permutation importance" in page("ordinal")


@pytest.mark.parametrize(
    ("right", "words"),
    [
        (90, "90.0% sure and 90.0% right: no further apart than the 5.9% that chance explains"),
        (96, "90.0% sure and 96.0% right: too careful, by more than the 5.9% that chance explains"),
        (84, "90.0% sure and 84.0% right: too sure, by more than the 5.9% that chance explains"),
    ],
)
def test_whether_predictions_are_too_sure(right: int, words: str) -> None:
    y = np.repeat([0, 1], [right, 100 - right])
    curve, _ = reliability_charts(y, np.tile([0.9, 0.1], (100, 1)))
    assert f"; on the whole the predictions are {words}. On the diagonal" in curve.description


def of_an_earlier_version(kind: str) -> Run:
    """A run whose metrics have no linear model."""
    run = load_run(small_run(kind))
    vars(run)["metrics"] = run.metrics.model_copy(update={"baselines": None})
    return run


@pytest.mark.parametrize("data", [False, True])
def test_the_baselines(*, data: bool) -> None:
    text = page("ordinal", data=data)
    assert "<p>Always the most frequent class would give 25.0%.</p>" in text
    (linear,) = re.findall(r"<p>Logistic regression gives ([\d.]+)%: ([^<]+)</p>", text)
    assert float(linear[0]) > 90
    assert re.fullmatch(r"the network is (better|worse) by [\d.]+% \([\d.]+% to [\d.]+%\)\.", linear[1])
    assert "a linear model trained on the same folds" not in text


def test_a_run_of_an_earlier_version_has_its_linear_model_from_the_table() -> None:
    before = of_an_earlier_version("ordinal")
    assert [simple.name for simple in gather(before).baselines] == ["the most frequent class"]
    assert "a linear model trained on the same folds" in rendered(gather(before))
    names = [simple.name for simple in gather(before, sample_path("train")).baselines]
    assert names == ["the most frequent class", "logistic regression"]


def test_what_was_checked_is_told_with_its_result() -> None:
    facts = gather(load_run(small_run("ordinal")))
    first, *others = facts.checked
    shown = rendered(replace(facts, findings=(), checked=(replace(first, passed=False), *others)))
    assert shown.count('<td class="text">failed</td>') == 1
    assert shown.count('<td class="text">fine</td>') == sum(check.passed for check in others)
    assert f"Not as it should be either, perhaps because of this: {first.title}." in shown


def test_the_command_that_repeats_the_run_and_its_settings() -> None:
    text = page("ordinal")
    assert "phoneprice train &#39;a b.csv&#39;" in text
    assert "epochs = 30" in text


def test_names_from_files_are_escaped(tmp_path: Path) -> None:
    lines = sample_path("train").read_text().splitlines()[:301]
    lines[0] = lines[0].replace("ram", "<b>ram</b>")
    table = tmp_path / "<i>.csv"
    table.write_text("\n".join(lines) + "\n")
    from phoneprice.config.load import load_config
    from phoneprice.workflows.train import train

    run = train(table, load_config(None, ["training.epochs=2", "training.threads=1"]), tmp_path / "<u>").run
    text = report(run, table).output.read_text()
    assert "<b>ram" not in text
    assert "<i>.csv" not in text
    assert "<u>" not in text
    assert "&lt;b&gt;ram&lt;/b&gt;" in text


def test_importance_and_dependence_find_what_matters() -> None:
    rows = re.findall(
        r'<tr><th scope="row">(\w+)</th><td>(-?[\d.]+)</td><td>(-?[\d.]+) to (-?[\d.]+)</td></tr>', page("ordinal")
    )
    names = [
        name for name, *_ in rows if name in ("ram", "battery_power", "px_height", "px_width", "mobile_wt", "blue")
    ]
    assert names[0] == "ram"
    assert names[-1] == "blue"
    ram = next(row for row in rows if row[0] == "ram")
    assert float(ram[2]) > 0.4
    assert "Partial dependence on ram" in page("ordinal")


def test_plots_are_files_of_their_own(tmp_path: Path) -> None:
    written = report(small_run("ordinal"), sample_path("train"), tmp_path / "r.html", plots=tmp_path / "plots").plots
    names = {path.name for path in written}
    assert {path.with_suffix(".png") for path in written} == {path for path in written if path.suffix == ".png"}
    assert {"loss.svg", "metric.svg", "confusion.svg", "reliability.svg", "score.svg", "importance.svg"} <= names
    for path in written:
        assert path.stat().st_size < 200_000
        if path.suffix == ".svg":
            assert ET.fromstring(path.read_text()).tag == "{http://www.w3.org/2000/svg}svg"
    again = report(small_run("ordinal"), sample_path("train"), tmp_path / "r.html", plots=tmp_path / "plots").plots
    assert again == written
    (tmp_path / "plots" / "loss.png").write_bytes(b"\x89PNG\r\n\x1a\nmine")
    with pytest.raises(StorageError, match=r"loss\.png: is a file, which this program has not made"):
        report(small_run("ordinal"), sample_path("train"), tmp_path / "r.html", plots=tmp_path / "plots")


@pytest.mark.parametrize(
    ("folder", "file", "mode"), [(0o700, 0o644, 0o600), (0o755, 0o600, 0o600), (0o755, 0o644, 0o644)]
)
def test_a_report_is_for_those_who_may_read_the_run(tmp_path: Path, folder: int, file: int, mode: int) -> None:
    run = tmp_path / "run"
    shutil.copytree(small_run("ordinal"), run)
    (run / "metrics.json").chmod(file)
    run.chmod(folder)
    written = report(run, plots=tmp_path / "plots")
    assert {path.stat().st_mode & 0o777 for path in (written.output, *written.plots)} == {mode}


def test_faults(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        report(tmp_path / "nothing")
    with pytest.raises(DataError):
        report(small_run("ordinal"), tmp_path / "nothing.csv", tmp_path / "r.html")
    with pytest.raises(StorageError, match=f"^{tmp_path}: can't be written: is a directory; name a file in it$"):
        report(small_run("ordinal"), None, tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(StorageError, match=f"^{tmp_path}/none/r.html: can't be written: no such file or directory"):
        report(small_run("ordinal"), None, tmp_path / "none" / "r.html", plots=tmp_path / "plots")
    assert list(tmp_path.iterdir()) == []
    assert report_path(small_run("ordinal")).name == "run.html"


def test_other_rows_than_those_of_the_training(tmp_path: Path) -> None:
    lines = sample_path("train").read_text().splitlines()
    table = tmp_path / "some.csv"
    table.write_text("\n".join([lines[0], *lines[1:101]]) + "\n")
    text = report(small_run("ordinal"), table, tmp_path / "r.html").output.read_text()
    assert "Measured on all 100 rows of some.csv." in text
    before = of_an_earlier_version("ordinal")
    assert [simple.name for simple in gather(before, table).baselines] == ["the most frequent class"]
