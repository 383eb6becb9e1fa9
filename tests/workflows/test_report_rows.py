"""Rows that can't be read as in training, in a report."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoneprice.artifact.loader import load_run
from phoneprice.config.reading import AS_CONFIGURED
from phoneprice.errors import DataError
from phoneprice.workflows.events import Event, Progress, Warned, ignore
from phoneprice.workflows.report_rows import facts_from_rows
from tests.workflows.test_evaluate import BAD, GOOD, SKIP, WORSE, make_run, write


@pytest.mark.parametrize(("bad", "counted"), [(BAD, "1 row"), (BAD + WORSE, "2 rows")])
@pytest.mark.parametrize("skip", [True, False])
def test_rows_that_are_left_out_are_counted(tmp_path: Path, bad: str, counted: str, *, skip: bool) -> None:
    run, heard = load_run(make_run(tmp_path / "run", skip=skip)), list[Event]()
    good, mixed = write(tmp_path / "good.csv", GOOD), write(tmp_path / "mixed.csv", bad + GOOD)
    _, found = facts_from_rows(run, mixed, None, AS_CONFIGURED if skip else SKIP, heard.append)
    assert heard.pop(0) == Warned(f"{mixed}: left out {counted} with text among numbers or dates")
    columns = len(run.schema.columns)
    assert heard == [Progress(columns, columns, "columns shuffled")]
    _, expected = facts_from_rows(run, good, None, AS_CONFIGURED, heard.append)
    assert heard[0] == heard[1]
    assert found.importances == expected.importances


def test_nothing_to_look_at(tmp_path: Path) -> None:
    run = load_run(make_run(tmp_path / "run", skip=True))
    for rows, found in (("", "found a header but no rows"), (BAD, "every row has text among numbers or dates")):
        data = write(tmp_path / "none.csv", rows)
        with pytest.raises(DataError) as caught:
            facts_from_rows(run, data, None, AS_CONFIGURED, ignore)
        assert str(caught.value) == f"{data}: {found}; there is nothing to look at"
