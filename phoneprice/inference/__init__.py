"""Prediction: the forward pass in NumPy (or on a GPU), probabilities and decisions."""
