"""Furnished homes that several tests share, and an oracle for collisions."""

from functools import cache

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene

from encoders.scenes.appearance.domains import DOMAINS
from encoders.scenes.homes import world

SEED = 5


@cache
def home(index):
    """A furnished building, before it is painted."""
    return world.furnish_home(SEED, index)


@cache
def building(index, domain="day"):
    return world.build_building(SEED, index, DOMAINS[domain])


class Mesh:
    """A placed piece as triangles in the world, near the origin for single precision."""

    def __init__(self, placed, center, shrink=0.0):
        parts = [part.shape for part in placed.piece.parts]
        starts = np.cumsum([0] + [len(shape.vertices) for shape in parts[:-1]])
        local = np.concatenate([shape.vertices for shape in parts])
        half = np.array(placed.piece.size) / 2
        middle = np.array([0, 0, half[2]])
        local = middle + (local - middle) * np.maximum(1 - shrink / half, 0.1)
        c, s = np.cos(placed.turn), np.sin(placed.turn)
        turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
        self.vertices = (local @ turn.T + placed.position - center).astype(np.float32)
        self.faces = np.concatenate(
            [shape.faces + start for shape, start in zip(parts, starts, strict=True)]
        ).astype(np.int32)
        self.low, self.high = self.vertices.min(0), self.vertices.max(0)


def meet(one, other):
    """Return whether an edge of one mesh passes through the other mesh, or a corner is inside."""
    return any(
        test(*pair) for test in (_edges_cut, _inside) for pair in ((one, other), (other, one))
    )


def near(one, other, gap=0.0):
    return bool((one.low < other.high + gap).all() and (other.low < one.high + gap).all())


def _scene(mesh):
    scene = EmbreeScene()
    mesh.keep = TriangleMesh(scene, mesh.vertices, mesh.faces)
    return scene


def _edges_cut(one, other):
    edges = np.concatenate([one.faces[:, [0, 1]], one.faces[:, [1, 2]], one.faces[:, [2, 0]]])
    edges = np.unique(np.sort(edges, axis=1), axis=0)
    start, step = one.vertices[edges[:, 0]], np.diff(one.vertices[edges], axis=1)[:, 0]
    close = (np.minimum(start, start + step) < other.high).all(1)
    close &= (np.maximum(start, start + step) > other.low).all(1)
    length = np.linalg.norm(step, axis=1)
    close &= length > 1e-6
    if not close.any():
        return False
    start, step, length = (np.ascontiguousarray(a[close]) for a in (start, step, length))
    hit = _scene(other).run(start, step / length[:, None], length, query="OCCLUDED")
    return bool((np.asarray(hit) == 0).any())


def _inside(one, other):
    """Return whether corners of one are inside closed solids of the other, by three rays."""
    points = one.vertices[:: max(1, len(one.vertices) // 60)]
    points = points[((points > other.low) & (points < other.high)).all(1)]
    if not len(points):
        return False
    scene, corners = _scene(other), other.vertices[other.faces].astype(float)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inside = np.ones(len(points), dtype=bool)
    for way in ((0.31, 0.22, 0.92), (-0.81, 0.33, 0.48), (0.4, -0.87, -0.29)):
        ray = np.tile(np.array(way, dtype=np.float32), (len(points), 1))
        face = np.asarray(scene.run(np.ascontiguousarray(points), ray))
        inside &= (face >= 0) & ((normal[face] * ray).sum(1) > 0)
    return bool(inside.any())
