"""The space of each kind of task: what is searched where nobody says what.

Around the best known settings (``phoneprice.config.recipes``): few shapes, so that many candidates share one, and wide
ranges of the numbers that decide most.
"""

from collections.abc import Collection, Mapping

from phoneprice.components.base import TaskKind
from phoneprice.config.schema import Config
from phoneprice.search.notation import fitting_space
from phoneprice.search.space import Space

_ENCODING = "model.encoding=none|piecewise_linear"
_RATES = ("optimizer.lr=0.003..0.1:log", "optimizer.skip_lr=0.03..0.3:log")
_PENALTY = (
    "penalty.skip=0.02..2:log",
    "penalty.inputs=0.02..2:log",
    "penalty.outputs=0.02..2:log",
    "penalty.eps=1e-3..0.1:log",
)
_PENALISED = ("model.hidden=[]|[32]|[64]", _ENCODING, "model.dropout=0|0.05..0.5", *_RATES, *_PENALTY)
USUAL: Mapping[TaskKind, tuple[str, ...]] = {
    "ordinal": _PENALISED,
    "binary": _PENALISED,
    "regression": _PENALISED,
    "multiclass": (
        "model.hidden=[]|[64]|[128]",
        _ENCODING,
        "penalty=none|adaptive",
        "model.dropout=0|0.1..0.7",
        "loss.label_smoothing=0|0.02..0.2",
        "optimizer.lr=0.002..0.05:log",
        "optimizer.weight_decay=0|1e-5..0.01:log",
        *_PENALTY,
    ),
}
"""As ``-x`` takes it."""


def usual_space(base: Config, settled: Collection[str] = ()) -> Space:
    """The usual space around a configuration, without the ``settled`` settings, whose keys somebody has chosen.

    What doesn't go with the configuration is left out.
    """
    open_to = [text for text in USUAL[base.task.kind] if not _is_settled(text.partition("=")[0], settled)]
    return fitting_space(base, open_to, "the default space")


def _is_settled(key: str, settled: Collection[str]) -> bool:
    return any(f"{own}.".startswith(f"{key}.") or key.startswith(f"{own}.") for own in settled)
