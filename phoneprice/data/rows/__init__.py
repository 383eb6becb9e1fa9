"""Which rows are learned from, and what each of them is to the others: groups, times, weights, folds."""
