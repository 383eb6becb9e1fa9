import os

import pytest

from phoneprice.inference.threads import computing_threads


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="counts the cores another way here")
@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (3, 2), (64, 4)])
def test_a_core_is_left_to_reading_and_writing(cores: int, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    assert computing_threads() == threads
