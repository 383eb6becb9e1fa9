"""Bounds that an option and a function of the Python API share, apart from what takes long to import."""

MOST_FOLDS = 1000
"""Folds, or repeats of them: more than anybody has the time for."""
