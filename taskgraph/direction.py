"""Whether larger values are better: said by flags or a column, target by target, and never guessed
for values that are called a score."""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from taskgraph.errors import InvalidTableError
from taskgraph.names import Names
from taskgraph.places import row_name, row_names
from taskgraph.tasks import REFERENCES, SELF, require_known, task_name

logger = logging.getLogger("taskgraph")

COLUMN = "higher_is_better"
"""The column that says it in a table itself, the same in all rows of a target."""

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
"""Words of a header that say that larger is better, as far as a word can."""

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
"""Words of a header that say that smaller is better."""

CHECK_FLAGS = "check the direction (--higher-is-better, --lower-is-better)"

YES, NO = frozenset({"true", "1", "1.0", "yes"}), frozenset({"false", "0", "0.0", "no"})

Said = bool | None


@dataclass(frozen=True)
class Direction:
    """What flags or keywords say about the direction of values.

    Parameters
    ----------
    higher_is_better : bool, optional
        Of all targets; None where nothing was said.
    higher_is_better_for : names
        Targets whose values are scores; the others' are losses unless the table says otherwise.

    Raises
    ------
    InvalidTableError
        If both are given.
    """

    higher_is_better: Said = None
    higher_is_better_for: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.higher_is_better and self.higher_is_better_for:
            raise InvalidTableError(
                "--higher-is-better says that all targets have scores, and --higher-is-better-for "
                f"that {_listed(self.higher_is_better_for)} alone have; give one of them"
            )

    @classmethod
    def said(cls, higher_is_better: Said, higher_is_better_for: Iterable[str]) -> Direction:
        """Take the keywords of a function, where one name may stand for a list."""
        names = higher_is_better_for
        names = (names,) if isinstance(names, str) else names
        return cls(higher_is_better, tuple(task_name(name) for name in names))

    def of(self, target: str) -> Said:
        """What was said of a target; None where nothing was."""
        return True if target in self.higher_is_better_for else self.higher_is_better

    def flag(self, target: str) -> str:
        """The flag that said it."""
        if target in self.higher_is_better_for:
            return "--higher-is-better-for"
        return "--higher-is-better" if self.higher_is_better else "--lower-is-better"

    def by_target(
        self, targets: Names, column: pd.Series | None, *, header: str | None
    ) -> dict[str, bool]:
        """Say for every target whether larger values are better.

        Parameters
        ----------
        targets : the column of targets
        column : the column ``higher_is_better``, if the table has one
        header : str, optional
            What the values are called, where that is no loss and nothing may be guessed; where
            it is None, values that nothing is said of are losses.

        Raises
        ------
        InvalidTableError
            If a target is unknown, the column contradicts itself or a flag, or nothing says the
            direction of values that are called by a score's name.
        """
        require_known(self.higher_is_better_for, targets.known, where="--higher-is-better-for")
        told = {} if column is None else _told(targets, column)
        found = {}
        for target in targets.known:
            said = self.of(target)
            if target in told and said is not None and told[target][0] != said:
                value, row = told[target]
                raise InvalidTableError(
                    f'{row_name(row)}: the column "{COLUMN}" says {_word(value)} for the target '
                    f'"{target}", and {self.flag(target)} says {_word(said)}; leave one of them out'
                )
            if said is None and target in told:
                said = told[target][0]
            if said is None and header is not None and not self.higher_is_better_for:
                raise InvalidTableError(refusal(header, target if told else None))
            found[target] = bool(said)
        return found


def refusal(header: str, target: str | None = None, *, wide: bool = False) -> str:
    """The message for values whose direction is not said, and must be; ``wide`` for a matrix."""
    of = f' of the target "{target}"' if target else ""
    column = "" if wide else f', or give the table a column "{COLUMN}"'
    return (
        f'nothing says whether larger or smaller values of "{header}"{of} are better; add '
        "--higher-is-better (as for accuracies) or --lower-is-better (as for errors), or name the "
        f"targets that have scores with --higher-is-better-for a,b{column} (in Python the keywords "
        "higher_is_better and higher_is_better_for)"
    )


def called_a_score(header: str) -> bool:
    """Whether a header such as ``test_acc``, ``macroF1`` or ``ROC-AUC`` names a score.

    A word of a loss in it (``map_error``) makes it none.
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


def described(higher: Mapping[str, bool]) -> str:
    """The direction that was taken, in words."""
    up = sorted(target for target, is_higher in higher.items() if is_higher)
    down = sorted(set(higher) - set(up))
    if up and down:
        return f"higher is better for {_listed(up)}; lower is better for {_listed(down)}"
    return "higher is better" if up else "lower is better"


def direction_in(frame: pd.DataFrame) -> str | None:
    """The direction of the scores that a table of transfers was made of; None if it says none."""
    if COLUMN not in frame.columns:
        return None
    values = frame[COLUMN].map(_said)
    return described(dict(zip(frame["target"], values.fillna(False).astype(bool), strict=True)))


def worst_selves(frame: pd.DataFrame) -> tuple[int, int]:
    """Count the targets whose own network is the worst candidate, and those that have one."""
    inside = frame[frame["affinity"].notna() & ~frame["sources"].isin(REFERENCES)]
    own = inside[inside["sources"] == SELF].set_index("target")["affinity"]
    others = inside[inside["sources"] != SELF].groupby("target")["affinity"].min()
    both = others.index.intersection(own.index)
    return int((own[both] < others[both]).sum()), len(both)


def warn_of_worst_selves(frame: pd.DataFrame, advice: str) -> None:
    """Log a warning if most targets' own networks come last: the direction is likely the other."""
    worst, known = worst_selves(frame)
    if worst * 2 > known:
        logger.warning(
            f'"{SELF}" is the worst candidate of {worst} of {known} targets, which a target\'s own '
            f"supervised network rarely is: {advice}"
        )


def _told(targets: Names, column: pd.Series) -> dict[str, tuple[bool, int]]:
    """What the column says of each target, and the row where it says so first."""
    told: dict[str, tuple[bool, int]] = {}
    texts = column.astype("string").fillna("").to_numpy(dtype=object)
    pairs = pd.DataFrame({"target": targets.codes, "text": texts}).drop_duplicates()
    for row, code, text in pairs.itertuples():
        if not text.strip():
            continue
        value, target = _said(text), targets.known[code]
        if value is None:
            raise InvalidTableError(
                f'{row_name(row + 1)}: {COLUMN} is "{text}", expected true or false'
            )
        first = told.setdefault(target, (value, row + 1))
        if first[0] != value:
            raise InvalidTableError(
                f"{row_names(first[1], row + 1)}: {COLUMN} is both {_word(first[0])} and "
                f'{_word(value)} for the target "{target}"; a target has one direction'
            )
    return told


def _said(value: object) -> Said:
    text = str(value).strip().lower()
    return True if text in YES else False if text in NO else None


def _word(value: bool) -> str:
    return "true" if value else "false"


def _listed(names: Iterable[str], most: int = 6) -> str:
    shown = list(names)
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    return ", ".join(shown[:most]) + more


def signs(
    higher: Mapping[str, bool], targets: Names
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """(rows,) array: 1 where larger is better, and -1 elsewhere."""
    each = np.array([1.0 if higher[name] else -1.0 for name in targets.known])
    return each[targets.codes]
