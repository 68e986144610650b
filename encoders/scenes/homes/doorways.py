"""Where doors are in a floor plan: as many as connect all rooms, and some more."""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx
import numpy as np

from encoders.scenes.homes.rooms import ROOM_TYPES
from encoders.scenes.homes.spaces import Opening, Space, cut_box

DOOR_MARGIN = 0.16
"""Meters of wall that a doorway leaves to the corner of a room: its casing needs them."""


def connecting(
    spaces: Sequence[Space], inner: float, rng: np.random.Generator
) -> list[Opening] | None:
    """Doorways that connect all rooms, and some more; None if the rooms cannot be connected."""
    graph: nx.Graph = nx.Graph()
    graph.add_nodes_from(range(len(spaces)))
    for i, one in enumerate(spaces):
        for j, other in enumerate(spaces):
            wall = shared_wall(one, other, inner)
            if i != j and wall is not None and wall[3] - wall[2] > 0.95 + 2 * DOOR_MARGIN:
                cost = _reluctance(one.kind, other.kind) + 0.2 * rng.random()
                graph.add_edge(i, j, cost=cost, wall=wall, low=i)
    if not nx.is_connected(graph):
        return None
    tree = nx.minimum_spanning_tree(graph, weight="cost")
    doors = []
    for i, j, edge in graph.edges(data=True):
        if tree.has_edge(i, j) or (edge["cost"] < 1.0 and rng.random() < 0.4):
            low, high = (i, j) if edge["low"] == i else (j, i)
            doors.append(_doorway(spaces, low, high, edge["wall"], inner, rng))
    return doors


def shared_wall(one: Space, other: Space, inner: float) -> tuple[int, float, float, float] | None:
    """Where the wall stands that two rooms share.

    Returns
    -------
    (axis, at, start, end) or None
        The axis across the wall; where ``one``'s face of it is; and the interval along it,
        meters. None where ``other`` does not lie on the high side of ``one`` behind one wall.
    """
    for axis in (0, 1):
        along = 1 - axis
        start = max(one.low[along], other.low[along])
        end = min(one.high[along], other.high[along])
        if abs(other.low[axis] - one.high[axis] - inner) < 1e-6 and end > start:
            return axis, float(one.high[axis]), float(start), float(end)
    return None


def _reluctance(one: str, other: str) -> float:
    """How little people want a door between two room types; the halls cost least."""
    privacy = ROOM_TYPES[one].privacy + ROOM_TYPES[other].privacy
    return privacy + (2.0 if "corridor" not in (one, other) and privacy >= 1.5 else 0.0)


def _doorway(
    spaces: Sequence[Space],
    low: int,
    high: int,
    wall: tuple[int, float, float, float],
    inner: float,
    rng: np.random.Generator,
) -> Opening:
    axis, at, start, end = wall
    room = end - start - 2 * DOOR_MARGIN
    ceiling = min(spaces[low].high[2], spaces[high].high[2])
    private = max(ROOM_TYPES[spaces[low].kind].privacy, ROOM_TYPES[spaces[high].kind].privacy)
    if private <= 0.5 and room > 1.8 and rng.random() < 0.55:
        kind, width = "passage", float(rng.uniform(1.3, min(2.6, room - 0.3)))
        head = min(float(rng.uniform(2.05, 2.35)), ceiling - 0.12)
    else:
        kind, head = "doorway", float(rng.uniform(2.0, 2.1))
        width = float(rng.uniform(0.74, 0.86) if private >= 1.0 else rng.uniform(0.82, 0.95))
    # Doors stand near a corner more often than in the middle of a wall: it leaves longer walls.
    place = float(rng.choice([0.0, 1.0, rng.random()])) if kind == "doorway" else rng.random()
    position = start + DOOR_MARGIN + place * (room - width)
    corners = cut_box(axis, (at, at + inner), (position, position + width), (0.0, head))
    return Opening(kind, axis, *corners, (low, high))
