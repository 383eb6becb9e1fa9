"""Which rows each member learns from, and which it never sees.

The folds are those of scikit-learn's ``KFold``, ``StratifiedKFold`` and their repeated kinds (shuffled, same seed),
row for row, without its import, which takes longer than training. Tests compare the two. Rows that come in groups or
have an order are split by scikit-learn itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.config.schema import Config
from phoneprice.data.rows.row_roles import NO_ROLES, RowRoles
from phoneprice.errors import DataError
from phoneprice.guest import unnoticed, without_warnings
from phoneprice.records import MemberPlan, Rows
from phoneprice.wording import counted, noun, quoted

Split = tuple[Rows, Rows]
Target = NDArray[Any]

NO_ROWS: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
MOST_NAMED = 5
"""How many rare classes a message names; it counts the others."""


def plan_members(
    y: Target, config: Config, n_rows: int, roles: RowRoles = NO_ROLES, labels: Sequence[str] = ()
) -> tuple[tuple[MemberPlan, ...], tuple[str, ...]]:
    """The members of a training run, and warnings where the rows don't allow what the configuration asks for.

    ``y`` ``(n_rows,)`` holds class indices, called by ``labels`` in warnings, or a regression's values. With
    ``validation.members`` above 1 all splits are repeated, member ``m * splits + s`` being the m-th network of split s.
    """
    stratified = config.task.kind != "regression"
    splits, warnings = _splits(y, config, n_rows, roles, stratified=stratified)
    if stratified and len(splits[0][1]):
        warnings = (*warnings, *rare_classes(y, splits, labels))
    plans = plans_of(splits * config.validation.members, y, config, roles)
    return plans, (*warnings, *_without_stopping_rows(plans, config))


def plans_of(splits: Sequence[Split], y: Target, config: Config, roles: RowRoles = NO_ROLES) -> tuple[MemberPlan, ...]:
    """A member for each ``(training rows, held-out rows)``, its stopping rows set aside if early stopping is on."""
    stopping = config.training.early_stopping
    strata = y if config.task.kind != "regression" else np.zeros(len(y), dtype=np.int64)
    plans = []
    for index, (rows, held_out) in enumerate(splits):
        train, aside = rows, NO_ROWS
        if stopping.patience_epochs:
            generator = np.random.default_rng([config.training.seed, index])
            train, aside = _set_aside(rows, strata, roles, stopping.fraction, generator)
        plans.append(MemberPlan(index, train, held_out, aside))
    return tuple(plans)


def repeated_folds(
    y: Target,
    folds: int,
    repeats: int,
    seed: int,
    *,
    stratified: bool,
    labels: Sequence[str] = (),
    groups: NDArray[np.int64] | None = None,
) -> list[Split]:
    """``(training rows, test rows)`` of each fold of each repeat, int64 and ascending.

    Equal to ``RepeatedStratifiedKFold(n_splits=folds, n_repeats=repeats, random_state=seed)``, or to ``RepeatedKFold``
    where not ``stratified``; with ``groups`` to as many of ``StratifiedGroupKFold`` or ``GroupKFold`` (which stands in
    where the other leaves a fold without rows), shuffled one after the other by one generator. Classes that have fewer
    rows than there are folds are in as many test sets as they have rows. Raises ``DataError`` with the counts where all
    classes (called by their labels), the groups or the rows are fewer than the folds.
    """
    _require_rows(y, folds, groups, stratified=stratified, labels=labels)
    generator = np.random.RandomState(seed)
    splits = []
    for _ in range(repeats):
        if groups is not None:
            fold = _fold_of_groups(y, groups, folds, generator, stratified=stratified)
        else:
            fold = _stratified_fold(y, folds, generator) if stratified else _plain_fold(len(y), folds, generator)
        splits += [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(folds)]
    return splits


def folds_in_time(times: NDArray[np.int64], folds: int) -> list[Split]:
    """``(training rows, test rows)`` of each fold: what comes later is tested with what has come before.

    Different ``times`` ``(n,)`` are split as scikit-learn's ``TimeSeriesSplit`` does it, so rows of one time stay
    together. Raises ``DataError`` where they are too few.
    """
    moments = np.unique(times)
    if len(moments) <= folds:
        remedy = f"lower the number of folds (--folds {len(moments) - 1}) or add rows"
        found = f"found {counted(len(moments), 'different time')}, {folds} folds need {folds + 1}"
        raise DataError(f"{found}; {remedy if len(moments) > 2 else 'add rows of other times'}")
    with unnoticed("sklearn.model_selection"):
        from sklearn.model_selection import TimeSeriesSplit
    tests = [moments[test] for _, test in TimeSeriesSplit(folds).split(moments)]
    return [
        (np.flatnonzero(times < test[0]), np.flatnonzero((times >= test[0]) & (times <= test[-1]))) for test in tests
    ]


@dataclass(frozen=True)
class Rare:
    """A class, its rows, and in how many of the splits it is held out and learned from."""

    label: str
    rows: int
    held_out: int
    learned: int


def rare_classes(y: Target, splits: Sequence[Split], labels: Sequence[str] = ()) -> tuple[str, ...]:
    """What to warn of where a class is not in every held-out part, or not in all that is learned from."""
    classes, counts = np.unique(y, return_counts=True)
    sides = [
        sum(np.bincount(y[split[side]], minlength=int(classes[-1]) + 1) > 0 for split in splits) for side in (0, 1)
    ]
    learned, held_out = (np.asarray(side)[classes] for side in sides)
    places = np.flatnonzero((held_out < len(splits)) | (learned < len(splits)))
    rare = [
        Rare(labels[classes[i]] if labels else str(classes[i]), int(counts[i]), int(held_out[i]), int(learned[i]))
        for i in places
    ]
    return (told_rare(rare, len(splits)),) if rare else ()


def told_rare(rare: Sequence[Rare], splits: int) -> str:
    """``class 'a' (2 rows): held out in 2 of 5 folds``; of many the first few."""
    told = "; ".join(
        f"class {quoted(one.label)} ({counted(one.rows, 'row')}): {_where(one, splits)}" for one in rare[:MOST_NAMED]
    )
    more = len(rare) - MOST_NAMED
    return f"{told}; and {counted(more, 'more class', 'more classes')}" if more > 0 else told


def _where(rare: Rare, splits: int) -> str:
    if splits == 1:
        return "not held out" if rare.learned else "held out, so not learned from"
    held_out = f"held out in {rare.held_out} of {splits} folds"
    return held_out if rare.learned == splits else f"{held_out}, learned from in {rare.learned}"


def _without_stopping_rows(plans: Sequence[MemberPlan], config: Config) -> tuple[str, ...]:
    """What to warn of where early stopping is on and members have no rows for it."""
    lacking = sum(not len(plan.stopping_rows) for plan in plans)
    if not config.training.early_stopping.patience_epochs or not lacking:
        return ()
    which = f"{lacking} of {counted(len(plans), 'member')} {noun(lacking, 'has', 'have')}"
    return (f"training.early_stopping: {which} no rows that could be set aside; the training loss decides there",)


def _require_rows(
    y: Target, folds: int, groups: NDArray[np.int64] | None, *, stratified: bool, labels: Sequence[str]
) -> None:
    units, what = (len(y), "row") if groups is None else (len(np.unique(groups)), "group")
    if units < folds:
        remedy = f"lower the number of folds (--folds {units}) or add {what}s" if units > 1 else f"add {what}s"
        raise DataError(f"found {counted(units, what)}, {folds} folds need one each; {remedy}")
    if not stratified:
        return
    classes, counts = np.unique(y, return_counts=True)
    most = int(counts.max())
    if most < folds:
        named = _counted_classes({str(labels[c] if labels else c): n for c, n in zip(classes, counts, strict=True)})
        remedy = f"lower the number of folds (--folds {most}) or add rows" if most > 1 else "add rows"
        raise DataError(
            f"found too few rows of every class (rows a class: {named}), {folds} folds need {folds} of one; {remedy}"
        )


def _counted_classes(counts: Mapping[str, int]) -> str:
    told = [f"{label}: {n}" for label, n in counts.items()]
    more = [f"and {len(told) - MOST_NAMED} more"] if len(told) > MOST_NAMED else []
    return ", ".join([*told[:MOST_NAMED], *more])


def _splits(
    y: Target, config: Config, n_rows: int, roles: RowRoles, *, stratified: bool
) -> tuple[list[Split], tuple[str, ...]]:
    validation, seed = config.validation, config.training.seed
    everything = [(np.arange(n_rows), NO_ROWS)]
    if validation.scheme == "none":
        return everything, ()
    if validation.scheme == "holdout":
        strata = y if stratified else np.zeros(n_rows, dtype=np.int64)
        generator = np.random.default_rng([seed, n_rows])
        split = _set_aside(np.arange(n_rows), strata, roles, validation.fraction, generator)
        if len(split[1]):
            return [split], ()
        return everything, (_nothing_held_out(_most_folds(y, roles, stratified=stratified)[1]),)
    possible, found = _most_folds(y, roles, stratified=stratified)
    folds = min(validation.folds, possible)
    if folds < 2:
        return everything, (_nothing_held_out(found),)
    warnings = () if folds == validation.folds else (f"{found}: {folds} folds instead of {validation.folds}",)
    return repeated_folds(y, folds, 1, seed, stratified=stratified, groups=roles.groups), warnings


def _nothing_held_out(found: str) -> str:
    return f"{found}: no rows are held out, so the run has no held-out metrics"


def _most_folds(y: Target, roles: RowRoles, *, stratified: bool) -> tuple[int, str]:
    """How many folds the rows allow, and what they have so few of: times, groups, rows of every class, rows."""
    if roles.times is not None:
        times = len(np.unique(roles.times))
        return times, f"the table has {counted(times, 'different time')}"
    limits = []
    if roles.groups is not None:
        groups = len(np.unique(roles.groups))
        limits.append((groups, f"the table has {counted(groups, 'group')}"))
    if stratified:
        most = int(np.unique(y, return_counts=True)[1].max())
        limits.append((most, f"the most frequent class has {counted(most, 'row')}"))
    return min([*limits, (len(y), f"the table has {counted(len(y), 'row')}")], key=lambda limit: limit[0])


def _set_aside(rows: Rows, strata: Target, roles: RowRoles, fraction: float, generator: np.random.Generator) -> Split:
    """Set a ``fraction`` aside, ``(the rest, set aside)``: of rows in time the last ones, of groups whole ones.

    Without either it is the same part of each class. Where there is only one time or group, nothing is set aside.
    """
    if roles.times is not None:
        return _last_rows(rows, roles.times[rows], fraction)
    if roles.groups is not None:
        return _whole_groups(rows, roles.groups[rows], fraction, generator)
    return _stratified_split(rows, strata, fraction, generator)


def _last_rows(rows: Rows, times: NDArray[np.int64], fraction: float) -> Split:
    """A ``fraction`` of the rows or, as rows of one time stay together, somewhat more."""
    aside = max(1, round(len(rows) * fraction))
    late = times >= np.sort(times)[-aside]
    if late.all():
        late = times > times.min()
    return rows[~late], rows[late]


def _whole_groups(rows: Rows, groups: NDArray[np.int64], fraction: float, generator: np.random.Generator) -> Split:
    """A ``fraction`` of the groups, at least one, and at least one stays; as ``GroupShuffleSplit`` draws them."""
    present = len(np.unique(groups))
    if present < 2:
        return rows, NO_ROWS
    with unnoticed("sklearn.model_selection"):
        from sklearn.model_selection import GroupShuffleSplit
    aside = min(max(1, round(present * fraction)), present - 1)
    splitter = GroupShuffleSplit(1, test_size=aside, random_state=int(generator.integers(1 << 32)))
    rest, chosen = next(splitter.split(groups, groups=groups))
    return rows[np.sort(rest)], rows[np.sort(chosen)]


def _fold_of_groups(
    y: Target, groups: NDArray[np.int64], folds: int, generator: np.random.RandomState, *, stratified: bool
) -> NDArray[np.int64]:
    """The fold of each row, all rows of a group in one; classes are spread as evenly as the groups allow."""
    with unnoticed("sklearn.model_selection"):
        from sklearn.model_selection import GroupKFold, StratifiedGroupKFold
    fold = np.empty(len(y), dtype=np.int64)
    # Even classes may cost StratifiedGroupKFold a fold, which then has no rows; GroupKFold fills them all.
    for kind in (StratifiedGroupKFold, GroupKFold) if stratified else (GroupKFold,):
        splitter = kind(folds, shuffle=True, random_state=generator)
        with without_warnings():  # of rare classes, which ``rare_classes`` names
            for k, (_, test) in enumerate(splitter.split(groups, y, groups)):
                fold[test] = k
        if len(np.unique(fold)) == folds:
            break
    return fold


def _plain_fold(n_rows: int, folds: int, generator: np.random.RandomState) -> NDArray[np.int64]:
    """The fold of each row, as ``KFold(shuffle=True)`` deals them out."""
    order = np.arange(n_rows)
    generator.shuffle(order)
    fold = np.empty(n_rows, dtype=np.int64)
    for k, rows in enumerate(np.array_split(order, folds)):
        fold[rows] = k
    return fold


def _stratified_fold(y: Target, folds: int, generator: np.random.RandomState) -> NDArray[np.int64]:
    """The fold of each row, as ``StratifiedKFold(shuffle=True)`` deals them out.

    Classes are taken in the order in which they appear. Row i of the sorted classes counts towards fold ``i % folds``,
    which fixes how many rows of a class each fold gets; a shuffle says which.
    """
    _, first_row, inverse = np.unique(y, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first_row))
    appearance = rank[inverse]
    ordered = np.sort(appearance)
    share = [np.bincount(ordered[k::folds], minlength=len(rank)) for k in range(folds)]
    fold = np.empty(len(y), dtype=np.int64)
    for c in range(len(rank)):
        dealt = np.repeat(np.arange(folds), [counts[c] for counts in share])
        generator.shuffle(dealt)
        fold[appearance == c] = dealt
    return fold


def _stratified_split(rows: Rows, strata: Target, fraction: float, generator: np.random.Generator) -> Split:
    """Set a ``fraction`` of the rows aside, the same of each class up to rounding: ``(the rest, set aside)``.

    No class goes without a row in the rest, and at least one row is set aside where a class has two.
    """
    chosen = strata[rows]
    order = generator.permutation(len(rows))
    by_class = order[np.argsort(chosen[order], kind="stable")]
    counts = np.unique(chosen, return_counts=True)[1]
    starts = np.cumsum(counts) - counts
    aside = [by_class[s : s + k] for s, k in zip(starts, _shares(counts, fraction), strict=True)]
    mask = np.zeros(len(rows), dtype=np.bool_)
    mask[np.concatenate(aside)] = True
    return rows[~mask], rows[mask]


def _shares(counts: NDArray[np.int64], fraction: float) -> NDArray[np.int64]:
    """``fraction`` of each count, rounded so that the total is right: the largest remainders are rounded up."""
    exact = counts * fraction
    shares = np.floor(exact).astype(np.int64)
    total = max(1, round(float(counts.sum()) * fraction))
    spare = np.argsort(shares - exact, kind="stable")
    shares[spare[: max(0, total - int(shares.sum()))]] += 1
    possible: NDArray[np.int64] = np.minimum(shares, counts - 1)
    return possible
