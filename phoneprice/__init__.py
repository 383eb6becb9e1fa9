"""phoneprice: train, evaluate and predict with a configurable MLP on any table.

The Python interface is what ``__all__`` names; each name is imported when it is first used, with only what it needs.
"""

from importlib import import_module  # noqa: TID251  # see _MODULES
from typing import TYPE_CHECKING

from phoneprice.guest import unnoticed

if TYPE_CHECKING:
    from phoneprice.config.reading import Reading
    from phoneprice.workflows.compare import compare
    from phoneprice.workflows.cross_validate import cross_validate
    from phoneprice.workflows.estimators import PhonePriceClassifier, PhonePriceRegressor
    from phoneprice.workflows.evaluate import evaluate
    from phoneprice.workflows.model import load
    from phoneprice.workflows.predict import predict
    from phoneprice.workflows.train import train
    from phoneprice.workflows.tune import tune

__version__ = "0.1.0"

__all__ = [
    "PhonePriceClassifier",
    "PhonePriceRegressor",
    "Reading",
    "compare",
    "cross_validate",
    "evaluate",
    "load",
    "predict",
    "train",
    "tune",
]

_MODULES = {
    "PhonePriceClassifier": "workflows.estimators",
    "PhonePriceRegressor": "workflows.estimators",
    "Reading": "config.reading",
    "compare": "workflows.compare",
    "cross_validate": "workflows.cross_validate",
    "evaluate": "workflows.evaluate",
    "load": "workflows.model",
    "predict": "workflows.predict",
    "train": "workflows.train",
    "tune": "workflows.tune",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with unnoticed(f"phoneprice.{_MODULES[name]}"):
        module = import_module(f"phoneprice.{_MODULES[name]}")
    found: object = getattr(module, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
