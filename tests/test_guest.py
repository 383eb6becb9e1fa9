from __future__ import annotations

import os
import random
import warnings

import pytest

from phoneprice.guest import unnoticed


@pytest.mark.parametrize("fails", [False, True])
def test_what_an_import_sets_is_taken_back(monkeypatch: pytest.MonkeyPatch, fails: bool) -> None:
    monkeypatch.setenv("PHONEPRICE_CHANGED", "before")
    monkeypatch.setenv("PHONEPRICE_GONE", "before")
    environment, state, filters = dict(os.environ), random.getstate(), list(warnings.filters)

    def imported() -> None:
        os.environ.update({"PHONEPRICE_NEW": "1", "PHONEPRICE_CHANGED": "after"})
        del os.environ["PHONEPRICE_GONE"]
        warnings.simplefilter("ignore")
        random.random()
        if fails:
            raise ImportError

    try:
        with unnoticed("not_imported_yet"):
            imported()
    except ImportError:
        assert fails
    assert (dict(os.environ), random.getstate(), list(warnings.filters)) == (environment, state, filters)


def test_what_is_there_already_takes_nothing_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other threads draw random numbers and set variables meanwhile."""
    state = random.getstate()
    with unnoticed("random", "os"):
        monkeypatch.setenv("PHONEPRICE_NEW", "1")
        random.random()
    assert os.environ["PHONEPRICE_NEW"] == "1"
    assert random.getstate() != state
