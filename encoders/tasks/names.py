"""What tasks are called by people who ask for them."""

from __future__ import annotations

import difflib

from encoders.errors import UnknownNameError
from encoders.tasks import TASKS
from taskgraph.tasks.aliases import ALIASES, standard_name

ALL = "all"
"""Stands for every task of the bank that suits the number of pictures."""

ORDER = (
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
"""The tasks from the picture itself to several pictures, as the contact sheet has them."""


def known_name(name: str) -> str:
    """A task's name in the dictionary, from any of its names.

    Raises
    ------
    UnknownNameError
        If it has no such name; the message says what is near.
    """
    found = standard_name(name)
    if found not in TASKS:
        word = name.strip().lower().replace("-", "_")
        near = difflib.get_close_matches(word, [*ALIASES, *TASKS], n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(TASKS)}"
        raise UnknownNameError(f'no task "{name}"; {hint}')
    return found


def trained_name(name: str) -> str:
    """`known_name` of a task that has answers, which the random projection has not.

    Raises
    ------
    UnknownNameError
        If it has no such name, or nothing is trained for it.
    """
    found = known_name(name)
    if TASKS[found].output is None:
        raise UnknownNameError(f'task "{name}" has no answers: nothing is trained for it')
    return found
