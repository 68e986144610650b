"""Eleven tasks on handwritten digits: a taxonomy measured on a laptop."""
