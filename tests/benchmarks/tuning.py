"""A search of 64 candidates on 5 folds, the default space, against one fit by default, which trains 5 members."""

from collections.abc import Iterator

from files import training_table
from measuring import Bar, bar, in_own_process


def measure(*, quick: bool) -> Iterator[Bar]:
    """All candidates on all folds, and a race with the training of the winner."""
    found = in_own_process("fits.py", "searches", training_table(), 1 if quick else 3)
    one, name = found["one fit"], "training of one fit"
    yield bar("64 candidates x 5 folds", found["every fold"], one, name, "at most", 16.0)
    yield bar("the same, racing, and the winner", found["racing"], one, name, "at most", 8.0)
