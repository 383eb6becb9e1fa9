"""Processes of their own that cost no start: a fresh interpreter imports everything once and forks.

``Forks`` talks to that interpreter, a line of JSON a job: a training, or a call of the program (see ``program.py``).
Trainings may be killed after some seconds, or at a call of the write path (see ``file_layer``).
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.faults.program import Ended, Program, call, unmeasured

SEARCH_OPTIONS = ("space", "candidates", "folds")


@dataclass(frozen=True)
class Outcome:
    """How a job ended: ``error`` is the name of an exception and its message, or None; ``calls`` of the write path."""

    killed: bool
    error: tuple[str, str] | None = None
    calls: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0


class Forks:
    """A context manager; ``threads`` is what the children's OpenMP may use, ``changes`` are of their environment."""

    def __init__(self, threads: int = 1, changes: Mapping[str, str] | None = None) -> None:
        environment = unmeasured(OMP_NUM_THREADS=str(threads), **(changes or {}))
        self._server = subprocess.Popen(
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
        )

    def train(self, data: Path, settings: list[str], run: Path, **options: Any) -> Outcome:
        """Train in a child. Options: resume, force, kill_after (s), kill_at, fail_at (calls), error_number.

        With ``SEARCH_OPTIONS`` it is a search. With ``here`` in that interpreter itself: a forked process has one
        thread only.
        """
        answer = self._ask({"data": str(data), "settings": settings, "run": str(run), **options})
        lists: dict[str, Any] = {name: tuple(v) for name, v in answer.items() if isinstance(v, list)}
        return Outcome(**answer | lists)

    def call(self, program: Program) -> Ended:
        """Call the program in a child."""
        return Ended.of(self._ask({"program": asdict(program)}))

    def _ask(self, job: dict[str, Any]) -> dict[str, Any]:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(job) + "\n")
        self._server.stdin.flush()
        answer: dict[str, Any] = json.loads(self._server.stdout.readline())
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait()
        self._server.stdout.close()


def serve() -> None:
    """Answer jobs until stdin ends."""
    import torch

    import tests.faults.warm  # noqa: F401
    from phoneprice.model.torch_versions import are_private_parts_known

    torch.zeros(1).add_(1)
    if not are_private_parts_known():
        import torch._dynamo  # the optimizers import it, for seconds: once here, not in every child
    gc.freeze()  # what is never collected is not copied to the children
    for line in sys.stdin:
        job = json.loads(line)
        answer = _work(job) if job.get("here") else _in_child(job)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _in_child(job: dict[str, Any]) -> dict[str, Any]:
    out, into = os.pipe()
    child = os.fork()
    if not child:
        os.close(out)
        answering = os.fdopen(into, "w")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        json.dump(call(Program(**job["program"])) if "program" in job else _work(job), answering)
        answering.flush()
        os._exit(0)
    os.close(into)
    if not select.select([out], [], [], job.get("kill_after"))[0]:
        os.kill(child, signal.SIGKILL)
    with os.fdopen(out, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return json.loads(answer) if answer else {"killed": True}


def _work(job: dict[str, Any]) -> dict[str, Any]:
    import time

    from phoneprice.config.load import load_config
    from phoneprice.workflows.train import train
    from phoneprice.workflows.tune import tune
    from tests.faults.file_layer import Act, failing, file_layer, killing, nothing

    act: Act = nothing
    if "kill_at" in job:
        act = killing(job["kill_at"])
    elif "fail_at" in job:
        act = failing(job["fail_at"], job["error_number"])
    warnings: list[str] = []
    answer: dict[str, Any] = {"killed": False, "warnings": warnings}
    started = time.perf_counter()
    with file_layer(act) as calls:
        try:
            config = load_config(None, job["settings"])
            given = ("resume", "force", *SEARCH_OPTIONS)
            options = {name: job[name] for name in given if name in job}
            (tune if "space" in job else train)(
                job["data"],
                config,
                job["run"],
                **options,
                on_event=lambda e: warnings.append(getattr(e, "message", "")),
            )
        except BaseException as fault:  # noqa: BLE001 - the test looks at it
            answer["error"] = [type(fault).__name__, str(fault)]
    warnings[:] = list(filter(None, warnings))
    return {**answer, "calls": calls.names, "seconds": time.perf_counter() - started}


if __name__ == "__main__":
    serve()
