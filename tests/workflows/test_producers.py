"""Files as the programs of the world write them: recognised where nobody says how, written down, used at predict."""

import itertools
import tomllib
from pathlib import Path

import pytest

from phoneprice.config.asked import ToInfer
from phoneprice.config.load import load_config
from phoneprice.config.reading import Reading
from phoneprice.data.reading import ReadOptions, open_chunks, read_table
from phoneprice.errors import DataError
from phoneprice.workflows.events import Event, Noted, Warned
from phoneprice.workflows.inspect_tables import check_table, first_config
from phoneprice.workflows.predict import predict
from phoneprice.workflows.prepare import prepare, read_options
from phoneprice.workflows.train import train

LEVELS = {
    "utf-8": ("élevé", "低い"),
    "utf-8-sig": ("é", "低"),
    "utf-16": ("高", "é"),
    "gb18030": ("高", "低"),
    "big5": ("價格", "品牌"),
    "cp932": ("高い", "低い"),
    "cp1252": ("élevé", "Größe"),
    "cp1250": ("średni", "wysoki"),
    "cp1251": ("высокий", "низкий"),
}
PREAMBLES = {"none": [], "sep": ["sep={d}"], "a title": ["Phones of 2024", ""], "comments": ["# by hand", "# in EUR"]}
SETTINGS = [
    "training.epochs=2",
    "validation.scheme=none",
    "task.kind=multiclass",
    "model.hidden=[2]",
    "training.threads=1",
]


def text(encoding: str, delimiter: str = ",", preamble: str = "none") -> str:
    lines = [line.format(d=delimiter) for line in PREAMBLES[preamble]]
    rows = [["id", "x", "level", ""], *([str(i), f"{i % 7}.5", LEVELS[encoding][i % 2], ""] for i in range(40))]
    return "".join(f"{line}\n" for line in [*lines, *map(delimiter.join, rows)])


def write(path: Path, *how: str) -> Path:
    path.write_bytes(text(*how).encode(how[0]))
    return path


