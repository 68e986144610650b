"""Solves in threads beside the event loop: a queue of limited length, and a way to stop each."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from starlette.requests import Request

from taskgraph.server.limits import Limits
from taskgraph.server.refusals import ClientGoneError, RefusedRequestError

Result = TypeVar("Result")

RETRY_AFTER = 2
"""Seconds after which a client that was refused may try again."""


@dataclass(frozen=True, eq=False)
class SolveJob:
    """A running solve: the name that the page's stop button sends, and the event that stops it."""

    name: str = field(default_factory=lambda: secrets.token_hex(8))
    stop: threading.Event = field(default_factory=threading.Event)


class Jobs:
    """Runs at most ``limits.solvers`` solves at once; ``limits.waiting`` more may wait."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pool = ThreadPoolExecutor(limits.solvers, thread_name_prefix="solve")
        self._free = asyncio.Semaphore(limits.solvers)
        self._running: dict[str, SolveJob] = {}
        self.waiting = 0

    async def run(self, work: Callable[[], Result], job: SolveJob) -> Result:
        """Return what ``work`` returns in a thread; if this is cancelled, the job is stopped.

        A stopped job keeps its place until its thread has ended.

        Raises
        ------
        RefusedRequestError
            With status 503 if too many requests wait.
        """
        if self.waiting >= self._limits.waiting:
            raise RefusedRequestError(
                f"{self.waiting} requests wait for a solver already; try again soon",
                503,
                retry_after=RETRY_AFTER,
            )
        self.waiting += 1
        self._running[job.name] = job
        try:
            await self._free.acquire()
        except asyncio.CancelledError:
            self._running.pop(job.name, None)
            raise
        finally:
            self.waiting -= 1
        future = asyncio.get_running_loop().run_in_executor(self._pool, work)
        future.add_done_callback(lambda done: self._ended(job, done))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            job.stop.set()
            raise

    def _ended(self, job: SolveJob, future: asyncio.Future[Any]) -> None:
        """Free the place of a job; its error is of no interest if nobody waits for it any more."""
        if not future.cancelled():
            future.exception()  # otherwise asyncio prints it, with a traceback
        self._running.pop(job.name, None)
        self._free.release()

    def stop(self, name: str) -> bool:
        """Stop a job by its name; return whether there is one."""
        job = self._running.get(name)
        if job is not None:
            job.stop.set()
        return job is not None

    def stop_all(self) -> None:
        """Stop all jobs, also those that wait; each of them ends with the best result so far."""
        for job in list(self._running.values()):
            job.stop.set()

    def close(self) -> None:
        """Stop all jobs, and take no more."""
        self.stop_all()
        self._pool.shutdown(wait=False, cancel_futures=True)


async def while_connected(request: Request, work: Awaitable[Result]) -> Result:
    """Return the result of ``work``; cancel it if the client closes the connection before.

    Raises
    ------
    ClientGoneError
        If the client has gone.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientGoneError
        return task.result()
    finally:
        gone.cancel()
        task.cancel()


async def _disconnected(request: Request) -> None:
    """Return when the client has closed the connection; its body must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
