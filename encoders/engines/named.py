"""Create engines by name, for command lines."""

from __future__ import annotations

from collections.abc import Mapping

from encoders.engines.cluster import RayEngine
from encoders.engines.local import LocalEngine
from encoders.engines.pool import Engine, EngineError
from encoders.errors import UnknownNameError

ENGINES: Mapping[str, type[LocalEngine] | type[RayEngine]] = {
    "local": LocalEngine,
    "ray": RayEngine,
}


def engine_named(
    name: str,
    *,
    jobs: int | None = None,
    address: str | None = None,
    threads: int = 1,
    gpus: float | None = None,
) -> Engine:
    """Return the engine with a name of `ENGINES`.

    Parameters
    ----------
    jobs : int, optional
        Number of jobs that run at once; by default the engine's own default.
    address : str, optional
        Address of the cluster; for the engine ``ray`` only.
    threads : int
        Number of threads of each job. On a cluster, as many CPUs are set aside for the job.
    gpus : float, optional
        Number of GPUs that are set aside for each job; for the engine ``ray`` only.

    Raises
    ------
    UnknownNameError
        If no engine has this name.
    EngineError
        If ``jobs`` or ``threads`` is below 1, or ``address`` or ``gpus`` is given for an engine
        other than ``ray``.
    """
    if name not in ENGINES:
        raise UnknownNameError(f'no engine is called "{name}", expected {" or ".join(ENGINES)}')
    if name == "ray":
        return RayEngine(address, jobs, cpus=threads, gpus=gpus)
    if address is not None:
        raise EngineError(
            f'the engine "{name}" has no address, but {address} is given; it is for the engine ray'
        )
    if gpus is not None:
        raise EngineError(
            f'the engine "{name}" sets no GPUs aside, but {gpus:g} are given; --gpus is for the '
            "engine ray"
        )
    return LocalEngine(threads=threads) if jobs is None else LocalEngine(jobs, threads)
