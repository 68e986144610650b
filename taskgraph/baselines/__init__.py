"""Baselines of a taxonomy, and the gain and quality of each."""
