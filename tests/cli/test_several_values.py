"""Several values after one option."""

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.main import get_command

from phoneprice.cli.program import app
from phoneprice.cli.several_values import repeat_options


def repeated(name: str, line: str) -> str:
    command = get_command(app).commands[name]  # type: ignore[attr-defined]
    return " ".join(repeat_options(line.split(), command.get_params(typer.Context(command)), command.several_values))


@pytest.mark.parametrize(
    ("name", "line", "meaning"),
    [
        ("train", "-s a=1 b.c=2", "-s a=1 -s b.c=2"),
        ("train", "--set a=1 b=2 --force", "--set a=1 --set b=2 --force"),
        ("train", "-s a=1 phones.csv", "-s a=1 phones.csv"),
        ("train", "-s a=1 data/x=1.csv", "-s a=1 data/x=1.csv"),
        ("train", "phones.csv -o RUN more", "phones.csv -o RUN more"),
        ("train", "-s", "-s"),
        ("train", "--force -s a=1 -- b=2", "--force -s a=1 -- b=2"),
        ("evaluate", "R D --require accuracy>=1 rmse<2", "R D --require accuracy>=1 --require rmse<2"),
        ("predict", "R - --keep a b -o x", "R - --keep a --keep b -o x"),
        ("predict", "--keep a R D", "--keep a R D"),
        ("predict", "R --keep a D", "R --keep a D"),
        ("predict", "R D --keep a --keep-all b", "R D --keep a --keep-all b"),
    ],
)
def test_meaning(name: str, line: str, meaning: str) -> None:
    assert repeated(name, line) == meaning


@given(st.lists(st.sampled_from(["-s", "a=1", "DATA", "-o", "RUN", "--force", "--", "-q", "-", "b.c=x"])))
def test_nothing_is_lost_and_twice_is_once(words: list[str]) -> None:
    once = repeated("train", " ".join(words))
    assert [word for word in once.split() if word != "-s"] == [word for word in words if word != "-s"]
    assert repeated("train", once) == once
