"""What Taskonomy's tasks are called: in its tables, in its figures, and in everyday words."""

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
"""Names of the tasks in the Taskonomy paper's figures, by their names in its tables; some tasks
are spelled in two ways there. Source: Zamir et al., CVPR 2018, and its web demonstration."""

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
"""Everyday words for Taskonomy's tasks, by which every command knows them too."""


def standard_name(name: str) -> str | None:
    """The name in Taskonomy's tables of a task that is called so, or None if none of them is.

    ``name`` is that name itself, another spelling of it, what figures call the task ("2D Edges"),
    or an everyday word ("normals"), in small or capital letters.
    """
    return _STANDARD.get(_folded(name))


def name_in(name: str, known: Collection[str]) -> str:
    """The table's own name of a task: ``name`` itself if it is there, else that of the same task.

    It is the same task where both have the same `standard_name`, and no other task of the table
    has it. A name of no task of the table is given back as it is.
    """
    if name in known or (standard := standard_name(name)) is None:
        return name
    same = [task for task in known if standard_name(task) == standard]
    return same[0] if len(same) == 1 else name


def _folded(name: str) -> str:
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
    """Names of a table that look like this one, or that are also called so."""
    owner = {task: task for task in known}
    for word in [*ALIASES, *OTHER_NAMES]:
        if (task := name_in(word, known)) in known:
            owner.setdefault(word, task)
    found = difflib.get_close_matches(name, list(owner), n=most, cutoff=0.5)
    standard = standard_name(name)
    same = [task for task in known if standard and standard_name(task) == standard]
    return list(dict.fromkeys([*same, *(owner[word] for word in found)]))[:most]
