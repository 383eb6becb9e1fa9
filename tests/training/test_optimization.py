"""What a step needs of PyTorch's optimizers."""

from __future__ import annotations

import pytest
import torch

from phoneprice.training import optimization
from tests.training.fits import config_of, fit_of, plans_of, problem, run, weights


@pytest.mark.parametrize("optimizer", ["adamw", "muon", "sgd"])
def test_unknown_versions_of_pytorch_step_by_its_own_wrappers(monkeypatch: pytest.MonkeyPatch, optimizer: str) -> None:
    inputs, y = problem("ordinal")
    config = config_of(optimizer={"name": optimizer})
    usual = fit_of(config, plans_of(len(y)), inputs, y)
    run(usual)
    monkeypatch.setattr(optimization, "are_private_parts_known", lambda: False)
    monkeypatch.setattr(optimization, "_keep_compiler_out", lambda: pytest.fail("private parts were touched"))
    plain = fit_of(config, plans_of(len(y)), inputs, y)
    for part in plain.stacks[0].optimizer._parts:
        assert optimization._rule_of(part) is type(part).step
    run(plain)
    for name, tensor in weights(usual).items():
        assert torch.equal(tensor, weights(plain)[name])
