"""The known name that is nearest to one that somebody mistyped, or knows from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache
from pathlib import Path

from phoneprice.wording import MOST_NAMED, first_of

OTHER_NAMES = {
    # activations
    "identity": "linear",
    "sigmoid": "logistic expit",
    "relu": "rectifier",
    "leaky_relu": "lrelu",
    "silu": "swish",
    "hardtanh": "htanh",
    "hardswish": "hswish",
    # initialisers
    "kaiming_normal": "he he_normal kaiming msra",
    "kaiming_uniform": "he_uniform",
    "xavier_normal": "xavier glorot glorot_normal",
    "xavier_uniform": "glorot_uniform",
    "lecun_normal": "lecun",
    "orthogonal": "ortho",
    "normal": "gaussian randn random_normal",
    "truncated_normal": "trunc_normal",
    "uniform": "random_uniform",
    # losses
    "cross_entropy": "ce cce nll nll_loss softmax categorical_cross_entropy sparse_categorical_cross_entropy log_loss "
    "focal focal_loss",
    "binary_cross_entropy": "bce bce_loss bce_with_logits bce_with_logits_loss",
    "ordinal": "cumulative_link proportional_odds",
    "l1": "mae l1_loss mean_absolute_error absolute_error lad",
    "mse": "l2 mse_loss mean_squared_error squared_error",
    # normalisations and encodings
    "batch_norm": "bn batch_normalization batch_norm1d",
    "layer_norm": "ln layer_normalization",
    "piecewise_linear": "ple",
    "periodic": "plr fourier",
    # optimizers and schedules
    "sgd": "gd gradient_descent",
    "momentum": "heavy_ball sgd_momentum",
    "nesterov": "nag sgd_nesterov",
    "step": "step_lr",
    "multi_step": "multi_step_lr",
    "exponential": "exponential_lr",
    "cosine": "cosine_annealing cosine_annealing_lr",
    "one_cycle": "one_cycle_lr 1cycle",
    "reduce_on_plateau": "plateau reduce_lr_on_plateau",
    # metrics
    "accuracy": "acc accuracy_score",
    "balanced_accuracy": "bacc bal_acc balanced_acc balanced_accuracy_score",
    "macro_f1": "f1_macro",
    "f1": "f_score f_measure f1_score",
    "log_loss": "nll neg_log_loss ce bce cross_entropy deviance loss",
    "brier": "brier_score brier_score_loss",
    "ece": "calibration_error expected_calibration_error",
    "mean_absolute_class_error": "mace class_distance",
    "quadratic_kappa": "qwk kappa weighted_kappa quadratic_weighted_kappa cohen_kappa cohen_kappa_score",
    "roc_auc": "auc auroc roc auc_roc roc_auc_score",
    "average_precision": "ap auprc aupr pr_auc auc_pr average_precision_score",
    "mcc": "matthews matthews_corrcoef",
    "rmse": "mse root_mean_squared_error mean_squared_error",
    "mae": "mean_absolute_error mean_abs_error",
    "r2": "r2_score r_squared rsq",
    "medae": "median_absolute_error",
    # settings
    "lr": "learning_rate eta",
    "batch_rows": "batch_size",
    "hidden": "hidden_layers hidden_sizes hidden_layer_sizes layers",
    "init": "initializer weight_init",
    "normalization": "norm",
    "dropout": "dropout_rate",
    "weight_decay": "l2",
    "loss": "criterion",
    "scheduler": "lr_scheduler schedule",
    "gradient_clip_norm": "max_grad_norm clip_grad_norm grad_clip",
    "epochs": "n_epochs num_epochs max_epochs max_iter",
    "seed": "random_state random_seed",
    "target": "label label_column target_column",
    "folds": "n_folds k_folds n_splits",
}
"""What others call components, metrics and settings, by what they are called here: other libraries, papers, habit."""

NOT_HERE = "asgd celu hinge lamb lbfgs lion mape msle precision recall relu6 rmsle rprop smape softsign"
"""Names of others for what there is not: what is spelled like them is something else."""

_LEAST_ALIKE = 0.5
"""Share of letters in common, below which nothing is looked at more closely."""
_MOST_LOOKED_AT = 10
_ALIKE_WORDS, _ALIKE_WHOLE = 2 / 3, 0.8
"""Shares of letters in common, as difflib counts them, of one word and of a name in another number of words.

