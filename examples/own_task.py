"""A task of your own: how level each surface is, from normals and the camera's direction.

    taskgraph scenes data
    python examples/own_task.py data

The target is 1 on floors and table tops, 0 on walls, -1 on ceilings. Training and
transfer accept this `Task` wherever they accept the name of one of Taskonomy's 26 tasks.
"""

import sys

import numpy as np
from scipy.spatial.transform import Rotation

from encoders import OneView, Output, Task, TaskonomyDataset, each_view


def level(view: OneView) -> np.ndarray:
    """Return the cosine between each pixel's normal and the upward direction, (S, S)."""
    camera = Rotation.from_euler("xyz", view.info["camera_rotation_final"])
    up = camera.as_matrix()[2]  # the world's z axis in the camera's frame
    return np.where(view.valid, view["normal"] @ up, np.nan)  # NaN: not measured


LEVEL = Task("level", Output("map", 1), "l1", each_view(level, ["normal"], infos=True))

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/own_task.py DIR   (DIR is made by `taskgraph scenes DIR`)")
    data = TaskonomyDataset(sys.argv[1], [LEVEL], "test")
    picture, target, mask = data.batch("level", range(min(32, len(data))))
    print(f"{len(data)} views: input {tuple(picture.shape)}, target {tuple(target.shape)}")
    print(f"{float((target[:, 0] > 0.9)[mask].float().mean()):.3f} of the visible pixels face up")
