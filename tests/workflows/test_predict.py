import csv
import gzip
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from phoneprice.config.reading import Reading
from phoneprice.config.schema import Config
from phoneprice.data.encoding.features import FeatureEncoder
from phoneprice.data.encoding.schema import Column, TableSchema
from phoneprice.data.reading import ReadOptions, read_table
from phoneprice.errors import DataError, ModelError, StorageError, UsageError
from phoneprice.inference.predictor import Predictor
from phoneprice.records import Task
from phoneprice.workflows.events import Event, Progress, Warned
from phoneprice.workflows.predict import predict
from phoneprice.workflows.train import train
from tests.arrow_columns import ARROW_CASTS_VIEWS
from tests.random_runs import LABELS, names, numeric_schema, random_contents, write_run

predict_module = sys.modules["phoneprice.workflows.predict"]

FEATURES = [f"x{i}" for i in range(6)]
OUT = ["id", "prediction", "confidence", "prob_0", "prob_1", "prob_2", "prob_3"]


def phones(rows=100, seed=0):
    values = np.random.default_rng(seed).normal(0, 1, (rows, 6)).round(3)
    columns = {"id": pa.array([f"p{i}" for i in range(rows)])}
    return pa.table(columns | {name: pa.array(values[:, i]) for i, name in enumerate(FEATURES)})


def save(table, path):
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    else:
        buffer = io.BytesIO()
        pyarrow.csv.write_csv(table, buffer)
        data = buffer.getvalue().replace(b'"', b"")
        path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def rows_of(path):
    return list(csv.DictReader(path.open(newline="", encoding="utf-8")))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "run"
    write_run(path, random_contents(schema=numeric_schema(has_missing=True), members=5))
    return path


