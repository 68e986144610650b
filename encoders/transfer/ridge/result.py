"""The errors of all transfers by ridge regression: save, load, rank and join them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from encoders.errors import InvalidDataError, UnknownNameError
from taskgraph.arrays import Floats, Floats32, Integers
from taskgraph.tables import write_bytes

FORMAT = 1


@dataclass(frozen=True, eq=False)
class RidgeResult:
    """The errors of all sets of sources for all targets; smaller is better.

    An error is the mean squared error, summed over a target's outputs, divided by that of the
    best constant, which is the mean of the training examples: 0 is perfect, and 1 is as good as
    the constant.

    Attributes
    ----------
    sources, targets : tuple of str
    lambdas : tuple of float
        The penalties, in units of each feature's variance.
    sets : dict of (n, k) integer arrays, by order k
        The sets of sources, as `encoders.transfer.ridge.source_sets` lists them.
    error_valid, error_test : dict of (n, T) float32 arrays
        Errors on the validation and the test examples, with the penalty whose validation error is
        smallest for the set and target. So validation errors are slightly too small, and test
        errors are not.
    penalty : dict of (n, T) float32 arrays
        The chosen penalties.
    lost : (T,) array
        An upper bound of the error due to dropped directions of the outputs
        (`encoders.transfer.ridge.directions`).
    done : int
        Number of ``lambdas`` that have been tried; fewer than all if the run was interrupted.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    lambdas: tuple[float, ...]
    sets: dict[int, Integers]
    error_valid: dict[int, Floats32]
    error_test: dict[int, Floats32]
    penalty: dict[int, Floats32]
    lost: Floats
    done: int

    def better(
        self, errors_valid: dict[int, Floats32], errors_test: dict[int, Floats32]
    ) -> RidgeResult:
        """Return the result with one more penalty, where its validation error is smaller."""
        valid, test, penalty = {}, {}, {}
        for order in self.sets:
            smaller = errors_valid[order] < self.error_valid[order]
            valid[order] = np.where(smaller, errors_valid[order], self.error_valid[order])
            test[order] = np.where(smaller, errors_test[order], self.error_test[order])
            penalty[order] = np.where(
                smaller, np.float32(self.lambdas[self.done]), self.penalty[order]
            )
        return replace(
            self, error_valid=valid, error_test=test, penalty=penalty, done=self.done + 1
        )

    def save(self, path: str | PathLike[str]) -> None:
        """Write the result as an ``.npz`` file, atomically."""
        arrays: dict[str, Any] = {"format": FORMAT, "lost": self.lost, "done": self.done}
        for name in ("sources", "targets", "lambdas"):
            arrays[name] = np.array(getattr(self, name))
        for name in ("sets", "error_valid", "error_test", "penalty"):
            arrays |= {f"{name}/{order}": each for order, each in getattr(self, name).items()}
        content = io.BytesIO()
        np.savez_compressed(content, **arrays)
        write_bytes(content.getvalue(), Path(path))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> RidgeResult:
        """Read a file that `save` wrote.

        Raises
        ------
        InvalidDataError
            If the file is missing, broken, or of another kind.
        """
        try:
            # Read from memory, because NumPy does not close a file that it cannot read.
            with np.load(io.BytesIO(Path(path).read_bytes())) as file:
                content = dict(file)
            if int(content["format"]) != FORMAT:
                raise KeyError("format")
            by_order: dict[str, dict[int, Any]] = {}
            for key, value in content.items():
                name, _, order = key.partition("/")
                if order:
                    by_order.setdefault(name, {})[int(order)] = value
            return cls(
                sources=tuple(map(str, content["sources"])),
                targets=tuple(map(str, content["targets"])),
                lambdas=tuple(map(float, content["lambdas"])),
                sets=by_order["sets"],
                error_valid=by_order["error_valid"],
                error_test=by_order["error_test"],
                penalty=by_order["penalty"],
                lost=content["lost"],
                done=int(content["done"]),
            )
        except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise InvalidDataError(
                f"{path}: not a ridge sweep's result ({error}); run the sweep again"
            ) from None


