"""What a task is called in a figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from taskgraph.aliases import TASKONOMY_NAMES

LONGEST = 36
"""Characters of the longest label; longer ones lose their middle."""


def display_names(
    tasks: Iterable[str], *, names: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Choose a label for each task: from ``names``, else Taskonomy's own, else the raw name.

    Labels are unique: tasks that would share one keep their raw names. Labels of more than
    `LONGEST` characters lose their middle, unless that makes two of them equal.
    """
    given = {**TASKONOMY_NAMES, **(names or {})}
    unique = dict.fromkeys(tasks)
    label = {task: given.get(task, task) for task in unique}
    shared = Counter(label.values())
    label = {task: task if shared[text] > 1 else text for task, text in label.items()}
    short = {task: _shortened(text) for task, text in label.items()}
    shared = Counter(short.values())
    return {task: label[task] if shared[text] > 1 else text for task, text in short.items()}


def plain(label: str) -> str:
    """Escape a label so that matplotlib draws its dollars instead of reading mathematics."""
    return label.replace("$", r"\$")


def _shortened(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    head = (LONGEST - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (LONGEST - 1 - head) :]}"
