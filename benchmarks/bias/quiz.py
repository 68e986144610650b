"""The quiz of the page: pictures of some samples, whose data sets the reader is to name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.data.data import Data
from benchmarks.data.sheet import numbered_sheet
from benchmarks.results.figures import write_jpeg
from benchmarks.results.log import Log

QUIZ, SEED = "quiz", 7
COUNT = 12


def quiz_file(group: str) -> str:
    """Return the name of the file with the pictures of a group."""
    return f"quiz_{re.sub(r'[^a-z0-9]+', '_', group.lower())}.jpg"


def write_quiz(group: str, sets: Sequence[Data], more: Mapping[str, Any], log: Log) -> None:
    """Draw samples of all sets in random order, write one picture, and record the answers.

    A group whose sets have features instead of images has no quiz.

    Parameters
    ----------
    more : dict
        Further settings of the record, which tell the items.
    """
    if not all(data.images for data in sets):
        return
    asked = {"part": QUIZ, "group": group, "sets": [data.name for data in sets]}
    asked |= more
    rng = np.random.default_rng(SEED)
    owners = rng.permutation(np.resize(np.arange(len(sets)), COUNT))
    pictures = [sets[k].inputs[rng.integers(len(sets[k].inputs))] for k in owners]
    path = log.folder / quiz_file(group)
    if log.has(asked, seed=SEED) and path.exists():
        return
    write_jpeg(numbered_sheet(pictures), path)
    if not log.has(asked, seed=SEED):
        log.add(asked, {"answers": [sets[k].name for k in owners]}, seed=SEED)
