"""How good predictions are, with 95% intervals. Pure NumPy, so that measuring a run loads nothing heavy."""