@pytest.fixture(scope="module")
def regression(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "regression"
    config = Config.model_validate({"task": {"kind": "regression"}, "loss": {"name": "mse"}})
    write_run(path, random_contents(config, numeric_schema(labels=())))
    return path


def test_columns_and_values(run, tmp_path):
    data = save(phones(), tmp_path / "手机价格 预测.csv")
    report = predict(run, data, tmp_path / "out.csv")
    rows = rows_of(tmp_path / "out.csv")
    assert list(rows[0]) == OUT
    assert [row["id"] for row in rows] == [f"p{i}" for i in range(100)]
    contents = random_contents(schema=numeric_schema(has_missing=True), members=5)
    inputs = FeatureEncoder(contents.schema).encode(read_table(data, ReadOptions(), ["id"])).inputs
    expected = Predictor(contents.config, Task("ordinal", "price_range", LABELS), contents.recipes).predict(inputs)
    for row, classes, p in zip(rows, expected.classes, expected.probabilities, strict=True):
        assert row["prediction"] == str(classes)
        assert [row[f"prob_{i}"] for i in range(4)] == [f"{x:.6f}" for x in p]
        assert row["confidence"] == f"{p.max():.6f}"
    counts = np.bincount(expected.classes, minlength=4).tolist()
    assert report.counts == dict(zip("0123", counts, strict=True))
    assert (report.rows, report.output, report.warnings) == (100, tmp_path / "out.csv", ())


def test_regression_gives_the_prediction_alone(regression, tmp_path):
    report = predict(regression, save(phones(5), tmp_path / "in.csv"), tmp_path / "out.csv")
    rows = rows_of(tmp_path / "out.csv")
    assert list(rows[0]) == ["id", "prediction"]
    assert all(np.isfinite(float(row["prediction"])) for row in rows)
    assert (report.rows, report.counts) == (5, {})


def test_input_formats_give_equal_bytes(run, tmp_path):
    outputs = []
    for name in ("a.csv", "a.csv.gz", "a.parquet", "a.jsonl"):
        predict(run, save(phones(), tmp_path / name), tmp_path / "out.csv")
        outputs.append((tmp_path / "out.csv").read_bytes())
    assert set(outputs) == {outputs[0]}


def test_output_formats_hold_equal_numbers(run, tmp_path):
    data = save(phones(), tmp_path / "in.csv")
    for suffix in ("csv", "csv.gz", "parquet", "jsonl"):
        predict(run, data, tmp_path / f"out.{suffix}")
    expected = pyarrow.csv.read_csv(tmp_path / "out.csv").to_pylist()
    assert pq.read_table(tmp_path / "out.parquet").to_pylist() == expected
    assert [json.loads(line) for line in (tmp_path / "out.jsonl").open()] == expected
    assert gzip.decompress((tmp_path / "out.csv.gz").read_bytes()) == (tmp_path / "out.csv").read_bytes()


def test_bytes_do_not_depend_on_chunks(run, tmp_path):
    data = save(phones(9000), tmp_path / "in.csv")
    predict(run, data, tmp_path / "out.csv")
    for chunk_rows in (1, 100, 1024, 5000, 10_000):
        predict(run, data, tmp_path / "chunks.csv", chunk_rows=chunk_rows)
        assert (tmp_path / "chunks.csv").read_bytes() == (tmp_path / "out.csv").read_bytes()


@pytest.mark.parametrize("threads", [1, 4])
def test_bytes_do_not_depend_on_threads(run, tmp_path, threads, monkeypatch):
    data = save(phones(9000), tmp_path / "in.csv")
    predict(run, data, tmp_path / "out.csv")
    monkeypatch.setattr(predict_module, "computing_threads", lambda: threads)
    report = predict(run, data, tmp_path / "threads.csv", chunk_rows=1024)
    assert (tmp_path / "threads.csv").read_bytes() == (tmp_path / "out.csv").read_bytes()
    assert (report.rows, sum(report.counts.values())) == (9000, 9000)


def test_the_first_fault_is_reported_whatever_computes_first(tmp_path, monkeypatch):
    monkeypatch.setattr(predict_module, "computing_threads", lambda: 4)
    schema = TableSchema(columns=(Column(name="wifi", kind="boolean"),), target="price_range", labels=("0", "1"))
    config = Config.model_validate({"task": {"kind": "binary"}, "loss": {"name": "binary_cross_entropy"}})
    write_run(tmp_path / "run", random_contents(config, schema))
    lines = ["wifi", *["1"] * 9000, "maybe", *["0"] * 9000, "perhaps", *["1"] * 9000]
    (tmp_path / "in.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match="line 9002, column 'wifi': found 'maybe'"):
        predict(tmp_path / "run", tmp_path / "in.csv", tmp_path / "out.csv", chunk_rows=1024)


def test_yes_and_no_stored_as_numbers(tmp_path):
    schema = TableSchema(
        columns=(Column(name="wifi", kind="boolean", has_missing=True),), target="price_range", labels=("0", "1")
    )
    config = Config.model_validate({"task": {"kind": "binary"}, "loss": {"name": "binary_cross_entropy"}})
    write_run(tmp_path / "run", random_contents(config, schema))
    (tmp_path / "in.csv").write_text('wifi\nyes\nno\n""\n')
    predict(tmp_path / "run", tmp_path / "in.csv", tmp_path / "out.csv")
    for kind in (pa.bool_(), pa.int8(), pa.float32()):
        save(pa.table({"wifi": pa.array([1, 0, None]).cast(kind)}), tmp_path / "in.parquet")
        predict(tmp_path / "run", tmp_path / "in.parquet", tmp_path / "typed.csv")
        assert (tmp_path / "typed.csv").read_bytes() == (tmp_path / "out.csv").read_bytes()
    save(pa.table({"wifi": pa.array([1, 2])}), tmp_path / "in.parquet")
    with pytest.raises(DataError, match=r"row 2, column 'wifi': found '2\.0', expected yes or no"):
        predict(tmp_path / "run", tmp_path / "in.parquet", tmp_path / "typed.csv")


def test_order_of_rows_and_columns(run, tmp_path):
    table = phones(3000)
    order = np.random.default_rng(1).permutation(3000)
    predict(run, save(table, tmp_path / "in.csv"), tmp_path / "out.csv")
    shuffled = table.take(order).select([*reversed(FEATURES), "id"])
    predict(run, save(shuffled, tmp_path / "shuffled.csv"), tmp_path / "shuffled_out.csv")
    straight, found = rows_of(tmp_path / "out.csv"), rows_of(tmp_path / "shuffled_out.csv")
    assert [straight[i] for i in order] == found


def test_header_only(run, tmp_path):
    report = predict(run, save(phones(0), tmp_path / "in.csv"), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == ",".join(OUT) + "\n"
    assert report.rows == 0


def test_kept_columns_come_as_they_are_written(run, tmp_path):
    (tmp_path / "in.csv").write_text(
        'note,x5,x4,x3,x2,x1,x0,id\n"a, ""b""",1,1,1,1,1,1.0,7\nNA,1,1,1,1,1, 1e0,8\n=1+1,1,1,1,1,1,-1,9\n'
    )
    predict(run, tmp_path / "in.csv", tmp_path / "out.csv", keep=["x0", "note"])
    rows = rows_of(tmp_path / "out.csv")
    assert list(rows[0])[:4] == ["id", "x0", "note", "prediction"]
    assert [(row["id"], row["x0"], row["note"]) for row in rows] == [
        ("7", "1.0", 'a, "b"'),
        ("8", " 1e0", "NA"),
        ("9", "-1", "=1+1"),
    ]
    assert rows[0]["prob_0"] == rows[1]["prob_0"]
    predict(run, tmp_path / "in.csv", tmp_path / "out.csv", keep="all", spreadsheet_safe=True)
    rows = rows_of(tmp_path / "out.csv")
    assert list(rows[0])[:9] == ["id", "note", "x5", "x4", "x3", "x2", "x1", "x0", "prediction"]
    assert (rows[2]["note"], rows[2]["x0"]) == ("'=1+1", "-1")


def test_target_in_the_input_changes_nothing(run, tmp_path):
    table = phones(10)
    predict(run, save(table, tmp_path / "in.csv"), tmp_path / "out.csv")
    with_target = table.append_column("price_range", pa.array(["?"] * 10))
    report = predict(run, save(with_target, tmp_path / "target.csv"), tmp_path / "target_out.csv")
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "target_out.csv").read_bytes()
    assert report.warnings == ()


def test_warnings_are_counted_and_reported(run, tmp_path):
    table = phones(10).append_column("colour", pa.array(["red"] * 10)).append_column("shape", pa.array([1] * 10))
    table = table.set_column(1, "x0", pa.array([1e30, -99.0, *[0.0] * 8]))
    events: list[Event] = []
    data = save(table, tmp_path / "in.csv")
    report = predict(run, data, tmp_path / "out.csv", on_event=events.append)
    assert report.warnings == (
        f"{data}: not used in training, so ignored: columns colour, shape",
        f"{data}: 2 cells outside the range of the training data (x0 2): the model extrapolates there",
    )
    assert [event.message for event in events if isinstance(event, Warned)] == list(report.warnings)
    assert [event for event in events if isinstance(event, Progress)] == [Progress(10, None, "rows")]
    assert all(np.isfinite(float(row["confidence"])) for row in rows_of(tmp_path / "out.csv"))


GAPS, FILLED = "in columns that had none in training", "filled with the median of the training rows"


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_missing_cells_where_training_had_none_are_reported(tmp_path, ending):
    write_run(tmp_path / "run", random_contents())
    table = phones(5000)
    table = table.set_column(1, "x0", pa.array([None] * 5000, pa.float64()))
    data = save(table, tmp_path / f"in.{ending}")
    assert predict(tmp_path / "run", data, tmp_path / "out.csv", chunk_rows=1000).warnings == (
        f"{data}: 5,000 missing cells {GAPS} (x0 5,000): {FILLED}",
    )


def test_numbers_that_json_lacks_are_said_once(run, tmp_path):
    data = save(phones(5000).append_column("k", pa.array([float("nan"), 1.0] * 2500)), tmp_path / "in.parquet")
    report = predict(run, data, tmp_path / "out.jsonl", keep=["k"], chunk_rows=1000)
    assert report.warnings == (f"{data}: 2,500 cells with NaN or an infinite number (k 2,500): null in JSON",)
    assert {json.loads(line)["k"] for line in (tmp_path / "out.jsonl").open()} == {None, 1.0}


KEPT = ["1", "1.50", '"1.50"', "-1E400", "true", "false", "null", '"=1+1"', '"NA"', "12345678901234567890123"]


@pytest.mark.parametrize("safe", [False, True])
def test_kept_cells_of_json_lines_stay_the_json_that_they_were(run, tmp_path, safe):
    """In JSON Lines; in other formats they are text."""
    first, *rows = phones(len(KEPT) + 1).to_pylist()
    lines = [json.dumps({"k": 1, **first, "x0": "oops"})]  # is left out, so the others are taken
    lines += [f'{{"k": {kept}, {json.dumps(row)[1:]}' for kept, row in zip(KEPT, rows, strict=True)]
    (tmp_path / "in.jsonl").write_text("\n".join([*lines, json.dumps(rows[0])]) + "\n")  # the last one has no k
    for suffix in ("jsonl", "csv"):
        options = {"keep": ["k"], "spreadsheet_safe": safe, "reading": Reading(on_bad_row="skip"), "chunk_rows": 4}
        predict(run, tmp_path / "in.jsonl", tmp_path / f"out.{suffix}", **options)
    found = re.findall(r'"k": (.*?), "prediction"', (tmp_path / "out.jsonl").read_text())
    assert found == [f"\"'{kept[1:]}" if safe and "=" in kept else kept for kept in [*KEPT, "null"]]
    assert [row["k"] for row in rows_of(tmp_path / "out.csv")][:6] == ["1", "1.50", "1.50", "-1E400", "1", "0"]


@pytest.mark.skipif(not ARROW_CASTS_VIEWS, reason="this PyArrow can't write views to Parquet")
def test_rows_are_left_out_of_columns_of_any_type(run, tmp_path):
    views = pa.array(["a", "b", "c"], pa.string_view())
    table = phones(3).set_column(1, "x0", pa.array(["1", "oops", "2"])).append_column("k", views)
    pq.write_table(table, tmp_path / "in.parquet")
    predict(run, tmp_path / "in.parquet", tmp_path / "out.csv", keep=["k"], reading=Reading(on_bad_row="skip"))
    assert [row["k"] for row in rows_of(tmp_path / "out.csv")] == ["a", "c"]


def test_bad_rows_fail_or_are_left_out(run, tmp_path):
    (tmp_path / "in.csv").write_text("id,x0,x1,x2,x3,x4,x5\na,1,1,1,1,1,1\nb,1,oops,1,1,1,1\nc,1,,1,1,1,1\n")
    (tmp_path / "out.csv").write_text("old")
    with pytest.raises(DataError):
        predict(run, tmp_path / "in.csv", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "old"
    report = predict(run, tmp_path / "in.csv", tmp_path / "out.csv", reading=Reading(on_bad_row="skip"))
    assert [row["id"] for row in rows_of(tmp_path / "out.csv")] == ["a", "c"]
    assert report.warnings == (f"{tmp_path}/in.csv: left out 1 row with text among numbers or dates",)


def test_reading_options_are_the_runs_unless_given(run, tmp_path):
    text = "id;x0;x1;x2;x3;x4;x5\né;1;1;1;1;1;1\n"
    (tmp_path / "in.csv").write_bytes(text.encode("latin-1"))
    predict(run, tmp_path / "in.csv", tmp_path / "out.csv", reading=Reading(";", "latin-1"))
    assert [row["id"] for row in rows_of(tmp_path / "out.csv")] == ["é"]


def test_missing_columns_are_all_listed(run, tmp_path):
    data = save(phones(3).drop_columns(["x1", "x2"]), tmp_path / "in.csv")
    with pytest.raises(DataError) as caught:
        predict(run, data, tmp_path / "out.csv")
    assert "'x1'" in str(caught.value)
    assert "'x2'" in str(caught.value)
    assert names(tmp_path) == ["in.csv"]


def test_missing_columns_come_in_the_order_of_training(run, tmp_path):
    (tmp_path / "in.csv").write_text("price\n1\n")
    with pytest.raises(DataError) as caught:
        predict(run, tmp_path / "in.csv", tmp_path / "out.csv")
    found = re.findall(r"'(x\d)'", str(caught.value))
    assert found == sorted(found)
    assert len(found) > 4


@pytest.mark.parametrize("link", [None, "symlink_to", "hardlink_to"])
def test_the_input_is_never_the_output(run, tmp_path, link):
    data = save(phones(3), tmp_path / "in.csv")
    before, output = data.read_bytes(), data
    if link:
        output = tmp_path / "link.csv"
        getattr(output, link)(data)
    with pytest.raises(UsageError) as caught:
        predict(run, data, output)
    assert str(caught.value) == f"{output}: is the input itself; name another file with -o"
    assert data.read_bytes() == before


def test_nothing_is_added_to_the_run(run, tmp_path):
    data, before = save(phones(3), tmp_path / "in.csv"), names(run)
    alias, link = tmp_path / "alias", tmp_path / "link.csv"
    alias.symlink_to(run)
    link.symlink_to(run / "new.csv")
    for output in (run / "out.csv", run / "sub" / "out.csv", alias / "out.csv", link):
        with pytest.raises(UsageError) as caught:
            predict(run, data, output)
        assert str(caught.value) == (
            f"{output}: is inside a run, to which nothing may be added; name another place with -o"
        )
    assert names(run) == before


def test_names_that_clash(run, tmp_path):
    data = save(phones(3).append_column("confidence", pa.array([1, 2, 3])), tmp_path / "in.csv")
    assert predict(run, data, tmp_path / "out.csv").rows == 3
    with pytest.raises(UsageError) as caught:
        predict(run, data, tmp_path / "out.csv", keep="all")
    assert str(caught.value) == (
        "--keep 'confidence': predictions have a column of that name; name other columns to keep"
    )


@pytest.mark.parametrize("role", ["feature", "id"])
def test_a_name_that_train_accepts_predict_accepts(tmp_path, role):
    added = ("prediction", "confidence", "prob_p")
    rows = {name: [f"{name}{i}" if role == "id" else str(i % 3) for i in range(40)] for name in added}
    data = save(pa.table({**rows, "x": range(40), "y": ["p", "q"] * 20}), tmp_path / "in.csv")
    quick = {"training.epochs": 1, "data.id_columns": added if role == "id" else []}
    train(data, run=tmp_path / "run", target="y", overrides=quick)
    found = predict(tmp_path / "run", data, tmp_path / "out.csv")
    expected = [
        f"{data}: id column {name!r} is not copied, as predictions have a column of that name" for name in added
    ]
    assert found.warnings == (tuple(expected) if role == "id" else ())
    assert (tmp_path / "out.csv").read_text().startswith("prediction,confidence,prob_p,prob_q\n")


def test_kept_columns_must_be_there(run, tmp_path):
    data = save(phones(3).append_column("colour", pa.array([1, 2, 3])), tmp_path / "in.csv")
    with pytest.raises(UsageError) as caught:
        predict(run, data, tmp_path / "out.csv", keep=["color"])
    assert str(caught.value) == "--keep 'color': the input has no such column; did you mean 'colour'?"


def test_other_faults_name_their_kind(run, tmp_path):
    data = save(phones(3), tmp_path / "in.csv")
    with pytest.raises(ModelError):
        predict(tmp_path / "none", data, tmp_path / "out.csv")
    with pytest.raises(StorageError):
        predict(run, data, tmp_path / "none" / "out.csv")
    with pytest.raises(UsageError):
        predict(run, data, tmp_path / "out.xlsx")
    with pytest.raises(DataError):
        predict(run, tmp_path / "none.csv", tmp_path / "out.csv")
    assert names(tmp_path) == ["in.csv"]


def test_a_full_disk_while_writing(run, tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with pytest.raises(StorageError) as caught:
        predict(run, save(phones(3000), tmp_path / "in.csv"), "/dev/full")
    assert str(caught.value) == "/dev/full: can't be written: no space left on device; free some space and run again"


def test_stdout(run, tmp_path, monkeypatch):
    data, stdout = save(phones(5), tmp_path / "in.csv"), io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(stdout))
    predict(run, data, "-")
    predict(run, data, tmp_path / "out.csv")
    assert stdout.getvalue() == (tmp_path / "out.csv").read_bytes()


def test_text_labels_and_categories(tmp_path):
    columns = (
        Column(name="os", kind="categorical", categories=("Android", "iOS"), has_missing=True),
        Column(name="wifi", kind="boolean", low=0.0, high=1.0),
    )
    schema = TableSchema(columns=columns, target="fair", labels=("no", "yes"), label_kind="boolean")
    config = Config.model_validate(
        {"task": {"kind": "binary"}, "data": {"target": "fair"}, "loss": {"name": "binary_cross_entropy"}}
    )
    write_run(tmp_path / "run", random_contents(config, schema))
    (tmp_path / "in.csv").write_text("wifi,os\nyes,Android\n1,Android\nno,\n0,Palm\n")
    report = predict(tmp_path / "run", tmp_path / "in.csv", tmp_path / "out.csv")
    rows = rows_of(tmp_path / "out.csv")
    assert list(rows[0]) == ["prediction", "confidence", "prob_no", "prob_yes"]
    assert {row["prediction"] for row in rows} <= {"no", "yes"}
    assert rows[0] == rows[1]
    assert len(report.warnings) == 1
    assert "os 1" in report.warnings[0]


def test_prediction_imports_no_heavy_library(run, tmp_path):
    data = save(phones(5), tmp_path / "in.csv")
    code = (
        "import sys; from phoneprice.workflows.predict import predict; predict(*sys.argv[1:4]);"
        "print(*sorted({'torch', 'sklearn', 'scipy', 'safetensors'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, str(run), str(data), str(tmp_path / "out.csv")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