@pytest.mark.parametrize(
    ("encoding", "delimiter", "preamble"), list(itertools.product(LEVELS, [",", ";", "\t", "|"], PREAMBLES))
)
def test_every_producer_reads_the_same(encoding: str, delimiter: str, preamble: str, tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", encoding, delimiter, preamble)
    table = read_table(path, read_options(load_config().data), ["level"])
    assert table.columns["level"].to_pylist() == [LEVELS[encoding][i % 2] for i in range(40)]
    assert table.columns["x"].to_pylist() == [i % 7 + 0.5 for i in range(40)]
    assert table.names == ("id", "x", "level")
    assert table.nameless_columns == 1
    line = len(PREAMBLES[preamble]) + 2
    assert table.place(0) == f"{path} line {line}"
    usual = encoding in {"utf-8", "utf-8-sig"} and delimiter == "," and preamble in {"none", "sep"}
    assert bool(table.recognised) is not usual


def test_what_is_recognised_is_said_and_written_down(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "gb18030", ";", "a title")
    said = (
        "recognised gb18030 text, the delimiter ';' and 2 lines above the header; "
        "data.encoding, data.delimiter and data.skip_lines set them (big5 and cp949 would fit, too)"
    )
    made = first_config(path, "level", "c.toml")
    assert made.notes == (f"{path}: {said}",)
    assert made.warnings == (f"{path}: left out 1 column at the right edge without a name and without a value",)
    found = tomllib.loads(made.text)["data"]
    assert (found["encoding"], found["delimiter"], found["skip_lines"]) == ("gb18030", ";", 2)
    (tmp_path / "c.toml").write_text(made.text, encoding="utf-8")
    events: list[object] = []
    prepared = prepare(path, load_config(tmp_path / "c.toml"), events.append)
    assert prepared.table.recognised == ()
    notes = [
        finding.message for finding in check_table(path, ToInfer("level")).findings if finding.code == "recognised"
    ]
    assert notes == [said]


def test_a_plain_file_is_written_down_as_it_is(tmp_path: Path) -> None:
    made = first_config(write(tmp_path / "t.csv", "utf-8"), "level", "c.toml")
    assert not {"encoding", "delimiter", "skip_lines", "header"} & set(tomllib.loads(made.text)["data"])


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    for encoding in ("utf-8", "gb18030"):
        words = text("gb18030", ";").encode(encoding)
        (folder / f"{encoding}.csv").write_bytes(words)
        config = load_config(None, ["data.target=level", *SETTINGS])
        train(folder / f"{encoding}.csv", config, folder / f"run-{encoding}")
    return folder


@pytest.mark.parametrize("trained", ["utf-8", "gb18030"])
@pytest.mark.parametrize("read", ["utf-8", "gb18030"])
def test_the_bytes_decide_at_predict(trained: str, read: str, runs: Path, tmp_path: Path) -> None:
    run, data = runs / f"run-{trained}", runs / f"{read}.csv"
    written = tomllib.loads((run / "config.toml").read_text(encoding="utf-8"))["data"]
    assert (written["encoding"], written["delimiter"]) == (trained, ";")
    events: list[object] = []
    found = predict(run, data, tmp_path / "o.csv", keep=["level"], on_event=events.append)
    lines = (tmp_path / "o.csv").read_text(encoding="utf-8").splitlines()
    assert lines[1].split(",")[1] == "高"
    assert [message for message in found.warnings if "recognised" in message] == []
    said = [event.message for event in events if isinstance(event, Noted) and "recognised" in event.message]
    assert said == ([] if trained == read else [message for message in said if f"recognised {read} text" in message])
    assert len(said) == (trained != read)
    checked = check_table(data, load_config(), run).findings
    assert [f"{data}: {finding.message}" for finding in checked if finding.code == "recognised"] == said


def test_an_encoding_that_is_said_holds(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        predict(runs / "run-utf-8", runs / "gb18030.csv", tmp_path / "o.csv", reading=Reading(encoding="utf-8"))
    assert str(caught.value) == (
        f"{runs / 'gb18030.csv'} line 2: found byte 0xB8 at byte offset 18, expected utf-8 text; "
        "these bytes fit gb18030: use --encoding gb18030 (big5 and cp949 fit, too)"
    )


def test_a_delimiter_of_the_run_holds(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,x\n1,2\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"one column found; the file looks like it uses ',' \(use --delimiter ','\)"):
        predict(runs / "run-utf-8", tmp_path / "t.csv", tmp_path / "o.csv")


def test_excels_line_and_another_delimiter(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "utf-8", ";", "sep")
    with pytest.raises(DataError) as caught:
        read_table(path, read_options(load_config().data, Reading(delimiter=",")))
    assert str(caught.value) == (
        f"{path} line 1: found Excel's line sep=;, expected the delimiter ','; use --delimiter ';'"
    )


def test_no_header(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("5.1,3.5,a\n4.9,3.0,b\n", encoding="utf-8")
    suspected = "the names of the columns look like values ('5.1', '3.5', 'a'); if they are a row, use --no-header"
    assert read_table(path, read_options(load_config().data)).recognised == (suspected,)
    table = read_table(path, read_options(load_config().data, Reading(header=False)))
    assert table.recognised == ()
    assert {name: cells.to_pylist() for name, cells in table.columns.items()} == {
        "column_1": [5.1, 4.9],
        "column_2": [3.5, 3.0],
        "column_3": ["a", "b"],
    }


def test_a_column_by_its_number_needs_no_header(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("5.1,3.5,a\n4.9,3.0,b\n", encoding="utf-8")
    what = "no column 'column_3' to predict; the columns are 5.1, 3.5, a; "
    with pytest.raises(DataError) as caught:
        prepare(path, load_config(None, ["data.target=column_3"]), print)
    advice = "name it with -s data.target=NAME, or use --no-header if these are a row of data"
    assert str(caught.value) == f"{path}: {what}{advice}"


def test_lines_that_are_not_above_the_header(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n3,4\n5,6\n", encoding="utf-8")
    with open_chunks(path, ReadOptions(skip_lines=2)) as stream, pytest.raises(DataError) as caught:
        stream.require(["a"])
    what = "missing column 'a'; add or rename, or leave out fewer lines above the header than 2 (--skip-lines)"
    assert str(caught.value) == f"{path}: {what}"


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e999"])
def test_infinite_numbers(cell: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "".join(f"{cell if i == 3 else i},{i % 2}\n" for i in range(20)), encoding="utf-8")
    warned: list[object] = []
    config = load_config(None, ["data.target=y", "task.kind=binary"])
    prepared = prepare(path, config, warned.append)
    assert prepared.table.columns["x"].null_count == 1
    assert any("took 1 infinite number for missing" in str(event) for event in warned)
    with pytest.raises(DataError, match=f"line 5, column 'x': found '{cell}', expected a finite number"):
        prepare(path, load_config(None, ["data.target=y", "task.kind=binary", "data.infinite=fail"]), warned.append)


def test_an_infinite_target(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "".join(f"{i},{'inf' if i == 3 else i}\n" for i in range(20)), encoding="utf-8")
    with pytest.raises(DataError, match="line 5, column 'y': found 'inf', expected a finite number"):
        prepare(path, load_config(None, ["data.target=y", "task.kind=regression"]), lambda _: None)


def test_what_is_recognised_is_no_warning_but_a_doubtful_header_is(tmp_path: Path) -> None:
    data = tmp_path / "t.csv"
    for header, doubtful in (("a;y", False), ("0.5;1", True)):
        data.write_text(f"{header}\n" + "".join(f"{i * 7 % 11}.5;{i % 2}\n" for i in range(30)))
        events = list[Event]()
        target = header.partition(";")[2]
        prepare(
            data,
            load_config(None, ["task.kind=binary", "loss.name=binary_cross_entropy", f"data.target='{target}'"]),
            events.append,
        )
        told = [event for event in events if isinstance(event, Noted | Warned)]
        assert [event for event in told if "recognised the delimiter ';'" in event.message] == [
            Noted(f"{data}: recognised the delimiter ';'; data.delimiter sets it")
        ]
        assert [type(event) for event in told if "look like values" in event.message] == [Warned] * doubtful
