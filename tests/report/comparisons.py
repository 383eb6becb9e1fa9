"""A comparison that is made up, without training: any number of trainings, diverged ones among them."""

from __future__ import annotations

import numpy as np

from phoneprice.records import Interval, Task
from phoneprice.records.comparison import Compared, Comparison
from phoneprice.records.curves import Curves, Start


def curves(seed: int, *, epochs: int = 12, members: int = 3, layers: int = 3, lost: bool = False) -> Curves:
    """Losses that fall, and health of ``layers`` weight matrices; ``lost``: NaN from the third epoch on."""
    generator = np.random.default_rng(seed)
    falling = 1.4 * np.exp(-np.arange(epochs)[:, None] / 5) + 0.1 * generator.random((epochs, members))
    if lost:
        falling[2:] = np.nan
        falling[1] = 1e9
    weights = generator.random((epochs, members, layers)) + 0.01
    health = {
        "gradient_norm": weights,
        "update_ratio": weights / 100,
        "dead_units": np.zeros((epochs, members, layers - 1)),
        "validation_accuracy": 1 - falling[:, :, None] / 2,
    }
    start = Start(falling[0], falling[0], {"gradient_norm": weights[0], "spread": weights[0, :, 1:]})
    rates = np.full((epochs, members), 0.01)
    return Curves(falling, falling + 0.1, rates, np.ones((epochs, members), bool), health, start)


def compared(name: str, place: int, *, lost: bool = False, layers: int = 3) -> Compared:
    """A training whose figures grow with its place."""
    value = 0.8 + place / 100
    names = (*(f"hidden {i}" for i in range(1, layers)), "output")
    known = Compared(name, {"model.activation": name}, 100 + place, curves(place, lost=lost, layers=layers), names)
    if lost:
        return Compared(**{**vars(known), "why_not": "diverged in fold 1, epoch 3; the likely cause is <the rate>"})
    figures = {"accuracy": Interval(value, value - 0.01, value + 0.01), "log_loss": Interval(0.5, 0.4, 0.6)}
    leads = {"accuracy": Interval(place / 100, place / 100 - 0.015, place / 100 + 0.015)} if place else {}
    return Compared(
        **{
            **vars(known),
            "metrics": figures,
            "leads": leads,
            "training": {"accuracy": 0.99, "log_loss": 0.01},
            "step_seconds": 0.0004,
        }
    )


def comparison(*trainings: Compared, look_for: str = "", why_not_paired: str = "") -> Comparison:
    """The first one is the base."""
    return Comparison(
        task=Task("multiclass", "price", ("low", "high")),
        metrics=("accuracy", "log_loss"),
        trainings=trainings or (compared("relu (base)", 0), compared("tanh", 1), compared("sigmoid & co", 2)),
        base=0,
        measured_on="300 rows, each predicted by the networks that have not seen it (3 folds)",
        keys=("model.activation",),
        look_for=look_for,
        why_not_paired=why_not_paired,
    )
