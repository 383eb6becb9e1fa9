import numpy as np
import pytest

from phoneprice.data.encoding.conditioning import LARGEST_INPUT, Conditioning
from phoneprice.data.encoding.schema import Column

COLUMNS = (
    Column(name="plain", kind="numeric"),
    Column(name="ram", kind="numeric", low=-5.0, high=2000.0, usual=(0.0, 1000.0), center=500.0, spread=256.0),
    Column(name="open", kind="numeric", low=0.0, high=10.0, center=4.0, spread=2.0),
    Column(name="flat", kind="numeric", low=3.0, high=3.0, usual=(3.0, 3.0), center=3.0),
)
NUMBERS = np.array([0.0, -0.0, 3.0, 11.0, 1500.0, -7.0, 1e30, -1.7e308, 2e6])


@pytest.mark.parametrize("rows", [1, len(NUMBERS)])
def test_columns_at_once_are_as_one_by_one(rows: int) -> None:
    together = Conditioning.of_columns(COLUMNS)
    for start in range(len(NUMBERS)):
        x = np.stack([np.roll(NUMBERS, start + i)[:rows] for i in range(len(COLUMNS))], axis=1)
        x[0, start % len(COLUMNS)] = np.nan
        found = together.apply(x, np.isnan(x))
        for i, column in enumerate(COLUMNS):
            alone = Conditioning.of(column).apply(x[:, i].copy(), np.isnan(x[:, i]))
            assert found.values[:, i].tobytes() == alone.values.tobytes()
            for counts, count in ((found.out_of_range, alone.out_of_range), (found.drawn_in, alone.drawn_in)):
                assert (counts if isinstance(counts, int) else counts[i]) == count


def test_what_is_far_is_counted_drawn_in_and_cut_off() -> None:
    found = Conditioning.of(COLUMNS[1]).apply(np.array([1500.0, 3000.0, 500.0, np.nan]), np.array([0, 0, 0, 1], bool))
    assert (found.out_of_range, found.drawn_in) == (1, 2)
    assert found.values[2:].tolist() == [0, 0]
    assert (found.values < (1000 + 0.2 * 1000 - 500) / 256).all()
    far = Conditioning.of(COLUMNS[0]).apply(np.array([1e30, -1.7e308]), None)
    assert far.values.tolist() == [LARGEST_INPUT, -LARGEST_INPUT]
