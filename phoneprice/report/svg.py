"""Small static charts as SVG text.

Written by hand rather than with a plotting library: matplotlib takes a second to import and 60 MB to install, and its
SVG draws letters as outlines in fixed colours; a JavaScript library inlined is 1 to 4 MB a page and shows nothing on
paper or to a screen reader. These charts are 2 to 20 kB each, take their colours from the page (so light, dark and
print are one file), and carry a title and a description. ``standalone`` makes files of them, ``png`` pictures.

A chart is 360 units wide, the width of a phone: at 12 units its text is readable there without zooming.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from markupsafe import Markup, escape

from phoneprice.wording import cut, printable

WIDTH, HEIGHT = 360, 240
LEFT, RIGHT, TOP, BOTTOM = 48, 10, 26, 40
ALONE = 2
"""Pixels a unit of a chart in a file of its own."""
_LETTER = 7.0
"""The width of most letters of most fonts at the size of the charts' words."""
MOST_POINTS = 240
"""Of a line: more can't be seen at this size."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """A range of values with its label (units included); ``log`` for powers of ten, ``whole`` for whole ticks only."""

    low: float
    high: float
    label: str
    log: bool = False
    whole: bool = False

    @classmethod
    def over(cls, values: Iterable[float], label: str, *, log: bool = False, zero: bool = False) -> Axis:
        """An axis that holds all finite ``values`` (the positive ones, for ``log``); ``zero`` starts it there."""
        known = [v for v in values if math.isfinite(v) and (v > 0 or not log)]
        if not known:
            return cls(1.0, 10.0, label, log) if log else cls(0.0, 1.0, label)
        low, high = min(known), max(known)
        if log:
            low = max(low, 1e-300)  # as ``share`` has it: smaller ones have no power of ten of their own
            return cls(low / 1.15, max(low, high) * 1.15, label, log)
        low = min(low, 0.0) if zero else low
        room = max((high - low) * 0.04, abs(high) * 0.005) or 1.0  # ticks of a narrower range would need many digits
        return cls(low if zero and low == 0 else low - room, high + room, label)

    def share(self, value: float) -> float:
        """Where a value stands between the ends, 0 to 1; held inside."""
        low, high = self.low, self.high
        if self.log:
            value, low, high = (math.log10(max(v, 1e-300)) for v in (value, low, high))
        return min(max((value - low) / (high - low), 0.0), 1.0)

    def ticks(self, most: int = 6) -> list[float]:
        """Round values on the axis."""
        if self.log:
            return self._powers(most)
        step = max(_nice((self.high - self.low) / max(most - 1, 1)), float(self.whole))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [i * step for i in range(first, last + 1)]

    def _powers(self, most: int) -> list[float]:
        first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
        if last - first < 1:  # less than two powers: 1, 2 and 5 of each
            steps = [m * 10.0**e for e in range(first - 1, last + 1) for m in (1, 2, 5)]
            return [v for v in steps if self.low <= v <= self.high]
        every = -(-(last - first + 1) // most)
        return [10.0**e for e in range(first, last + 1, every)]


def _nice(step: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step)) if step > 0 else 1.0
    return next(m * power for m in (1, 2, 5, 10) if m * power >= step * 0.999)


def tick_text(value: float) -> str:
    """A tick's value, short: ``0.05``, ``1,500``, ``2e-07``."""
    if value == 0:
        return "0"
    if not 1e-4 <= abs(value) < 1e6:
        return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")
    text = f"{value:,.6f}".rstrip("0").rstrip(".")
    return text or "0"


def element(tag: str, *content: str, **attributes: str | float) -> Markup:
    """An element of SVG or HTML: the one place where text becomes part of a picture, printable and escaped.

    Numbers are units of the picture, rounded to tenths. ``text_anchor`` stands for ``text-anchor``, ``class_`` for
    ``class``. What is ``Markup`` already, such as another element, stays as it is.
    """
    named = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_escaped(f"{value:.1f}" if isinstance(value, float) else value)}"'
        for name, value in attributes.items()
    )
    inner = "".join(map(_escaped, content))
    return Markup(f"<{tag}{named}>{inner}</{tag}>" if inner else f"<{tag}{named}/>")  # noqa: S704  # all is escaped


def _escaped(value: str | float) -> str:
    return str(escape(value if isinstance(value, Markup) else printable(str(value))))


