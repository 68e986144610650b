"""The state of a long proof, on a terminal."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def proof_line() -> Iterator[Callable[[float, float, int], None]]:
    """Show best value, bound and nodes of a long proof in one line, which is removed at the end.

    Yields the function to report to: the objective value of the best taxonomy, the bound, and the
    number of nodes so far.
    """
    from tqdm import tqdm

    with tqdm(bar_format="{desc} [{elapsed}]", disable=None, leave=False) as bar:

        def report(value: float, bound: float, nodes: int) -> None:
            """Show the best value, the bound and their gap, or that there is no taxonomy yet."""
            best = "no taxonomy yet"
            if math.isfinite(value):
                gap = (bound - value) / abs(value or 1)
                best = f"best {value:.6g}, bound {bound:.6g}, gap {gap:.2%}"
            bar.set_description_str(f"proving: {best}, {nodes} nodes")

        yield report
