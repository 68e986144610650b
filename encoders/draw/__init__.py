"""Answers of tasks as small pictures: predictions and labels alike, to stand side by side."""

from encoders.draw.answers import answer_of_label, answer_of_output
from encoders.draw.canvas import FOV, Canvas
from encoders.draw.pages import Group, lines, save, table
from encoders.draw.painters import draw, draw_input, has_own_input

__all__ = [
    "FOV",
    "Canvas",
    "Group",
    "answer_of_label",
    "answer_of_output",
    "draw",
    "draw_input",
    "has_own_input",
    "lines",
    "save",
    "table",
]
