"""What is fitted, compared or judged after training.

Calibration is fitted, intervals come from folds, two models are compared on the same rows, predictions are explained,
ordinal classes are given a latent score, and metrics are held against requirements.
"""
