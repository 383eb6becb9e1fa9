"""A chart as a file of its own, drawn the same by browsers, Inkscape, librsvg, resvg and LibreOffice.

On the page charts take their colours from the page's style sheet, light or dark. Other programs know no variables of
CSS, and some no style sheet: so here every element says by itself, in presentation attributes, what the light style
sheet would say of it (https://www.w3.org/TR/SVG11/styling.html#UsingPresentationAttributes).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from phoneprice.report.svg import Chart

_SHEET = Path(__file__).parent / "templates" / "charts.css"
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_MEDIA = re.compile(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_ELEMENT = re.compile(r"<(\w+)([^<>]*?)(/?)>")
_CLASS = re.compile(r' class="([^"]*)"')
_VARIABLE = re.compile(r"var\((--\w+)\)")
_FONTS = "Arial, Helvetica, Liberation Sans, DejaVu Sans, sans-serif"
"""Those that are there: what a browser calls system-ui, other programs don't know."""


def svg_file(chart: Chart) -> str:
    """The chart with its legend, on white, as the text of a file."""
    return _ELEMENT.sub(_with_attributes, str(chart.render(alone=True)))


def _with_attributes(found: re.Match[str]) -> str:
    """An element whose classes are written out; the root keeps them, which tell whose file it is."""
    tag, attributes, end = found.groups()
    classes = _CLASS.search(attributes)
    if tag != "svg":
        attributes = _CLASS.sub("", attributes)
    looks = _looks(tag, frozenset(classes[1].split() if classes else ()))
    written = "".join(f' {name}="{value}"' for name, value in looks.items() if f" {name}=" not in attributes)
    return f"<{tag}{attributes}{written}{end}>"


@dataclass(frozen=True)
class _Rule:
    """What the style sheet says of elements of a tag (any, where it is empty) that have all of some classes."""

    tag: str
    classes: frozenset[str]
    properties: Mapping[str, str]

    @property
    def specificity(self) -> tuple[int, bool]:
        return len(self.classes), bool(self.tag)


@cache
def _looks(tag: str, classes: frozenset[str]) -> dict[str, str]:
    """What the style sheet says of an element, variables replaced."""
    found = dict(_rules()[0].properties)
    variables = set(found)
    for rule in sorted(_rules()[1:], key=lambda rule: rule.specificity):
        if rule.tag in {"", tag} and rule.classes <= classes:
            found |= rule.properties
    if "font-family" in found:
        found["font-family"] = _FONTS
    return {n: _replaced(v, found) for n, v in found.items() if n not in variables and not n.startswith("--")}


def _replaced(value: str, variables: Mapping[str, str]) -> str:
    while found := _VARIABLE.search(value):
        value = value.replace(found[0], variables[found[1]])
    return value


@cache
def _rules() -> tuple[_Rule, ...]:
    """The style sheet's, the variables' first; those of dark screens are left out."""
    text = _MEDIA.sub("", _COMMENT.sub("", _SHEET.read_text(encoding="utf-8")))
    parts = [
        (selector.strip(), dict(_properties(body)))
        for selectors, body in _RULE.findall(text)
        for selector in selectors.split(",")
    ]
    variables = [_Rule("", frozenset(), body) for selector, body in parts if selector == ":root"]
    return (*variables, *(_rule(selector, body) for selector, body in parts if selector != ":root"))


def _rule(selector: str, properties: Mapping[str, str]) -> _Rule:
    tag, *classes = selector.removeprefix(".chart ").split(".")
    return _Rule(tag, frozenset(classes), properties)


def _properties(body: str) -> Iterator[tuple[str, str]]:
    for line in body.split(";"):
        name, colon, value = line.partition(":")
        if colon:
            yield name.strip(), value.strip()
