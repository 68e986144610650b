"""Taskonomy's 26 tasks, with the paper's scalings and losses.

Names are those of the published tables. Three of the authors' constants are used only if they fit
the data at hand, and are fitted on the train split otherwise (`encoders.tasks.fits`): the ceilings
of edges and of keypoints, and the mean and standard deviation of curvature. Colorization has our
261 bins of color, not the 313 of Zhang et al. (`encoders.codecs.colors`).
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from encoders.codecs.jigsaw import ORDERS, TILES
from encoders.errors import UnknownNameError
from encoders.tasks import curves, labels, pictures
from encoders.tasks.fits import PublishedConstants
from encoders.tasks.task import Output, Task
from taskgraph.tasks.aliases import ALIASES, standard_name

COLORS = 261
"""Number of bins of color (`encoders.codecs.colors.color_bins`)."""

EMBEDDING = 64  # channels of the embedding that the segmentation tasks learn
SEMANTIC = 17  # the background and 16 classes
POSE = 6  # three Euler angles and a translation of three

CURVATURE = PublishedConstants((123.572, 120.1), (31.922, 21.658))
_PICTURE = Output("map", 3)
_PLANE = Output("map", 1)
_AUGMENT_CLASSES, _AUGMENT_POSES = ("mirror", "light"), ("mirror", "light", "partners")
"""Augmentation of the tasks that overfitted without it (win rates below 60 %)."""
_LEFT_RIGHT = (1, -1, -1, -1, 1, 1)
"""Signs that mirror a pose: of its Euler angles about x, y, z, and of its translation.

