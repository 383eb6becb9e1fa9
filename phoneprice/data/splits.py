"""Which rows each member learns from, and which it never sees.

The folds are those of scikit-learn's ``KFold``, ``StratifiedKFold`` and their repeated kinds (shuffled, same seed),
row for row, without its import, which takes longer than training. Tests compare the two.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phoneprice.config.schema import Config
from phoneprice.errors import DataError
from phoneprice.records import MemberPlan, Rows
from phoneprice.wording import counted

Split = tuple[Rows, Rows]
Target = NDArray[Any]

NO_ROWS: NDArray[np.int64] = np.zeros(0, dtype=np.int64)


def plan_members(y: Target, config: Config, n_rows: int) -> tuple[tuple[MemberPlan, ...], tuple[str, ...]]:
    """The members of a training run, and warnings where the rows don't allow what the configuration asks for.

    ``y`` ``(n_rows,)`` holds class indices, or a regression's values. With ``validation.members`` above 1 all splits
    are repeated, member ``m * splits + s`` being the m-th network of split s.
    """
    stratified = config.task.kind != "regression"
    splits, warnings = _splits(y, config, n_rows, stratified=stratified)
    return plans_of(splits * config.validation.members, y, config), warnings


def plans_of(splits: Sequence[Split], y: Target, config: Config) -> tuple[MemberPlan, ...]:
    """A member for each ``(training rows, held-out rows)``, its stopping rows set aside if early stopping is on."""
    stopping = config.training.early_stopping
    strata = y if config.task.kind != "regression" else np.zeros(len(y), dtype=np.int64)
    plans = []
    for index, (rows, held_out) in enumerate(splits):
        train, aside = rows, NO_ROWS
        if stopping.patience_epochs:
            generator = np.random.default_rng([config.training.seed, index])
            train, aside = _stratified_split(rows, strata, stopping.fraction, generator)
        plans.append(MemberPlan(index, train, held_out, aside))
    return tuple(plans)


def repeated_folds(
    y: Target, folds: int, repeats: int, seed: int, *, stratified: bool, labels: Sequence[str] = ()
) -> list[Split]:
    """``(training rows, test rows)`` of each fold of each repeat, int64 and ascending.

    Equal to ``RepeatedStratifiedKFold(n_splits=folds, n_repeats=repeats, random_state=seed)``, or to ``RepeatedKFold``
    where not ``stratified``. Raises ``DataError`` with the counts where a class (called by its label) or the table has
    fewer rows than there are folds.
    """
    _require_rows(y, folds, stratified=stratified, labels=labels)
    generator = np.random.RandomState(seed)
    splits = []
    for _ in range(repeats):
        fold = _stratified_fold(y, folds, generator) if stratified else _plain_fold(len(y), folds, generator)
        splits += [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(folds)]
    return splits


def _require_rows(y: Target, folds: int, *, stratified: bool, labels: Sequence[str]) -> None:
    if not stratified:
        if len(y) < folds:
            remedy = f"lower the number of folds (--folds {len(y)}) or add rows" if len(y) > 1 else "add rows"
            raise DataError(f"found {counted(len(y), 'row')}, {folds} folds need one each; {remedy}")
        return
    classes, counts = np.unique(y, return_counts=True)
    least = int(counts.min())
    if least < folds:
        named = ", ".join(
            f"{labels[c] if labels else c}: {n}" for c, n in zip(classes.tolist(), counts.tolist(), strict=True)
        )
        # A class with one row has none left to learn from in the fold that tests it, however few folds there are.
        fewer = f"lower the number of folds (--folds {least}) or add rows"
        remedy = fewer if least > 1 else "add rows to each class of one row, which no number of folds can split"
        raise DataError(
            f"found too few rows of a class (rows a class: {named}), {folds} folds need {folds} of each; {remedy}"
        )


def _splits(y: Target, config: Config, n_rows: int, *, stratified: bool) -> tuple[list[Split], tuple[str, ...]]:
    validation, seed = config.validation, config.training.seed
    everything = [(np.arange(n_rows), NO_ROWS)]
    if validation.scheme == "none":
        return everything, ()
    rarest = int(np.unique(y, return_counts=True)[1].min()) if stratified else n_rows
    what = "the rarest class has" if stratified else "the table has"
    found = f"{what} {counted(rarest, 'row')}"
    if rarest < 2:
        return everything, (f"{found}: no rows are held out, so the run has no held-out metrics",)
    if validation.scheme == "holdout":
        strata = y if stratified else np.zeros(n_rows, dtype=np.int64)
        generator = np.random.default_rng([seed, n_rows])
        return [_stratified_split(np.arange(n_rows), strata, validation.fraction, generator)], ()
    folds = min(validation.folds, rarest)
    warnings = () if folds == validation.folds else (f"{found}: {folds} folds instead of {validation.folds}",)
    return repeated_folds(y, folds, 1, seed, stratified=stratified), warnings


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
