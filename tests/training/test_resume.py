"""Training that goes on from any state gives the same bits."""

from __future__ import annotations

import pytest
import torch

from phoneprice.records import EpochRecord
from phoneprice.training.loop import Fit
from tests.training.fits import fit_of, plans_of, problem, strangers_of
from tests.training.test_members import SETTINGS


def finished(fit: Fit) -> tuple[list[float], dict[str, bytes]]:
    losses = [float(r.train_loss.sum()) for r in fit.run() if isinstance(r, EpochRecord)]
    return losses, {name: value.tobytes() for name, value in fit.ensemble().parameters.items()}


@pytest.mark.parametrize("strangers", [False, True], ids=["alike", "strangers"])
@pytest.mark.parametrize("name", SETTINGS)
def test_resumed_equals_uninterrupted(name: str, strangers: bool) -> None:
    config = strangers_of(SETTINGS[name]) if strangers else SETTINGS[name]
    inputs, y = problem(SETTINGS[name].task.kind, rows=61)
    plans = plans_of(len(y), stopping=8)
    losses, weights = finished(fit_of(config, plans, inputs, y, torch.float32))
    for stop_after in (1, 3, 5):
        stopped = fit_of(config, plans, inputs, y, torch.float32)
        events = stopped.run()
        for _ in range(stop_after):
            next(events, None)
        state = {key: value.detach().clone() for key, value in stopped.state().items()}
        resumed = fit_of(config, plans, inputs, y, torch.float32)
        resumed.load_state(state)
        rest, resumed_weights = finished(resumed)
        assert rest == losses[len(losses) - len(rest) :]
        assert resumed_weights == weights
