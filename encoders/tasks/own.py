"""Tasks of one's own by reference: in a Python file, in an installed package, in a table."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

from encoders.errors import InvalidDataError, UnknownNameError
from encoders.tasks.dictionary import TASKS, task_of
from encoders.tasks.task import Task
from encoders.tasks.user_files import (
    absolute_reference,
    is_file_reference,
    load_object,
    one_line,
)
from taskgraph.tasks.aliases import RESERVED, standard_name

GROUP = "taskgraph.tasks"
"""The entry-point group in which an installed package names its tasks."""

_USABLE = re.compile(r"\w[\w.-]*")

EXPECTED = 'an encoders.Task, such as LEVEL = Task("level", Output("map", 1), "l1", label)'


def load_task(reference: str) -> Task:
    """Return a task of one's own.

    Parameters
    ----------
    reference : str
        ``FILE.py:NAME``: the file is run, once in each process. Or the name of an entry point in
        the group `GROUP` of an installed package.

    Returns
    -------
    Task
        It can be sent to other processes, which run the file again: they must see it at the same
        path.

    Raises
    ------
    InvalidDataError
        If the file is missing or raises an error, the object is no `Task`, or its name cannot be
        used or is the name of another task.
    UnknownNameError
        If the file, or the group, has no such name.
    """
    if is_file_reference(reference):
        reference = absolute_reference(reference)
        task: Task = load_object(reference, Task, EXPECTED)
        task = replace(task, reload=partial(load_task, reference))
    elif ":" in reference:
        raise UnknownNameError(
            f"{reference}: expected FILE.py:NAME, such as my_tasks.py:LEVEL, with a name as Python "
            "writes it"
        )
    else:
        task = _installed(reference)
    check_own([task])
    return task


def check_own(tasks: Iterable[Task]) -> None:
    """Check the names of tasks that are not of the dictionary.

    Raises
    ------
    InvalidDataError
        If a name cannot be used in tables and as the name of a file, or means another task.
    """
    for task in tasks:
        if TASKS.get(task.name) is task:
            continue
        where = f" ({task.reload.args[0]})" if isinstance(task.reload, partial) else ""
        if known := standard_name(task.name):
            raise InvalidDataError(
                f'task "{task.name}"{where} has the name of the built-in task {known}; give it '
                "another name"
            )
        if task.name in RESERVED or not _USABLE.fullmatch(task.name):
            raise InvalidDataError(
                f'task "{task.name}"{where}: the name cannot be used in tables and names of files; '
                "use letters, digits, underscores, dots and dashes, and none of "
                f"{', '.join(RESERVED)}"
            )


def split_own(tasks: Sequence[str | Task]) -> tuple[list[str], list[Task]]:
    """Return the names in a mixed sequence, in its order, and the tasks in it that are one's own.

    Names in the sequence are left as they are.
    """
    own = [t for t in tasks if isinstance(t, Task) and TASKS.get(t.name) is not t]
    check_own(own)
    return [t.name if isinstance(t, Task) else t for t in tasks], own


def joined_own(before: Iterable[Task], new: Iterable[Task]) -> tuple[Task, ...]:
    """Return tasks of one's own together, each name once.

    Raises
    ------
    InvalidDataError
        If two different tasks have the same name.
    """
    by_name: dict[str, Task] = {}
    for task in (*before, *new):
        other = by_name.setdefault(task.name, task)
        if other != task:
            raise InvalidDataError(
                f'two different tasks are called "{task.name}"; rename one of them'
            )
    return tuple(by_name.values())


def find_task(name: str, own: Iterable[Task] = ()) -> Task:
    """Return the task of a name: one of ``own``, or one of the dictionary by any of its names.

    Raises
    ------
    UnknownNameError
        If there is no task of that name; the message lists similar names.
    """
    own = list(own)
    mine = next((task for task in own if task.name == name), None)
    return mine or task_of(name, [task.name for task in own])


def installed_tasks() -> list[str]:
    """Return the sorted names of the tasks that installed packages have as entry points."""
    return sorted({entry.name for entry in importlib.metadata.entry_points(group=GROUP)})


def _installed(name: str) -> Task:
    """Return the task of an entry point."""
    entries = importlib.metadata.entry_points(group=GROUP)
    entry = next((entry for entry in entries if entry.name == name), None)
    if entry is None:
        listed = ", ".join(installed_tasks()) or "none"
        raise UnknownNameError(
            f'no installed package has a task "{name}" (the entry-point group {GROUP} has '
            f"{listed}); for a file give FILE.py:NAME, such as my_tasks.py:LEVEL"
        )
    try:
        task = entry.load()
    except Exception as error:
        raise InvalidDataError(
            f'task "{name}" of {entry.value} cannot be loaded ({one_line(error)}); mend or '
            "uninstall the package that has it"
        ) from error
    if not isinstance(task, Task):
        raise InvalidDataError(
            f"{entry.value} is of the type {type(task).__name__}, expected {EXPECTED}"
        )
    return task
