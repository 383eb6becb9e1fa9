"""What is fitted or compared after training: calibration, thresholds, resampled intervals."""
