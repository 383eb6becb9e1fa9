"""Rows that can't be read as in training, in evaluation."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoneprice import Reading, evaluate, load
from phoneprice.components.losses import MeanSquaredError
from phoneprice.config.schema import Config, DataConfig, TaskConfig
from phoneprice.errors import DataError
from tests.random_runs import numeric_schema, random_contents, write_run

HEADER = "id,x0,x1,x2,x3,x4,x5,price_range\n"
GOOD = "".join(f"p{i},{i}.5,0,1,-1,2,1,{i % 4}\n" for i in range(8))
BAD = "q,oops,0,1,-1,2,1,1\n"
WORSE = "r,1,?,1,-1,2,1,nolabel\n"
SKIP = Reading(on_bad_row="skip")


def write(path: Path, rows: str) -> Path:
    path.write_text(HEADER + rows)
    return path


def make_run(path: Path, *, skip: bool) -> Path:
    config = Config(data=DataConfig(on_bad_row="skip" if skip else "fail"))
    write_run(path, random_contents(config))
    return path


@pytest.mark.parametrize(("bad", "counted"), [(BAD, "1 row"), (BAD + WORSE, "2 rows")])
@pytest.mark.parametrize("skip", [True, False])
def test_bad_rows_are_left_out(tmp_path: Path, bad: str, counted: str, *, skip: bool) -> None:
    run = make_run(tmp_path / "run", skip=skip)
    good, mixed = write(tmp_path / "good.csv", GOOD), write(tmp_path / "mixed.csv", bad + GOOD)
    report = evaluate(run, mixed, reading=Reading() if skip else SKIP)
    assert report.warnings == (f"{mixed}: left out {counted} with text among numbers or dates",)
    expected = evaluate(run, good)
    assert expected.warnings == ()
    assert report.metrics.document() == expected.metrics.document() | {"measured_on": str(mixed)}
    assert report.rows == expected.rows == 8


def test_bad_rows_fail_unless_told_otherwise(tmp_path: Path) -> None:
    mixed = write(tmp_path / "mixed.csv", GOOD + BAD)
    advice = "expected a number; correct it, or leave such rows out with --on-bad-row skip"
    for run, reading in (
        (make_run(tmp_path / "fails", skip=False), Reading()),
        (make_run(tmp_path / "skips", skip=True), Reading(on_bad_row="fail")),
    ):
        with pytest.raises(DataError) as raised:
            evaluate(run, mixed, reading=reading)
        assert str(raised.value) == f"{mixed} line 10, column 'x0': found 'oops', {advice}"


def test_what_skipping_does_not_help(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", skip=True)
    with pytest.raises(DataError, match="every row has text among numbers or dates; there is nothing to evaluate"):
        evaluate(run, write(tmp_path / "bad.csv", BAD))


def test_an_infinite_number_is_missing(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", skip=True)
    found = evaluate(run, write(tmp_path / "infinite.csv", GOOD + BAD.replace("oops", "1e999")))
    assert found.warnings[0] == (
        f"{tmp_path / 'infinite.csv'}: column 'x0': took 1 infinite number for missing; "
        'data.infinite = "fail" would stop there'
    )


GAPS, FILLED = "in columns that had none in training", "filled with the median of the training rows"


def test_a_table_without_the_true_values(tmp_path: Path) -> None:
    data = tmp_path / "new.csv"
    data.write_text("".join(line.rsplit(",", 1)[0] + "\n" for line in (HEADER + GOOD).splitlines()))
    with pytest.raises(DataError) as caught:
        evaluate(make_run(tmp_path / "run", skip=False), data)
    what = "missing column 'price_range', the true values; add or rename it (phoneprice predict needs none)"
    assert str(caught.value) == f"{data}: {what}"


def test_odd_cells_are_named_with_their_file(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", skip=False)
    data = write(tmp_path / "odd.csv", GOOD + "q,,0,1,-1,2,1,1\nr,99,0,1,-1,2,1,1\n")
    assert evaluate(run, data).warnings == (
        f"{data}: 1 cell outside the range of the training data (x0 1): the model extrapolates there",
        f"{data}: 1 missing cell {GAPS} (x0 1): {FILLED}",
    )


def test_the_target_of_a_regression(tmp_path: Path) -> None:
    config = Config(task=TaskConfig(kind="regression"), loss=MeanSquaredError())
    write_run(tmp_path / "run", random_contents(config, numeric_schema(labels=())))
    data = write(tmp_path / "mixed.csv", GOOD + "q,1,0,1,-1,2,1,cheap\n")
    report = evaluate(tmp_path / "run", data, reading=SKIP)
    assert report.rows == 8
    assert report.warnings == (f"{data}: left out 1 row with text among numbers or dates",)


def test_a_loaded_model_evaluates_as_the_command_does(tmp_path: Path) -> None:
    run, data = make_run(tmp_path / "run", skip=True), write(tmp_path / "mixed.csv", GOOD + BAD)
    expected = evaluate(run, data)
    columns = {name: list(cells) for name, *cells in zip(*(line.split(",") for line in lines(data)), strict=True)}
    for given in (data, columns):
        with pytest.warns(UserWarning, match="left out 1 row with text among numbers or dates"):
            report = load(run).evaluate(given)
        assert report.metrics.document() == expected.metrics.document() | {"measured_on": report.source}


def test_a_loaded_model_never_leaves_out_a_row_in_predicting(tmp_path: Path) -> None:
    model = load(make_run(tmp_path / "run", skip=True))
    assert len(model.predict(write(tmp_path / "good.csv", GOOD))) == 8
    with pytest.raises(DataError, match=r"line 10, column 'x0': found 'oops', expected a number"):
        model.predict(write(tmp_path / "mixed.csv", GOOD + BAD))
    with pytest.raises(DataError, match="found 'oops', expected a number"):
        model.predict_proba({f"x{i}": ["1", "oops"] for i in range(6)})


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()
