"""What a setting, a component or a metric is, by whatever name somebody knows it."""

from __future__ import annotations

from collections.abc import Sequence

from phoneprice.config.explained import Explanation, explanations
from phoneprice.errors import UsageError
from phoneprice.metrics.catalogue import METRICS, Metric
from phoneprice.suggestions import called_here, folded, nearest
from phoneprice.wording import quoted


def explain(name: str) -> tuple[Explanation, ...]:
    """All that is called so: ``none`` is an encoding, a normalisation and a penalty. Raises ``UsageError``.

    Names as ``-s`` has them do, whole or their last parts: ``optimizer.lr``, ``lr``, ``activation=relu``, and those
    of others: ``swish`` is silu.
    """
    known = every_explanation()
    asked = name.strip().removeprefix("-s ").replace("=", ".").replace(".name", "")
    if found := _called(asked, known):
        return found
    names = _names(known)
    if other := called_here(asked, names):
        return _called(other, known)
    near = nearest(asked, names)
    hint = f"did you mean {near!r}?" if near else "'phoneprice config show' shows every setting"
    raise UsageError(f"{quoted(name)}: no setting, component or metric is called so; {hint}")


def every_explanation() -> tuple[Explanation, ...]:
    """Settings and components in the order of the schema, then metrics."""
    return (*explanations(), *map(_metric, METRICS.values()))


def _called(name: str, known: Sequence[Explanation]) -> tuple[Explanation, ...]:
    return tuple(one for one in known if folded(name) in one.calls)


def _names(known: Sequence[Explanation]) -> list[str]:
    """Whole names, and the last parts of settings."""
    return list(dict.fromkeys(name for one in known for name in (one.name, one.name.rpartition(".")[2])))


def _metric(metric: Metric) -> Explanation:
    low, high = metric.limits
    ends = f"{low:g} to {high:g}" if high < 2 and low > -2 else f"at least {low:g}" if low > -2 else f"at most {high:g}"
    return Explanation(
        name=metric.name,
        kind="metric",
        summary=metric.description,
        values=f"{ends}; {metric.better} is better; for {', '.join(metric.tasks)}",
        when=metric.when,
        use=f"--require '{metric.name}{'>=' if metric.better == 'higher' else '<='}VALUE'",
    )
