"""Bar 6: one row, as a service has it, beside scikit-learn in the same process."""

from collections.abc import Iterator

from files import TRAINED, run_directory, training_table
from measuring import Bar, bar, in_own_process

REFERENCE = "scikit-learn: scaling, logistic regression"
MOST = {
    "mapping": 1 / 15,
    "mapping of texts": 1 / 10,
    "mapping, labels too": 1 / 15,
    "DataFrame": 1 / 2,
    "record batch": 1 / 4,
    "20 mappings": 1 / 4,
}
"""Of its time."""


def measure(*, quick: bool) -> Iterator[Bar]:
    """A row in every form that ``predict_proba`` takes."""
    run = run_directory(TRAINED)
    found = in_own_process("single_rows.py", run, training_table(), 20 if quick else 100)
    thousandths = {name: [1000 * time for time in times] for name, times in found.items()}
    for name, most in MOST.items():
        reference = thousandths["scikit-learn"]
        yield bar(f"one row: {name}", thousandths[name], reference, REFERENCE, "at most", round(most, 3), "ms")
