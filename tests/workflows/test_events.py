"""Listeners of what a workflow reports."""

import pytest

from phoneprice.workflows.events import Event, Noted, Warned, WarningCollector, warn_caller


def test_the_collector_passes_everything_on_and_keeps_the_warnings() -> None:
    passed: list[Event] = []
    collector = WarningCollector(passed.append)
    collector.warn("first")
    collector(Noted("a default"))
    collector.warn("second")
    assert collector.messages == ("first", "second")
    assert passed == [Warned("first"), Noted("a default"), Warned("second")]


def test_a_warning_of_python_is_shown_and_never_obeyed() -> None:
    with pytest.warns(UserWarning, match=r"^a\\x1b\[2J\\n\.csv: odd$"):
        warn_caller(Warned("a\x1b[2J\n.csv: odd"))
