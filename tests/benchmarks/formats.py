"""Numbers as people write them against the same numbers written plainly; a wide table's report."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

from files import folder
from measuring import PHONEPRICE, Bar, bar, processes, run_process, seconds

WAYS: dict[str, Callable[[float], str]] = {
    "1.234,50": lambda value: f"{value:,.2f}".translate(str.maketrans(".,", ",.")),
    "12.5 €": lambda value: f"{value:.1f} €",
    "(1,234.50)": lambda value: f"({value:,.2f})" if value < 5000 else f"{value:,.2f}",
    "1.2K": lambda value: f"{value / 1000:.2f}K" if value > 5000 else f"{value:.0f}",
}
"""How numbers from 1,000 to 9,999 are written."""
ROWS, COLUMNS, FEW = 300_000, 6, 2_000
REPORT_SECONDS = 10.0


def measure(*, quick: bool) -> Iterator[Bar]:
    """``predict`` and ``data check`` in each way of writing; ``report`` on 250 rows of 700 columns."""
    rows = ROWS // 3 if quick else ROWS
    plain, plain_run = _table("plain", "{:.2f}".format, rows), _run("plain", "{:.2f}".format)
    for name, write in WAYS.items():
        source, run = _table(name, write, rows), _run(name, write)
        runs = processes(
            {
                "predict": _predict(run, source),
                "plain predict": _predict(plain_run, plain),
                "check": (*PHONEPRICE, "data", "check", source, "--target", "y", "--json"),
                "plain check": (*PHONEPRICE, "data", "check", plain, "--target", "y", "--json"),
            },
            2 if quick else 5,
        )
        for command in ("predict", "check"):
            written, plainly = seconds(runs[command]), seconds(runs[f"plain {command}"])
            yield bar(f"{command} {rows:,} rows like {name}", written, plainly, "written plainly", "at most", 3.0)
    yield _report(1 if quick else 3)


def _predict(run: Path, source: Path) -> tuple[str | Path, ...]:
    return (*PHONEPRICE, "predict", run, source, "-o", source.with_suffix(".out.csv"), "--quiet")


def _report(repetitions: int) -> Bar:
    wide = folder() / "wide.csv"
    run = folder() / "run-wide"
    _write(wide, "{:.2f}".format, 250, columns=700)
    if not run.exists():
        run_process((*PHONEPRICE, "train", wide, "--target", "y", "-s", "training.epochs=5", "-o", run, "--quiet"))
    command = (*PHONEPRICE, "report", run, wide, "-o", folder() / "wide.html", "--quiet")
    taken = seconds(processes({"report": command}, repetitions)["report"])
    return bar("report on 250 rows of 700 columns", taken, [REPORT_SECONDS], "the limit", "at most", 1.0)


def _run(name: str, write: Callable[[float], str]) -> Path:
    """A run trained on a small table of numbers that are written so."""
    run = folder() / f"run-{_plain(name)}"
    if not run.exists():
        few = _table(name, write, FEW)
        run_process((*PHONEPRICE, "train", few, "--target", "y", "-s", "training.epochs=2", "-o", run, "--quiet"))
    return run


def _table(name: str, write: Callable[[float], str], rows: int) -> Path:
    path = folder() / f"numbers-{_plain(name)}-{rows}.csv"
    if not path.exists():
        _write(path, write, rows)
    return path


def _write(path: Path, write: Callable[[float], str], rows: int, columns: int = COLUMNS) -> None:
    draw = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        file.write(";".join([*(f"x{i}" for i in range(columns)), "y"]) + "\n")
        for _ in range(rows):
            values = [draw.uniform(1000, 9999) for _ in range(columns)]
            file.write(";".join([*map(write, values), "yes" if values[0] > draw.gauss(5000, 1000) else "no"]) + "\n")


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name)