``ram_gb`` and ``storage_gb`` have 0.63: a name is a mistyped one only if each of its words is.
"""
_LEAST_LETTERS = 3
"""Of an abbreviation, or of the words that one name has of another."""


def folded(name: str) -> str:
    """Letters and digits alone, in one case: the same for ``ReLU`` and ``relu``, ``LeakyReLU`` and ``leaky_relu``."""
    return "".join(_words(name))


def the_same(word: str, known: Iterable[str]) -> str | None:
    """The known name that is the word in another case, or with its parts joined in another way; None if none is."""
    return next((name for name in known if name == word or folded(name) == folded(word) != ""), None)


def called_here(word: str, known: Collection[str]) -> str | None:
    """The known name that is the word in another writing, or that others call so; None if none is."""
    return the_same(word, known) or next((name for name in _others().get(folded(word), ()) if name in known), None)


def nearest(word: str, known: Collection[str]) -> str | None:
    """The known name that others call so, or that is spelled like it; None where none is, or the word itself is known.

    A name is near if it differs in case or joints only, has all the words of the other, or each of its words is
    abbreviated or mistyped. What differs in its digits is no slip: ``feature_12`` is not ``feature_13``.
    """
    if word in known:
        return None
    case_alone = (name for name in known if name.strip().casefold() == word.strip().casefold())
    if found := next(case_alone, None) or called_here(word, known):
        return found
    if folded(word) in NOT_HERE.split():
        return None
    from difflib import get_close_matches

    words = _words(word)
    # What takes long is left to the end: a header may have 100,000 names, each with another number.
    names = {name.casefold(): name for name in reversed([*known]) if _may_be_alike(words, _words(name))}
    close = get_close_matches(word.casefold(), names, _MOST_LOOKED_AT, _LEAST_ALIKE)
    return next((names[name] for name in close if _is_alike(words, _words(name))), None)


@cache
def _others() -> dict[str, list[str]]:
    """``OTHER_NAMES`` turned round: the names here by the folded one of others."""
    turned = dict[str, list[str]]()
    for name, others in OTHER_NAMES.items():
        for other in others.split():
            turned.setdefault(folded(other), []).append(name)
    return turned


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", _composed(name).casefold())


def _composed(name: str) -> str:
    """A name with one character a letter: ``Größe`` in a file from elsewhere may have an o and two dots."""
    if name.isascii():
        return name
    import unicodedata

    return unicodedata.normalize("NFKC", name)


def _may_be_alike(a: Sequence[str], b: Sequence[str]) -> bool:
    return _digits(a) == _digits(b) or _has_all(a, b)


def _digits(words: Sequence[str]) -> str:
    return re.sub(r"\D+", " ", " ".join(words)).strip()


def _has_all(a: Sequence[str], b: Sequence[str]) -> bool:
    """Whether one of two names has all words of the other, side by side and with enough letters."""
    few, many = sorted((a, b), key=len)
    return len("".join(few)) >= _LEAST_LETTERS and f" {' '.join(few)} " in f" {' '.join(many)} "


def _is_alike(a: Sequence[str], b: Sequence[str]) -> bool:
    """Whether two names, as words, are likely to be one that was mistyped; ``_may_be_alike`` holds of them."""
    if _has_all(a, b):
        return True
    if len(a) != len(b):
        return _share("".join(a), "".join(b)) >= _ALIKE_WHOLE
    return all(map(_is_alike_word, a, b))


def _is_alike_word(a: str, b: str) -> bool:
    short, long = sorted((a, b), key=len)
    return (len(short) >= _LEAST_LETTERS and long.startswith(short)) or _share(a, b) >= _ALIKE_WORDS


def _share(a: str, b: str) -> float:
    from difflib import SequenceMatcher

    return SequenceMatcher(None, a, b, autojunk=False).ratio()


def did_you_mean(word: str, known: Collection[str]) -> str:
    """`` did you mean "x"?`` with the nearest of the known words, or nothing when none is near."""
    near = nearest(word, known)
    return f' did you mean "{near}"?' if near else ""


def with_suggestion(name: str, known: Collection[str]) -> str:
    """A name in quotes, with the nearest known one if there is one like it.

    One that looks the same, as an accent may be a character of its own, is shown by its code points.
    """
    near = nearest(name, known)
    if near is None:
        return repr(name)
    looks_the_same = _composed(name) == _composed(near)
    return f"{name!r} (did you mean {ascii(near) if looks_the_same else repr(near)}?)"


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
        begun = _beginning(path.name)
        alike = [name for name in names if _beginning(name) == begun or nearest(begun, [_beginning(name)])]
        fitting = [name for name in alike if fits(path.with_name(name))]
        near = path.name if path.name in fitting else nearest(path.name, fitting)
    except (OSError, ValueError):
        return ""
    return f" did you mean {str(path.with_name(near))!r}?" if near else ""


def _beginning(name: str) -> str:
    return name.partition(".")[0]
