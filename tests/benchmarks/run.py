"""The benchmarks: ``python tests/benchmarks/run.py [--quick] [--json FILE] [--only NAME] [--folder DIR]``.

Prints every figure beside what it is compared with, in one run on one machine; exit code 1 if a bar is missed.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import formats
import predicting
import serving
import starting
import training
import tuning
from measuring import Bar

SUITES: dict[str, Callable[..., Iterator[Bar]]] = {
    "starting": starting.measure,
    "predicting": predicting.measure,
    "formats": formats.measure,
    "serving": serving.measure,
    "training": training.measure,
    "tuning": tuning.measure,
}
COLUMNS = "{:44} {:>16} {:>16} {:>7} {:>10} {:>5}  {}"


def main() -> int:
    """Measure, print, and write the JSON document."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="phoneprice-benchmarks-") as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["PHONEPRICE_BENCHMARKS"] = str(folder.resolve())
        bars = _measure(options.only or list(SUITES), quick=options.quick)
    if options.json:
        options.json.write_text(json.dumps(_document(bars, quick=options.quick), indent=2) + "\n")
    missed = [bar for bar in bars if not bar.passed]
    print(f"\n{len(bars) - len(missed)} of {len(bars)} bars met")
    return 1 if missed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions and rows: a first look in 2 minutes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--only", choices=SUITES, action="append", help="one part; may be repeated")
    parser.add_argument("--folder", type=Path, help="where to make tables and keep them for the next call")
    return parser.parse_args()


def _measure(names: list[str], *, quick: bool) -> list[Bar]:
    print(COLUMNS.format("", "measured", "reference", "ratio", "bar", "noise", ""))
    bars = []
    for name in names:
        print(f"\n{name}")
        for bar in SUITES[name](quick=quick):
            bars.append(bar)
            print(_line(bar), flush=True)
    return bars


def _line(bar: Bar) -> str:
    verdict = f"{'met' if bar.passed else 'MISSED'}; against: {bar.against}"
    return COLUMNS.format(
        bar.name,
        _amount(bar.value, bar.unit),
        _amount(bar.reference, bar.unit),
        f"{bar.ratio:.3f}" if bar.ratio < 0.1 else f"{bar.ratio:.2f}",
        f"{'<=' if bar.rule == 'at most' else '>='} {bar.bar:g}",
        f"{bar.spread:.2f}",
        verdict,
    )


def _amount(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3f} {unit}"


def _document(bars: list[Bar], *, quick: bool) -> dict[str, object]:
    machine = {"cpus": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    lines = [{**vars(bar), "ratio": bar.ratio, "passed": bar.passed} for bar in bars]
    return {"format": 1, "quick": quick, "platform": platform.platform(), **machine, "bars": lines}


if __name__ == "__main__":
    sys.exit(main())
