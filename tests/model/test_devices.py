"""Which devices are there."""

from __future__ import annotations

import pytest
import torch

from phoneprice.model.devices import present_devices


def test_present_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    for cuda, mps, expected in ((False, False, {"cpu"}), (True, False, {"cpu", "cuda"}), (False, True, {"cpu", "mps"})):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=cuda: there)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda there=mps: there)
        assert present_devices() == expected
