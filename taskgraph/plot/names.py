"""Labels of tasks in figures: the names in the table, as printed tables and pages have them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from taskgraph.plot.paper import paper_of

LONGEST = 36
"""Length of the longest label in characters; longer ones lose their middle."""


def display_names(
    tasks: Iterable[str],
    *,
    names: Mapping[str, str] | None = None,
    size: tuple[float, float] | str | None = None,
) -> dict[str, str]:
    """Return the label of each task: its entry in ``names``, else its name in the table.

    Labels are unique: tasks that would share one keep their names in the table. Labels of more
    than `LONGEST` characters lose their middle, unless that makes two of them equal; a paper size
    (``size``) allows fewer.
    """
    paper = paper_of(size)
    longest = LONGEST if paper is None else paper.longest
    labels = names or {}
    unique = dict.fromkeys(tasks)
    label = {task: labels.get(task, task) for task in unique}
    shared = Counter(label.values())
    label = {task: task if shared[text] > 1 else text for task, text in label.items()}
    short = {task: _shortened(text, longest) for task, text in label.items()}
    shared = Counter(short.values())
    return {task: label[task] if shared[text] > 1 else text for task, text in short.items()}


def escape_dollars(label: str) -> str:
    """Escape a label so that matplotlib draws its dollar signs instead of reading mathematics."""
    return label.replace("$", r"\$")


def _shortened(text: str, longest: int) -> str:
    """Replace the middle of a text longer than ``longest`` characters by an ellipsis."""
    if len(text) <= longest:
        return text
    head = (longest - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (longest - 1 - head) :]}"
