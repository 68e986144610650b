"""Suite ``scenes``: statistics, speed and reproducibility of the rendered data set."""
