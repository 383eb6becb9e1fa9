"""``config explain``: what a setting, a component or a metric is."""

from collections.abc import Iterator, Sequence

from phoneprice.cli.rendering.console import line_of, name_value_table, show, stdout
from phoneprice.config.explained import Explanation


def show_explanations(found: Sequence[Explanation]) -> None:
    """One below the other, on stdout."""
    console = stdout()
    for i, one in enumerate(found):
        if i:
            show(console)
        place = f", {one.kind} of {one.path}" if one.kind == "component" else f", {one.kind}"
        show(console, line_of((one.name, "bold"), (place, "")))
        show(console, name_value_table(_facts(one)))
        if one.parts:
            show(console, f"{_PARTS[one.kind]}:")
            show(console, name_value_table((f"  {name}", text) for name, text in one.parts))


_PARTS = {"section": "settings", "setting": "choices", "component": "settings", "metric": ""}


def _facts(one: Explanation) -> Iterator[tuple[str, str]]:
    facts = (
        ("what", one.summary),
        ("formula", one.formula),
        ("values", one.values),
        ("default", one.default),
        ("when", one.when),
        ("source", one.source),
        ("use", one.use),
    )
    return ((f"  {name}", text) for name, text in facts if text)
