"""``phoneprice config``, with the real configuration."""

import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from phoneprice.config.explained import Explanation
from phoneprice.config.load import config_from_toml
from phoneprice.config.render import json_schema
from phoneprice.config.schema import Config
from phoneprice.workflows.explain import every_explanation
from tests.cli.calling import Call


def test_show_prints_what_loads_again(call: Call) -> None:
    result = call("config", "show")
    assert (result.code, result.err) == (0, "")
    assert config_from_toml(result.out, "shown") == Config()


def test_precedence(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[training]\nepochs = 1\nseed = 1\nbatch_rows = 1\n")
    monkeypatch.setenv("PHONEPRICE_TRAINING__SEED", "2")
    monkeypatch.setenv("PHONEPRICE_TRAINING__BATCH_ROWS", "2")
    document = call("config", "show", "-c", file, "-s", "training.batch_rows=3", "model.skip=false", "--json").document
    training = document["config"]["training"]
    assert (training["epochs"], training["seed"], training["batch_rows"]) == (1, 2, 3)
    assert document["config"]["model"]["skip"] is False
    assert document["format"] == 1


def test_all_faults_at_once(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[training]\nepochs = 0\nsede = 1\n")
    result = call("config", "check", file)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("phoneprice: error: training.")
    assert "training.epochs: found 0" in result.err
    assert 'training.sede: unknown key; did you mean "seed"?' in result.err


def test_check(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[training]\nepochs = 3\n")
    assert call("config", "check", file) == call("config", "check", "-c", file)
    assert call("config", "check", file).err == f"{file}: valid\n"
    assert call("config", "check", "textbook", "--json").document == {"format": 1, "file": "textbook", "valid": True}
    assert call("config", "check", file, "-q").err == ""
    assert call("config", "check").err == "defaults, environment and -s: valid\n"


TABLES = """
[tune.space]
optimizer.lrr = "0.1..0.2"
model.hidden = 3
[compare]
lok_for = "the loss"
[compare.variants]
model.activation = ["relu", "tahn"]
optimizer.lr = "0.1..0.2"
"""


def test_what_a_file_says_to_commands_is_checked(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text(TABLES.replace("lok_for", "look_for"))
    lines = call("config", "check", file).err.splitlines()
    keys = [line.removeprefix("phoneprice: error: ").strip().partition(":")[0] for line in lines]
    assert keys == ["model.hidden", "optimizer.lrr", "optimizer.lr", "model.activation.name"]
    assert 'did you mean "tanh"? one of "identity", ' in lines[3]
    assert lines[2].strip() == (
        'optimizer.lr: found "0.1..0.2", and a comparison is of values; give some, such as 0.01|0.1 '
        f"({file}, [compare.variants])"
    )


def test_faults_of_settings_and_of_what_varies_them_at_once(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text(f"[training]\nepochs = 0\n{TABLES}")
    result = call("config", "check", file)
    assert result.code == 2
    assert "training.epochs: found 0, must be at least 1" in result.err
    assert 'compare.lok_for: unknown key; did you mean "look_for"? one of variants, look_for' in result.err
    file.write_text(f"[training]\nepochs = 0\n{TABLES.replace('lok_for', 'look_for')}")
    assert "training.epochs: found 0" in call("config", "check", file).err
    assert "model.hidden: found 3, one value is no choice" in call("config", "check", file).err


def test_a_missing_file(call: Call) -> None:
    result = call("config", "show", "-c", "nix.toml")
    assert result.code == 2
    assert result.err.startswith("phoneprice: error: nix.toml: no such configuration file;")


def test_schema(call: Call) -> None:
    assert call("config", "schema").document == json_schema()
    assert call("config", "schema", "--json").document == json_schema()


def test_init_without_a_table_writes_the_defaults(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    result = call("config", "init", "-o", file)
    assert (result.code, result.out, result.err) == (0, "", f"Wrote {file}\n")
    assert config_from_toml(file.read_text(), "c.toml") == Config()
    assert call("config", "init").out == file.read_text()


@pytest.fixture
def people(tmp_path: Path) -> Path:
    file = tmp_path / "people.csv"
    rows = "".join(f"p{i};{i % 7};{'no' if i % 3 else 'yes'};{1.5 * i}\n" for i in range(60))
    file.write_text(f"id;size;member;income\n{rows}")
    return file


def test_init_from_a_table(call: Call, people: Path, tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    arguments = ("config", "init", "--from-data", people, "--target", "income", "--delimiter", ";", "-o", file)
    assert call(*arguments).code == 0
    config = config_from_toml(file.read_text(), "c.toml")
    assert (config.task.kind, config.data.id_columns, config.data.delimiter) == ("regression", ("id",), ";")
    assert file.read_text().startswith("#")
    document = call(*arguments, "--force", "--json").document
    assert document["output"] == str(file)
    assert tomllib.loads(document["toml"])["data"]["target"] == "income"
    assert document["reasons"]["task.kind"]


def test_init_says_what_it_decided(call: Call, people: Path, tmp_path: Path) -> None:
    arguments = ("config", "init", "--from-data", people, "--target", "income", "--delimiter", ";")
    table = (
        "target     income\n"
        "task       regression. 60 different numbers in 60 rows: a quantity\n"
        "ids        id: named like an id, and each row has its own value\n"
        "not used   None found\n"
        "numbers    1: size\n"
        "yes or no  1: member\n"
    )
    written = call(*arguments, "-o", tmp_path / "c.toml")
    assert (written.out, written.err) == ("", f"{table}Wrote {tmp_path / 'c.toml'}\n")
    shown = call(*arguments)
    assert tomllib.loads(shown.out) == tomllib.loads((tmp_path / "c.toml").read_text())
    assert shown.err == table
    assert call(*arguments, "-q").err == ""


def test_init_fails_where_nothing_is_left_to_learn_from(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "ids.csv"
    file.write_text("nr,y\n" + "".join(f"{i},{i % 2}\n" for i in range(40)))
    result = call("config", "init", "--from-data", file, "--target", "y", "-o", tmp_path / "c.toml")
    assert (result.code, result.out) == (3, "")
    assert result.err == (
        f"phoneprice: error: {file}: no column is left to learn 'y' from (nr: counts the rows); "
        "add columns that tell something of it\n"
    )
    assert not (tmp_path / "c.toml").exists()


def test_init_replaces_a_file_with_force_only(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path("mine.toml")
    file.write_text("precious")
    refused = call("config", "init", "-o", file)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == (
        "phoneprice: error: mine.toml: exists already; choose another -o, or replace it with --force\n"
    )
    assert file.read_text() == "precious"
    assert call("config", "init", "-o", file, "--force").code == 0
    assert call("config", "init", "-o", "-").out == file.read_text()
    assert call("config", "init", "-o", "/dev/null").code == 0


@pytest.mark.parametrize("link", ["", "symlink_to", "hardlink_to"])
def test_init_never_writes_over_its_table(call: Call, people: Path, tmp_path: Path, link: str) -> None:
    before, output = people.read_bytes(), people
    if link:
        output = tmp_path / "link.csv"
        getattr(output, link)(people)
    arguments = ("--from-data", people, "--target", "income", "--delimiter", ";", "-o", output)
    refused = call("config", "init", *arguments, "--force")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == f"phoneprice: error: {output}: is the input itself; name another file with -o\n"
    assert people.read_bytes() == output.read_bytes() == before


def test_init_with_json_and_no_file_holds_the_text(call: Call, people: Path) -> None:
    document = call(
        "config", "init", "--from-data", people, "--target", "member", "--delimiter", ";", "--json"
    ).document
    assert document["output"] is None
    assert tomllib.loads(document["toml"])["task"]["kind"] == "binary"


def test_init_from_a_table_without_the_target(call: Call, people: Path) -> None:
    result = call("config", "init", "--from-data", people, "--target", "incom", "--delimiter", ";")
    assert (result.code, result.out) == (3, "")
    assert "'incom' (did you mean 'income'?)" in result.err


def test_explain(call: Call) -> None:
    result = call("config", "explain", "ReLU")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        "relu, component of model.activation",
        "  what     rectified linear unit",
        "  formula  f(x) = max(0, x)",
        "  when     the usual choice: start here; where the report finds dead units, try",
        "           leaky_relu",
        "  source   Nair and Hinton 2010: Rectified Linear Units Improve Restricted",
        "           Boltzmann Machines",
        "  use      -s model.activation=relu",
    ]


def test_explain_fits_80_columns(call: Call) -> None:
    for one in every_explanation():
        result = call("config", "explain", one.name)
        assert result.code == 0
        assert max(map(len, result.out.splitlines())) <= 80
        assert f"{one.name}, {one.kind}" in result.out


def test_explain_as_a_document(call: Call) -> None:
    document = call("config", "explain", "swish", "--json").document
    assert (document["format"], document["name"]) == (1, "swish")
    (found,) = document["found"]
    assert found.keys() == {field.name for field in fields(Explanation)}
    assert (found["name"], found["kind"], found["path"]) == ("silu", "component", "model.activation")
    unknown = call("config", "explain", "reluu", "--json")
    assert (unknown.code, unknown.document["error"]["kind"]) == (2, "UsageError")
