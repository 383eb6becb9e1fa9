"""``phoneprice predict`` and ``evaluate``, on a run that was not trained."""

import io
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from phoneprice.artifact.loader import load_run
from phoneprice.artifact.writer import RunWriter
from phoneprice.config.reading import AS_CONFIGURED, Reading
from phoneprice.errors import UsageError
from phoneprice.stream import StreamFormat
from phoneprice.workflows.evaluate import prepare_labelled, read_labelled
from phoneprice.workflows.events import Progress
from phoneprice.workflows.predict import PredictionResult, predict
from tests.cli.calling import Call
from tests.random_runs import random_contents, write_run

HEADER = "id,x0,x1,x2,x3,x4,x5,price_range\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    with RunWriter(Path("runs/one")) as writer:
        writer.finish(random_contents())
    return Path("runs/one")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    file = tmp_path / "data.csv"
    file.write_text(HEADER + "".join(f"{i},{i / 10},1,2,3,4,{i % 3},{i % 4}\n" for i in range(40)))
    return file


def test_predict_arguments(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def asked_for(run: Any, data: Any, output: Any, *, on_event: Any, **options: Any) -> PredictionResult:
        asked.update(run=run, data=data, output=output, **options)
        on_event(Progress(10, None, "rows"))
        return PredictionResult(10, output, {"0": 4, "1": 6}, ("w",))

    monkeypatch.setattr("phoneprice.workflows.predict.predict", asked_for)
    result = call("predict", "latest", "-", "-o", "out.parquet", "--json")
    assert result.document == {
        "format": 1,
        "run": "latest",
        "output": "out.parquet",
        "rows": 10,
        "predictions": {"0": 4, "1": 6},
        "warnings": ["w"],
    }
    assert asked == {
        "run": "latest",
        "data": Path("-"),
        "output": Path("out.parquet"),
        "keep": (),
        "device": "auto",
        "spreadsheet_safe": False,
        "chunk_rows": None,
        "stream_format": None,
        "reading": AS_CONFIGURED,
    }
    options = ("--keep-all", "--chunk-rows", 7, "--device", "cuda", "--spreadsheet-safe", "--delimiter", ";")
    result = call("predict", "r", "d", "-o", "x.csv", *options, "--encoding", "ascii", "--on-bad-row", "skip")
    assert (result.out, result.err) == ("", "Wrote 10 predictions to x.csv\n")
    assert (asked["keep"], asked["chunk_rows"], asked["device"], asked["spreadsheet_safe"]) == ("all", 7, "cuda", True)
    assert asked["reading"] == Reading(";", "ascii", "skip")
    call("predict", "r", "d", "--keep", "a", "b")
    assert (asked["keep"], asked["output"]) == (("a", "b"), Path("-"))


def test_predict_to_stdout(call: Call, run: Path, data: Path) -> None:
    result = call("predict", run, data)
    assert (result.code, result.err) == (0, "Wrote 40 predictions\n")
    assert result.out.splitlines()[0] == "id,prediction,confidence,prob_0,prob_1,prob_2,prob_3"
    assert result.out.count("\n") == 41
    assert call("predict", "latest", data, "-q").err == ""


def test_predict_from_stdin(call: Call, run: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = call("predict", run, data).out
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data.read_bytes())))
    assert call("predict", run, "-").out == expected


