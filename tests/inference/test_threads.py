import os

import pytest

from phoneprice.inference.threads import computing_threads


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="counts the cores another way here")
@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 2), (3, 3), (64, 4)])
def test_as_many_threads_as_cores_and_four_at_most(cores: int, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    assert computing_threads() == threads
