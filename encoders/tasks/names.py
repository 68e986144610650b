"""Look up tasks of the dictionary by any of their names."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from encoders.errors import UnknownNameError
from encoders.tasks import TASKS, Task, load_task
from encoders.tasks.own import installed_tasks
from taskgraph.tasks.aliases import ALIASES, standard_name

ALL_TASKS = "all"
"""In place of names: every task of a bank that takes the given number of pictures."""

DISPLAY_ORDER = (
    "autoencoder",
    "denoise",
    "impainting_whole",
    "colorization",
    "jigsaw",
    "edge2d",
    "keypoint2d",
    "segment2d",
    "rgb2depth",
    "rgb2mist",
    "rgb2sfnorm",
    "curvature",
    "edge3d",
    "keypoint3d",
    "segment25d",
    "reshade",
    "segmentsemantic_rb",
    "class_1000",
    "class_places",
    "vanishing_point_well_defined",
    "room_layout",
    "point_match",
    "fix_pose",
    "non_fixated_pose",
    "ego_motion",
)
"""The trained tasks in the order of contact sheets: 2D, 3D, semantic, then several pictures."""


def predicted_tasks(names: Sequence[str], own: Sequence[Task] = ()) -> list[str | Task]:
    """Return names of the dictionary unchanged, and tasks of the user in place of references.

    Parameters
    ----------
    names : sequence of str
        `ALL_TASKS`, names of tasks, and references as `load_task` takes them. A name of the
        dictionary means that task, even if an installed package has one of the same name.
    own : sequence of Task
        Tasks that are known by their names.
    """
    by_name = {task.name: task for task in own}
    tasks: list[str | Task] = []
    for name in names:
        if name in by_name:
            tasks.append(by_name[name])
        elif ":" in name or (standard_name(name) is None and name in installed_tasks()):
            tasks.append(load_task(name))
        else:
            tasks.append(name)
    if list(names) == [ALL_TASKS]:
        tasks += own
    return tasks


def known_name(name: str) -> str:
    """Return a task's name in the dictionary, from any of its names.

    Raises
    ------
    UnknownNameError
        If there is no task of that name; the message lists similar names.
    """
    standard = standard_name(name)
    if standard not in TASKS:
        word = name.strip().lower().replace("-", "_")
        near = difflib.get_close_matches(word, [*ALIASES, *TASKS], n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(TASKS)}"
        raise UnknownNameError(f'no task "{name}"; {hint}')
    return standard


def trained_name(name: str) -> str:
    """Return the name as `known_name` returns it, of a task for which a network is trained.

    Raises
    ------
    UnknownNameError
        If there is no task of that name, or it is the random projection.
    """
    standard = known_name(name)
    if TASKS[standard].output is None:
        raise UnknownNameError(f'task "{name}" has no predictions: no network is trained for it')
    return standard
