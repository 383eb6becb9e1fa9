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
    code = run(arguments)
    if code == DeviceError.exit_code:
        os._exit(code)  # libraries that are loaded in part, for want of memory, crash when Python takes them down
    gc.freeze()  # nothing to look for at the end, either
    return code
