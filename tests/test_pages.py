"""What the pages for contributors say is there: files, layers, the files of a run, commands."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from phoneprice.artifact import layout
from phoneprice.config.load import config_from_toml
from phoneprice.config.schema import ColumnReading, DataConfig
from phoneprice.diagnosis.findings import STAGES

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "README.zh-CN.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
PATH = re.compile(r"`((?:configs|data|docs|phoneprice|tests)/[\w./-]*|[A-Z]+\.md)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_files_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [page.parent / link for link in re.findall(r"\]\(([^):#]+)\)", text)]
    files = [ROOT / name for name in PATH.findall(text)]
    assert [str(path) for path in (*links, *files) if not path.exists()] == []


def test_the_picture_has_every_layer() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = {name.strip().removeprefix("phoneprice.") for line in contracts[0]["layers"] for name in line.split("|")}
    (picture,) = re.findall(r"```mermaid\n(.*?)```", page("docs/architecture.md"), re.DOTALL)
    drawn = {word.strip() for bold in re.findall(r"<b>(.*?)</b>", picture) for word in bold.split(",")}
    assert drawn == layers


def test_the_files_of_a_run() -> None:
    section = page("docs/architecture.md").partition("## A run directory")[2]
    assert sorted(re.findall(r"^\| `([\w.]+)` \|", section, re.MULTILINE)) == sorted(layout.LIMITS)


def test_every_decision_is_listed() -> None:
    decisions = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\(([\w-]+\.md)\)", page("docs/decisions/README.md"))
    assert sorted(listed) == sorted(path.name for path in decisions.iterdir() if path.name != "README.md")


def test_every_check_of_a_training_is_listed_with_its_threshold() -> None:
    rows = re.findall(r"^\| (.*) \|$", page("docs/findings.md").replace("`", ""), re.MULTILINE)[1:]
    assert [tuple(row.split(" | ")) for row in rows] == [
        (stage, check.title, check.code, check.threshold, check.source)
        for stage, checks in STAGES.items()
        for check in checks
    ]


TABLES = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "data.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("example", TABLES)
def test_the_examples_of_tables_are_valid(example: str) -> None:
    config_from_toml(example, "data.md")


def test_every_setting_of_tables_has_an_example() -> None:
    examples = [tomllib.loads(example).get("data", {}) for example in TABLES]
    columns = [column for example in examples for column in example.get("columns", {}).values()]
    assert {name for example in examples for name in example} == set(DataConfig.model_fields)
    assert {name for column in columns for name in column} <= set(ColumnReading.model_fields)
    assert {name for shown in (*examples, *columns) for name in shown} >= set(ColumnReading.model_fields)


def test_the_set_up_is_the_readmes() -> None:
    (command,) = re.findall(r"<!-- test command -->\n```sh\n(.*?)\n```", page("README.md"))
    assert command in page("CONTRIBUTING.md")


def test_what_pytest_is_to_run_is_there() -> None:
    commands = re.findall(r"`(python -m pytest [^`]*)`", page("CONTRIBUTING.md"))
    paths = [word for command in commands for word in shlex.split(command) if word.startswith("tests/")]
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("script", [".ci/run", ".github/workflows/ci.yml"])
def test_the_checks_are_those_that_run_before_a_merge(script: str) -> None:
    if not (ROOT / script).exists():
        pytest.skip("a source distribution has no CI")
    rows = dict(re.findall(r"^\| (.+?) \| `(.+?)` \|$", page("CONTRIBUTING.md"), re.MULTILINE))
    checks = [rows[name] for name in ("lint", "layout", "types", "imports point downwards")]
    written = [line.strip().removeprefix("- run: ").removeprefix(".venv/bin/") for line in page(script).splitlines()]
    assert [line for line in written if line.startswith(("ruff", "mypy", "lint-imports"))] == checks


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")
