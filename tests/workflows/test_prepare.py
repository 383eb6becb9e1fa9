"""What is refused before any training."""

from __future__ import annotations

import pytest

from phoneprice.config.load import load_config
from phoneprice.data.sample import sample_path
from phoneprice.errors import ConfigError
from phoneprice.workflows.events import ignore
from phoneprice.workflows.prepare import prepare


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
