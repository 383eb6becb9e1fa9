"""How the recipes of the portfolio were chosen: ``python tests/benchmarks/choose_recipes.py FOLDER [options]``.

For each development table of ``tables/catalogue.py``, at most 2,000 of its rows, and the first two of its five folds:
all candidates are trained on the same five inner folds in one fit. FOLDER keeps what each says of the inner held-out
rows and of the outer fold, so the command goes on where it was stopped. Printed are the mean log loss (RMSE) of each
portfolio asked for, weighed by the inner rows and judged on the outer ones, as logarithm over that of the best single
candidate of the table, by kind of task.

``--portfolios penalised+ramps penalised+ramps+between`` names them; without it each candidate is judged alone.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold
from tables.catalogue import TABLES, Table
from tables.loading import Rows, load
from tables.protocol import folds

from phoneprice.components.base import TaskKind
from phoneprice.config.asked import ToInfer
from phoneprice.config.load import override_config
from phoneprice.config.reading import AS_CONFIGURED
from phoneprice.config.recipes import recipe
from phoneprice.data.rows.splits import plans_of
from phoneprice.evaluation.mixture import fit_weights, loss_of, mixed
from phoneprice.inference.predictor import Predictor
from phoneprice.records import Classified, MemberPlan, Predictions, TrainedRecipe, Valued, joined
from phoneprice.workflows.events import ignore
from phoneprice.workflows.fitting import fit
from phoneprice.workflows.inferring import prepare_as_asked
from phoneprice.workflows.prepare import Prepared, of_one_network

OUTER = 2
MOST_ROWS = 2000
MOST_INPUTS = 120
"""Wider tables take most of the time and are left out."""
STEPS, BATCH_ROWS = 300, 256
_FREE = "penalty.name=none"
_RAMPS = "model.encoding=piecewise_linear"
_ADAM = 'optimizer={{name="adam", lr={}, skip_lr={}, beta2=0.99}}'

CANDIDATES: Mapping[str, Sequence[str]] = {
    "penalised": (),
    "dropout": (
        "model.hidden=[128]", "model.dropout=0.5", _FREE, 'optimizer={name="adam", lr=0.01, beta2=0.99}',
    ),
    "ramps": ("model.hidden=[128,128]", "model.dropout=0.15", _RAMPS, _FREE, _ADAM.format(0.005, 0.02), "paced"),
    "one-layer": ("model.hidden=[128]", "model.dropout=0.15", _RAMPS, _FREE, _ADAM.format(0.008, 0.02), "paced"),
    "narrow": ("model.hidden=[64,64]", "model.dropout=0.1", _RAMPS, _FREE, _ADAM.format(0.007, 0.02), "paced"),
    "smooth": (
        "model.hidden=[128]", "model.dropout=0.1", "model.activation=silu", "model.skip=false",
        "model.output_init=same", _FREE, 'optimizer={name="adam", lr=0.01, beta2=0.99}', "paced",
    ),
    "between": (
        "model.hidden=[64]", _RAMPS, _ADAM.format(0.015, 0.05), "paced",
        'penalty={name="adaptive", skip=0.1, inputs=0.02, outputs=0.02, eps=0.01}',
    ),
}  # fmt: skip
"""What differs from the recipe of the kind; ``paced`` stands for batches and epochs that make as many steps."""


@dataclass(frozen=True)
class Said:
    """What candidates say of a fold: of the inner held-out rows, and of the outer ones."""

    inner: Mapping[str, Predictions]
    inner_truth: np.ndarray
    outer: Mapping[str, Predictions]
    outer_truth: np.ndarray

    def loss(self, names: Sequence[str]) -> float:
        """Of candidates that are weighed by the inner rows, on the outer ones."""
        weights = fit_weights([self.inner[name] for name in names], self.inner_truth)
        (loss,) = loss_of(mixed([self.outer[name] for name in names], weights), self.outer_truth).values()
        return loss


def main() -> None:
    """Train what is not there yet, and print what portfolios are worth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the predictions are kept")
    parser.add_argument("--portfolios", nargs="+", default=list(CANDIDATES), metavar="NAME+NAME")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    losses: dict[str, list[list[float]]] = {}
    for table in (own for own in TABLES if own.split == "development"):
        found = [*_said(table, options.folder)]
        for said in found:
            best = min(said.loss([name]) for name in CANDIDATES)
            each = [np.log(said.loss(names.split("+")) / best) for names in options.portfolios]
            losses.setdefault(table.kind, []).append(each)
    for kind, rows in losses.items():
        print(f"{kind}, {len(rows)} folds")
        for names, mean in zip(options.portfolios, np.clip(rows, -1, 1).mean(axis=0), strict=True):
            print(f"  {names:40} {mean:8.4f}")


