"""The known name that is nearest to one that somebody mistyped."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from phoneprice.wording import MOST_NAMED, first_of

OTHER_NAMES = {
    "swish": "silu",
    "linear": "identity",
    "leakyrelu": "leaky_relu",
    "he": "kaiming_normal",
    "he_normal": "kaiming_normal",
    "he_uniform": "kaiming_uniform",
    "glorot": "xavier_normal",
    "glorot_normal": "xavier_normal",
    "glorot_uniform": "xavier_uniform",
    "xavier": "xavier_normal",
    "kaiming": "kaiming_normal",
    "bce": "binary_cross_entropy",
    "ce": "cross_entropy",
    "mae": "l1",
    "l2": "mse",
    "batchnorm": "batch_norm",
    "layernorm": "layer_norm",
    "acc": "accuracy",
    "bacc": "balanced_accuracy",
    "f1_macro": "macro_f1",
    "logloss": "log_loss",
    "nll": "log_loss",
    "neg_log_loss": "log_loss",
    "calibration_error": "ece",
    "qwk": "quadratic_kappa",
    "kappa": "quadratic_kappa",
    "auc": "roc_auc",
    "auroc": "roc_auc",
    "ap": "average_precision",
    "auprc": "average_precision",
    "pr_auc": "average_precision",
    "matthews_corrcoef": "mcc",
    "root_mean_squared_error": "rmse",
    "mean_absolute_error": "mae",
    "median_absolute_error": "medae",
}
"""What other libraries and papers call components and metrics, and what they are called here."""


def nearest(word: str, known: Collection[str]) -> str | None:
    """The known word that others call so, or that is spelled most like it; None where none is near."""
    from difflib import get_close_matches

    other = OTHER_NAMES.get(word.lower())
    if other in known:
        return other
    if alike := next((name for name in known if name.strip().casefold() == word.strip().casefold()), None):
        return alike
    return next(iter(get_close_matches(word, known, n=1)), None)


def did_you_mean(word: str, known: Collection[str]) -> str:
    """`` did you mean "x"?`` with the nearest of the known words, or nothing when none is near."""
    near = nearest(word, known)
    return f' did you mean "{near}"?' if near else ""


def with_suggestion(name: str, known: Collection[str]) -> str:
    """A name in quotes, with the nearest known one if there is one like it."""
    near = nearest(name, known)
    return f"{name!r} (did you mean {near!r}?)" if near else repr(name)


def suggested(names: Sequence[str], known: Collection[str]) -> str:
    """Names in quotes, each with the nearest known one; of many the first ten, and how many others there are."""
    shown = [with_suggestion(name, known) for name in names[:MOST_NAMED]]
    return first_of([*shown, *names[MOST_NAMED:]])


def nearest_path(path: Path, fits: Callable[[Path], bool]) -> str:
    """`` did you mean 'runs/a'?`` with the nearest entry of the path's folder that fits, or nothing when none is near.

    Hidden entries don't count, and what follows the first dot is not enough: ``a.csv`` is not near to ``b.csv``.
    """
    try:
        names = [entry.name for entry in path.parent.iterdir() if not entry.name.startswith(".")]
        alike = [name for name in names if nearest(_beginning(path.name), [_beginning(name)])]
        near = nearest(path.name, [name for name in alike if fits(path.with_name(name))])
    except (OSError, ValueError):
        return ""
    return f" did you mean {str(path.with_name(near))!r}?" if near else ""


def _beginning(name: str) -> str:
    return name.partition(".")[0]
