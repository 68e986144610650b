"""The confidence set of taxonomies: the fewest supervised sets that hold most of the resamples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable


def confidence_set(
    chosen: Iterable[tuple[str, ...]], level: float
) -> list[tuple[tuple[str, ...], float]]:
    """Return the fewest sets that together are the optimum of at least a share of the resamples.

    Taking sets by their shares, the largest first, is exact: no k sets hold more resamples than
    the k most frequent ones.

    Parameters
    ----------
    chosen : names of supervised tasks, one tuple a resample
    level : float in (0, 1]
        Least share of the resamples.

    Returns
    -------
    list of (names, share)
        Largest share first, then by names; empty without resamples.
    """
    counts = Counter(chosen)
    total = sum(counts.values())
    held, kept = 0, []
    for names, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if held >= level * total - 1e-9:
            break
        held += count
        kept.append((names, count / total))
    return kept
