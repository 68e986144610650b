"""Arrangements of furniture, each a verb that adds one group of pieces to a room."""
