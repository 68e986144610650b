"""An engine of worker processes on this machine; each has its own pipe.

As no two workers share a pipe, a dead worker shows which call it was making.
"""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import os
import pickle
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from encoders.engines.job import Died, Report, perform
from encoders.engines.pool import EngineError
from encoders.engines.threads import THREAD_VARIABLES
from encoders.engines.workers import end_with_parent
from encoders.errors import WorkerDiedError

GRACE = 3.0
"""Seconds that a worker has to end after it was asked to; then it is killed."""

READY = "ready"


@dataclass(frozen=True)
class LocalEngine:
    """Worker processes on this machine; they end when the process that started them ends.

    A script that runs jobs must guard its entry by ``if __name__ == "__main__"``, because the
    workers import it.

    Attributes
    ----------
    jobs : int
        Number of processes; each makes one call at a time.
    threads : int
        Number of threads of numerical libraries in each process. The last digits of results
        depend on it; no result depends on ``jobs``.
    """

    jobs: int = 2
    threads: int = 1

    def __post_init__(self) -> None:
        for name in ("jobs", "threads"):
            value = getattr(self, name)
            if value < 1:
                raise EngineError(f"{name} is {value}, expected at least 1")

    @contextlib.contextmanager
    def opened(self) -> Iterator[ProcessPool]:
        """Yield a pool that starts processes when they are needed; they end with the context."""
        pool = ProcessPool(self.jobs, self.threads)
        atexit.register(pool.end)  # for generators that use the pool and are never closed
        try:
            yield pool
        finally:
            pool.end()
            atexit.unregister(pool.end)


class Worker:
    """A worker process, and this process's end of the pipe to it."""

    def __init__(self, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, worker_end = context.Pipe()
        self.process: SpawnProcess = context.Process(target=_work, args=(worker_end, threads))
        with _environment(dict.fromkeys(THREAD_VARIABLES, str(threads))), worker_end:
            self.process.start()
        self.ready = False

    def report(self) -> Report | None:
        """Return how the worker's call ended; None while it runs."""
        # This is checked before the pipe is read: all that a dead worker sent is in the pipe then.
        # (That the pipe is open does not show that the worker lives: its children may hold it.)
        alive = self.process.is_alive()
        try:
            while self.pipe.poll():
                message: Report | str = self.pipe.recv()
                if not isinstance(message, str):
                    return message
                self.ready = True
        except (EOFError, OSError, pickle.UnpicklingError):
            self.process.join(GRACE)
            alive = False
        return None if alive else self._death()

    def _death(self) -> Died:
        code = self.process.exitcode
        if code is not None and code > 0 and not self.ready:
            raise WorkerDiedError(
                f"a worker process ended with exit code {code} before it could work; a script that "
                'runs jobs must guard its entry by `if __name__ == "__main__":`'
            )
        if code is None or -code in (signal.SIGKILL, signal.SIGTERM):
            return Died()
        if code < 0:
            return Died(f"its process died of {signal.Signals(-code).name}")
        return Died(f"its process ended itself, with exit code {code}")


class ProcessPool:
    """The pool of a `LocalEngine`."""

    shared = True

    def __init__(self, places: int, threads: int) -> None:
        self.places, self._threads = places, threads
        self._idle: list[Worker] = []
        self._busy: dict[str, Worker] = {}

    def begin(self, key: str, packed: bytes) -> None:
        """Give the call to an idle process, or to a new one."""
        self._idle = [worker for worker in self._idle if worker.process.is_alive()]
        worker = self._idle.pop() if self._idle else Worker(self._threads)
        self._busy[key] = worker
        with contextlib.suppress(BrokenPipeError):  # `ended` will report that the worker died
            worker.pipe.send((packed, os.getcwd()))

    def ended(self, timeout: float) -> list[tuple[str, Report]]:
        """Return the reports of calls that have ended and of workers that have died."""
        workers = self._busy.values()
        wait([source for w in workers for source in (w.pipe, w.process.sentinel)], timeout)
        reports: list[tuple[str, Report]] = []
        for key, worker in list(self._busy.items()):
            report = worker.report()
            if report is not None:
                del self._busy[key]
                reports.append((key, report))
                if not isinstance(report, Died):
                    self._idle.append(worker)
        return reports

    def end(self) -> None:
        """Ask all processes to end, so that they remove unfinished files; then kill the others."""
        workers = [*self._idle, *self._busy.values()]
        for worker in self._busy.values():
            worker.process.terminate()
        for worker in workers:
            worker.pipe.close()
        self._idle, self._busy = [], {}
        deadline = time.monotonic() + GRACE
        for worker in workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()


def _work(pipe: Connection, threads: int) -> None:
    """Make the calls that come through the pipe and send reports, until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # SIGTERM raises KeyboardInterrupt, so that atomic writes remove their temporary files.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    end_with_parent()
    try:
        with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
            pipe.send(READY)
            while True:
                packed, folder = pipe.recv()
                pipe.send(perform(packed, folder, threads))
    except KeyboardInterrupt:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Start processes within the context with these environment variables and SIGINT blocked."""
    before = {name: os.environ.get(name) for name in variables}
    resource_tracker.ensure_running()  # its start would unblock the signal
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
