"""Many independent jobs, on this machine's processes or on a Ray cluster; one code above both.

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
from encoders.engines.pool import Crew, Engine, EngineError
from encoders.engines.progress import Standing, progress_bar
from encoders.engines.running import Ended, Outcome, as_done, run
from encoders.engines.threads import limited, with_threads

__all__ = [
    "ENGINES",
    "Crew",
    "Ended",
    "Engine",
    "EngineError",
    "Job",
    "LocalEngine",
    "Outcome",
    "RayEngine",
    "Standing",
    "as_done",
    "engine_named",
    "limited",
    "progress_bar",
    "run",
    "with_threads",
]
