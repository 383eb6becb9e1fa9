"""What each of Arrow's types becomes: by examples, and by any column of any type, written and read back."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from phoneprice.data.cell_text import csv_values, json_values, simple, without_formulas
from phoneprice.data.formats import FORMATS
from tests.arrow_columns import BUILDERS, EXTENSIONS, UNMAKEABLE, Column, columns_of, every_id
from tests.read_back import check

EXAMPLES = 300


def test_no_type_is_forgotten() -> None:
    extension = pa.uuid().id
    assert set(every_id()) | {extension} == set(BUILDERS) | UNMAKEABLE
    known = {type(kind) for kind, _ in EXTENSIONS}
    assert set(pa.BaseExtensionType.__subclasses__()) - {pa.ExtensionType} <= known


@pytest.mark.parametrize("number", sorted(BUILDERS), ids=lambda number: every_id().get(number, "Type_EXTENSION")[5:])
@pytest.mark.parametrize("format_", FORMATS, ids=lambda known: known.title)
def test_any_column_of_any_type(format_, number: int) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(columns_of(number), st.booleans())
    def read_back(column: Column, safe: bool) -> None:
        check(column, format_, safe=safe)

    read_back()
