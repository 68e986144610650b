"""Data frames: their columns, names of tasks, rows in messages, and direction of values."""
