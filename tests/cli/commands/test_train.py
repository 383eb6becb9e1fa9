"""``phoneprice train``: what it asks of the workflow, and what it shows of the answer."""

import json
from pathlib import Path
from typing import Any

import pytest

from phoneprice.cli.output import json_lines
from phoneprice.config.load import load_config
from phoneprice.config.reading import Reading
from phoneprice.config.schema import Config
from phoneprice.errors import DeviceError, DivergedError
from phoneprice.records import Interval, Task
from phoneprice.records.documents import Member, RunMetrics
from phoneprice.workflows.events import Noted, Warned
from phoneprice.workflows.train import TrainResult
from tests.cli.calling import Call
from tests.random_runs import random_contents, write_run

METRICS = RunMetrics.model_construct(
    format=1,
    measured_on="out of fold",
    metrics={"accuracy": Interval(0.9, 0.8, 0.95)},
    members=(Member.model_construct(),) * 5,
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The arguments of the last call of the workflow, which trains nothing."""
    asked: dict[str, Any] = {}

    def train(data: Any, config: Config, run: Any, *, on_event: Any, **options: Any) -> TrainResult:
        asked.update(data=data, config=config, run=run, **options)
        on_event(Noted("noted"))
        on_event(Warned("watch out"))
        return TrainResult(run, config, Task("ordinal", "y", ("0", "1")), METRICS, 2000, 2.4, ("watch out",))

    monkeypatch.setattr("phoneprice.workflows.train.train", train)
    return asked


def test_arguments(call: Call, asked: dict[str, Any]) -> None:
    call("train", "手机.csv", "-o", "run", "--resume", "--force", "-s", "training.epochs=3", "model.skip=false", "-q")
    assert (asked["data"], asked["run"], asked["resume"], asked["force"]) == (Path("手机.csv"), Path("run"), True, True)
    assert (asked["config"].training.epochs, asked["config"].model.skip) == (3, False)
    assert asked["command_line"][:3] == ("phoneprice", "train", "手机.csv")


def test_options_that_are_settings_win(call: Call, asked: dict[str, Any]) -> None:
    settings = ("-s", "training.device=cuda", "-s", "data.delimiter=|", "-s", "data.encoding=ascii")
    options = ("--device", "cpu", "--delimiter", "\\t", "--encoding", "latin-1", "--on-bad-row", "skip")
    assert call("train", *options, *settings).code == 0
    assert asked["config"].training.device == "cpu"
    assert asked["reading"] == Reading("\t", "latin-1", "skip")


def test_a_target_without_a_configuration_leaves_the_rest_to_the_table(
    call: Call, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHONEPRICE_TRAINING__SEED", "3")
    assert call("train", "t.csv", "--target", "y", "-s", "training.epochs=.5e1", "--device", "cpu").code == 0
    found = asked["config"].config({"task": {"kind": "regression"}})
    assert (found.data.target, found.task.kind, found.loss.name) == ("y", "regression", "mse")
    assert (found.training.epochs, found.training.seed, found.training.device) == (5, 3, "cpu")
    assert call("train", "t.csv", "--target", "y", "-c", "textbook").code == 0
    assert asked["config"] == load_config("textbook", ["data.target=y", "training.seed=3"])


def test_settings_are_checked_before_the_table_is_read(call: Call, tmp_path: Path) -> None:
    result = call("train", tmp_path / "nix.csv", "--target", "y", "-s", "optimizer.lrr=1", "-o", tmp_path / "run")
    assert result.code == 2
    assert 'did you mean "lr"' in result.err


def test_the_first_command_on_a_table_of_ones_own(call: Call, tmp_path: Path) -> None:
    file, run = tmp_path / "people.csv", tmp_path / "run"
    rows = "".join(f"p{i},{i % 7},{'no' if i % 3 else 'yes'},{1.5 * i}\n" for i in range(60))
    file.write_text(f"id,size,member,income\n{rows}")
    options = ("--target", "income", "-s", "training.epochs=1", "training.threads=1", "-o", run)
    lines = (
        f"phoneprice: {file}: inferred task.kind = \"regression\" for 'income' (or -s task.kind=...): "
        "60 different numbers in 60 rows: a quantity\n"
        f"phoneprice: {file}: inferred features: 1 number, 1 yes or no. "
        "ids: id: named like an id, and each row has its own value\n"
    )
    reasons = {
        "task.kind": "60 different numbers in 60 rows: a quantity",
        "data.id_columns": "id: named like an id, and each row has its own value",
        "data.ignored_columns": "None found",
    }
    planned = call("train", file, *options, "--dry-run", "--json")
    assert (planned.code, planned.err) == (0, lines)
    assert planned.document["plan"]["inferred"] == reasons
    trained = call("train", file, *options, "--json")
    assert trained.err.startswith(lines)
    assert trained.document["inferred"] == reasons
    assert call("train", file, *options, "--force", "-q").err == ""
    assert call("predict", run, file).out.startswith("id,prediction\n")
    tested = call("cv", file, "--target", "income", "--repeats", 1, "-s", "training.epochs=1", "--json")
    assert (tested.code, tested.document["task"], tested.document["inferred"]) == (0, "regression", reasons)


@pytest.mark.parametrize(("options", "name"), [([], "default"), (["-c", "textbook"], "textbook")])
def test_a_run_is_named_after_time_and_configuration(
    call: Call, asked: dict[str, Any], options: list[str], name: str
) -> None:
    call("train", *options)
    assert asked["data"] is None
    assert asked["run"].match(f"runs/????????T??????Z-{name}")


def test_what_it_shows(call: Call, asked: dict[str, Any]) -> None:
    result = call("train", "-o", "run")
    assert (result.code, result.out) == (0, "run\n")
    assert result.err == (
        "phoneprice: noted\n"
        "phoneprice: warning: watch out\n"
        "Out of fold: each row as predicted by the member that has not seen it\n"
        "metric                           value          95% interval\n"
        "────────────────────────────────────────────────────────────\n"
        "accuracy                        0.9000      0.8000 to 0.9500\n"
        "\n"
        "Trained 5 members on 2,000 rows in 2.4 s\n"
        "For a report: phoneprice report run\n"
    )


def test_quiet(call: Call, asked: dict[str, Any]) -> None:
    assert call("train", "-o", "run", "-q") == call("train", "-o", "run", "--quiet")
    result = call("train", "-o", "run", "-q")
    assert (result.out, result.err) == ("run\n", "")


def test_json(call: Call, asked: dict[str, Any]) -> None:
    result = call("train", "-o", "run", "--json")
    facts = {"run": "run", "rows": 2000, "seconds": 2.4, "warnings": ["watch out"]}
    facts |= {"findings": [], "checked": [], "report": None, "inferred": None}
    assert result.document == json.loads("\n".join(json_lines({**METRICS.document(), **facts})))
    assert result.err == "phoneprice: noted\nphoneprice: warning: watch out\n"


def test_a_failure(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def train(*_arguments: Any, **_options: Any) -> TrainResult:
        raise DivergedError("training diverged; lower optimizer.lr")

    monkeypatch.setattr("phoneprice.workflows.train.train", train)
    result = call("train", "--json")
    failure = {"kind": "DivergedError", "message": "training diverged; lower optimizer.lr", "exit_code": 7}
    assert (result.code, result.document) == (7, {"format": 1, "error": failure})
    assert result.err == "phoneprice: error: training diverged; lower optimizer.lr\n"


def test_a_report_that_fails_takes_nothing_from_the_training(
    call: Call, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def report(*_arguments: Any, **_options: Any) -> None:
        raise DeviceError("out of memory; free some")

    monkeypatch.setattr("phoneprice.workflows.report.report", report)
    result = call("train", "-o", "run", "--report", "-q")
    assert (result.code, result.out) == (6, "run\n")
    assert result.err == "phoneprice: error: out of memory; free some\n"
    as_document = call("train", "-o", "run", "--report", "--json")
    assert (as_document.code, as_document.document["run"], as_document.document["report"]) == (6, "run", None)


def test_a_report_needs_the_table_twice(call: Call) -> None:
    result = call("train", "-", "--report")
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "phoneprice: error: --report reads DATA a second time, which standard input can't give; save the table first\n"
    )


def test_dry_run(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = ("-s", "training.batch_rows=100", "training.epochs=10", "model.hidden=[8,4]", "model.skip=true")
    result = call("train", "--dry-run", *settings, "validation.folds=4")
    assert (result.code, list(tmp_path.iterdir())) == (0, [])
    assert result.err == "phoneprice: no DATA given: using the bundled sample of 2,000 synthetic phones\n"
    shown = dict(line.split(maxsplit=1) for line in result.out.splitlines() if not line.startswith(" "))
    assert shown["task"] == "ordinal: price_range (4 classes: 0, 1, 2, 3)"
    assert shown["members"] == "4, each on 1,500 rows"
    assert shown["steps"] == "150 a member: 10 epochs of 15"
    assert shown["batch"] == "100 rows"
    plan = call("train", "--dry-run", *settings, "--json").document["plan"]
    assert (plan["rows"], plan["inputs"], plan["members"], plan["hidden"]) == (2000, 20, 5, [8, 4])
    assert plan["train_rows"] == [1600] * 5
    assert plan["steps"] == [160] * 5
    # hidden 20x8+8, 8x4+4; output 4; skip 20; first cut, two gaps, sharpness
    assert plan["parameters"] == 5 * (168 + 36 + 4 + 20 + 4)


def test_dry_run_of_a_portfolio(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = call("train", "-c", "portfolio", "--dry-run")
    assert result.code == 0
    shown = [line.split(maxsplit=1) for line in result.out.splitlines() if not line.startswith(" ")]
    assert [value for name, value in shown if name == "recipe"] == ["penalised", "ramps", "free"]
    assert [value for name, value in shown if name == "steps"] == [
        *["200 a member: 200 epochs of 1"] * 2,
        "720 a member: 60 epochs of 12",
    ]
    assert ["members", "5 of each recipe, each on 1,600 rows"] in shown
    plan = call("train", "-c", "portfolio", "--dry-run", "--json").document["plan"]
    assert [(own["name"], own["hidden"], own["epochs"]) for own in plan["recipes"]] == [
        ("penalised", [32], 200),
        ("ramps", [64], 200),
        ("free", [64], 60),
    ]


def test_a_setting_of_the_network_says_that_it_leaves_the_portfolio_out(call: Call) -> None:
    result = call("train", "-c", "portfolio", "-s", "model.hidden=[4]", "--dry-run")
    assert result.err == (
        "phoneprice: model.hidden is set (-s): trained without the portfolio (penalised, ramps, free)\n"
        "phoneprice: no DATA given: using the bundled sample of 2,000 synthetic phones\n"
    )
    assert "hidden 4," in result.out


def test_dry_run_finds_what_train_would_find(call: Call, tmp_path: Path) -> None:
    assert call("train", tmp_path / "nix.csv", "--dry-run").code == 3


def test_dry_run_refuses_the_places_that_train_would_refuse(call: Call, tmp_path: Path) -> None:
    run = tmp_path / "run"
    write_run(run, random_contents())
    before = sorted(run.iterdir())
    for place, options, code in (
        (run / "sub", (), 2),
        (run / "sub", ("--force",), 2),
        (run, (), 2),
        (tmp_path, ("--force",), 2),
        (tmp_path / "new", ("--resume",), 4),
    ):
        planned = call("train", "-o", place, *options, "--dry-run")
        assert (planned.code, planned.out, planned.err.count("\n")) == (code, "", 1)
        assert planned == call("train", "-o", place, *options)
    inside = call("train", "-o", run / "sub", "--dry-run").err
    why = "is inside a run, to which nothing may be added; choose another -o"
    assert inside == f"phoneprice: error: {run / 'sub'}: {why}\n"
    assert call("train", "-o", run, "--force", "--dry-run", "-q").code == 0
    assert sorted(run.iterdir()) == before
    assert list(tmp_path.iterdir()) == [run]


def test_for_real(call: Call, tmp_path: Path) -> None:
    """One epoch on the bundled sample, then everything that can be done with a run."""
    run = tmp_path / "run"
    result = call("train", "-o", run, "-s", "training.epochs=1", "training.threads=1")
    assert (result.code, result.out) == (0, f"{run}\n")
    assert "Confusion matrix" in result.err
    assert max(len(line.replace(str(run), "runs/phones")) for line in result.err.splitlines()) <= 80
    assert call("train", "-o", run).code == 2
    data = tmp_path / "phones.csv"
    assert call("data", "sample", "--rows", 300, "--seed", 3, "-o", data).code == 0
    assert call("runs", "verify", run).code == 0
    evaluated = call("evaluate", run, data, "--require", "accuracy>=0", "log_loss<99", "--json")
    assert evaluated.code == 0
    assert evaluated.document["metrics"]["accuracy"].keys() == {"value", "low", "high"}
    assert (evaluated.document["rows"], evaluated.document["run"]) == (300, str(run))
    missed = call("evaluate", run, data, "--require", "accuracy>1", "-q")
    assert (missed.code, missed.out) == (9, "")
    assert "accuracy>1" in missed.err
    predicted = call("predict", run, data, "--keep", "ram", "wifi")
    assert predicted.out.splitlines()[0] == "ram,wifi,prediction,confidence,prob_0,prob_1,prob_2,prob_3"
    assert predicted.out.count("\n") == 301


@pytest.mark.parametrize(
    "words",
    [
        "train DATA --target level -o other -s training.epochs=1 --force",
        "train DATA --target level --dry-run",
        "cv DATA --target level --folds 2 --repeats 1 -s training.epochs=1",
        "evaluate RUN DATA",
        "predict RUN DATA",
        "report RUN DATA",
        "config init --from-data DATA --target level",
        "data describe DATA",
    ],
)
def test_what_is_recognised_in_a_file_is_a_note(
    words: str, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plain, data = tmp_path / "plain.csv", tmp_path / "data.csv"
    rows = [
        ("x", "level"),
        *((str(i % 7 + 0.5), ("\u4ef7\u683c\u4f4e", "\u4ef7\u683c\u9ad8")[i % 2]) for i in range(40)),
    ]
    for path, encoding in ((plain, "utf-8"), (data, "gb18030")):
        path.write_text("".join(f"{','.join(row)}\n" for row in rows), encoding=encoding)
    assert call("train", plain, "--target", "level", "-s", "training.epochs=1", "-o", "run", "-q").code == 0
    result = call(*words.replace("DATA", str(data)).replace("RUN", "run").split())
    assert result.code == 0
    said = [line for line in result.err.splitlines() if ": recognised " in line]
    assert [line.partition(" text")[0] for line in said] == [f"phoneprice: {data}: recognised gb18030"]
