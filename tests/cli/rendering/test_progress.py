"""What is shown while a workflow works."""

import io
import re
import sys
from collections.abc import Callable

import numpy as np
import pytest

from phoneprice.cli.rendering import progress
from phoneprice.cli.session import Session
from phoneprice.records import EpochRecord
from phoneprice.workflows.events import EpochDone, Noted, Progress, TrainingStarted, Warned, ignore

STARTED = TrainingStarted(members=5, epochs=200, rows=2000, inputs=20, device="cpu", parameters=3640)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time in seconds, to be set by the test."""
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], io.StringIO]:
    """Puts a terminal of 80 columns in place of stderr (in the test itself: pytest captures anew after set-up)."""

    def replace() -> io.StringIO:
        screen = Terminal()
        monkeypatch.setattr(sys, "stderr", screen)
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.delenv("NO_COLOR", raising=False)
        return screen

    return replace


def epoch(number: int, train: float, held_out: float) -> EpochDone:
    members = np.ones(5)
    record = EpochRecord(number, members * train, members * held_out, members, members > 0)
    return EpochDone(record, 200)


def test_lines_in_a_log(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with progress.listening(Session()) as listen:
        listen(Noted("no DATA given"))
        listen(STARTED)
        for number in range(1, 201):
            clock[0] += 0.25
            listen(Progress(number, 200, "steps"))
            listen(epoch(number, 1 / number, 2 / number if number < 100 else 0.5))
        listen(Warned("look"))
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "phoneprice: no DATA given\n"
        "Training 5 members on 2,000 rows: 20 inputs, 3,640 parameters, 200 epochs on cpu\n"
        "epoch 39/200, loss 0.0256, held out 0.0513 (best 0.0513), 40 s left\n"
        "epoch 79/200, loss 0.0127, held out 0.0253 (best 0.0253), 30 s left\n"
        "epoch 119/200, loss 0.0084, held out 0.5000 (best 0.0202), 20 s left\n"
        "epoch 159/200, loss 0.0063, held out 0.5000 (best 0.0202), 10 s left\n"
        "epoch 199/200, loss 0.0050, held out 0.5000 (best 0.0202), 0.0 s left\n"
        "phoneprice: warning: look\n"
    )


def test_no_held_out_rows(clock: list[float]) -> None:
    status = progress.Status(epochs=200)
    status.note_epoch(epoch(1, 0.5, float("nan")))
    assert (status.place, status.losses) == ("epoch 1/200", "loss 0.5000")


def test_rows_of_an_unknown_number(clock: list[float]) -> None:
    status = progress.Status()
    for done in (10_000, 20_000):
        clock[0] += 2
        status.note_progress(Progress(done, None, "rows"))
    assert (status.place, status.seconds_left) == ("20,000 rows", None)
    status.note_progress(Progress(30_000, 50_000, "rows"))
    assert (status.place, status.seconds_left) == ("30,000 of 50,000 rows", 2.0)


def test_quiet() -> None:
    with progress.listening(Session(quiet=True)) as listen:
        assert listen is ignore


def test_a_bar_on_a_terminal(clock: list[float], terminal: Callable[[], io.StringIO]) -> None:
    screen = terminal()
    with progress.listening(Session()) as listen:
        listen(STARTED)
        for number in range(1, 101):
            clock[0] += 0.05
            listen(Progress(number, 200, "steps"))
            listen(epoch(number, 0.25, 0.5))
        drawn = screen.getvalue()
        listen(Warned("look"))
    assert re.search(r"▁{10} epoch \d+/200, held out 0.5000, 5.\d s left", drawn)
    assert "━" in drawn
    assert screen.getvalue().endswith("phoneprice: warning: look\n")


def test_quick_work_draws_nothing(clock: list[float], terminal: Callable[[], io.StringIO]) -> None:
    screen = terminal()
    with progress.listening(Session()) as listen:
        for done in range(100):
            clock[0] += 0.004
            listen(Progress(done, 100, "rows"))
    assert screen.getvalue() == ""


def test_a_bar_is_not_drawn_at_every_step(clock: list[float], terminal: Callable[[], io.StringIO]) -> None:
    screen = terminal()
    with progress.listening(Session()) as listen:
        for done in range(20_000):
            clock[0] += 0.0001
            listen(Progress(done, 20_000, "rows"))
        frames = screen.getvalue().count("rows")
    assert 10 <= frames <= 20
