"""A small transfer problem whose solutions can be found by solving each one on its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from encoders.transfer.ridge import Moments
from taskgraph.arrays import Floats

SOURCES, WIDTH, COUNT = 5, 4, 120
OUTPUTS = {"flat": slice(0, 3), "wide": slice(3, 10), "single": slice(10, 11)}


@dataclass(frozen=True, eq=False)
class Problem:
    """Train, valid and test examples, each features (n, p) and outputs (n, q)."""

    parts: tuple[tuple[Floats, Floats], ...]
    groups: dict[str, slice]

    def moments(self) -> tuple[Moments, Moments, Moments]:
        """Return the moments of the three parts."""
        found = []
        for x, y in self.parts:
            each = Moments(x.shape[1], y.shape[1])
            each.add(x, y)
            found.append(each)
        return found[0], found[1], found[2]


def problem(*, widths: tuple[int, ...] = (WIDTH,) * SOURCES, seed: int = 0) -> Problem:
    """Correlated features with means of their own, noisy outputs; `wide` has two directions."""
    rng = np.random.default_rng(seed)
    total = sum(widths)
    mixed = rng.standard_normal((total, total)) * 0.4 + np.eye(total)
    truth = rng.standard_normal((total, 11)) / total
    truth[:, OUTPUTS["wide"]] = rng.standard_normal((total, 2)) @ rng.standard_normal((2, 7)) / 9
    parts = []
    for _ in range(3):
        x = rng.standard_normal((COUNT, total)) @ mixed + np.linspace(-2, 2, total)
        parts.append((x, x @ truth + 0.7 * rng.standard_normal((COUNT, 11)) + 3))
    ends = np.cumsum(widths)
    starts = [int(end) - width for end, width in zip(ends, widths, strict=True)]
    groups = {f"s{i}": slice(a, int(b)) for i, (a, b) in enumerate(zip(starts, ends, strict=True))}
    return Problem(tuple(parts), groups)


def naive_errors(
    given: Problem, sources: list[str], outputs: slice, strength: float
) -> tuple[float, float]:
    """Valid and test error of one transfer by least squares of augmented data.

    Ridge regression is least squares with rows sqrt(n l var_j) e_j and outputs 0 added.
    """
    columns = np.concatenate([np.arange(400)[given.groups[name]] for name in sources])
    x, y = given.parts[0][0][:, columns], given.parts[0][1][:, outputs]
    mean_x, mean_y = x.mean(0), y.mean(0)
    added = np.diag(np.sqrt(len(x) * strength * x.var(0)))
    weights = np.linalg.lstsq(
        np.vstack([x - mean_x, added]),
        np.vstack([y - mean_y, np.zeros((len(added), y.shape[1]))]),
        rcond=None,
    )[0]
    found = []
    for features, answers in given.parts[1:]:
        left = answers[:, outputs] - mean_y - (features[:, columns] - mean_x) @ weights
        found.append((left**2).sum() / ((answers[:, outputs] - mean_y) ** 2).sum())
    return float(found[0]), float(found[1])