Mirroring the pictures turns R into M R M and t into M t, with M = diag(-1, 1, 1).
"""

_ALL = (
    Task("autoencoder", _PICTURE, "l1", pictures.RESTORED, "Autoencoding"),
    Task(
        "class_1000",
        Output("classes", None),
        "soft_xentropy",
        labels.class_probabilities("class_object"),
        "Object Class. (1000)",
        augment=_AUGMENT_CLASSES,
    ),
    Task(
        "class_places",
        Output("classes", None),
        "soft_xentropy",
        labels.class_probabilities("class_scene"),
        "Scene Class.",
        augment=_AUGMENT_CLASSES,
    ),
    Task(
        "colorization",
        Output("map", COLORS, 4),
        "soft_xentropy",
        pictures.COLORED,
        "Colorization",
        channels=1,
        prepare=pictures.lightness_pictures,
        source_only=True,
    ),
    Task(
        "curvature",
        Output("map", 2),
        "l2",
        labels.standardized_channels("principal_curvature", curves.standard, CURVATURE),
        "Curvature",
    ),
    Task(
        "denoise", _PICTURE, "l1", pictures.RESTORED, "Denoising", prepare=pictures.noisy_pictures
    ),
    Task(
        "edge2d", _PLANE, "l1", labels.to_ceiling("edge_texture", curves.clipped, 0.08), "2D Edges"
    ),
    Task(
        "edge3d",
        _PLANE,
        "l1",
        labels.to_ceiling(
            "edge_occlusion", curves.stretched, 0.00625, masked=True, blur=labels.BLUR
        ),
        "Occlusion Edges",
    ),
    Task(
        "ego_motion",
        Output("vector", 3 * POSE),
        "ego_cycle",
        labels.from_point_info(labels.egomotion_numbers, standardize=True),
        "Egomotion",
        inputs=3,
        partners="triplet",
    ),
    Task(
        "fix_pose",
        Output("vector", POSE),
        "pose_norm",
        labels.from_point_info(labels.pose_numbers, standardize=True),
        "Cam. Pose (fix)",
        inputs=2,
        partners="fixated",
        augment=_AUGMENT_POSES,
        mirror=_LEFT_RIGHT,
    ),
    Task(
        "impainting_whole",
        _PICTURE,
        "l1",
        pictures.RESTORED,
        "In-painting",
        prepare=pictures.pictures_with_hole,
        source_only=True,
    ),
    Task(
        "jigsaw",
        Output("classes", ORDERS),
        "xentropy",
        pictures.ORDER,
        "Jigsaw",
        inputs=TILES,
        shrink=pictures.PIECE,
        prepare=pictures.shuffled_tiles,
        source_only=True,
    ),
    Task(
        "keypoint2d",
        _PLANE,
        "l1",
        labels.to_ceiling("keypoints2d", curves.clipped, 0.005),
        "2D Keypoints",
    ),
    Task(
        "keypoint3d",
        _PLANE,
        "l1",
        labels.from_folder("keypoints3d", curves.signed16, masked=True),
        "3D Keypoints",
    ),
    Task(
        "non_fixated_pose",
        Output("vector", POSE),
        "pose_norm",
        labels.from_point_info(labels.pose_numbers, standardize=True),
        "Cam. Pose (nonfix)",
        inputs=2,
        partners="nonfixated",
        augment=_AUGMENT_POSES,
        mirror=_LEFT_RIGHT,
    ),
    Task(
        "point_match",
        Output("classes", 2),
        "xentropy",
        labels.matching(),
        "Matching",
        inputs=2,
        partners="match",
    ),
    Task("random", None, "l1", None, "Random Proj.", source_only=True),
    Task(
        "reshade",
        _PLANE,
        "l1",
        labels.from_folder("reshading", curves.signed8, masked=True),
        "Reshading",
    ),
    Task("rgb2depth", _PLANE, "l1", labels.depth("depth_zbuffer"), "Z-Depth"),
    Task("rgb2mist", _PLANE, "l1", labels.depth("depth_euclidean"), "Distance"),
    Task(
        "rgb2sfnorm",
        _PICTURE,
        "l1",
        labels.from_folder("normal", curves.centered, masked=True),
        "Normals",
    ),
    Task(
        "room_layout",
        Output("vector", 9),
        "l2",
        labels.from_point_info(labels.layout_numbers, standardize=True),
        "Layout",
    ),
    Task(
        "segment25d",
        Output("segments", EMBEDDING),
        "metric",
        labels.segments("segment_unsup25d", masked=True),
        "2.5D Segm.",
    ),
    Task(
        "segment2d",
        Output("segments", EMBEDDING),
        "metric",
        labels.segments("segment_unsup2d"),
        "2D Segm.",
    ),
    Task(
        "segmentsemantic_rb",
        Output("class_map", SEMANTIC),
        "xentropy",
        labels.semantic("segment_semantic", SEMANTIC),
        "Semantic Segm.",
    ),
    Task(
        "vanishing_point_well_defined",
        Output("vector", 9),
        "l2",
        labels.from_point_info(labels.vanishing_numbers, standardize=False),
        "Vanishing Pts.",
    ),
)

TASKS: dict[str, Task] = {task.name: task for task in _ALL}
"""The 26 tasks by name, in alphabetical order."""


def task_of(name: str, besides: Sequence[str] = ()) -> Task:
    """Return the task of the dictionary that has a name, in any of its spellings.

    Parameters
    ----------
    name : str
    besides : sequence of str
        Names of other tasks, which the message of an error lists too.

    Raises
    ------
    UnknownNameError
        If there is no task of that name; the message lists similar names.
    """
    standard = standard_name(name) or name
    if standard in TASKS:
        return TASKS[standard]
    near = difflib.get_close_matches(name, [*besides, *TASKS, *ALIASES], n=3, cutoff=0.4)
    known = ", ".join([*besides, *TASKS])
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {known}"
    raise UnknownNameError(f'no task "{name}"; {hint}')


def tasks_named(tasks: Sequence[str | Task]) -> list[Task]:
    """Look up tasks by any of their names; a `Task` in the sequence is returned unchanged.

    Raises
    ------
    UnknownNameError
        If there is no task of a name, a task is named twice, or the sequence is empty.
    """
    if isinstance(tasks, (str, Task)) or not tasks:
        raise UnknownNameError('expected some tasks, such as ["rgb2depth", "edge2d"]')
    chosen: dict[str, Task] = {}
    for given in tasks:
        task = given if isinstance(given, Task) else task_of(given)
        if task.name in chosen:
            raise UnknownNameError(f'task "{task.name}" is named twice')
        chosen[task.name] = task
    return list(chosen.values())
