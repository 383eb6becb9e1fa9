"""The command line: it parses and prints, nothing else."""

import gc
import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program as a process of its own and return its exit code; ``arguments`` default to the process's."""
    # A short command is all imports, which leave no garbage: looking for some would cost a tenth of its time, at the
    # start as at the end. Looking for plugins of pydantic means reading the metadata of every installed package.
    gc.set_threshold(100_000, 50, 50)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    for stream in ("stdout", "stderr"):
        if getattr(sys, stream) is None:  # closed by the caller
            setattr(sys, stream, open(os.devnull, "w"))  # noqa: PTH123, SIM115
    from phoneprice.cli.program import run

    code = run(arguments)
    gc.freeze()
    return code
