"""Bounds that several rooms share, apart from what takes long to import."""

MOST_FOLDS = 1000
"""Folds, or repeats of them: more than anybody has the time for."""
MOST_CANDIDATES = 1000
"""Of a search."""
MOST_SKIPPED_LINES = 1000
"""Above a header."""
