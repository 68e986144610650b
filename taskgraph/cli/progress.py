"""Progress on a terminal: a bar over a list, and the state of a long proof."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any


def progress_bar(label: str) -> Callable[[Any], Any]:
    """Return a function that wraps a list in a bar on standard error; no bar without a terminal."""
    from tqdm import tqdm

    return lambda items: tqdm(items, desc=label, disable=None, leave=False)


@contextlib.contextmanager
def proof_line() -> Iterator[Callable[[float, float, int], None]]:
    """Show the gap and the nodes of a long proof in one line, which is removed at the end.

    Yields the function to report to: objective of the best taxonomy, bound, and nodes so far.
    """
    from tqdm import tqdm

    with tqdm(bar_format="{desc} [{elapsed}]", disable=None, leave=False) as bar:

        def report(objective: float, bound: float, nodes: int) -> None:
            gap = "no taxonomy yet"
            if math.isfinite(objective):
                gap = f"gap {(bound - objective) / abs(objective or 1):.2%}"
            bar.set_description_str(f"proving: {gap}, {nodes} nodes")

        yield report
