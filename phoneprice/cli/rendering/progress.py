"""Progress on stderr: a bar on a terminal, a line now and then anywhere else."""

import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from phoneprice.cli.rendering.plots import sparkline
from phoneprice.cli.session import Session
from phoneprice.wording import count, counted, duration, figure
from phoneprice.workflows.events import EpochDone, Event, Noted, OnEvent, Progress, TrainingStarted, Warned, ignore

if TYPE_CHECKING:
    from rich import progress

PATIENCE_SECONDS = 0.5
"""Work that is done sooner shows no bar."""
WARM_UP_SECONDS = 1.0
"""Before this no time left is said."""
REFRESH_SECONDS = 0.1
MOST_TRACED = 1024
"""Losses remembered for the sparkline."""
LINE_SECONDS = 10.0
"""Between two lines where there is no bar."""


@contextmanager
def listening(session: Session) -> Iterator[OnEvent]:
    """Give a listener that shows the events of a workflow; its bar is gone at the end."""
    if session.quiet:
        yield ignore
        return
    listener = Listener(session, Bar() if sys.stderr.isatty() else Lines(session))
    try:
        yield listener
    finally:
        listener.display.close()


class Status:
    """The state of a piece of work: how far it is, and what is known of its success."""

    def __init__(self, epochs: int = 0) -> None:
        self.started = time.monotonic()
        self.done = 0
        self.total: int | None = None
        self.unit = ""
        self.epoch = 0
        self.epochs = epochs
        self.losses = ""
        self.loss = ""
        """The latest one, on held-out rows where there are any."""
        self._first: tuple[float, int] | None = None
        self._best = float("inf")
        self._best_metric: tuple[str, float] | None = None
        self._trace: list[float] = []
        self._stride = 1

    @property
    def elapsed(self) -> float:
        """Seconds since the work began."""
        return time.monotonic() - self.started

    @property
    def seconds_left(self) -> float | None:
        """Seconds that the rest will take, if its length is known; the first step, which warms up, does not count."""
        if not self.total or self._first is None:
            return None
        since, before = self._first
        seconds = time.monotonic() - since
        if seconds < WARM_UP_SECONDS or self.done <= before:
            return None
        return seconds * (self.total - self.done) / (self.done - before)

    @property
    def place(self) -> str:
        """``epoch 3/200``, or ``20,000 rows``."""
        if self.epochs:
            return f"epoch {self.epoch}/{self.epochs}"
        of_total = f" of {count(self.total)}" if self.total else ""
        return f"{count(self.done)}{of_total} {self.unit}"

    def note_progress(self, event: Progress) -> None:
        """Take over how much is done."""
        self.done, self.total, self.unit = event.done, event.total, event.unit
        if self._first is None:
            self._first = time.monotonic(), event.done

    def note_epoch(self, event: EpochDone) -> None:
        """Take over an epoch's losses, averaged over the members whose training goes on."""
        record = event.record
        self.epoch, self.epochs = record.epoch, event.epochs
        held_out, trained = record.mean(record.validation_loss), record.mean(record.train_loss)
        self.losses = self.loss = f"loss {figure(trained)}"
        if not math.isnan(held_out):
            self._best = min(self._best, held_out)
            self.loss = f"held out {figure(held_out)}"
            self.losses += f", held out {figure(held_out)} (best {figure(self._best)})"
        for name, values in record.health.items():
            if name.startswith("validation_"):
                self._note_metric(name.removeprefix("validation_"), record.mean(values))
        self._note_loss(trained if math.isnan(held_out) else held_out)

    def _note_metric(self, name: str, value: float) -> None:
        better = min if name == "rmse" else max
        if not math.isnan(value):
            self._best_metric = name, better(value, self._best_metric[1] if self._best_metric else value)

    def _note_loss(self, loss: float) -> None:
        """Remember every ``_stride``-th loss for the sparkline; the stride doubles when they become many."""
        if self.epoch % self._stride == 0:
            self._trace.append(loss)
        if len(self._trace) >= MOST_TRACED:
            self._trace, self._stride = self._trace[1::2], self._stride * 2

    @property
    def best_metric(self) -> str:
        """``best accuracy 0.9780``, once there is one."""
        return f"best {self._best_metric[0]} {figure(self._best_metric[1])}" if self._best_metric else ""

    @property
    def sparkline(self) -> str:
        """The losses so far, as a line of bars."""
        return sparkline(self._trace, width=10)


class Listener:
    """Turns events into what people see."""

    def __init__(self, session: Session, display: "Bar | Lines") -> None:
        self.session = session
        self.display = display
        self.status = Status()

    def __call__(self, event: Event) -> None:
        """Take in one event."""
        match event:
            case Progress():
                if self.status.unit not in ("", event.unit):
                    self.status = Status()  # other work has begun, such as baselines after training
                self.status.note_progress(event)
                self.display.update(self.status)
            case EpochDone():
                self.status.note_epoch(event)
                self.display.update(self.status)
            case TrainingStarted():
                self._say(_plan(event))
                self.status = Status(event.epochs)
            case Noted():
                self._say(f"phoneprice: {event.message}")
            case Warned():
                self._say(f"phoneprice: warning: {event.message}")

    def _say(self, text: str) -> None:
        self.display.close()
        self.session.say(text)


def _plan(event: TrainingStarted) -> str:
    network = f"{counted(event.inputs, 'input')}, {counted(event.parameters, 'parameter')}"
    length = f"{counted(event.epochs, 'epoch')} on {event.device}"
    return f"Training {counted(event.members, 'member')} on {counted(event.rows, 'row')}: {network}, {length}"


class Lines:
    """A line each ``LINE_SECONDS``, for logs."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.last = time.monotonic()

    def update(self, status: Status) -> None:
        """Say how far it is, if the last time was long ago."""
        now = time.monotonic()
        if now - self.last >= LINE_SECONDS:
            self.last = now
            self.session.say(_line(status, status.losses))

    def close(self) -> None:
        """Nothing is left on the screen."""


def _line(status: Status, losses: str) -> str:
    left = status.seconds_left
    parts = [status.place, losses, status.best_metric, f"{duration(left)} left" if left is not None else ""]
    return ", ".join(filter(None, parts))


class Bar:
    """A progress bar on one line that rewrites itself, made only when the work takes longer than ``PATIENCE_SECONDS``.

    It is drawn from the events alone: a thread that redraws would take time from the work.
    """

    def __init__(self) -> None:
        self._drawn = 0.0
        self._bar: progress.Progress | None = None

    def update(self, status: Status) -> None:
        """Redraw, if the last time was long enough ago."""
        now = time.monotonic()
        if now - self._drawn < REFRESH_SECONDS or status.elapsed < PATIENCE_SECONDS:
            return
        self._drawn = now
        if self._bar is None:
            self._bar = _new_bar()
        description = " ".join(filter(None, (status.sparkline, _line(status, status.loss))))
        self._bar.update(self._bar.task_ids[0], completed=status.done, total=status.total, description=description)
        self._bar.refresh()

    def close(self) -> None:
        """Remove the bar from the screen."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _new_bar() -> "progress.Progress":
    from rich.progress import BarColumn, Progress, ProgressColumn, Task
    from rich.table import Column

    from phoneprice.cli.rendering.console import stderr

    class Description(ProgressColumn):
        def render(self, task: Task) -> str:
            return task.description

    bar = Progress(
        BarColumn(bar_width=14, style="grey50"),
        Description(Column(no_wrap=True)),
        console=stderr(),
        auto_refresh=False,
        transient=True,
        expand=True,
    )
    bar.add_task("")
    bar.start()
    return bar
