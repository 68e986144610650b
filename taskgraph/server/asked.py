"""Read and check a request: a table, a problem and a time limit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from taskgraph.errors import TaskgraphError
from taskgraph.problem import Problem
from taskgraph.problem.file import problem_from_dict
from taskgraph.server.limits import Limits
from taskgraph.server.refusals import RefusedRequestError

KEYS = {"table", "problem", "time_limit"}


@dataclass(frozen=True)
class SolveRequest:
    """A request to solve.

    Attributes
    ----------
    table : str
        Identifier of a table of the server; empty for the first one.
    problem : Problem
    time_limit : float
        Seconds; at most those of `Limits`.
    """

    table: str
    problem: Problem
    time_limit: float

    @classmethod
    def of(cls, document: Mapping[str, Any], limits: Limits) -> SolveRequest:
        """Return the request that a JSON object describes.

        Raises
        ------
        RefusedRequestError
            With status 422 if a key is unknown, or a value is out of range; the message says which.
        """
        unknown = sorted(set(document) - KEYS)
        if unknown:
            raise RefusedRequestError(
                f'the request has the unknown key "{unknown[0]}", expected one of '
                f"{', '.join(sorted(KEYS))}",
                422,
            )
        return cls(
            _table(document.get("table", "")),
            _problem(document.get("problem", {})),
            _time_limit(document.get("time_limit", limits.solving), limits),
        )


def _table(value: object) -> str:
    if not isinstance(value, str):
        raise RefusedRequestError(f"table is {value!r}, expected the identifier of a table", 422)
    return value


def _problem(value: object) -> Problem:
    if not isinstance(value, dict):
        raise RefusedRequestError(
            'problem is not an object, expected one such as {"budget": 5, "max_order": 4}', 422
        )
    try:
        return problem_from_dict(value)
    except TaskgraphError as error:
        raise RefusedRequestError(str(error), 422) from None
    except (TypeError, ValueError, OverflowError) as error:
        raise RefusedRequestError(f"the problem cannot be read: {error}", 422) from None


def _time_limit(value: object, limits: Limits) -> float:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    if not known or not 0 < float(value) < math.inf:  # type: ignore[arg-type]
        raise RefusedRequestError(
            f"time_limit is {value!r}, expected seconds above 0, at most {limits.solving:g}", 422
        )
    return min(float(value), limits.solving)  # type: ignore[arg-type]
