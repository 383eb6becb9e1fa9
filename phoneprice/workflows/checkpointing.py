"""Saving a training now and then, stopping it when a signal asks, and taking it up again."""

from __future__ import annotations

import shlex
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from phoneprice import __version__
from phoneprice.artifact.checkpoints import Arrays, Checkpoint
from phoneprice.artifact.manifest import sha256
from phoneprice.artifact.prediction_files import render_schema
from phoneprice.artifact.writer import RunWriter
from phoneprice.config.schema import Config
from phoneprice.errors import DivergedError, ModelError, StoppedError
from phoneprice.records import EpochRecord
from phoneprice.wording import counted, cut, first_of
from phoneprice.workflows.changes import changes, comparable
from phoneprice.workflows.environment import cpu_features
from phoneprice.workflows.events import Noted, OnEvent, Warned
from phoneprice.workflows.prepare import Prepared
from phoneprice.workflows.stopping import StopRequests

if TYPE_CHECKING:
    from phoneprice.training.loop import Fit, StepDone

MOST_TIME = 0.02
"""Share of the training time that checkpoints may take, where they are written by the clock."""
_SHOWN = 5
_EPOCHS = "training.epochs"


class Checkpointer:
    """Keeps the training of one run resumable; a context manager that tells how to go on where it is cut short.

    With ``resume`` the training begins where the last one of the same run was stopped or killed.
    """

    def __init__(
        self, writer: RunWriter, run: Path, config: Config, *, resume: bool, command: Sequence[str], on_event: OnEvent
    ) -> None:
        self._store = writer.checkpoints
        self._run, self._config, self._command = run, config, command
        self._resume, self._on_event = resume, on_event
        self.history: list[EpochRecord] = []
        """The epochs done so far."""
        self._origin: Mapping[str, Any] = {}
        self._pieces: list[Arrays] = []
        """Of a search, as far as they are made."""
        self._to_give = deque[Arrays]()
        """Those of a search that was stopped, which is done again up to there."""
        self._stopped: Checkpoint | None = None
        self._searches = False
        self._epochs = 0
        self._next = 0.0
        self._begun = False

    def begin(self, training: Fit, origin: Mapping[str, Any]) -> None:
        """Bring ``training`` to where it was stopped, if it was; ``history`` then holds the epochs that it had done.

        Raises ``ModelError`` where ``origin`` is not that of the training that was stopped, or no checkpoint is valid.
        """
        self._epochs = training.epochs
        if not self._searches:
            self._origin = origin
            self._load()
        if self._stopped is not None:
            self._take_up(training, self._stopped)
        self._begun = True
        self._save(training)  # from now on there is something to resume, whenever the process is killed

    def begin_search(self, origin: Mapping[str, Any]) -> None:
        """Bring a search to where it was stopped, if it was; its training will be brought there, too.

        Raises ``ModelError`` where ``origin`` is not that of the search that was stopped, or no checkpoint is valid.
        """
        self._origin, self._searches = origin, True
        self._load()
        if self._stopped is not None:
            self._refuse_differences(self._stopped)
            self._to_give.extend(self._stopped.pieces)
            self._on_event(Noted(f"{self._run}: going on with the search after {counted(len(self._to_give), 'fit')}"))
        self._begun = True
        self._save()

    def piece(self, make: Callable[[], Arrays]) -> Arrays:
        """The next piece of a search: what ``make`` makes, or has made before it was stopped."""
        if self._to_give:
            self._pieces.append(self._to_give.popleft())
        else:
            self._pieces.append(make())
            self._save()
        return self._pieces[-1]

    def follow(self, training: Fit) -> Generator[StepDone | EpochRecord]:
        """``training.run()``, saved when it is time; ``StoppedError`` after the step in which a signal came."""
        with StopRequests() as stop:
            for event in training.run():
                if isinstance(event, EpochRecord):
                    self.history.append(event)
                yield event
                if stop.requested:
                    self._save(training)
                    raise StoppedError(stop.requested)
                if self._due(event):
                    self._save(training)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._begun:
            return
        if isinstance(value, KeyboardInterrupt):
            number = value.number if isinstance(value, StoppedError) else 2
            place = f"after epoch {len(self.history)} of {self._epochs}" if self._epochs else "in the search"
            raise StoppedError(number, f"stopped {place}; go on with: {self._how_to_resume()}") from None
        if isinstance(value, Exception) and not isinstance(value, DivergedError) and self._store.last_saved():
            kept = f"the {'training' if self._epochs else 'search'} is kept as of its last checkpoint"
            self._on_event(Warned(f"{self._run}: {kept}; go on with: {self._how_to_resume()}"))

    def _due(self, event: StepDone | EpochRecord) -> bool:
        if not self._config.training.checkpoint_seconds:
            return isinstance(event, EpochRecord)
        return time.monotonic() >= self._next

    def _save(self, training: Fit | None = None) -> None:
        started = time.monotonic()
        tensors = {} if training is None else training.state()
        state = {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}
        pieces = [*self._pieces, *self._to_give]
        self._store.save(Checkpoint(self._origin, state, self.history, pieces))
        now = time.monotonic()
        self._next = now + max(self._config.training.checkpoint_seconds, (now - started) / MOST_TIME)

    def _load(self) -> None:
        """Find what was stopped, if it is to be resumed."""
        if not self._resume:
            return
        self._stopped, damaged = self._store.load()
        for name in damaged:
            self._on_event(Warned(f"{self._run}: checkpoint {name} is damaged; going on from the one before"))
        if self._stopped is None:
            what = "the search" if self._searches else "training"
            self._on_event(Noted(f"{self._run}: stopped before its first checkpoint, so {what} starts anew"))

    def _take_up(self, training: Fit, checkpoint: Checkpoint) -> None:
        if self._searches and not checkpoint.state:
            return  # it was stopped in the search
        self._refuse_differences(checkpoint)
        if not _fits(checkpoint, training):
            raise ModelError(f"{self._run}: its checkpoint is of another network; start over with --force")
        import torch

        training.load_state({name: torch.tensor(values) for name, values in checkpoint.state.items()})
        self.history = list(checkpoint.history)
        self._on_event(Noted(f"{self._run}: going on after epoch {training.epochs_done} of {training.epochs}"))

    def _refuse_differences(self, checkpoint: Checkpoint) -> None:
        found = [
            change
            for change in changes(checkpoint.origin, self._origin)
            if change.key != _EPOCHS or self._searches or not _may_train_longer(self._config, change.a, change.b)
        ]
        if found:
            listed = [f"{change.key} was {_short(change.a)}, is {_short(change.b)}" for change in found]
            raise ModelError(
                f"{self._run}: can't go on from its checkpoint: {first_of(listed, _SHOWN, '; ')}; "
                "resume with what it was begun with, or start over with --force"
            )

    def _how_to_resume(self) -> str:
        if not self._command:
            return f"{'tune' if self._searches else 'train'}(..., run={str(self._run)!r}, resume=True)"
        words = [word for word in self._command if word != "--resume"]
        if not any(word.startswith(("-o", "--output")) for word in words):
            words += ["-o", str(self._run)]
        return shlex.join([*words, "--resume"])


