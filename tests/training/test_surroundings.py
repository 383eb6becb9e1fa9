"""What a training needs of PyTorch, and what it leaves of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from threading import Barrier, Thread

import pytest
import torch

from phoneprice.training.surroundings import plain_torch, torch_threads

SURROUNDINGS: dict[str, Callable[[], AbstractContextManager[object]]] = {
    "nothing": nullcontext,
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "meta device": lambda: torch.device("meta"),
}


def settings() -> tuple[object, ...]:
    return (
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        torch.is_autocast_enabled("cpu"),
        torch.get_default_device(),
    )


@pytest.mark.parametrize("surroundings", SURROUNDINGS.values(), ids=SURROUNDINGS)
def test_a_training_is_the_same_in_all_surroundings(
    surroundings: Callable[[], AbstractContextManager[object]],
) -> None:
    with surroundings():
        before = settings()
        with plain_torch():
            weight = torch.ones(2, 2, requires_grad=True)
            (weight @ weight).sum().backward()
            assert settings() == (True, False, False, torch.device("cpu"))
            assert weight.grad is not None
            assert (weight.grad.dtype, weight.grad.device.type) == (torch.float32, "cpu")
        assert settings() == before


def in_a_thread(function: Callable[[], int]) -> int:
    found: list[int] = []
    thread = Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def test_the_number_of_threads_is_that_of_this_thread() -> None:
    before = torch.get_num_threads()
    with torch_threads(before + 1):
        assert torch.get_num_threads() == before + 1
        assert in_a_thread(torch.get_num_threads) == before
    assert (torch.get_num_threads(), in_a_thread(torch.get_num_threads)) == (before, before)


def test_trainings_side_by_side_leave_the_number_of_threads() -> None:
    before, both = torch.get_num_threads(), Barrier(2, timeout=30)
    after: list[int] = []

    def train(number: int) -> None:
        with torch_threads(number):
            both.wait()
            assert torch.get_num_threads() == number
        both.wait()
        after.append(torch.get_num_threads())

    threads = [Thread(target=train, args=(before + 1 + i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert after == [before, before]
    assert (torch.get_num_threads(), in_a_thread(torch.get_num_threads)) == (before, before)


def test_a_fault_leaves_the_number_of_threads() -> None:
    before = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError), torch_threads(before + 1):
        _ = 1 / 0
    assert torch.get_num_threads() == before
