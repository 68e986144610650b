"""What a task is called in a figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from taskgraph.tasks import AVERAGE, SCRATCH, SELF

LONGEST = 36
"""Characters of the longest label; longer ones lose their middle."""

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
    SELF: "Task-Specific",
    SCRATCH: "Scratch",
    AVERAGE: "Best Constant",
}
"""Names of the tasks in the Taskonomy paper's figures, by their names in its tables; some tasks
are spelt in two ways there. Source: Zamir et al., CVPR 2018, and its web demonstration."""


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
