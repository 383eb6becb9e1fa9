"""No message recommends an option that its command lacks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.cli.calling import Call

NUMBERS = np.random.default_rng(0).normal(size=24).round(2).tolist()
CLASSES = ["p", "q", "r"] * 8
TABLES: Mapping[str, Mapping[str, Sequence[object]]] = {
    "a class of one row": {"a": NUMBERS, "y": [*CLASSES[:-1], "z"]},
    "numbered classes, one of one row": {"a": NUMBERS, "y": [*[1, 2, 3] * 7, 1, 2, 4]},
    "numbered classes, text in a number": {"a": [*NUMBERS[:-1], "oops"], "y": [1, 2, 3, 4] * 6},
    "numbered classes, no finite number": {"a": [*NUMBERS[:-1], "inf"], "y": [1, 2, 3, 4] * 6},
    "classes of one row each": {"a": NUMBERS[:3], "y": ["p", "q", "r"]},
    "few numbers": {"a": NUMBERS[:3], "y": [0.5, 1.5, 2.5]},
    "one class": {"a": NUMBERS, "y": ["p"] * 24},
    "free text": {"a": NUMBERS, "y": [f"text {i}" for i in range(24)]},
    "no target": {"a": NUMBERS, "x": NUMBERS},
    "nothing but ids": {"id": list(range(24)), "y": CLASSES},
    "groups": {"patient": [f"P{i % 8}" for i in range(24)], "a": NUMBERS, "y": CLASSES},
    "in time": {"day": [f"2024-01-{i + 1:02d}" for i in range(24)], "a": NUMBERS, "y": CLASSES},
    "another delimiter": {"a;b": NUMBERS, "y;z": CLASSES},
}
COMMANDS = {
    "config init": ["config", "init", "--from-data", "DATA", "--target", "y"],
    "data check": ["data", "check", "DATA", "--target", "y"],
    "train": ["train", "DATA", "--target", "y", "-o", "RUN", "-s", "training.epochs=1", "model.hidden=[]"],
    "cv": ["cv", "DATA", "--target", "y", "--repeats", "1", "-s", "training.epochs=1", "model.hidden=[]"],
}
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*|-[a-z])(?![\w-])")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", TABLES)
def test_options_that_are_named_are_there(call: Call, tmp_path: Path, command: str, name: str) -> None:
    data = tmp_path / "t.csv"
    rows = zip(*TABLES[name].values(), strict=True)
    data.write_text("\n".join(",".join(map(str, row)) for row in [tuple(TABLES[name]), *rows]) + "\n")
    words = {"DATA": str(data), "RUN": str(tmp_path / "run")}
    result = call(*(words.get(word, word) for word in COMMANDS[command]))
    there = set(OPTION.findall(call(*command.split(), "--help").out))
    assert there >= {"--target"}
    assert set(OPTION.findall(result.err)) <= there, result.err
    if name in {"groups", "in time"}:
        assert {"groups": "data.group_column", "in time": "validation.order_column"}[name] in result.err + result.out
    if command == "config init" and name.endswith("one row"):
        assert result.code == 0
