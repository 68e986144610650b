"""Answers to a solve: one JSON document, or lines of JSON during a long proof."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from taskgraph.errors import TaskgraphError
from taskgraph.server.asked import SolveRequest
from taskgraph.server.jobs import Jobs, SolveJob, while_connected
from taskgraph.server.refusals import RefusedRequestError
from taskgraph.solver import Clock, solve
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers

LINES = "application/x-ndjson"
"""Media type of an answer in lines, for a client that accepts it."""

QUICK = 0.3
"""Seconds within which an answer is one document even for such a client."""

BETWEEN = 0.4
"""Seconds between two lines about progress."""


class ProofState:
    """The progress of a running proof; its thread writes it, and the event loop reads it."""

    def __init__(self) -> None:
        self.latest: dict[str, float | int | None] = {}

    def __call__(self, value: float, bound: float, nodes: int) -> None:
        """Keep the latest report of a solver."""
        self.latest = {
            "value": value if math.isfinite(value) else None,
            "bound": bound if math.isfinite(bound) else None,
            "nodes": nodes,
        }


async def solve_answer(
    request: Request, asked: SolveRequest, transfers: Transfers, jobs: Jobs, solver: str
) -> Response:
    """Solve, and return the answer; the solve stops if the client goes away.

    A client that accepts `LINES` gets lines if the answer takes longer than `QUICK`: the first
    with the name of the run, which stops it (``POST /api/stop``), then the value and the bound so
    far, and last the taxonomy or the error.
    """
    if LINES not in request.headers.get("accept", ""):
        return JSONResponse(document(await solve_quietly(request, asked, transfers, jobs, solver)))
    job, state = SolveJob(), ProofState()
    running = asyncio.ensure_future(_solve(asked, transfers, jobs, solver, job, state))
    await asyncio.wait({running}, timeout=QUICK)
    if running.done():
        return JSONResponse(document(running.result()))
    return StreamingResponse(_lines(running, job, state), media_type=LINES)


async def solve_quietly(
    request: Request, asked: SolveRequest, transfers: Transfers, jobs: Jobs, solver: str
) -> Taxonomy:
    """Return the optimum, without reports; the solve stops if the client goes away."""
    return await while_connected(request, _solve(asked, transfers, jobs, solver, SolveJob()))


async def _solve(
    asked: SolveRequest,
    transfers: Transfers,
    jobs: Jobs,
    solver: str,
    job: SolveJob,
    state: ProofState | None = None,
) -> Taxonomy:
    """Solve in a thread, once the queue has a place."""

    def work() -> Taxonomy:
        """Solve; the time limit counts from here."""
        clock = Clock(asked.time_limit, callback=state, stop=job.stop)
        return solve(transfers, asked.problem, solver=solver, clock=clock)

    return await jobs.run(work, job)


def document(taxonomy: Taxonomy) -> dict[str, Any]:
    """Return the JSON document of a taxonomy."""
    return {"taxonomy": taxonomy.to_dict(), "seconds": round(taxonomy.seconds, 4)}


async def _lines(
    running: asyncio.Future[Taxonomy], job: SolveJob, state: ProofState
) -> AsyncIterator[bytes]:
    """Yield lines until the answer is there; if nobody reads them, stop the job."""
    start = time.monotonic()
    try:
        yield _line(event="started", run=job.name)
        while not running.done():
            await asyncio.wait({running}, timeout=BETWEEN)
            if not running.done():
                seconds = round(time.monotonic() - start, 1)
                yield _line(event="progress", seconds=seconds, **state.latest)
        yield _last_line(running.result)
    finally:
        running.cancel()


def _last_line(result: Callable[[], Taxonomy]) -> bytes:
    try:
        return _line(event="done", **document(result()))
    except RefusedRequestError as error:
        return _line(event="error", status=error.status, error=str(error))
    except TaskgraphError as error:
        return _line(event="error", status=422, error=str(error))


def _line(**content: Any) -> bytes:
    return json.dumps(content, allow_nan=False).encode() + b"\n"
