"""Limits of the server on bodies, solves and waiting requests, as one value."""

from __future__ import annotations

import os
from dataclasses import dataclass

MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Limits of the server.

    Parameters
    ----------
    body : int
        Largest body of a request for a solve, in bytes.
    upload : int
        Largest table that is uploaded, in bytes.
    reading : float
        Most seconds for receiving a body.
    solving : float
        Most seconds of one solve; then the best taxonomy so far is the answer.
    waiting : int
        Requests that may wait for a solver at once; further ones get status 503.
    solvers : int
        Solves that run at once.
    tasks : int
        Most tasks of an uploaded table. A table of more can be solved with ``taskgraph solve``,
        which takes minutes and gigabytes for 10,000 tasks.
    tables : int
        Uploaded tables that are kept; the one that was used least recently goes first.
    """

    body: int = MEGABYTE
    upload: int = 32 * MEGABYTE
    reading: float = 30.0
    solving: float = 60.0
    waiting: int = 256
    solvers: int = max(1, os.cpu_count() or 1)
    tasks: int = 1_000
    tables: int = 16
