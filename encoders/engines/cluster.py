"""A Ray cluster: the same calls, on as many machines as it has."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from encoders.engines.job import Died, Failed, Report, perform, told
from encoders.engines.pool import EngineError
from encoders.engines.threads import THREAD_VARIABLES
from encoders.errors.extras import missing

DEATHS = (
    "WorkerCrashedError",
    "NodeDiedError",
    "OutOfMemoryError",
    "LocalRayletDiedError",
    "ObjectLostError",
)
"""Of `ray.exceptions`: the worker, its machine, or what it returned is gone."""

CONNECT = 10.0
"""Seconds that a cluster has to answer."""


@dataclass(frozen=True)
class RayEngine:
    """Tasks of a Ray cluster (https://docs.ray.io), one a job.

    The machines of the cluster must have this package installed, in the driver's version, and
    must share the folder that the run is started in and those that its jobs read and write, at
    the same paths. A job's function must be of an installed module, not of the driver's script.
    A job whose worker died is handed out again by the driver, by the same rule as on local
    processes, so that Ray's own retries are off.

    Attributes
    ----------
    address : str, optional
        As `ray.init` takes it: ``HOST:PORT``, ``auto`` or ``local``. By default the cluster in
        RAY_ADDRESS or the one that runs on this machine; without either, and for ``local``, a Ray
        of this machine alone is started, and ended with the run.
    jobs : int, optional
        Jobs that are handed to the cluster at once; by default as many as fit into it now. A
        cluster that grows by demand needs the number that it may grow to.
    cpus, gpus : float
        What Ray sets aside for a job. Numerical libraries get ``cpus`` threads.
    """

    address: str | None = None
    jobs: int | None = None
    cpus: float = 1
    gpus: float = 0

    def __post_init__(self) -> None:
        if self.jobs is not None and self.jobs < 1:
            raise EngineError(f"jobs is {self.jobs}, expected at least 1")
        if self.cpus <= 0:
            raise EngineError(f"cpus is {self.cpus}, expected more than 0")
        if self.gpus < 0:
            raise EngineError(f"gpus is {self.gpus}, expected at least 0")

    @contextlib.contextmanager
    def opened(self) -> Iterator[Cluster]:
        """Connect, unless this process is connected already.

        Raises
        ------
        MissingPackageError
            If Ray is not installed.
        EngineError
            If the cluster cannot be reached, or has no machine that a job fits on.
        """
        ray = _ray()
        ours = not ray.is_initialized()
        if ours:
            self._connect(ray)
        try:
            crew = Cluster(ray, self)
            try:
                yield crew
            finally:
                crew.end()
        finally:
            if ours:
                ray.shutdown()

    def _connect(self, ray: Any) -> None:
        try:
            _answers(self.address or os.environ.get("RAY_ADDRESS", ""))
            ray.init(
                self.address,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        except (OSError, RuntimeError, ValueError) as error:
            raise EngineError(
                f"no Ray cluster can be reached at {self.address or 'this machine'} "
                f"({told(error)}); start one with `ray start --head`, or leave the address out"
            ) from error


class Cluster:
    """The crew of a `RayEngine`."""

    shared = False

    def __init__(self, ray: Any, engine: RayEngine) -> None:
        self._ray, self._engine = ray, engine
        self._threads = max(1, int(engine.cpus))
        self._keys: dict[Any, str] = {}
        if engine.jobs is None and self._room() == 0:
            raise EngineError(
                f"no machine of the cluster has {engine.cpus:g} CPUs and {engine.gpus:g} GPUs for "
                "a job; ask for less, or give the number of jobs if the cluster grows by demand"
            )
        variables = dict.fromkeys(THREAD_VARIABLES, str(self._threads))
        self._perform = ray.remote(perform).options(
            num_cpus=engine.cpus,
            num_gpus=engine.gpus,
            max_retries=0,
            runtime_env={"env_vars": variables},
        )

    @property
    def places(self) -> int:
        """The number that was asked for, or what fits into the cluster as it is now."""
        return self._engine.jobs or max(1, self._room())

    def _room(self) -> int:
        """How many jobs fit on the machines, each by itself."""
        machines = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        asked = {"CPU": self._engine.cpus, "GPU": self._engine.gpus}
        return sum(
            min(int(machine.get(name, 0) // each) for name, each in asked.items() if each)
            for machine in machines
        )

    def begin(self, key: str, packed: bytes) -> None:
        """Submit the call."""
        self._keys[self._perform.remote(packed, os.getcwd(), self._threads)] = key

    def ended(self, timeout: float) -> list[tuple[str, Report]]:
        """Reports of finished tasks and of those that Ray says are lost."""
        references = list(self._keys)
        ready, _ = self._ray.wait(references, num_returns=1, timeout=timeout)
        if ready:
            ready, _ = self._ray.wait(references, num_returns=len(references), timeout=0)
        return [(self._keys.pop(reference), self._report(reference)) for reference in ready]

    def _report(self, reference: Any) -> Report:
        errors = self._ray.exceptions
        try:
            report: Report = self._ray.get(reference)
        except tuple(getattr(errors, name) for name in DEATHS):
            return Died()
        except errors.RayError as error:
            # Its text is a page of worker logs; the end of it has the cause.
            line = str(error).strip().splitlines()[-1].strip()
            return Failed(
                f"a worker of the Ray cluster could not begin it ({line}); this package "
                "must be installed on all machines of the cluster"
            )
        return report

    def end(self) -> None:
        """Cancel what runs."""
        for reference in self._keys:
            self._ray.cancel(reference, force=True)
        self._keys = {}


def _answers(address: str) -> None:
    """Raise `OSError` where nothing answers at HOST:PORT; Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit() and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT).close()


def _ray() -> Any:
    try:
        return importlib.import_module("ray")
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise missing('the engine "ray" needs Ray', "ray") from None
