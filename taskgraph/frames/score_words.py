"""Words of a header that tell whether its values are scores or losses."""

from __future__ import annotations

import re
import unicodedata

SCORES = frozenset(
    {
        "score",
        "scores",
        "acc",
        "accuracy",
        "accuracies",
        "auc",
        "auroc",
        "auprc",
        "roc",
        "ap",
        "map",
        "ndcg",
        "mrr",
        "f1",
        "fscore",
        "fbeta",
        "dice",
        "miou",
        "iou",
        "jaccard",
        "psnr",
        "ssim",
        "r2",
        "bleu",
        "rouge",
        "meteor",
        "cider",
        "precision",
        "recall",
        "sensitivity",
        "specificity",
        "correlation",
        "pearson",
        "spearman",
        "kendall",
        "kappa",
        "mcc",
        "reward",
        "rewards",
        "return",
        "returns",
        "hit",
        "hits",
        "top",
        "win",
        "wins",
        "em",
        "exact",
        "elo",
        "gain",
        "utility",
        "likelihood",
        "leep",
        "logme",
        "hscore",
    }
)
"""Words of a header that usually mean that larger values are better."""

LOSSES = frozenset(
    {
        "loss",
        "losses",
        "err",
        "error",
        "errors",
        "mse",
        "mae",
        "rmse",
        "nll",
        "perplexity",
        "ppl",
        "wer",
        "cer",
        "fid",
        "lpips",
        "distance",
        "divergence",
        "risk",
        "regret",
        "cost",
        "drop",
        "negative",
        "neg",
        "brier",
    }
)
"""Words of a header that mean that smaller values are better."""


def called_a_score(header: str) -> bool:
    """Return whether a header such as ``test_acc``, ``macroF1`` or ``ROC-AUC`` names a score.

    A header that also has a word of a loss, such as ``map_error``, does not.
    """
    header = unicodedata.normalize("NFKC", header).replace("^", "")
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header)
    words = [w for text in (header, spaced) for w in re.findall(r"[a-z0-9]+", text.lower())]
    plain = {form for word in words for form in (word, word.rstrip("0123456789"))}
    if plain & LOSSES:
        return False
    endings = ("accuracy", "score", "auc", "acc", "iou", "rouge", "bleu", "precision", "recall")
    return (
        bool(plain & SCORES)
        or any(word.endswith(endings) for word in words)
        or (any(word.startswith(("rouge", "bleu")) for word in words))
    )