_IRRELEVANT = {
    "training": {"checkpoint_seconds"},
    "task": {"decision", "costs", "calibration", "threshold_metric"},
}
"""Settings that change no bit of a training: how often it is saved, and what is made of its networks afterwards."""


def origin_of(prepared: Prepared, configs: Sequence[Config], *, device: str, threads: int) -> dict[str, Any]:
    """All that decides the bits of a training of these ``configs``, those of the table's own if none, as JSON."""
    settings = comparable(prepared.config, _IRRELEVANT)
    if configs and tuple(configs) != prepared.config.recipes:
        every = "\n".join(own.model_dump_json(exclude=_IRRELEVANT) for own in configs)
        settings["the members' settings (SHA-256)"] = sha256(every.encode())
    return {
        **settings,
        "the rows of DATA (SHA-256)": prepared.sha256,
        "the columns of DATA (SHA-256)": sha256(render_schema(prepared.schema)),
        "the device": device,
        "the number of threads": threads,
        "the CPU's instruction set": cpu_features(),
        "the version of phoneprice": __version__,
        "the version of torch": version("torch"),
        "the version of numpy": version("numpy"),
    }


def _may_train_longer(config: Config, then: int, now: int) -> bool:
    """Whether the first ``then`` epochs of a training of ``now`` are those of a training of ``then``."""
    return now > then and not config.scheduler.needs_epochs and not config.training.network_start


def _fits(checkpoint: Checkpoint, training: Fit) -> bool:
    """Whether the checkpoint holds all that the training needs, in the right shapes."""
    own = {name: tuple(tensor.shape) for name, tensor in training.state().items()}
    return all(name in checkpoint.state and checkpoint.state[name].shape == shape for name, shape in own.items())


def _short(value: Any) -> str:
    return "unset" if value is None else cut(str(value), 40)