def key_mark(style: str, x: int = 0, y: int = 5) -> Markup:
    """What a legend shows of a style, 22 units wide: a piece of a line, or a dot."""
    if "dot" in style.split():
        return element("circle", class_=style, cx=x + 11, cy=y, r=4)
    kind = style if style in {"rule", "mark", "whisker"} else f"line {style}"
    return element("line", class_=kind, x1=x, y1=y, x2=x + 22, y2=y)


@dataclass
class Chart:
    """A picture being drawn; ``name`` is its id and file name, ``description`` is read aloud."""

    name: str
    title: str
    description: str
    x: Axis
    y: Axis
    height: int = HEIGHT
    left: int = LEFT
    grid: str = "y"
    _body: list[Markup] = field(default_factory=list)
    _legend: list[tuple[str, str]] = field(default_factory=list)

    def at(self, x: float, y: float) -> Point:
        """Coordinates of a value."""
        return (
            self.left + self.x.share(x) * (WIDTH - self.left - RIGHT),
            self.height - BOTTOM - self.y.share(y) * (self.height - BOTTOM - TOP),
        )

    def line(self, points: Sequence[Point], style: str, label: str = "") -> None:
        """A line through the points whose ``y`` is finite (and positive, on a log axis)."""
        steps, broken = [], True
        for x, y in thinned(points):
            if not math.isfinite(y) or (self.y.log and y <= 0):
                broken = True
                continue
            px, py = self.at(x, y)
            steps.append(f"{'M' if broken else 'L'}{px:.1f} {py:.1f}")
            broken = False
        if steps:
            self._draw("path", class_=f"line {style}", d="".join(steps))
        self.key(style, label)

    def steps(self, points: Sequence[Point], style: str, label: str = "", *, until: float | None = None) -> None:
        """A line that keeps each value to the next ``x``, the last one ``until`` there."""
        turns = [(x, y) for (_, before), (x, after) in pairwise(points) if after != before for y in (before, after)]
        (x, y), (end, last) = points[0], points[-1]
        self.line([(x, y), *turns, (end if until is None else until, last)], style, label)

    def area(self, points: Sequence[Point], base: float, style: str) -> None:
        """The surface between points and a base line."""
        if points:
            corners = [(points[0][0], base), *points, (points[-1][0], base)]
            path = "L".join("{:.1f} {:.1f}".format(*self.at(x, y)) for x, y in corners)
            self._draw("path", class_=f"area {style}", d=f"M{path}Z")

    def dots(self, points: Iterable[Point], style: str, label: str = "", radius: float = 2.5) -> None:
        """A dot for each point."""
        for x, y in points:
            px, py = self.at(x, y)
            self._draw("circle", class_=style, cx=px, cy=py, r=radius)
        self.key(style, label)

    def bar(self, box: tuple[Point, Point], style: str, tip: str = "") -> None:
        """A bar between two corners in values."""
        (x0, y0), (x1, y1) = (self.at(*corner) for corner in box)
        place = {"x": min(x0, x1), "y": min(y0, y1), "width": abs(x1 - x0), "height": abs(y1 - y0)}
        self._draw("rect", element("title", tip) if tip else "", class_=f"bar {style}", **place)

    def rule(self, start: Point, end: Point, style: str = "rule", label: str = "") -> None:
        """A straight line between two values."""
        (x0, y0), (x1, y1) = self.at(*start), self.at(*end)
        self._draw("line", class_=style, x1=x0, y1=y0, x2=x1, y2=y1)
        self.key(style, label)

    def text(self, place: Point, text: str, anchor: str = "middle", dy: float = 0) -> None:
        """A word at a value."""
        x, y = self.at(*place)
        self._draw("text", text, x=x, y=y + dy, text_anchor=anchor)

    def row_label(self, y: float, text: str) -> None:
        """Words left of the axis, on two lines where they need them."""
        _, py = self.at(self.x.low, y)
        text = printable(text)  # it is as long as it is shown
        lines = _in_lines(text, _letters(self.left))
        whole = "" if "".join(lines) == text.replace(" ", "") else element("title", text)
        for i, line in enumerate(lines):
            place = py + 4 + 11 * i - 5.5 * (len(lines) - 1)
            self._draw("text", line, whole if line is lines[-1] else "", x=self.left - 6, y=place, text_anchor="end")

    def key(self, style: str, label: str) -> None:
        """An entry of the legend."""
        if label:
            self._legend.append((style, label))

    @property
    def legend(self) -> tuple[tuple[Markup, str], ...]:
        """Mark and meaning of what needs explaining."""
        return tuple((key_mark(style), label) for style, label in self._legend)

    @property
    def mark(self) -> str:
        """What stands near the beginning of a file of this chart, and of no others."""
        return f'class="chart" aria-labelledby="{self.name}-t {self.name}-d"'

    def render(self, *, alone: bool = False) -> Markup:
        """The SVG element; for a file of its own, ``alone``, with a size, a ground and the legend."""
        title, description = f"{self.name}-t", f"{self.name}-d"
        height = self.height + (18 * len(self._legend) if alone else 0)
        ground = [element("rect", class_="ground", width=WIDTH, height=height), *self._keys()] if alone else []
        return element(
            "svg",
            element("title", self.title, id=title),
            element("desc", self.description, id=description),
            *ground,
            *self._frame(),
            *self._body,
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {WIDTH} {height}",
            role="img",
            class_="chart",
            aria_labelledby=f"{title} {description}",
            **({"width": ALONE * WIDTH, "height": ALONE * height} if alone else {}),
        )

    def _draw(self, tag: str, *content: str, **attributes: str | float) -> None:
        self._body.append(element(tag, *content, **attributes))

    def _keys(self) -> Iterable[Markup]:
        for i, (style, label) in enumerate(self._legend):
            top = self.height + 18 * i
            yield key_mark(style, LEFT, top + 6)
            yield element("text", label, x=LEFT + 28, y=top + 10)

    def _frame(self) -> Iterable[Markup]:
        bottom, right = self.height - BOTTOM, WIDTH - RIGHT
        if "y" in self.grid:
            for tick in self.y.ticks():
                _, y = self.at(self.x.low, tick)
                yield element("line", class_="grid", x1=self.left, y1=y, x2=right, y2=y)
                yield element("text", tick_text(tick), x=self.left - 6, y=y + 4, text_anchor="end")
        last = -math.inf
        for tick in self.x.ticks():
            x, _ = self.at(tick, self.y.low)
            text = tick_text(tick)
            half = 3.4 * len(text)
            if x - half < last:  # no room left beside the one before
                continue
            last = x + half + 4
            if "x" in self.grid:
                yield element("line", class_="grid", x1=x, y1=TOP, x2=x, y2=bottom)
            yield element("text", text, x=x, y=bottom + 15, text_anchor="end" if x + half > WIDTH else "middle")
        yield element("line", class_="axis", x1=self.left, y1=bottom, x2=right, y2=bottom)
        middle = (self.left + right) / 2
        yield element("text", self.x.label, class_="label", x=middle, y=self.height - 6, text_anchor="middle")
        if self.y.label:
            yield element("text", self.y.label, class_="label", x=2, y=12)


