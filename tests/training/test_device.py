"""Devices, threads, and what training must not import."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from phoneprice.errors import DeviceError
from phoneprice.model.torch_versions import are_private_parts_known
from phoneprice.training.device import choose_device, number_of_threads
from tests.faults.program import unmeasured

ONE_STEP = """
import sys
sys.path.insert(0, {tests!r})
from tests.training.fits import config_of, fit_of, plans_of, problem, run
inputs, y = problem("ordinal")
config = config_of(optimizer={{"name": {optimizer!r}}}, training={{"epochs": 1, "gradient_clip_norm": 1.0}})
fit = fit_of(config, plans_of(len(y)), inputs, y)
run(fit)
fit.load_state(fit.state())
print(*sorted({{"torch._dynamo", "torch._inductor", "sympy", "sklearn", "scipy", "pandas"}} & set(sys.modules)))
"""


@pytest.mark.skipif(not are_private_parts_known(), reason="this release of PyTorch goes the plain way")
@pytest.mark.parametrize("optimizer", ["adamw", "muon", "sgd"])
def test_a_step_imports_no_compiler(optimizer: str, request: pytest.FixtureRequest) -> None:
    script = ONE_STEP.format(tests=str(request.config.rootpath), optimizer=optimizer)
    done = subprocess.run([sys.executable, "-c", script], env=unmeasured(), capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("auto") == choose_device("cpu") == torch.device("cpu")
    assert choose_device("mps") == torch.device("mps")
    with pytest.raises(DeviceError) as error:
        choose_device("cuda")
    assert str(error.value) == (
        f"training.device: found 'cuda', but PyTorch {torch.__version__} sees no such device here; "
        "use --device cpu or auto"
    )
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto") == torch.device("cuda")


@pytest.mark.parametrize(("threads", "usual", "expected"), [(2, 0, 2), (2, 3, 2), (0, 1, 1), (0, 3, 3)])
def test_threads(threads: int, usual: int, expected: int) -> None:
    assert number_of_threads(threads, usual, 1 << 30) == expected


@pytest.mark.parametrize(
    ("numbers", "processors", "expected"),
    [(1, 4, 1), (2**19 - 1, 4, 1), (2**19, 4, 2), (2**19, 1, 1), (2**30, 4, 4), (2**30, 64, 8)],
)
def test_as_many_threads_as_pay(monkeypatch: pytest.MonkeyPatch, numbers: int, processors: int, expected: int) -> None:
    monkeypatch.setattr("phoneprice.training.device.available_processors", lambda: processors)
    assert number_of_threads(0, 0, numbers) == expected
