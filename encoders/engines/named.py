"""Engines by name, for a command line."""

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
    """The engine of that name; ``jobs`` run at once, by the engine's own default if None.

    Each job has ``threads`` threads; of a cluster, as many CPUs and ``gpus`` GPUs are set aside
    for it.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    EngineError
        If there is less than 1 job or thread, or an address or GPUs for an engine that has none.
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
