"""A Ray cluster: the same calls, on as many machines as it has."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import socket
from collections.abc import Iterator, Mapping
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

SHARE = 0.25
"""GPUs of a job by default, on a cluster that has any: four jobs share one."""

PARTS = 10_000
"""Ray counts resources in parts of this size: .0001 is the least share of one."""


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
        Jobs that are handed to the cluster at once; by default as many as fit on its machines,
        counted again for each job, so that machines that join later are used too. A cluster that
        grows by demand needs the number that it may grow to.
    cpus : float
        CPUs that Ray sets aside for a job. Numerical libraries get as many threads.
    gpus : float, optional
        GPUs that Ray sets aside for a job: a share of one, or a whole number. By default `SHARE`
        if some machine of the cluster has a GPU when the engine is opened, else 0. Jobs that need
        a GPU run on machines that have one, and see no other GPUs than theirs; jobs of 0 GPUs see
        none. Shares are counted, not enforced: jobs that share a GPU share its memory.

    Notes
    -----
    GPUs were tried as logical resources of one machine alone (``ray start --num-gpus 2``), where
    Ray counts and numbers them. No cluster with real GPUs was tried.
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
        remedy = "start one with `ray start --head`, or leave the address out"
        try:
            if _answers(self.address or os.environ.get("RAY_ADDRESS", "")):
                # Something listens there. A Ray that was started with a token turns away who has
                # an address and does not say that it has the token too.
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
                f"({told(error)}); {remedy}"
            ) from error


class Cluster:
    """The crew of a `RayEngine`."""

    shared = False

    def __init__(self, ray: Any, engine: RayEngine) -> None:
        self._ray, self._engine = ray, engine
        self._threads = max(1, int(engine.cpus))
        self._keys: dict[Any, str] = {}
        some = any(machine.get("GPU", 0) >= 1 for machine in self._machines())
        self._gpus = engine.gpus if engine.gpus is not None else SHARE * some
        if engine.jobs is None and self._room() == 0:
            raise EngineError(self._told_no_room())
        variables = dict.fromkeys(THREAD_VARIABLES, str(self._threads))
        if not self._gpus:
            variables["CUDA_VISIBLE_DEVICES"] = ""  # Ray would leave all GPUs of the machine to it
        # By `ray.remote` itself, not by `options` of it: only so does Ray end a worker that had a
        # GPU after its job. A worker that is used again would keep to the GPU of its first job.
        self._perform = ray.remote(
            num_cpus=engine.cpus,
            num_gpus=self._gpus,
            max_calls=1 if self._gpus else 0,
            max_retries=0,
            runtime_env={"env_vars": variables},
        )(perform)

    @property
    def places(self) -> int:
        """The number that was asked for, or what fits into the cluster as it is now."""
        return self._engine.jobs or max(1, self._room())

    def _machines(self) -> list[dict[str, float]]:
        """Resources of each machine, used or not; their sums are `ray.cluster_resources`."""
        return [node["Resources"] for node in self._ray.nodes() if node["Alive"]]

    def _room(self) -> int:
        """How many jobs fit on the machines, each by itself."""
        return sum(fitting(machine, self._engine.cpus, self._gpus) for machine in self._machines())

    def _told_no_room(self) -> str:
        has = self._ray.cluster_resources()
        return (
            f"no machine of the cluster has {self._engine.cpus:g} CPUs and {self._gpus:g} GPUs for "
            f"a job; all machines together have {has.get('CPU', 0):g} CPUs and "
            f"{has.get('GPU', 0):g} GPUs. Ask for less (--threads, --gpus), or give the number of "
            "jobs (--jobs) if the cluster grows by demand"
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


def fitting(machine: Mapping[str, float], cpus: float, gpus: float) -> int:
    """How many jobs of ``cpus`` and ``gpus`` a machine has room for when nothing else runs on it.

    A share of a GPU lies on one GPU: two GPUs have room for four jobs of .4, not for five.

    Parameters
    ----------
    machine : mapping
        Its resources as Ray names them: ``CPU``, ``GPU``.
    """
    room = _parts(machine.get("CPU", 0)) // _parts(cpus)
    if not gpus:
        return room
    cards = int(machine.get("GPU", 0))
    return min(room, cards * (PARTS // _parts(gpus)) if gpus < 1 else cards // int(gpus))


def _parts(amount: float) -> int:
    return max(1, round(amount * PARTS))


def _answers(address: str) -> bool:
    """Whether this is a HOST:PORT at which something answers.

    Raises
    ------
    OSError
        If nothing answers there; Ray itself would try for minutes.
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
