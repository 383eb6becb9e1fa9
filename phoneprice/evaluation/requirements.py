"""``--require 'accuracy>=0.95'``: parsed before any work is done, checked on the metrics at the end."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from phoneprice.errors import QualityGateError, UsageError
from phoneprice.metrics.catalogue import METRICS
from phoneprice.records import Interval
from phoneprice.suggestions import nearest

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_FORM = re.compile(r"\s*(\w+)\s*(>=|<=|>|<)\s*(\S+)\s*")


@dataclass(frozen=True)
class Requirement:
    """``metric`` compared with ``bound``; ``comparison`` is one of ``>= <= > <``."""

    metric: str
    comparison: str
    bound: float

    def holds(self, value: float) -> bool:
        """Whether a value passes."""
        return _COMPARISONS[self.comparison](value, self.bound)

    def __str__(self) -> str:
        return f"{self.metric}{self.comparison}{self.bound:.12g}"


def parse_requirements(texts: Iterable[str]) -> tuple[Requirement, ...]:
    """Requirements as typed. Raises ``UsageError`` for another form or a metric that doesn't exist."""
    return tuple(map(_parse, texts))


def _parse(text: str) -> Requirement:
    form = _FORM.fullmatch(text)
    bound = _number(form[3]) if form else None
    if not form or bound is None:
        wanted = "a metric, >= <= > or <, and a number, such as 'accuracy>=0.95'"
        raise UsageError(f"--require {text!r}: expected {wanted}")
    if form[1] not in METRICS:
        near = nearest(form[1], METRICS)
        hint = f" did you mean {near!r}?" if near else ""
        raise UsageError(f"--require {text!r}: unknown metric {form[1]!r};{hint} one of {', '.join(METRICS)}")
    return Requirement(form[1], form[2], bound)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def check_requirements(requirements: Iterable[Requirement], metrics: Mapping[str, Interval]) -> None:
    """Raise ``QualityGateError``, naming every requirement that is missed.

    A metric that is not there, because the task is another or the rows leave it undefined, is missed too.
    """
    missed = list[str]()
    for requirement in requirements:
        if requirement.metric not in metrics:
            missed.append(f"{requirement.metric} is not defined here, required {requirement}")
        elif not requirement.holds(value := metrics[requirement.metric].value):
            missed.append(f"{requirement.metric} is {value:.10g}, required {requirement}")
    if missed:
        raise QualityGateError("; ".join(missed))