def margin_for(labels: Iterable[str]) -> int:
    """How far left of the axis labels need room: what the longest needs, half of the chart at most."""
    longest = max((len(printable(label)) for label in labels), default=0)
    return min(max(math.ceil(_LETTER * longest) + 10, LEFT), WIDTH // 2)


def _letters(left: int) -> int:
    return max(int((left - 8) / _LETTER), 3)


def _in_lines(text: str, letters: int) -> list[str]:
    """One or two lines of so many letters, broken at a mark between words where there is one; what is more is cut."""
    if len(text) <= letters:
        return [text]
    marks = [i for i in range(1, letters + 1) if text[i - 1] in " _-./"]
    place = marks[-1] if marks and len(text) - marks[-1] <= letters else letters
    return [text[:place].strip(), cut(text[place:].strip(), letters)]


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> Sequence[Point]:
    """At most about ``most`` of the points: of each stretch the first, the lowest and the highest."""
    if len(points) <= most:
        return points
    stretch = -(-3 * len(points) // most)
    kept: list[Point] = []
    for start in range(0, len(points), stretch):
        part = points[start : start + stretch]
        known = [p for p in part if math.isfinite(p[1])]
        chosen = {part[0], min(known, key=lambda p: p[1]), max(known, key=lambda p: p[1])} if known else {part[0]}
        kept.extend(sorted(chosen))
    if kept[-1] != points[-1]:
        kept.append(points[-1])
    return kept
