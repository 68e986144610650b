"""Run many independent jobs on processes of this machine or on a Ray cluster.

>>> from encoders.engines import Job, LocalEngine, run
>>> jobs = [Job(f"root{n}", math.sqrt, (n,)) for n in range(9)]  # doctest: +SKIP
>>> run(jobs, LocalEngine(jobs=2)).results["root4"]              # doctest: +SKIP
2.0
"""

from __future__ import annotations

from encoders.engines.cluster import RayEngine
from encoders.engines.job import Job
from encoders.engines.local import LocalEngine
from encoders.engines.named import ENGINES, engine_named
from encoders.engines.pool import Engine, EngineError, WorkerPool
from encoders.engines.running import JobOutcome, Outcome, as_completed, run_jobs
from encoders.engines.threads import limited, with_threads

__all__ = [
    "ENGINES",
    "Engine",
    "EngineError",
    "Job",
    "JobOutcome",
    "LocalEngine",
    "Outcome",
    "RayEngine",
    "WorkerPool",
    "as_completed",
    "engine_named",
    "limited",
    "run_jobs",
    "with_threads",
]
