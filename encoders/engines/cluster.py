"""An engine that makes calls on the machines of a Ray cluster."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from encoders.engines.job import Died, Failed, Report, one_line_error, perform
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
"""Names in `ray.exceptions` of the errors that a worker, its machine or its result was lost."""

CONNECT = 10.0
"""Seconds to wait until a cluster accepts a connection."""

SHARE = 0.25
"""Default number of GPUs for a job on a cluster that has GPUs: four jobs share one."""

PARTS = 10_000
"""Number of parts into which Ray divides one CPU or GPU; .0001 is the smallest share."""


@dataclass(frozen=True)
class RayEngine:
    """A Ray cluster (https://docs.ray.io); each job is one Ray task.

    The driver is the process that starts the run. All machines of the cluster must have the same
    version of this package installed as the driver. They must share the working directory of the
    run, and the folders that its jobs read and write, at the same paths. The function of a job
    must be in an installed module, not in the driver's script. The driver retries jobs whose
    worker died by the same rule as on local processes, so Ray's own retries are off.

    Attributes
    ----------
    address : str, optional
        The address that `ray.init` connects to: ``HOST:PORT``, ``auto`` or ``local``. By default
        it is the cluster in RAY_ADDRESS, or else the one that runs on this machine. If there is
        neither, and for ``local``, Ray is started on this machine, and ended with the run.
    jobs : int, optional
        Number of jobs that are submitted at once. By default as many as fit on the machines, which
        are counted again before each job, so that machines that join later are used too. For a
        cluster that grows by demand, give the number of jobs that it may grow to.
    cpus : float
        Number of CPUs that Ray sets aside for a job, and of threads of its numerical libraries.
    gpus : float, optional
        Number of GPUs that Ray sets aside for a job: a share of one, or a whole number. By default
        `SHARE` if a machine of the cluster has a GPU when the engine is opened, else 0. A job sees
        only its own GPUs. Ray counts shares but does not enforce them: jobs that share a GPU share
        its memory.

    Notes
    -----
    This was tried with logical GPUs of one machine (``ray start --num-gpus 2``), which Ray only
    counts and numbers. No cluster with real GPUs was tried.
    """

    address: str | None = None
    jobs: int | None = None
    cpus: float = 1
    gpus: float | None = None

    def __post_init__(self) -> None:
        if self.jobs is not None and self.jobs < 1:
            raise EngineError(f"jobs is {self.jobs}, expected at least 1")
        if self.cpus <= 0:
            raise EngineError(f"cpus is {self.cpus}, expected more than 0")
        if self.gpus is not None and self.gpus < 0:
            raise EngineError(f"gpus is {self.gpus}, expected at least 0")
        if self.gpus and self.gpus > 1 and self.gpus != int(self.gpus):
            raise EngineError(f"gpus is {self.gpus}, expected a share of 1 or a whole number")

    @contextlib.contextmanager
    def opened(self) -> Iterator[ClusterPool]:
        """Yield a pool on the cluster; connects to it unless this process is connected already.

        Raises
        ------
        MissingPackageError
            If Ray is not installed.
        EngineError
            If the cluster cannot be reached, or has no machine that a job fits on.
        """
        ray = _ray()
        connects = not ray.is_initialized()
        if connects:
            self._connect(ray)
        try:
            pool = ClusterPool(ray, self)
            try:
                yield pool
            finally:
                pool.end()
        finally:
            if connects:
                ray.shutdown()

    def _connect(self, ray: Any) -> None:
        remedy = "start one with `ray start --head`, or leave the address out"
        try:
            if _answers(self.address or os.environ.get("RAY_ADDRESS", "")):
                # Something listens there. A Ray that was started with a token refuses drivers
                # that do not send it.
                remedy += "; if it asks for a token, set RAY_AUTH_MODE=token"
            ray.init(
                self.address,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        except (OSError, RuntimeError, ValueError) as error:
            raise EngineError(
                f"no Ray cluster can be reached at {self.address or 'this machine'} "
                f"({one_line_error(error)}); {remedy}"
            ) from error


class ClusterPool:
    """The pool of a `RayEngine`."""

    shared = False

    def __init__(self, ray: Any, engine: RayEngine) -> None:
        self._ray, self._engine = ray, engine
        self._threads = max(1, int(engine.cpus))
        self._keys: dict[Any, str] = {}
        has_gpu = any(machine.get("GPU", 0) >= 1 for machine in self._machines())
        self._gpus = engine.gpus if engine.gpus is not None else SHARE * has_gpu
        if engine.jobs is None and self._room() == 0:
            raise EngineError(self._no_room_message())
        variables = dict.fromkeys(THREAD_VARIABLES, str(self._threads))
        if not self._gpus:
            variables["CUDA_VISIBLE_DEVICES"] = ""  # otherwise the job would see all GPUs
        # With `max_calls`, Ray ends a worker that had a GPU after its job. Otherwise the worker
        # would keep to the GPU of its first job. Ray honors `max_calls` in `ray.remote` only, not
        # in `options`.
        self._perform = ray.remote(
            num_cpus=engine.cpus,
            num_gpus=self._gpus,
            max_calls=1 if self._gpus else 0,
            max_retries=0,
            runtime_env={"env_vars": variables},
        )(perform)

    @property
    def places(self) -> int:
        """Return the engine's number of jobs, or as many as fit on the cluster's machines now."""
        return self._engine.jobs or max(1, self._room())

    def _machines(self) -> list[dict[str, float]]:
        """Return the resources of each machine, used or not."""
        return [node["Resources"] for node in self._ray.nodes() if node["Alive"]]

    def _room(self) -> int:
        """Return how many jobs fit on all machines; no job is divided between machines."""
        return sum(fitting(machine, self._engine.cpus, self._gpus) for machine in self._machines())

    def _no_room_message(self) -> str:
        total = self._ray.cluster_resources()
        return (
            f"no machine of the cluster has {self._engine.cpus:g} CPUs and {self._gpus:g} GPUs for "
            f"a job; all machines together have {total.get('CPU', 0):g} CPUs and "
            f"{total.get('GPU', 0):g} GPUs. Ask for less (--threads, --gpus), or give the number "
            "of jobs (--jobs) if the cluster grows by demand"
        )

    def begin(self, key: str, packed: bytes) -> None:
        """Submit the call."""
        self._keys[self._perform.remote(packed, os.getcwd(), self._threads)] = key

    def ended(self, timeout: float) -> list[tuple[str, Report]]:
        """Return the reports of tasks that are finished or lost."""
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
            # The text of the error is a page of worker logs; its last line has the cause.
            line = str(error).strip().splitlines()[-1].strip()
            return Failed(
                f"a worker of the Ray cluster could not begin it ({line}); this package "
                "must be installed on all machines of the cluster"
            )
        return report

    def end(self) -> None:
        """Cancel all tasks that run."""
        for reference in self._keys:
            self._ray.cancel(reference, force=True)
        self._keys = {}


def fitting(machine: Mapping[str, float], cpus: float, gpus: float) -> int:
    """Return how many jobs with ``cpus`` and ``gpus`` fit on a machine that runs nothing else.

    A share is of one GPU: four jobs with .4 GPUs fit on two GPUs, and not five.

    Parameters
    ----------
    machine : mapping
        Resources by Ray's names for them, ``CPU`` and ``GPU``.
    """
    fit_by_cpus = _parts(machine.get("CPU", 0)) // _parts(cpus)
    if not gpus:
        return fit_by_cpus
    count = int(machine.get("GPU", 0))
    return min(fit_by_cpus, count * (PARTS // _parts(gpus)) if gpus < 1 else count // int(gpus))


def _parts(amount: float) -> int:
    return max(1, round(amount * PARTS))


def _answers(address: str) -> bool:
    """Return whether an address is HOST:PORT; raises if nothing accepts a connection there.

    Ray itself would try to connect for minutes.

    Raises
    ------
    OSError
        If nothing accepts a connection within `CONNECT` seconds.
    """
    host, _, port = address.rpartition(":")
    if not (host and port.isdigit() and "/" not in host):
        return False
    socket.create_connection((host.strip("[]"), int(port)), CONNECT).close()
    return True


def _ray() -> Any:
    try:
        return importlib.import_module("ray")
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise missing('the engine "ray" needs Ray', "ray") from None