def _said(table: Table, folder: Path) -> Iterator[Said]:
    files = [folder / f"{table.name}.{fold}.npz" for fold in range(OUTER)]
    if not all(file.exists() for file in files):
        _train(table, files)
    for file in files:
        if not file.exists():
            continue
        with np.load(file) as arrays:
            inner = {name: _predictions(arrays[f"inner {name}"]) for name in CANDIDATES}
            outer = {name: _predictions(arrays[f"outer {name}"]) for name in CANDIDATES}
            yield Said(inner, arrays["inner truth"], outer, arrays["outer truth"])


def _predictions(numbers: np.ndarray) -> Predictions:
    return Valued(numbers) if numbers.ndim == 1 else Classified(numbers.argmax(axis=1), numbers)


def _numbers(predictions: Predictions) -> np.ndarray:
    return predictions.values if isinstance(predictions, Valued) else predictions.probabilities


def _train(table: Table, files: Sequence[Path]) -> None:
    """All candidates on the inner folds of the outer ones, in one fit; nothing for a table that is too wide."""
    rows, kind = _some(load(table)), _kind(table)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "table.csv"
        rows.features.assign(target__=rows.written_target).to_csv(file, index=False)
        asked = prepare_as_asked(file, ToInfer("target__", (f"task.kind={kind}",)), AS_CONFIGURED, ignore)
    prepared = of_one_network(asked, "this", ignore)
    if prepared.inputs.values.shape[1] > MOST_INPUTS:
        return
    splitter = (StratifiedKFold if rows.labels else KFold)(5, shuffle=True, random_state=0)
    outer = [*folds(rows.truth, stratified=bool(rows.labels))][:OUTER]
    strata = prepared.targets if rows.labels else np.zeros(len(rows.truth))
    inner = [
        (np.sort(fold.train[a]), np.sort(fold.train[b]))
        for fold in outer
        for a, b in splitter.split(fold.train, strata[fold.train])
    ]
    plans = plans_of(inner, prepared.targets, prepared.config, prepared.roles)
    base = recipe(kind).model_copy(update={"data": prepared.config.data})
    configs = [override_config(base, _texts(texts, len(plans[0].train_rows))) for texts in CANDIDATES.values()]
    fitted = fit(prepared, plans, ignore, configs=configs, watch=False, judge=False)
    trained = [TrainedRecipe(config, own) for config, own in zip(configs, fitted.ensembles, strict=True)]
    for place, (fold, file) in enumerate(zip(outer, files, strict=True)):
        arrays = _arrays(prepared, trained, range(5 * place, 5 * place + 5), plans, fold.test)
        with file.open("wb") as opened:
            np.savez(opened, allow_pickle=False, **arrays)


def _arrays(
    prepared: Prepared,
    trained: Sequence[TrainedRecipe],
    members: Sequence[int],
    plans: Sequence[MemberPlan],
    outer: np.ndarray,
) -> dict[str, Any]:
    """What the ``members`` of an outer fold say, each of its held-out rows and all of the ``outer`` ones."""
    held_out = [plans[k].held_out_rows for k in members]
    arrays = {"inner truth": prepared.targets[np.concatenate(held_out)], "outer truth": prepared.targets[outer]}
    for name, own in zip(CANDIDATES, trained, strict=True):
        alone = Predictor(own.config, prepared.task, (own,))
        each = [alone.take([k]).predict(prepared.inputs.take(plans[k].held_out_rows)) for k in members]
        arrays[f"inner {name}"] = _numbers(joined(each))
        arrays[f"outer {name}"] = _numbers(alone.take(members).predict(prepared.inputs.take(outer)))
    return arrays


def _kind(table: Table) -> TaskKind:
    return "ordinal" if table.kind == "ordered" else table.kind


def _some(rows: Rows) -> Rows:
    """At most so many rows, by chance; classes that become rare go."""
    if len(rows.truth) <= MOST_ROWS:
        return rows
    kept = np.sort(np.random.default_rng(0).permutation(len(rows.truth))[:MOST_ROWS])
    truth = rows.truth[kept]
    if not rows.labels:
        return Rows(rows.features.iloc[kept].reset_index(drop=True), truth, (), 0, 0)
    enough = np.bincount(truth, minlength=len(rows.labels)) >= 2 * 5
    kept = kept[enough[truth]]
    labels = tuple(label for label, stays in zip(rows.labels, enough, strict=True) if stays)
    truth = (np.cumsum(enough) - 1)[rows.truth[kept]]
    return Rows(rows.features.iloc[kept].reset_index(drop=True), truth, labels, 0, 0)


def _texts(texts: Sequence[str], rows: int) -> list[str]:
    """The settings of a candidate for networks of so many training rows."""
    batch = min(BATCH_ROWS, rows)
    epochs = max(1, round(STEPS / (rows // batch)))
    pace = [f"training.batch_rows={BATCH_ROWS}", f"training.epochs={epochs}", f"scheduler.warmup_epochs={epochs / 20}"]
    return [own for text in texts for own in (pace if text == "paced" else [text])]


if __name__ == "__main__":
    main()