@pytest.mark.parametrize("line_format", ["csv", "jsonl"])
@pytest.mark.parametrize("name", ["csv", "jsonl"])
def test_a_line_in_is_a_line_out(
    run: Path, data: Path, name: str, line_format: StreamFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line is sent when the one before was answered: whoever waited for more would wait for ever."""
    header, *lines = data.read_text().splitlines()
    names = header.split(",")
    sent = lines if name == "csv" else [json.dumps(dict(zip(names, line.split(","), strict=True))) for line in lines]
    (stdin, questions), (answers, stdout) = os.pipe(), os.pipe()
    monkeypatch.setattr(sys, "stdin", os.fdopen(stdin))
    monkeypatch.setattr(sys, "stdout", os.fdopen(stdout, "w"))
    options: Any = {"chunk_rows": 1, "stream_format": line_format}
    answering = Thread(target=predict, args=(run, "-", "-"), kwargs=options, daemon=True)
    answering.start()
    with os.fdopen(questions, "w") as asked, os.fdopen(answers) as answered:
        asked.write(f"{header}\n" if name == "csv" else "")
        found = []
        for i, line in enumerate(sent[:5]):
            print(line, file=asked, flush=True)
            if i == 0 and line_format == "csv":
                assert answered.readline().startswith("id,prediction,")
            found.append(answered.readline())
        asked.close()
        answering.join(60)
    whole = data.with_name(f"whole.{line_format}")
    predict(run, data, whole)
    assert found == whole.read_text().splitlines(keepends=True)[int(line_format == "csv") :][:5]


@pytest.mark.parametrize("name", ["csv", "jsonl", "parquet"])
def test_what_stdout_is_written_in(run: Path, data: Path, name: StreamFormat, monkeypatch: pytest.MonkeyPatch) -> None:
    read, written = os.pipe()
    monkeypatch.setattr(sys, "stdout", os.fdopen(written, "w"))
    predict(run, data, "-", stream_format=name)
    sys.stdout.close()
    predict(run, data, file := data.with_name(f"out.{name}"))
    with os.fdopen(read, "rb") as found:
        assert found.read() == file.read_bytes()


def test_the_format_of_a_file_is_that_of_its_name(call: Call, run: Path, data: Path) -> None:
    result = call("predict", run, data, "-o", "out.csv", "--format", "jsonl")
    assert (result.code, result.out) == (2, "")
    what = "out.csv: --format jsonl is for stdout; a file has its format from its name"
    assert result.err == f"phoneprice: error: {what}\n"


def test_a_terminal_gets_no_parquet(run: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with pytest.raises(UsageError) as caught:
        predict(run, data, "-", stream_format="parquet")
    what = "a terminal can't show it; redirect stdout to a file or a program"
    assert str(caught.value) == f"--format parquet: {what}"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["nix", "data.csv"], 4), (["runs/one", "nix.csv"], 3), (["runs/one", "data.csv", "-o", "data.csv"], 2)],
)
def test_what_is_missing_or_in_the_way(call: Call, run: Path, data: Path, arguments: list[str], code: int) -> None:
    before = data.read_bytes()
    result = call("predict", *arguments)
    assert (result.code, result.out, result.err.count("\n")) == (code, "", 1)
    assert data.read_bytes() == before


def test_evaluate(call: Call, run: Path, data: Path) -> None:
    result = call("evaluate", "latest", data)
    assert (result.code, result.out) == (0, "")
    assert result.err.startswith(f"runs/one on {data}, 40 rows\n")
    assert "quadratic_kappa" in result.err
    assert "Confusion matrix" in result.err


def test_evaluate_reads_as_the_options_say(call: Call, run: Path, data: Path) -> None:
    expected = call("evaluate", run, data, "--json").document["metrics"]
    data.write_text(data.read_text().replace(",", ";"))
    assert call("evaluate", run, data, "--delimiter", ",").code == 3
    assert call("evaluate", run, data, "--delimiter", ";", "--json").document["metrics"] == expected


def test_requirements(call: Call, run: Path, data: Path) -> None:
    assert call("evaluate", run, data, "--require", "accuracy>=0", "log_loss<99").code == 0
    result = call("evaluate", run, data, "--require", "accuracy>=1", "log_loss<99", "--json")
    assert result.code == 9
    assert result.document["metrics"]["accuracy"]["value"] < 1
    assert result.err.startswith("phoneprice: error: accuracy")
    assert call("evaluate", run, data, "--require", "acuracy>1").code == 2


def test_gates_in_the_document(call: Call, run: Path, data: Path) -> None:
    document = call("evaluate", run, data, "--require", "accuracy>=1", "log_loss<99", "rmse < 1", "--json").document
    values = {name: found["value"] for name, found in document["metrics"].items()}
    assert document["gates"] == [
        {"require": "accuracy>=1", "metric": "accuracy", "value": values["accuracy"], "passed": False},
        {"require": "log_loss<99", "metric": "log_loss", "value": values["log_loss"], "passed": True},
        {"require": "rmse<1", "metric": "rmse", "value": None, "passed": False},
    ]
    assert call("evaluate", run, data, "--json").document["gates"] == []


def trained_on(data: Path, run: Path) -> None:
    """Let a run say that its training rows are those of ``data``."""
    loaded, contents = load_run(run), random_contents()
    prepared, _ = prepare_labelled(loaded, read_labelled(loaded, data), "evaluate")
    splits = contents.splits.model_copy(update={"data_sha256": prepared.sha256})
    write_run(run, replace(contents, splits=splits), force=True)


@pytest.mark.parametrize("options", [[], ["--json"], ["-q"]])
def test_the_gate_stays_shut_on_training_rows(call: Call, run: Path, data: Path, options: list[str]) -> None:
    require = ["--require", "accuracy>=0", *options]
    assert call("evaluate", run, data, *require).code == 0
    trained_on(data, run)
    refused = call("evaluate", run, data, *require)
    assert refused.code == 9
    assert refused.err.splitlines()[-1] == (
        f"phoneprice: error: {data}: these are the rows the run was trained on, which tell nothing of new ones, so "
        "--require is not met; give new rows, or add --training-rows-ok"
    )
    assert ("accuracy" in refused.err) == (not options)
    allowed = call("evaluate", run, data, *require, "--training-rows-ok")
    assert allowed.code == 0
    assert call("evaluate", run, data, *options).code == 0
    if options == ["--json"]:
        passed = [(found.document["learned"], found.document["gates"][0]["passed"]) for found in (refused, allowed)]
        assert passed == [(True, False), (True, True)]
