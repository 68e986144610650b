"""The errors of every transfer: kept, read again, and ranked."""

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
class SweepResult:
    """Errors of all sets of sources for all targets.

    An error is the mean squared error, summed over a target's outputs, divided by that of the
    best constant, the mean on the examples trained on: 0 is perfect, 1 no better than the
    constant. Smaller is better.

    Attributes
    ----------
    sources, targets : tuple of str
    lambdas : tuple of float
        The penalties tried, in units of each feature's variance.
    sets : dict of (n, k) integer arrays, by order k
        As `encoders.transfer.ridge.source_sets` lists them.
    error_valid, error_test : dict of (n, T) float32 arrays
        With the penalty that has the least error on the valid examples, chosen for each set and
        target; so the valid errors are slightly too good, and those on the test examples are not.
    penalty : dict of (n, T) float32 arrays
        That penalty.
    lost : (T,) array
        A bound on what dropped directions of the outputs could have explained
        (`encoders.transfer.ridge.directions`), in the errors' unit.
    done : int
        How many of ``lambdas`` have been tried; fewer than all in an unfinished sweep.
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
    ) -> SweepResult:
        """With the next penalty's errors where they are smaller on the valid examples."""
        valid, test, penalty = {}, {}, {}
        for order in self.sets:
            won = errors_valid[order] < self.error_valid[order]
            valid[order] = np.where(won, errors_valid[order], self.error_valid[order])
            test[order] = np.where(won, errors_test[order], self.error_test[order])
            penalty[order] = np.where(won, np.float32(self.lambdas[self.done]), self.penalty[order])
        return replace(
            self, error_valid=valid, error_test=test, penalty=penalty, done=self.done + 1
        )

    def save(self, path: str | PathLike[str]) -> None:
        """Write as ``.npz``, whole or not at all."""
        arrays: dict[str, Any] = {"format": FORMAT, "lost": self.lost, "done": self.done}
        for name in ("sources", "targets", "lambdas"):
            arrays[name] = np.array(getattr(self, name))
        for name in ("sets", "error_valid", "error_test", "penalty"):
            arrays |= {f"{name}/{order}": each for order, each in getattr(self, name).items()}
        content = io.BytesIO()
        np.savez_compressed(content, **arrays)
        write_bytes(content.getvalue(), Path(path))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> SweepResult:
        """Read what `save` wrote.

        Raises
        ------
        InvalidDataError
            If the file is missing or not such a file.
        """
        try:
            # From memory: NumPy leaves a file open that it cannot read.
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
    """One transfer and its errors, as in `SweepResult`; ``penalty`` is its lambda."""

    sources: tuple[str, ...]
    error_valid: float
    error_test: float
    penalty: float


def top(
    result: SweepResult, target: str, k: int, order: int, *, exclude: Collection[str] = ()
) -> list[Ranked]:
    """The sets of an order with the least valid errors for a target, best first.

    Parameters
    ----------
    k : int
        How many; all there are, if those are fewer.
    exclude : collection of str
        Sources that may not take part, such as the target itself.

    Raises
    ------
    UnknownNameError
        If the result has no such target, source or order.
    """
    _known(result.targets, [target], "target")
    _known(result.sources, exclude, "source")
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


def joined(results: Sequence[SweepResult]) -> SweepResult:
    """One result of several with the same sources and orders, and different targets.

    Raises
    ------
    InvalidDataError
        If a sweep is unfinished, their sources or orders differ, or a target occurs twice.
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
    """The penalty as it was given, not as it was rounded to be kept."""
    return min(lambdas, key=lambda each: abs(each - penalty))


def _known(names: Collection[str], asked: Collection[str], what: str) -> None:
    for name in asked:
        if name not in names:
            raise UnknownNameError(f'no {what} "{name}"; the sweep has {", ".join(names)}')
