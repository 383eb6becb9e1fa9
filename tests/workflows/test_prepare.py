"""What is refused before any training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from phoneprice.config.load import load_config
from phoneprice.config.reading import AS_CONFIGURED, Reading
from phoneprice.config.schema import Config, DataConfig
from phoneprice.data.samples.sample import sample_path
from phoneprice.errors import ConfigError, UsageError
from phoneprice.workflows.events import Warned, ignore
from phoneprice.workflows.prepare import configured, prepare, prepare_table, read_options
from tests.small_tables import table


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            ["loss.class_weights=[1.0, 2.0]"],
            "loss.class_weights: found 2 numbers, must be 4, one a label in this order: 0, 1, 2, 3",
        ),
        (
            ["task.decision=expected_cost", "task.costs=[[0.0, 1.0], [1.0, 0.0]]"],
            "task.costs: found 2 rows of 2 numbers, must be 4 rows of 4",
        ),
    ],
)
def test_numbers_for_each_class_are_counted(settings: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        prepare(sample_path("train"), load_config(None, settings), ignore)
    assert str(caught.value) == message


@pytest.mark.parametrize(("bad", "what"), [(1, "1 row"), (2, "2 rows")])
def test_rows_left_out_are_counted(bad: int, what: str) -> None:
    rows = 40
    cells = {"ram": ["many"] * bad + [str(i * i) for i in range(rows)], "price_range": ["0", "1"] * ((rows + bad) // 2)}
    cells["price_range"] += ["0"] * (rows + bad - len(cells["price_range"]))
    heard: list[object] = []
    prepared = prepare_table(table(**cells), load_config(None, ["data.on_bad_row=skip"]), heard.append)
    assert heard == [Warned(f"phones.csv: left out {what} with text among numbers or dates")]
    assert len(prepared.inputs) == rows


def warned(**columns: list[Any]) -> list[str]:
    heard: list[Any] = []
    varied: dict[str, list[Any]] = {"ram": [1.0, 2.0, 3.0, 4.0], "price_range": ["0", "1"] * 2}
    prepare_table(table(**varied, **columns), load_config(), heard.append)
    return [event.message for event in heard]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([None] * 4, "all cells missing; remove the column"),
        ([7.0] * 4, "all 4 values are '7': the column tells nothing"),
        ([0.0] * 4, "all 4 values are '0': the column tells nothing"),
        (["yes", None, "yes", "yes"], "all 3 values are 'yes': the column tells nothing"),
        (["red"] * 4, "all 4 values are 'red': the column tells nothing"),
    ],
)
def test_a_column_that_tells_nothing_is_named_as_data_check_does(cells: list[Any], message: str) -> None:
    assert warned(odd=cells) == [f"phones.csv, column 'odd': {message}"]


def test_columns_that_tell_something_are_not_named() -> None:
    assert warned(a=[1.0, None, 2.0, 1.0], b=["yes", "no", None, "no"], c=["red", "blue", "red", "red"]) == []


def test_many_columns_that_tell_nothing_are_counted() -> None:
    messages = warned(**{f"x{i}": [1.0] * 4 for i in range(8)})
    assert messages[:-1] == [
        f"phones.csv, column 'x{i}': all 4 values are '1': the column tells nothing" for i in range(5)
    ]
    assert messages[-1] == "phones.csv: 3 more columns like these; 'phoneprice data check' lists them"


def test_numbers_written_for_readers_are_named() -> None:
    message = "numbers written like '1,5' count as text; set data.columns = {a = {decimal = \",\"}}"
    assert warned(a=["1,5", "2,5", "3,5", "4,25"]) == [f"phones.csv, column 'a': {message}"]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["1", "2", "1.0", "2"], "'1' (1 row) and '1.0' (1 row) count as one value"),
        (["1.0", "2.0", "1.0", "2.0"], None),
        ([1.0, 2.0, 1.0, 2.0], None),
        (["1.1", "1.10", "5", "5"], None),
    ],
)
def test_spellings_of_a_label_that_merge_are_named(labels: list[Any], message: str | None) -> None:
    heard: list[Any] = []
    prepare_table(table(ram=[1.0, 2.0, 3.0, 4.0], price_range=labels), load_config(), heard.append)
    assert [event.message for event in heard] == ([f"phones.csv, column 'price_range': {message}"] if message else [])


@pytest.mark.parametrize(
    ("settings", "order"),
    [
        ((), "high < low < mid"),
        (("task.labels=['low', 'mid', 'high']",), None),
        (("task.kind=multiclass", "loss.name=cross_entropy"), None),
    ],
)
def test_an_order_that_nobody_gave_is_named(settings: tuple[str, ...], order: str | None) -> None:
    heard: list[Any] = []
    data = table(ram=[1.0, 2.0, 3.0, 4.0], price_range=["low", "mid", "high", "low"])
    prepare_table(data, load_config(None, [*settings]), heard.append)
    expected = (
        f"phones.csv, column 'price_range': the classes are taken in alphabetical order, {order}; "
        "give theirs in task.labels, or set task.kind=multiclass if they have none"
    )
    assert [event.message for event in heard] == ([expected] if order else [])


def test_a_reading_takes_the_place_of_what_is_configured() -> None:
    config = Config(data=DataConfig(delimiter=";", encoding="latin-1"))
    read = configured(config, Reading(delimiter="|", on_bad_row="skip"))
    assert read == config.model_copy(update={"data": DataConfig(delimiter="|", encoding="latin-1", on_bad_row="skip")})
    assert read_options(config.data, Reading(delimiter="|", on_bad_row="skip")) == read_options(read.data)
    assert configured("textbook", AS_CONFIGURED) == load_config("textbook")
    with pytest.raises(UsageError, match="found delimiter ';;', expected one character"):
        configured(config, Reading(delimiter=";;"))


NEAR = (
    "'low' (20 rows) and 'Low ' (20 rows) differ in outer spaces or case only: they count as different; "
    "data.clean_text = true makes them one"
)
ONE = "'low' (20 rows) and 'Low ' (20 rows) count as one value"


@pytest.mark.parametrize(("clean", "classes", "said"), [(False, 3, NEAR), (True, 2, ONE)])
def test_near_equal_labels_and_categories(*, clean: bool, classes: int, said: str) -> None:
    texts = ["low", "high", "Low ", "high"] * 20
    cells = table(os=texts, x=[float(i % 7) for i in range(80)], y=texts)
    settings = ["data.target=y", "task.kind=multiclass", f"data.clean_text={str(clean).lower()}"]
    heard: list[object] = []
    prepared = prepare_table(cells, load_config(None, settings), heard.append)
    assert sorted(message.message for message in heard if isinstance(message, Warned)) == [
        f"phones.csv, column {name!r}: {said}" for name in ("os", "y")
    ]
    assert len(prepared.task.labels) == classes
    assert len(prepared.schema.columns[0].categories) == classes
    assert len(np.unique(prepared.targets)) == classes
