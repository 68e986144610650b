"""An engine that makes each call at once, in this process, as starting another takes seconds."""

import contextlib
import os

import torch

from encoders.engines.job import perform


class InlineEngine:
    """An engine and its pool; ``keys`` are those of all calls, in order."""

    places, shared = 1, False

    def __init__(self, most=None):
        self.keys, self.most = [], most

    def opened(self):
        """Return this pool; there is nothing to end."""
        return contextlib.nullcontext(self)

    def begin(self, key, packed):
        """Make the call; after ``most`` of them, the run is killed as by Ctrl-C."""
        if self.most is not None and len(self.keys) == self.most:
            raise KeyboardInterrupt
        self.keys.append(key)
        self.report = [(key, perform(packed, os.getcwd(), torch.get_num_threads()))]

    def ended(self, timeout):
        """Return the report of the call that was made last."""
        return self.report
