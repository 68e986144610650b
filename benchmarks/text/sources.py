"""Frozen representations of passages: words, letters, small words, shapes, tags, MiniLM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.pipeline import Pipeline, make_pipeline

from benchmarks.text.brown import Passage, tag_counts
from benchmarks.text.targets import LABEL_TAGS
from taskgraph.arrays import Array, Booleans

SMALL_WORDS, LETTERS, RAW_WORDS = 100, "abcdefghijklmnopqrstuvwxyz", 1000

TAG_NAMES = 60
"""Most tags whose counts are features."""


def text_sources(components: int, seed: int) -> dict[str, Any]:
    """Return the sources that take texts, as `encoders.source_features` takes them.

    Parameters
    ----------
    components : int
        Number of singular vectors to which TF-IDF is reduced.
    seed : int
        Seed of the randomized singular value decomposition.
    """

    def reduced(vectorizer: Any) -> Pipeline:
        """Return TF-IDF, reduced by its leading singular vectors."""
        return make_pipeline(vectorizer, TruncatedSVD(components, random_state=seed))

    letter_pairs = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(2, 4), min_df=5, max_features=20_000
    )
    return {
        "words": reduced(TfidfVectorizer(min_df=3, sublinear_tf=True)),
        "letter_groups": reduced(letter_pairs),
        "small_words": TfidfVectorizer(max_features=SMALL_WORDS, use_idf=False, norm="l1"),
        "letters": lambda texts: shares_of_letters(texts),
        "shapes": lambda texts: word_shapes(texts),
        "scratch": CountVectorizer(max_features=RAW_WORDS),
    }


def shares_of_letters(texts: Sequence[str]) -> Array:
    """Return the share of each letter, (n, 26)."""
    counts = np.array([[text.count(letter) for letter in LETTERS] for text in texts], float)
    shares: Array = counts / counts.sum(axis=1, keepdims=True)
    return shares


def word_shapes(texts: Sequence[str]) -> Array:
    """Return shares of words by length from 1 to 14 letters, and of different words, (n, 15)."""
    rows = []
    for text in texts:
        words = text.split()
        lengths = np.bincount([min(len(word), 14) for word in words], minlength=15)[1:]
        rows.append([*(lengths / len(words)), len(set(words)) / len(words)])
    return np.array(rows)


def tag_shares(passages: list[Passage], fit_on: Booleans) -> Array:
    """Return the shares of the most frequent tags of the training passages, (n, 60).

    Tags that labels are computed from (nouns, pronouns, finite verbs, modals) are left out.
    """
    counts = [tag_counts(passage) for passage in passages]
    total: dict[str, int] = {}
    for count, kept in zip(counts, fit_on, strict=True):
        for tag, number in count.items() if kept else ():
            total[tag] = total.get(tag, 0) + number
    names = sorted({*total} - LABEL_TAGS, key=lambda tag: (-total[tag], tag))[:TAG_NAMES]
    others = [sum(n for tag, n in count.items() if tag not in LABEL_TAGS) for count in counts]
    return np.array(
        [[c[tag] / max(1, n) for tag in names] for c, n in zip(counts, others, strict=True)]
    )


COSTS: Mapping[str, float] = {"tags": 3.0, "minilm": 2.0}
"""Costs of sources that need more than counting: tagged words, a network. The others cost 1."""
