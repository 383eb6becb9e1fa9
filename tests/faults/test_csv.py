"""Generated CSV files against the slow reference: never another value, never another number of records."""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from phoneprice.artifact.loader import load_run
from phoneprice.config.reading import Reading
from phoneprice.data.encoding.features import FeatureEncoder
from phoneprice.data.table import Table
from phoneprice.errors import DataError, UsageError
from phoneprice.inference.predictor import Predictor
from phoneprice.records import Classified
from phoneprice.workflows.predict import predict
from tests.faults.counts import SEED, report, share_of
from tests.faults.csv_files import FEATURES, files
from tests.faults.reference_csv import Parsed, Refused, number, parse
from tests.random_runs import numeric_schema, random_contents, write_run

AS_SAID = Reading(delimiter=",", encoding="utf-8", skip_lines=0)
"""Nothing is recognised: the reference knows one delimiter, one encoding and no titles above a header."""


class Model:
    """A small run, and what it predicts for numbers that the reference has read."""

    def __init__(self, folder: Path) -> None:
        self.run = folder / "run"
        write_run(self.run, random_contents(schema=numeric_schema(features=2, has_missing=True)))
        loaded = load_run(self.run)
        self.encoder = FeatureEncoder(loaded.schema)
        self.predictor = Predictor(loaded.config, loaded.task, loaded.recipes, loaded.calibration)
        self.labels = loaded.task.labels

    def expected(self, parsed: Parsed) -> list[str]:
        columns = {name: pa.array([number(cell) for cell in parsed.column(name)], pa.float64()) for name in FEATURES}
        table = Table("reference", columns, np.arange(len(parsed.records)))
        predicted = self.predictor.predict(self.encoder.encode(table).inputs)
        assert isinstance(predicted, Classified)
        return [
            f"{self.labels[k]} {p:.5f}" for k, p in zip(predicted.classes, predicted.probabilities[:, 0], strict=True)
        ]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return Model(tmp_path_factory.mktemp("csv"))


def reference(model: Model, data: bytes) -> list[tuple[str, str, str]] | None:
    """Id, note and prediction of each record, or None where the rules refuse the file."""
    try:
        parsed = parse(data)
        if not {*FEATURES, "note"} <= set(parsed.header):
            return None
        expected = model.expected(parsed)
    except Refused:
        return None
    ids = parsed.column("id") if "id" in parsed.header else [""] * len(expected)
    return list(zip(ids, parsed.column("note"), expected, strict=True))


def ours(model: Model, data: bytes, folder: Path) -> list[tuple[str, str, str]] | None:
    (folder / "in.csv").write_bytes(data)
    try:
        report = predict(model.run, folder / "in.csv", folder / "out.csv", keep=["note"], reading=AS_SAID)
    except (DataError, UsageError) as fault:  # usage: no column to keep
        assert "\n" not in str(fault)  # noqa: PT017
        return None
    with (folder / "out.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert report.rows == len(found)
    return [(row.get("id", ""), row["note"], f"{row['prediction']} {float(row['prob_0']):.5f}") for row in found]


def compare(model: Model, count: int) -> Counter[str]:
    """Outcomes of ``count`` files."""
    outcomes = Counter[str]()

    @seed(SEED)
    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck),
              phases=[Phase.explicit, Phase.generate, Phase.shrink])  # fmt: skip
    @given(files())
    def each(data: bytes) -> None:
        expected = reference(model, data)
        with tempfile.TemporaryDirectory() as folder:
            found = ours(model, data, Path(folder))
        outcomes["refused" if expected is None else "predicted"] += 1
        outcomes["records"] += len(expected or ())
        if expected is None or found is None:
            assert found == expected
            return
        assert [row[:2] for row in found] == [row[:2] for row in expected]
        assert [_rounded(row[2]) for row in found] == pytest.approx([_rounded(row[2]) for row in expected], abs=2e-5)

    each()
    return outcomes


def _rounded(text: str) -> float:
    """Label and probability as one number: labels are digits."""
    label, probability = text.split()
    return 10 * int(label) + float(probability)


def test_some_files_against_the_reference(model: Model) -> None:
    outcomes = compare(model, 150)
    assert outcomes["predicted"] > 40
    assert outcomes["refused"] > 20


@pytest.mark.long
def test_files_against_the_reference(model: Model) -> None:
    count = share_of(20_000)
    found = compare(model, count)
    total = found["predicted"] + found["refused"]
    report(f"{total} generated CSV files: {found['predicted']} predicted with the values and the "
           f"{found['records']} records of the reference parser, {found['refused']} refused by both")  # fmt: skip
