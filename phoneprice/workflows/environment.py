"""What a run was made with: enough to see why another machine gives other bits."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from phoneprice import __version__
from phoneprice.places import is_there
from phoneprice.records.documents import Environment
from phoneprice.wording import utf8_or_escaped

_LIBRARIES = ("numpy", "pyarrow", "pydantic", "safetensors", "torch")


def environment(
    *, device: str, threads: int, seed: int, seconds: float, command_line: Sequence[str], data: str | None = None
) -> Environment:
    """What a run is made with, here and now; trained for ``seconds``, on what ``command_line`` calls ``data``."""
    return Environment(
        phoneprice=__version__,
        python=platform.python_version(),
        libraries={name: version(name) for name in _LIBRARIES},
        platform=platform.platform(),
        cpu=cpu_features(),
        device=device,
        threads=threads,
        seed=seed,
        training_seconds=round(seconds, 3),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        command_line=tuple(map(utf8_or_escaped, command_line)),
        git_commit=_git_commit(),
        data=None if data is None else utf8_or_escaped(data),
    )


def cpu_features() -> str:
    """The instruction set that PyTorch's kernels were chosen for."""
    import torch

    return torch.backends.cpu.get_cpu_capability()


def _git_commit() -> str | None:
    """The commit of the directory the program runs in, where that is a git checkout."""
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        if not any(is_there(parent / ".git") for parent in (Path.cwd(), *Path.cwd().parents)):
            return None
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, timeout=5, env=environment, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.decode("ascii", "replace").strip() or None
