"""``phoneprice data``, on small tables."""

from pathlib import Path
from typing import Any

import pytest

from phoneprice.artifact.writer import RunWriter
from phoneprice.data.samples.sample import sample_path
from tests.cli.calling import Call, in_terminal
from tests.random_runs import random_contents


@pytest.fixture
def phones(tmp_path: Path) -> Path:
    file = tmp_path / "phones.csv"
    rows = "".join(f"{i},{i % 5},7,{'red' if i % 2 else 'blue'},{i % 3}\n" for i in range(60))
    file.write_text(f"id,ram,same,colour,price_range\n{rows}")
    return file


def test_check(call: Call, phones: Path) -> None:
    result = call("data", "check", phones)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"{phones}: 60 rows, ")
    assert "warning  same" in result.out


LONG = "normalized_used_price"


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    """A table that 60 columns have no room for."""
    file = tmp_path / "wide.csv"
    rows = "".join(f"{1000 + i / 7},{i * 0.0123},word word {i % 3}\n" for i in range(60))
    file.write_text(f"{LONG},b,words\n{rows}")
    return file


@pytest.mark.parametrize("width", [60, 80])
def test_check_in_a_terminal_keeps_names_and_words_whole(
    call: Call, wide: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    expected = call("data", "check", wide, "--target", LONG).out
    in_terminal(monkeypatch, width)
    shown = call("data", "check", wide, "--target", LONG).out
    assert max(map(len, shown.splitlines()[1:])) <= width
    assert len(shown.splitlines()) > len(expected.splitlines())
    assert sorted(shown.replace("─", "").split()) == sorted(expected.replace("─", "").split())


def test_check_suggests_a_target(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("id,size,income\n" + "".join(f"p{i},{i % 7},{1.5 * i}\n" for i in range(60)))
    finding = call("data", "check", file, "--json").document["findings"][-1]
    assert (finding["column"], finding["code"], finding["message"]) == (
        None,
        "no_target",
        "no target given: checked as a table without one; name the column to predict, such as --target income",
    )


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ([str(1.5 * i) for i in range(1200)], 0),
        ([f"word {i}" for i in range(900)], 3),
        (["3.5"] * 40, 3),
        (["a", "b"] * 40, 0),
        (["1", "2", "3"] * 40, 0),
    ],
)
def test_check_infers_what_a_target_is_for(call: Call, tmp_path: Path, cells: list[str], code: int) -> None:
    """So it finds no errors where ``train --target`` trains, and one where that stops."""
    file = tmp_path / "t.csv"
    file.write_text("x,y\n" + "".join(f"{i * 7919 % 101},{cell}\n" for i, cell in enumerate(cells)))
    assert call("data", "check", file, "--target", "y").code == code
    assert call("train", file, "--target", "y", "-s", "training.epochs=1", "-o", tmp_path / "run").code == code


