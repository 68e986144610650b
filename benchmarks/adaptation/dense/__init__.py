"""Drawn scenes that help photographed ones on tasks with a label for each pixel."""
