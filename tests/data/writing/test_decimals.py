import numpy as np

from phoneprice.data.writing.decimals import six_decimals


def test_all_millionths():
    numbers = np.arange(1_000_001, dtype=np.int32)
    assert six_decimals(numbers).to_pylist() == [f"{i / 1e6:.6f}" for i in range(1_000_001)]
    assert six_decimals(numbers[:0]).to_pylist() == []
