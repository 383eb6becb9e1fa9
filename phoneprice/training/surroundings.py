"""PyTorch as a training needs it, whatever the program around it has set, and as that has it again afterwards."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock, Thread

import torch

from phoneprice.guest import is_forked
from phoneprice.shortage import require_room_for_threads

_AUTOCAST = "cpu", "cuda", "mps"


@contextmanager
def plain_torch() -> Iterator[None]:
    """In the body there are gradients, and neither inference mode, autocast nor a default device but the CPU.

    The default dtype stays the caller's, for it is that of all threads: nothing in a training depends on it.
    """
    with ExitStack() as stack:
        if torch.is_inference_mode_enabled():
            stack.enter_context(torch.inference_mode(mode=False))
        stack.enter_context(torch.enable_grad())
        for device in filter(torch.is_autocast_enabled, _AUTOCAST):
            stack.enter_context(torch.autocast(device, enabled=False))
        if torch.get_default_device().type != "cpu":  # else for nothing, and every call would be slower
            stack.enter_context(torch.device("cpu"))
        if is_forked():
            stack.enter_context(torch_threads(1))
        yield


_changing = Lock()


@contextmanager
def torch_threads(number: int) -> Iterator[None]:
    """``number`` CPU threads in the body, for this thread alone."""
    with _changing:
        before = torch.get_num_threads()
        _set_here(number, elsewhere=before)
    try:
        yield
    finally:
        with _changing:
            _set_here(before, elsewhere=before)


def _set_here(number: int, elsewhere: int) -> None:
    """PyTorch sets the number for this thread and for all that begin later; a thread of its own sets that back."""
    if torch.get_num_threads() == number:
        return
    require_room_for_threads(1)
    torch.set_num_threads(number)
    other = Thread(target=torch.set_num_threads, args=(elsewhere,), name="phoneprice-threads")
    other.start()
    other.join()