def test_check_says_how_each_column_is_read(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    rows = (
        f"k{i},{i % 7},{i * 31 % 60}.5 €,{'xyz'[i % 3]},2024-01-{1 + i % 28:02d},{'pq'[i * 7 % 3 % 2]}"
        for i in range(40)
    )
    file.write_text("id,n, price ,kind,day,y\n" + "\n".join(rows) + "\n")
    result = call("data", "check", file, "--target", "y")
    found = "numbers like 1234.5 €: unit '€' in 40 cells"
    assert [line for line in result.out.splitlines() if line.startswith(("ids", "recog", "numb", "cate", "dates"))] == [
        "ids         id: named like an id, and each row has its own value",
        f"recognised  ' price ': {found}",
        "numbers     2: n, ' price '",
        "dates       1: day",
        "categories  1: kind",
    ]
    inferred = call("data", "check", file, "--target", "y", "--json").document["inferred"]
    assert (inferred["task"], inferred["data"]["id_columns"]) == ({"kind": "binary"}, ["id"])
    assert "inferred" not in call("data", "check", file, "--json").document


HEADINGS = {
    80: "column missing distinct low 25% median 75% high",
    70: "column missing low 25% median 75% high",
    60: "column missing low median high",
    45: "column low median high",
    35: "column median",
}


@pytest.mark.parametrize(("width", "headings"), HEADINGS.items(), ids=str)
def test_describe_in_a_terminal_keeps_numbers_whole(
    call: Call, wide: Path, monkeypatch: pytest.MonkeyPatch, width: int, headings: str
) -> None:
    everything = set(call("data", "describe", wide).out.split())
    in_terminal(monkeypatch, width)
    lines = call("data", "describe", wide).out.splitlines()[1:]
    assert " ".join(lines[0].split()) == headings
    assert max(map(len, lines)) <= width
    whole = {word for line in lines for word in line.split() if "─" not in word and "…" not in word}
    assert whole <= everything


def test_a_piped_description_has_one_line_a_column(call: Call, wide: Path) -> None:
    wide.write_text(wide.read_text().replace("word word", "word " * 30))
    lines = call("data", "describe", wide).out.splitlines()
    assert len(lines) == 1 + 4 + 1 + 3
    assert lines[3].startswith(f"{LONG}  ")


def test_check_json(call: Call, phones: Path) -> None:
    document = call("data", "check", phones, "--json").document
    assert (document["format"], document["data"], document["rows"]) == (1, str(phones), 60)
    constant = next(finding for finding in document["findings"] if finding["code"] == "constant")
    assert constant.keys() == {"severity", "column", "code", "message", "count"}
    assert (constant["severity"], constant["column"], constant["count"]) == ("warning", "same", 60)


def test_errors_found_are_exit_code_3(call: Call, phones: Path) -> None:
    phones.write_text(phones.read_text() + "60,1,7,red,\n")
    assert call("data", "check", phones).code == 0  # a training leaves the row out
    stop = ("-s", "data.missing_target=fail")
    result = call("data", "check", phones, *stop)
    assert result.code == 3
    assert result.err == (
        f"phoneprice: error: {phones}: 1 finding of severity error; training or prediction would stop at them\n"
    )
    result = call("data", "check", phones, *stop, "--json")
    assert result.code == 3
    assert result.document["findings"][0]["severity"] == "error"
    assert call("data", "check", phones, *stop, "-q").out == ""


def test_a_table_of_the_target_alone(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "y.csv"
    file.write_text("price_range\n" + "0\n1\n2\n" * 20)
    result = call("data", "check", file, "--json")
    assert (result.code, result.document["findings"][0]["code"]) == (3, "no_features")


def test_check_against_a_table(call: Call, phones: Path, tmp_path: Path) -> None:
    other = tmp_path / "new.csv"
    other.write_text("id,ram,same,colour\n1,99,7,green\n")
    codes = {f["code"] for f in call("data", "check", other, "--reference", phones, "--json").document["findings"]}
    assert {"out_of_range", "unseen_category"} <= codes


def test_check_against_a_run(call: Call, tmp_path: Path) -> None:
    run, new = tmp_path / "run", tmp_path / "new.csv"
    with RunWriter(run) as writer:
        writer.finish(random_contents())
    new.write_text("id;x0;x1;x2;x3;x4;x5\n1;99;0;0;0;0;0\n2;1;0;0;0;0;0\n")
    findings = call("data", "check", new, "--reference", run, "--delimiter", ";", "--json").document["findings"]
    outside = [finding for finding in findings if finding["code"] == "out_of_range"]
    assert [(finding["column"], finding["count"]) for finding in outside] == [("x0", 1)]


def test_check_against_nothing(call: Call, phones: Path, tmp_path: Path) -> None:
    assert call("data", "check", phones, "--reference", tmp_path / "nix").code == 3
    assert call("data", "check", phones, "--reference", tmp_path).code == 4


NO_PRICE = "no column 'rum' (did you mean 'ram'?) to predict; the columns are id, ram, same, colour, price_range"


@pytest.mark.parametrize("command", ["check", "describe"])
def test_a_target_that_is_not_there(call: Call, phones: Path, command: str) -> None:
    result = call("data", command, phones, "--target", "rum")
    assert (result.code, result.out) == (3, "")
    assert result.err == f"phoneprice: error: {phones}: {NO_PRICE}; correct --target\n"


def test_new_rows_need_no_target_beside_a_reference(call: Call, phones: Path, tmp_path: Path) -> None:
    new, run = tmp_path / "new.csv", tmp_path / "run"
    new.write_text("id,ram,same,colour\n1,3,7,red\n")
    beside = ("data", "check", new, "--reference", phones, "--json", "--target")
    assert "no_target" in {finding["code"] for finding in call(*beside, "price_range").document["findings"]}
    assert call(*beside, "price").code == 3
    with RunWriter(run) as writer:
        writer.finish(random_contents())
    new.write_text("id,x0,x1,x2,x3,x4,x5\n1,0,0,0,0,0,0\n")
    assert call("data", "check", new, "--reference", run, "--target", "price_range").code == 0
    assert call("data", "check", new, "--reference", run, "--target", "price").code == 3


def test_describe(call: Call, phones: Path) -> None:
    result = call("data", "describe", phones, "--target", "ram", "-s", "data.ignored_columns=['same']")
    assert (result.code, result.err) == (0, "")
    assert result.out == (
        f"{phones}: 60 rows, 5 columns\n"
        "column          missing  distinct  low  25%  median  75%  high\n"
        "──────────────────────────────────────────────────────────────\n"
        "ram (target)          -         5    0    1       2    3     4\n"
        "same (ignored)        -         1    7    7       7    7     7\n"
        "price_range           -         3    0    0       1    2     2\n"
        "\n"
        "column   missing  distinct  most frequent values\n"
        "────────────────────────────────────────────────\n"
        "id (id)        -        60  each value once\n"
        "colour         -         2  blue (30), red (30)\n"
    )


def test_describe_json(call: Call, phones: Path) -> None:
    document = call("data", "describe", phones, "--json").document
    assert document["rows"] == 60
    assert [column["name"] for column in document["columns"]] == ["id", "ram", "same", "colour", "price_range"]
    colour = document["columns"][3]
    assert (colour["kind"], colour["top"]) == ("categorical", [["blue", 30], ["red", 30]])


@pytest.mark.parametrize("setting", ["id_columns=['k']", "group_column='k'", "date_columns=['k']"])
def test_describe_columns_that_keep_their_text(call: Call, tmp_path: Path, setting: str) -> None:
    file = tmp_path / "t.csv"
    file.write_text("k,a\n007,1\n7,2\n")
    document = call("data", "describe", file, "-s", f"data.{setting}", "--json").document
    assert document["columns"][0]["top"] == [["007", 1], ["7", 1]]


def test_options_of_reading(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "größe.csv"
    file.write_bytes("größe\tpreis\n1\t2\n".encode("latin-1"))
    document = call("data", "describe", file, "--delimiter", "\\t", "--encoding", "latin-1", "--json").document
    assert [column["name"] for column in document["columns"]] == ["größe", "preis"]


@pytest.mark.parametrize(("options", "which"), [([], "train"), (["--unlabelled"], "new")])
def test_sample_is_the_bundled_file(call: Call, tmp_path: Path, options: list[str], which: Any) -> None:
    file = tmp_path / "phones.csv"
    result = call("data", "sample", *options, "-o", file)
    rows = {"train": "2,000", "new": "1,000"}[which]
    assert (result.code, result.out, result.err) == (0, "", f"Wrote {rows} synthetic phones to {file}\n")
    assert file.read_bytes() == sample_path(which).read_bytes()
    assert call("data", "sample", *options).out == file.read_text()


def test_sample_of_any_size(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "phones.csv"
    result = call("data", "sample", "--rows", 30, "--seed", 5, "-o", file, "--json")
    assert result.document == {"format": 1, "output": str(file), "rows": 30}
    first = file.read_text()
    assert first.count("\n") == 31
    assert call("data", "sample", "--rows", 30, "--seed", 5).out == first
    assert call("data", "sample", "--rows", 30, "--seed", 6).out != first


def test_sample_replaces_nothing_unasked(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "phones.csv"
    file.write_text("mine")
    result = call("data", "sample", "-o", file)
    assert (result.code, result.out) == (2, "")
    assert result.err == (f"phoneprice: error: {file}: exists already; choose another -o, or replace it with --force\n")
    assert file.read_text() == "mine"
    assert call("data", "sample", "-o", file, "--force").code == 0
    assert file.read_bytes() == sample_path("train").read_bytes()


def test_sample_to_a_place_that_is_not_there(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "nix" / "phones.csv"
    result = call("data", "sample", "-o", file)
    assert result.code == 5
    assert result.err.startswith(f"phoneprice: error: {file}: ")


def test_fetch(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "phoneprice.workflows.inspect_tables.fetch", lambda folder, _put: (folder / "train.csv", folder / "test.csv")
    )
    result = call("data", "fetch", "-o", tmp_path)
    assert (result.code, result.out, result.err) == (0, f"{tmp_path}/train.csv\n{tmp_path}/test.csv\n", "")
    assert call("data", "fetch", "-o", "x", "--json").document == {"format": 1, "files": ["x/train.csv", "x/test.csv"]}
    assert call("data", "fetch").out.startswith("mobile-price-classification/")
