"""Draw answers of tasks as small pictures, predictions and labels alike, and pages of them."""

from encoders.draw.answers import answer_of_label, answer_of_output
from encoders.draw.canvas import FOV, Canvas
from encoders.draw.pages import TaskRows, draw_table, lines, save_page
from encoders.draw.painters import draw_answer, draw_input, has_own_input
from encoders.draw.tiles import as_tile

__all__ = [
    "FOV",
    "Canvas",
    "TaskRows",
    "answer_of_label",
    "answer_of_output",
    "as_tile",
    "draw_answer",
    "draw_input",
    "draw_table",
    "has_own_input",
    "lines",
    "save_page",
]
