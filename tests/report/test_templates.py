"""The templates: what comes from a file or a user is escaped in them, and only the report pays for Jinja2."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

import phoneprice.report
from phoneprice.artifact.loader import load_run
from phoneprice.data.samples.sample import sample_path
from phoneprice.records import TrainingFinding
from phoneprice.report.facts import ReportFacts
from phoneprice.report.page import charts, page
from phoneprice.report.standalone import svg_file
from phoneprice.report.svg import element
from phoneprice.workflows.report import gather
from tests.faults.program import unmeasured
from tests.report.reports import Page, small_run

PACKAGE = Path(phoneprice.report.__file__).parent
TEMPLATES = sorted((PACKAGE / "templates").rglob("*.html"))
HOSTILE = "</script>\"'><b onload=x>&\x1b[31m\u202e\u2066"


@cache
def facts(kind: str) -> ReportFacts:
    return gather(load_run(small_run(kind)), sample_path("train"))


def with_hostile_names(known: ReportFacts) -> ReportFacts:
    """The facts of a run whose every name and word is hostile."""
    found = known.from_data
    assert found is not None
    metrics = known.metrics
    if metrics.confusion is not None and metrics.per_class is not None:
        labels = [f"{HOSTILE}{label}" for label in known.task.labels]
        named = [line.model_copy(update={"label": to}) for line, to in zip(metrics.per_class, labels, strict=True)]
        confusion = metrics.confusion.model_copy(update={"labels": labels})
        metrics = metrics.model_copy(update={"confusion": confusion, "per_class": named})
    return replace(
        known,
        name=HOSTILE,
        created=HOSTILE,
        task=replace(known.task, target=HOSTILE, labels=tuple(f"{HOSTILE}{label}" for label in known.task.labels)),
        metrics=metrics,
        findings=(TrainingFinding("too_short", *[HOSTILE] * 4),),
        checked=tuple(replace(check, title=HOSTILE, measured=HOSTILE, passed=False) for check in known.checked),
        trainings=tuple(replace(own, name=HOSTILE, layers=(HOSTILE,) * len(own.layers)) for own in known.trainings),
        summary=((HOSTILE, HOSTILE),),
        environment=((HOSTILE, HOSTILE),),
        command=HOSTILE,
        config_toml=HOSTILE,
        baselines=tuple(replace(line, name=HOSTILE) for line in known.baselines),
        score=known.score and replace(known.score, unit=HOSTILE),
        from_data=replace(
            found,
            source=HOSTILE,
            measured_on=HOSTILE,
            metric=HOSTILE,
            error_name=HOSTILE,
            importances={f"{HOSTILE}{column}": loss for column, loss in found.importances.items()},
            dependences=tuple(
                replace(line, column=HOSTILE, names=tuple(HOSTILE for _ in line.names)) for line in found.dependences
            ),
            worst=tuple(
                replace(line, place=HOSTILE, truth=HOSTILE, predicted=HOSTILE, cells={HOSTILE: HOSTILE})
                for line in found.worst
            ),
        ),
        ask_for_data=HOSTILE,
    )


@pytest.mark.parametrize("kind", ["ordinal", "binary", "regression"])
def test_hostile_names_are_text_everywhere(kind: str) -> None:
    known = facts(kind)
    hostile = with_hostile_names(known)
    for text, plain in (
        (page(hostile), page(known)),
        (page(replace(hostile, from_data=None)), page(replace(known, from_data=None))),
    ):
        shown = Page(text)
        assert {tag for tag, _ in shown.tags} == {tag for tag, _ in Page(plain).tags}
        assert {name for _, attributes in shown.tags for name in attributes} == {
            name for _, attributes in Page(plain).tags for name in attributes
        }
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
        assert "&lt;b onload=x&gt;&amp;\\x1b[31m\\u202e\\u2066" in text
    for drawn in charts(hostile).values():
        for chart in drawn:
            ET.fromstring(svg_file(chart))


def test_text_becomes_part_of_a_picture_in_one_place() -> None:
    assert element("text", HOSTILE, x=1.25, text_anchor=HOSTILE).count("<") == 2
    assert element("g", element("title", "a<b"), class_="dot c1", y=2) == (
        '<g class="dot c1" y="2"><title>a&lt;b</title></g>'
    )
    assert element("circle", r=2.26) == Markup('<circle r="2.3"/>')
    for file in PACKAGE.rglob("*.py"):
        assert file.read_text().count("Markup(") == (file.name == "svg.py"), file


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.stem)
def test_no_template_turns_the_escaping_off(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r"\|\s*safe\b|autoescape|\|\s*xmlattr", text)
    assert not re.search(r"""=\s*\{\{|=[^"'\s>]*\{\{""", text)  # an attribute without quotes would be open to spaces


def test_what_a_template_names_and_nothing_gives_is_a_bug() -> None:
    known = facts("regression")
    nameless = known.metrics.model_copy(update={"metrics": {**known.metrics.metrics, "r2": {}}})
    with pytest.raises(UndefinedError):
        page(replace(known, metrics=nameless))


COMMANDS = """
import sys
from phoneprice.cli import main
run, data, folder = sys.argv[1:]
quick = ["-s", "training.epochs=1", "training.threads=1", "training.device=cpu"]
def call(*arguments):
    assert main([*arguments, "-q"]) == 0, arguments
    return "jinja2" in sys.modules
for arguments in (
    ["train", data, *quick, "-o", f"{folder}/run"],
    ["evaluate", run, data],
    ["predict", run, data, "-o", f"{folder}/out.csv"],
    ["data", "check", data],
    ["data", "describe", data],
    ["config", "show"],
    ["runs", "list", folder],
    ["runs", "show", run],
    ["runs", "verify", run],
    ["runs", "diff", run, f"{folder}/run"],
    ["report", run, "--terminal"],
):
    assert not call(*arguments), arguments
assert call("report", run, "-o", f"{folder}/report.html")
"""


def test_no_other_command_imports_jinja(tmp_path: Path) -> None:
    arguments = [str(small_run("ordinal")), str(sample_path("train")), str(tmp_path)]
    words = [sys.executable, "-c", COMMANDS, *arguments]
    done = subprocess.run(words, env=unmeasured(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