@dataclass(frozen=True)
class Ranked:
    """A set of sources with its errors and its penalty, as in `RidgeResult`."""

    sources: tuple[str, ...]
    error_valid: float
    error_test: float
    penalty: float


def top(
    result: RidgeResult, target: str, k: int, order: int, *, exclude: Collection[str] = ()
) -> list[Ranked]:
    """Return the sets of an order with the smallest validation errors for a target, best first.

    Parameters
    ----------
    k : int
        Number of sets; all sets if there are fewer.
    exclude : collection of str
        Sources that may not be in a set, such as the target itself.

    Raises
    ------
    UnknownNameError
        If the result lacks the target, a source or the order.
    """
    _check_known(result.targets, [target], "target")
    _check_known(result.sources, exclude, "source")
    if order not in result.sets:
        orders = ", ".join(map(str, result.sets))
        raise UnknownNameError(f"no sets of {order} sources; the sweep was of orders {orders}")
    column = result.targets.index(target)
    banned = [result.sources.index(name) for name in exclude]
    allowed = np.flatnonzero(~np.isin(result.sets[order], banned).any(axis=1))
    valid = result.error_valid[order][:, column]
    best = allowed[np.argsort(valid[allowed], kind="stable")[:k]]
    return [
        Ranked(
            tuple(result.sources[source] for source in result.sets[order][row]),
            float(valid[row]),
            float(result.error_test[order][row, column]),
            _nearest(result.lambdas, result.penalty[order][row, column]),
        )
        for row in best
    ]


def joined(results: Sequence[RidgeResult]) -> RidgeResult:
    """Join results with the same sources and orders and different targets.

    Raises
    ------
    InvalidDataError
        If a result is unfinished, sources or orders differ, or a target occurs twice.
    """
    first = results[0]
    for each in results:
        if each.done < len(each.lambdas):
            raise InvalidDataError(
                f"the sweep of {', '.join(each.targets)} has tried {each.done} of "
                f"{len(each.lambdas)} penalties; finish it first"
            )
        if each.sources != first.sources:
            raise InvalidDataError(
                f"results of sources {', '.join(first.sources)} and of {', '.join(each.sources)} "
                "cannot be joined; sweep them with the same sources, in the same order"
            )
        if list(each.sets) != list(first.sets):
            raise InvalidDataError(
                f"results of orders {list(first.sets)} and {list(each.sets)} cannot be joined; "
                "sweep them with the same orders"
            )
    lambdas = tuple(sorted({value for each in results for value in each.lambdas}))
    targets = tuple(name for each in results for name in each.targets)
    if len(set(targets)) < len(targets):
        twice = next(name for name in targets if targets.count(name) > 1)
        raise InvalidDataError(f"target {twice} is in two of the results; leave one out")

    def beside(name: str) -> dict[int, Any]:
        """Return a field of all results by order, their columns side by side."""
        return {o: np.hstack([getattr(each, name)[o] for each in results]) for o in first.sets}

    return replace(
        first,
        targets=targets,
        lambdas=lambdas,
        done=len(lambdas),
        error_valid=beside("error_valid"),
        error_test=beside("error_test"),
        penalty=beside("penalty"),
        lost=np.concatenate([each.lost for each in results]),
    )


def _nearest(lambdas: Sequence[float], penalty: float) -> float:
    """Return the element of ``lambdas`` that was rounded to ``penalty`` when it was stored."""
    return min(lambdas, key=lambda each: abs(each - penalty))


def _check_known(names: Collection[str], wanted: Collection[str], what: str) -> None:
    """Raise if one of the wanted names is not among ``names``."""
    for name in wanted:
        if name not in names:
            raise UnknownNameError(f'no {what} "{name}"; the sweep has {", ".join(names)}')
