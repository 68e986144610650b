"""Arrays that were read last, up to a number of bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from taskgraph.arrays import Floats32

MOST_BYTES = 1 << 28
"""Most bytes that are kept; one larger array is kept alone."""


@dataclass
class FeatureCache:
    """Keeps the arrays that were asked for last."""

    most: int = MOST_BYTES
    _kept: OrderedDict[Hashable, Floats32] = field(default_factory=OrderedDict, repr=False)

    def get(self, key: Hashable, read: Callable[[], Floats32]) -> Floats32:
        """Return the array of a key; ``read`` gives it if it is not kept."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        array = read()
        self._kept[key] = array
        total = sum(each.nbytes for each in self._kept.values())
        while total > self.most and len(self._kept) > 1:
            total -= self._kept.popitem(last=False)[1].nbytes
        return array
