"""Single values of a run's documents replaced, with hashes made to agree: refused by all, or harmless to all."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from phoneprice.artifact.loader import verify_run
from phoneprice.cli.program import run as run_program
from phoneprice.config.schema import Config
from phoneprice.errors import ModelError
from tests.faults.counts import SEED, report, share_of
from tests.faults.mutants import Bytes, read_run, seal
from tests.random_runs import NOTHING_HELD_OUT, random_contents, write_run

NUMBERS = (0, -1, 1, 2, 0.5, -0.5, 5e-324, 1e17, 2**53, 1e100, 1e300, 1.7e308, -1.7e308)
TEXTS = ("", "0", "nan", "inf", "text", "number", "boolean", "\x1b[2J\u202e\x00\n", "<b>&", "x" * 5000)
DOCUMENTS = ("schema.json", "features.json", "calibration.json", "metrics.json", "splits.json", "environment.json")
GOLDEN = ("ordinal", "multiclass", "binary", "regression")


def leaves(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a document's numbers, texts, truths and nulls are."""
    if isinstance(document, dict | list):
        for key, value in document.items() if isinstance(document, dict) else enumerate(document):
            yield from leaves(value, (*path, key))
    else:
        yield path


def replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The document with another value there."""
    for step in path[:-1]:
        document = document[step]
    document[path[-1]] = value


def mutate(files: Bytes, chance: random.Random) -> str:
    """Replace one value, or all of its kind in one place; what was done."""
    name = chance.choice([*DOCUMENTS, "history.jsonl"])
    lines = [json.loads(line) for line in files[name].splitlines()] if name.endswith("l") else [json.loads(files[name])]
    path = chance.choice(list(leaves(lines)))
    old = lines
    for step in path:
        old = old[step]
    value = chance.choice(TEXTS if isinstance(old, str) else (*NUMBERS, None, not old) if old is None else NUMBERS)
    alike = [other for other in leaves(lines) if other[0:1] == path[0:1] and other[-1] == path[-1]]
    for place in alike if chance.random() < 0.3 else [path]:
        replaced(lines, place, value)
    files[name] = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    seal(files)
    return f"{name} {'.'.join(map(str, path[1:]))} = {value!r}"


def commands(run: Path, other: Path, data: Path, out: Path) -> dict[str, list[str]]:
    """Every command that reads a run."""
    return {
        "show": ["runs", "show", str(run)],
        "show --json": ["runs", "show", str(run), "--json"],
        "list": ["runs", "list", str(run.parent)],
        "diff": ["runs", "diff", str(run), str(other)],
        "report": ["report", str(run), "-o", f"{out}.html"],
        "terminal": ["report", str(run), "--terminal"],
        "evaluate": ["evaluate", str(run), str(data)],
        "predict": ["predict", str(run), str(data), "-o", f"{out}.csv"],
        "verify": ["runs", "verify", str(run)],
    }


def try_mutants(original: Path, data: Path, folder: Path, count: int, seed: str) -> int:
    """How many of the mutants were accepted; everything agrees on each of them."""
    chance, good, accepted = random.Random(seed), read_run(original), 0
    run = folder / "runs" / "mutant"
    run.mkdir(parents=True)
    for _ in range(count):
        files = dict(good)
        what = mutate(files, chance)
        for name, content in files.items():
            (run / name).write_bytes(content)
        sound = True
        try:
            verify_run(run)
        except ModelError:
            sound = False
        accepted += sound
        codes = {name: run_program(line) for name, line in commands(run, original, data, folder / "out").items()}
        # The table may not fit a schema that was changed; not every command reads what is damaged.
        allowed = {0, 3} if sound else {0, 3, 4}
        assert set(codes.values()) <= allowed, f"{what}: {'accepted' if sound else 'refused'} by verify_run, {codes}"
        assert codes["verify"] == (0 if sound else 4), what
    return accepted


@pytest.fixture(params=[*GOLDEN, "none", "number"])
def sample(request: pytest.FixtureRequest, golden: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A run and a table for it."""
    if request.param in GOLDEN:
        return golden / request.param / "run", golden / request.param / "phones.csv"
    regression = {"task": {"kind": "regression"}, "loss": {"name": "mse"}, "validation": {"scheme": "none"}}
    config = NOTHING_HELD_OUT if request.param == "none" else Config.model_validate(regression)
    schema = None if request.param == "none" else _without_labels()
    write_run(tmp_path / "good", random_contents(config, schema, members=1 if schema else 3))
    data = tmp_path / "d.csv"
    rows = "".join(f"i{i},{'1,2,3,4,5,6,'[:12]}{i % 4}\n" for i in range(4))
    data.write_text("id,x0,x1,x2,x3,x4,x5,price_range\n" + rows)
    return tmp_path / "good", data


def _without_labels() -> Any:
    from tests.random_runs import numeric_schema

    return numeric_schema(labels=())


def test_a_few_extreme_values(sample: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    accepted = try_mutants(*sample, tmp_path, 5, f"{SEED} {sample[0].parent.name}")
    assert accepted < 5
    assert "bug" not in capsys.readouterr().err


@pytest.mark.long
def test_extreme_values(sample: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    count = share_of(250)
    accepted = try_mutants(*sample, tmp_path, count, f"{SEED} {sample[0].parent.name}")
    assert "bug" not in capsys.readouterr().err
    report(f"{count} values of a run replaced: {count - accepted} refused, {accepted} accepted by every command")
