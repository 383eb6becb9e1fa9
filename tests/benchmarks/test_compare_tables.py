"""What the command refuses, and how it takes its options."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import compare_tables
import pytest
from tables.catalogue import TABLES, hash_of
from tables.results import Facts, nothing, write


def _called(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["compare_tables.py", *map(str, words)])
    return compare_tables.main()


LINEAR = ("--only-models", "linear")
DIGITS = ("--only-tables", "digits")
OTHER_SPLIT = {"development": "confirmation", "confirmation": "development"}[
    next(table.split for table in TABLES if table.name == "digits")
]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--ours", "plain"),
            "--ours plain: must be NAME=SETTINGS, such as 'plain=training.epochs=50 model.hidden=[64]'",
        ),
        (
            ("--only-tables", "digits", "Digits", *LINEAR),
            "--only-tables Digits: must be of the catalogue, tests/benchmarks/tables/catalogue.py",
        ),
        (("--only-models", "linear", "Linear"), "--only-models Linear: must be of phoneprice, linear, SVM, "),
        (
            (*DIGITS, *LINEAR, "--split", OTHER_SPLIT),
            "no table is left: --only-tables and --split leave none of the catalogue",
        ),
    ],
    ids=["ours", "table", "model", "split"],
)
def test_what_cannot_be_asked_is_refused(
    words: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "results"
    assert _called(monkeypatch, folder, *words) == 2
    assert capsys.readouterr().err.startswith(f"error: {message}")
    assert not folder.exists()


def test_an_excluded_table_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "excluded.txt"
    path.write_text(hash_of(TABLES[0].name))
    words = (*DIGITS, *LINEAR, "--excluded", path)
    assert _called(monkeypatch, tmp_path / "results", *words) == 2
    assert capsys.readouterr().err == (
        f"error: {TABLES[0].name}: is excluded by {path}; take it out of the catalogue\n"
    )


def test_results_of_other_settings_are_not_taken_for_these(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, nothing(Facts("digits", "phoneprice plain", ("a=1", "b=[2, 3]"), outcome="too slow")))
    words = (*DIGITS, "--only-models", "phoneprice plain", "--page-only")
    assert _called(monkeypatch, tmp_path, *words, "--ours", "plain=a=2") == 2
    assert capsys.readouterr().err == (
        f"error: {tmp_path / 'digits.phonepriceplain.parquet'}: was made with a=1 b=[2, 3]; "
        "give the new settings another name, or delete it\n"
    )
    assert _called(monkeypatch, tmp_path, *words, "--ours", "plain=-s a=1 -s 'b=[2, 3]'") == 0
    assert (tmp_path / "page.html").is_file()


def test_a_table_is_put_to_a_model_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (tmp_path, "--only-tables", "diabetes", *LINEAR, "--threads", 1)
    assert _called(monkeypatch, *words) == 0
    assert capsys.readouterr().out.startswith("1/1 diabetes, linear: ")
    assert _called(monkeypatch, *words) == 0
    assert capsys.readouterr().out.startswith("1 tables, 1 to ")


def test_processes_have_processors_of_their_own_where_there_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {7, 2, 3, 5, 6}, raising=False)
    assert compare_tables._processors(2, 2) == [(2, 3), (5, 6)]
    assert compare_tables._processors(3, 2) == [(), (), ()]
