"""``--require 'accuracy>=0.95'``: parsed before any work is done, checked on the metrics at the end."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from phoneprice.errors import QualityGateError, UsageError
from phoneprice.metrics.catalogue import METRICS
from phoneprice.records import Interval
from phoneprice.suggestions import nearest, the_same
from phoneprice.wording import quoted

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


@dataclass(frozen=True)
class Gate:
    """What became of one ``--require``.

    ``value`` is None, and the requirement missed, where the task is another or the rows leave the metric undefined.
    On rows that were learned from nothing passes, whatever the value.
    """

    require: str
    metric: str
    value: float | None
    passed: bool

    @property
    def shown(self) -> str:
        """The value in words."""
        return "not defined here" if self.value is None else f"{self.value:.10g}"


def parse_requirements(texts: Iterable[str]) -> tuple[Requirement, ...]:
    """Requirements as typed. Raises ``UsageError`` for another form or a metric that doesn't exist."""
    return tuple(map(_parse, texts))


def _parse(text: str) -> Requirement:
    form = _FORM.fullmatch(text)
    bound = _number(form[3]) if form else None
    if not form or bound is None:
        wanted = "a metric, >= <= > or <, and a number, such as 'accuracy>=0.95'"
        raise UsageError(f"--require {quoted(text)}: expected {wanted}")
    metric = the_same(form[1], METRICS)
    if metric is None:
        near = nearest(form[1], METRICS)
        hint = f" did you mean {near!r}?" if near else ""
        raise UsageError(
            f"--require {quoted(text)}: unknown metric {quoted(form[1])};{hint} one of {', '.join(METRICS)}"
        )
    return Requirement(metric, form[2], bound)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def judge(
    requirements: Iterable[Requirement], metrics: Mapping[str, Interval], *, learned: bool = False
) -> tuple[Gate, ...]:
    """Every requirement beside the value of its metric; ``learned`` where that was measured on training rows."""
    return tuple(_judged(requirement, metrics.get(requirement.metric), learned) for requirement in requirements)


def _judged(requirement: Requirement, found: Interval | None, learned: bool) -> Gate:
    value = found.value if found else None
    passed = value is not None and requirement.holds(value) and not learned
    return Gate(str(requirement), requirement.metric, value, passed)


def refuse_training_rows(source: str) -> NoReturn:
    """Raise ``QualityGateError`` for a table that the run was trained on, which no requirement is judged by."""
    raise QualityGateError(
        f"{source}: these are the rows the run was trained on, which tell nothing of new ones, so --require is not "
        "met; give new rows, or add --training-rows-ok"
    )


def refuse_missed(gates: Iterable[Gate]) -> None:
    """Raise ``QualityGateError``, naming every requirement that is missed."""
    missed = [gate for gate in gates if not gate.passed]
    if missed:
        raise QualityGateError("; ".join(f"{gate.metric} is {gate.shown}, required {gate.require}" for gate in missed))
