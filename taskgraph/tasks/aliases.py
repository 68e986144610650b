"""Names of Taskonomy's tasks: in its tables, in its figures, and in everyday words."""

from __future__ import annotations

import difflib
from collections.abc import Collection

RESERVED = ("self", "scratch", "average")
"""Reserved sources, which are no tasks; `taskgraph.tasks` says what they are."""

TASKONOMY_NAMES: dict[str, str] = {
    "autoencoder": "Autoencoding",
    "class_1000": "Object Class. (1000)",
    "class_places": "Scene Class.",
    "class_selected": "Object Class. (100)",
    "colorization": "Colorization",
    "curvature": "Curvature",
    "denoise": "Denoising",
    "edge2d": "2D Edges",
    "edge3d": "Occlusion Edges",
    "ego_motion": "Egomotion",
    "fix_pose": "Cam. Pose (fix)",
    "impainting_whole": "In-painting",
    "inpainting_whole": "In-painting",
    "jigsaw": "Jigsaw",
    "keypoint2d": "2D Keypoints",
    "keypoint3d": "3D Keypoints",
    "non_fixated_pose": "Cam. Pose (nonfix)",
    "point_match": "Matching",
    "random": "Random Proj.",
    "reshade": "Reshading",
    "rgb2depth": "Z-Depth",
    "rgb2mist": "Distance",
    "rgb2sfnorm": "Normals",
    "room_layout": "Layout",
    "segment25d": "2.5D Segm.",
    "segment2d": "2D Segm.",
    "segmentsemantic": "Semantic Segm.",
    "segmentsemantic_rb": "Semantic Segm.",
    "vanishing_point": "Vanishing Pts.",
    "vanishing_point_well_defined": "Vanishing Pts.",
    "self": "Task-Specific",
    "scratch": "Scratch",
    "average": "Best Constant",
}
"""Names of the tasks in the Taskonomy paper's figures, by their names in its tables; the tables
spell some tasks in two ways. Source: Zamir et al., CVPR 2018, and its web demonstration."""

OTHER_NAMES: dict[str, str] = {
    "inpainting_whole": "impainting_whole",
    "segmentsemantic": "segmentsemantic_rb",
    "vanishing_point": "vanishing_point_well_defined",
}
"""The names of the published networks, where they differ from those of the tables."""

ALIASES: dict[str, str] = {
    "autoencoding": "autoencoder",
    "camera_pose": "fix_pose",
    "color": "colorization",
    "colors": "colorization",
    "denoising": "denoise",
    "depth": "rgb2depth",
    "distance": "rgb2mist",
    "edges": "edge2d",
    "egomotion": "ego_motion",
    "inpainting": "impainting_whole",
    "keypoints": "keypoint2d",
    "keypoints2d": "keypoint2d",
    "keypoints3d": "keypoint3d",
    "layout": "room_layout",
    "matching": "point_match",
    "nonfixated_pose": "non_fixated_pose",
    "normals": "rgb2sfnorm",
    "object": "class_1000",
    "occlusion_edges": "edge3d",
    "pose": "fix_pose",
    "reshading": "reshade",
    "scene": "class_places",
    "segments": "segment2d",
    "segments2d": "segment2d",
    "segments25d": "segment25d",
    "semantic": "segmentsemantic_rb",
    "vanishing_points": "vanishing_point_well_defined",
}
"""Everyday words for Taskonomy's tasks; every command accepts them."""


def standard_name(name: str) -> str | None:
    """Return the name of a task in Taskonomy's tables, or None if it has no task of this name.

    ``name`` is the name in the tables, another spelling of it, the name in the paper's figures
    ("2D Edges"), or an everyday word ("normals"), in small or capital letters.
    """
    return _STANDARD.get(_folded(name))


def name_in(name: str, known: Collection[str]) -> str:
    """Return the name that the table ``known`` uses for a task.

    It is ``name`` itself if the table has it, else the one task of the table with the same
    `standard_name`. If there is none, or several, ``name`` is returned unchanged.
    """
    if name in known or (standard := standard_name(name)) is None:
        return name
    same = [task for task in known if standard_name(task) == standard]
    return same[0] if len(same) == 1 else name


def _folded(name: str) -> str:
    """Return a name in small letters, with single underscores for blanks and dashes."""
    return "_".join(name.strip().lower().replace("-", " ").replace("_", " ").split())


_STANDARD: dict[str, str] = {
    **{
        _folded(title): OTHER_NAMES.get(name, name)
        for name, title in TASKONOMY_NAMES.items()
        if name not in RESERVED
    },
    **{
        _folded(name): OTHER_NAMES.get(name, name)
        for name in TASKONOMY_NAMES
        if name not in RESERVED
    },
    **ALIASES,
}


def near_names(name: str, known: Collection[str], most: int = 3) -> list[str]:
    """Return up to ``most`` names of a table that look like this one or mean the same task."""
    task_of = {task: task for task in known}
    for word in [*ALIASES, *OTHER_NAMES]:
        if (task := name_in(word, known)) in known:
            task_of.setdefault(word, task)
    near = difflib.get_close_matches(name, list(task_of), n=most, cutoff=0.5)
    standard = standard_name(name)
    same = [task for task in known if standard and standard_name(task) == standard]
    return list(dict.fromkeys([*same, *(task_of[word] for word in near)]))[:most]
