"""What a training found, in a run: metrics, splits, environment and history, as records to bytes and back."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.artifact import strict_json
from phoneprice.artifact.prediction_files import damaged, parse_record
from phoneprice.records.curves import Curves, Start
from phoneprice.records.documents import Count, Figure, Record

_Numbers = tuple[Figure | None, ...]
_LOSSES = ("train_loss", "validation_loss", "learning_rate")
_START = b'{"epoch": 0,'


class _EpochLine(Record):
    """A line of ``history.jsonl``: a value per member, null for NaN or infinity; of health, per member and layer."""

    epoch: Count
    train_loss: _Numbers
    validation_loss: _Numbers
    learning_rate: _Numbers
    active: tuple[bool, ...]
    health: Mapping[str, tuple[_Numbers, ...]]


class _StartLine(Record):
    """The first line of ``history.jsonl``, epoch 0: before the first step; null for NaN or infinity."""

    epoch: Count
    loss: _Numbers
    guessing_loss: _Numbers
    health: Mapping[str, tuple[_Numbers, ...]]


def render_document(record: Record) -> bytes:
    """The bytes of ``metrics.json``, ``splits.json`` or ``environment.json``."""
    return strict_json.render(record.document())


def render_history(curves: Curves) -> bytes:
    """The bytes of ``history.jsonl``, a line an epoch behind that of the start."""
    start = [] if curves.start is None else [_start_line(curves.start)]
    lines = chain(start, (_line(curves, e) for e in range(len(curves.epochs))))
    return b"".join(map(strict_json.render_line, lines))


def parse_history(data: bytes, source: str) -> Curves:
    """The lines of ``history.jsonl``, one epoch or more; those of earlier versions have no start.

    Raises ``ModelError``.
    """
    numbered = [(f"{source} line {i}", line) for i, line in enumerate(data.splitlines(), start=1)]
    begins = bool(numbered) and numbered[0][1].startswith(_START)
    start = parse_record(_StartLine, numbered[0][1], numbered[0][0]) if begins else None
    lines = [parse_record(_EpochLine, line, place) for place, line in numbered[begins:]]
    if not lines or [line.epoch for line in lines] != list(range(1, len(lines) + 1)):
        raise damaged(source, "its epochs are not 1, 2, ...")
    if any(line.health.keys() != lines[0].health.keys() for line in lines):
        raise damaged(source, "not every epoch has the same measurements")
    try:
        return _curves(lines, start)
    except ValueError:
        raise damaged(source, "its values are not one for each epoch and member, and layer where measured") from None


def _line(curves: Curves, e: int) -> dict[str, Any]:
    losses = {name: _plain(getattr(curves, name)[e]) for name in _LOSSES}
    health = {name: _plain(values[e]) for name, values in sorted(curves.health.items())}
    return {"epoch": e + 1, **losses, "active": curves.active[e].tolist(), "health": health}


def _start_line(start: Start) -> dict[str, Any]:
    health = {name: _plain(values) for name, values in sorted(start.health.items())}
    return {"epoch": 0, "loss": _plain(start.loss), "guessing_loss": _plain(start.guessing_loss), "health": health}


def _plain(values: NDArray[np.float64]) -> Any:
    plain = values.astype(object)
    plain[~np.isfinite(values)] = None
    return plain.tolist()


def _curves(lines: Sequence[_EpochLine], start: _StartLine | None) -> Curves:
    """Raises ``ValueError`` where the values are not of one shape."""
    active = np.array([line.active for line in lines])
    losses = {name: _floats([getattr(line, name) for line in lines], 2) for name in _LOSSES}
    health = {name: _floats([line.health[name] for line in lines], 3) for name in lines[0].health}
    if any(values.shape[:2] != active.shape for values in (*losses.values(), *health.values())):
        raise ValueError("not the same members everywhere")
    return Curves(**losses, active=active, health=health, start=_start(start, active.shape[1]))


def _start(line: _StartLine | None, members: int) -> Start | None:
    """Raises ``ValueError`` where the values are not of ``members`` members."""
    if line is None:
        return None
    start = Start(
        _floats(line.loss, 1),
        _floats(line.guessing_loss, 1),
        {name: _floats(values, 2) for name, values in line.health.items()},
    )
    if {len(values) for values in (start.loss, start.guessing_loss, *start.health.values())} != {members}:
        raise ValueError("not the same members everywhere")
    return start


def _floats(values: Any, axes: int) -> NDArray[np.float64]:
    """Nested tuples of one shape as float64, None as NaN."""
    array = np.array(values, dtype=np.float64)  # None becomes NaN
    if array.ndim != axes:
        raise ValueError("not of the right depth")
    return array
