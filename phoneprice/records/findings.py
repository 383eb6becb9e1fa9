"""What a training can be found to suffer from."""

from dataclasses import dataclass
from typing import Literal

TrainingFindingCode = Literal[
    "standing_alone",
    "diverged", "tiny_batch_norm", "unscaled_inputs", "symmetric_units", "heavy_dropout", "heavy_weight_decay",
    "learning_rate_too_low", "learning_rate_too_high", "exploding_gradients", "vanishing_gradients", "dead_units",
    "saturated_units", "too_short", "decayed_too_early", "loss_spikes", "learned_nothing", "overfitting",
    "early_stopping_never_reached",
]  # fmt: skip


@dataclass(frozen=True)
class TrainingFinding:
    """One thing that went wrong in a training, in plain words."""

    code: TrainingFindingCode
    """What it is called in JSON."""
    summary: str
    """What is wrong, in one sentence."""
    evidence: str
    """The figures it was seen by."""
    setting: str
    """The line of configuration to try, as it is given to ``-s``."""
    source: str
    """Where the threshold comes from."""
    recipe: str = ""
    """Of a portfolio, whose networks it is about."""

    @property
    def remedy(self) -> str:
        """What to try, as a user does it."""
        return f"{self.setting} in [[portfolio]] {self.recipe}" if self.recipe else f"-s {self.setting}"

    @property
    def title(self) -> str:
        """The summary, with the recipe that it is about."""
        return f"{self.recipe}: {self.summary}" if self.recipe else self.summary
