"""Ten tasks on a passage: its genre, its place, its style and what occurs in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from benchmarks.text.brown import Passage, tag_counts

NOUNS = ("nn", "nns", "np", "nps", "nr", "nrs")
PRONOUNS = ("pp", "ppl", "ppls", "ppo", "pps", "ppss", "pn")
PAST = ("vbd", "bed", "bedz", "dod", "hvd")
PRESENT = ("vb", "vbz", "bem", "ber", "bez", "do", "doz", "hv", "hvz")
MODALS = ("can", "could", "may", "might", "must", "shall", "should", "will", "would")
FICTION = ("fiction", "mystery", "science_fiction", "adventure", "romance", "humor")
THIRDS = ("beginning", "middle", "end")

LABEL_TAGS = frozenset({*NOUNS, *PRONOUNS, *PAST, *PRESENT, "md"})
"""Tags that labels are computed from: no source sees their counts."""


def tag_share(passage: Passage, tags: tuple[str, ...]) -> float:
    """Return the share of a passage's words that have one of the tags."""
    counts = tag_counts(passage)
    return sum(counts[tag] for tag in tags) / max(1, sum(counts.values()))


def past_share(passage: Passage) -> float | None:
    """Return the share of the past among finite verbs; None without a finite verb."""
    counts = tag_counts(passage)
    past, present = (sum(counts[tag] for tag in tags) for tags in (PAST, PRESENT))
    return past / (past + present) if past + present else None


def sentence_length(passage: Passage) -> float:
    """Return the logarithm of the mean number of words of a sentence."""
    words = sum(word[:1].isalnum() for word, _ in passage.tokens)
    return float(np.log(words / len(passage.sentences)))


def modals(passage: Passage) -> str:
    """Return the modal verbs that occur, joined by ``|``; ``|`` alone for none."""
    words = {word.lower() for word, _ in passage.tokens}
    return "|".join(name for name in MODALS if name in words) or "|"


def has_word(*words: str) -> Callable[[Passage], int]:
    """Return the function that says whether one of the words or marks occurs."""
    return lambda passage: int(any(word.lower() in words for word, _ in passage.tokens))


TARGETS: Mapping[str, Callable[[Passage], object]] = {
    "genre": lambda passage: passage.genre,
    "fiction": lambda passage: int(passage.genre in FICTION),
    "place": lambda passage: THIRDS[int(3 * passage.place)],
    "sentence_length": sentence_length,
    "noun_share": lambda passage: tag_share(passage, NOUNS),
    "pronoun_share": lambda passage: tag_share(passage, PRONOUNS),
    "past_share": past_share,
    "quotation": has_word("``"),
    "question": has_word("?"),
    "modals": modals,
}
"""The label of a passage for each task; None for no label."""


def label_frame(passages: list[Passage]) -> pd.DataFrame:
    """Return the labels, with the names of the passages and their documents as groups."""
    frame = pd.DataFrame(
        {name: [label(passage) for passage in passages] for name, label in TARGETS.items()}
    )
    frame.insert(0, "example", [passage.name for passage in passages])
    frame.insert(1, "group", [passage.document for passage in passages])
    return frame
