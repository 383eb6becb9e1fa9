"""The command line: it parses and prints, nothing else."""

import gc
import os
from collections.abc import Sequence

from phoneprice.errors import DeviceError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program as a process of its own and return its exit code; ``arguments`` default to the process's."""
    from phoneprice.cli.startup import set_up_process

    set_up_process()
    from phoneprice.cli.failures import end_on_sigterm, interrupt_on_sigint
    from phoneprice.cli.program import run

    end_on_sigterm()
    interrupt_on_sigint()
    code = run(arguments, on_failure=_end_at_once_for_want_of_memory)
    gc.freeze()  # nothing to look for at the end, either
    return code


def _end_at_once_for_want_of_memory(code: int) -> None:
    """Libraries that are loaded in part crash when Python takes them down, or what the error holds of them."""
    if code == DeviceError.exit_code:
        os._exit(code)
