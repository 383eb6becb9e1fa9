"""Listeners of what a workflow reports."""

from phoneprice.workflows.events import Event, Noted, Warned, WarningCollector


def test_the_collector_passes_everything_on_and_keeps_the_warnings() -> None:
    passed: list[Event] = []
    collector = WarningCollector(passed.append)
    collector.warn("first")
    collector(Noted("a default"))
    collector.warn("second")
    assert collector.messages == ("first", "second")
    assert passed == [Warned("first"), Noted("a default"), Warned("second")]
