"""Processes of this machine, one pipe each, so that a dead one tells which call killed it."""

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
"""Seconds that a worker has to end by itself when it is asked to."""

READY = "ready"


@dataclass(frozen=True)
class LocalEngine:
    """Worker processes on this machine; they end when the one who started them does.

    A script that runs jobs must guard its entry by ``if __name__ == "__main__"``, as the workers
    import it.

    Attributes
    ----------
    jobs : int
        Processes, each at one job at a time.
    threads : int
        Of numerical libraries in each process; what they compute depends on it in the last
        digits, and never on ``jobs``.
    """

    jobs: int = 2
    threads: int = 1

    def __post_init__(self) -> None:
        for name in ("jobs", "threads"):
            value = getattr(self, name)
            if value < 1:
                raise EngineError(f"{name} is {value}, expected at least 1")

    @contextlib.contextmanager
    def opened(self) -> Iterator[Processes]:
        """Start processes as they are needed, and end them."""
        crew = Processes(self.jobs, self.threads)
        atexit.register(crew.end)  # in case nobody closes a generator that uses this
        try:
            yield crew
        finally:
            crew.end()
            atexit.unregister(crew.end)


class Worker:
    """One process and our end of its pipe."""

    def __init__(self, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(target=_work, args=(theirs, threads))
        with _surroundings(dict.fromkeys(THREAD_VARIABLES, str(threads))), theirs:
            self.process.start()
        self.ready = False

    def report(self) -> Report | None:
        """How its call ended; None while it goes on."""
        # Looked at first: what a worker sent before its end is in the pipe by then. (The pipe's
        # own end does not tell, as processes that the worker started may hold it open.)
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


class Processes:
    """The crew of a `LocalEngine`."""

    shared = True

    def __init__(self, places: int, threads: int) -> None:
        self.places, self._threads = places, threads
        self._idle: list[Worker] = []
        self._busy: dict[str, Worker] = {}

    def begin(self, key: str, packed: bytes) -> None:
        """Hand the call to an idle process, or to a new one."""
        self._idle = [worker for worker in self._idle if worker.process.is_alive()]
        worker = self._idle.pop() if self._idle else Worker(self._threads)
        self._busy[key] = worker
        with contextlib.suppress(BrokenPipeError):  # its report will say that it died
            worker.pipe.send((packed, os.getcwd()))

    def ended(self, timeout: float) -> list[tuple[str, Report]]:
        """Reports of finished calls and of dead processes."""
        workers = self._busy.values()
        wait([each for w in workers for each in (w.pipe, w.process.sentinel)], timeout)
        found: list[tuple[str, Report]] = []
        for key, worker in list(self._busy.items()):
            report = worker.report()
            if report is not None:
                del self._busy[key]
                found.append((key, report))
                if not isinstance(report, Died):
                    self._idle.append(worker)
        return found

    def end(self) -> None:
        """End all processes: asked first, so that they remove the file that they are writing."""
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
    """A worker's whole life: calls come in and reports go out until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Unlike a plain end, an exception lets an atomic write remove its temporary file.
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
def _surroundings(variables: Mapping[str, str]) -> Iterator[None]:
    """A process that is started inside has these variables, and is deaf to Ctrl-C from birth."""
    before = {name: os.environ.get(name) for name in variables}
    resource_tracker.ensure_running()  # would unblock the signal, were it started inside
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
