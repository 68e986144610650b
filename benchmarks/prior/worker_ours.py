"""A process that restores one picture with our prior: ``python -m ... JOB.npz RESULT.npz``.

It has the form of `worker_deepinv`, so that both are timed in the same way.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import torch

from benchmarks.prior.fit_settings import SMALL
from benchmarks.prior.fitting import fit_prior
from benchmarks.prior.observations import Observation
from benchmarks.prior.stopping import Keeper


def main(job_file: str, result_file: str) -> None:
    """Fit until the rule stops, and write ``picture, seconds, iterations``."""
    import time

    job = np.load(job_file)
    mask, rows, columns = (torch.from_numpy(job[name]) for name in ("mask", "rows", "columns"))
    observation = Observation(
        job["values"], tuple(job["shape"].tolist()), lambda x: rows @ (x * mask) @ columns
    )
    fit_settings = replace(SMALL[str(job["task"])], iterations=int(job["iterations"]))
    keeper, start = Keeper(), time.process_time()
    for iterate in fit_prior(observation, fit_settings, seed=int(job["seed"])):
        if keeper.add(iterate.picture.numpy()):
            break
    seconds = time.process_time() - start
    np.savez(result_file, picture=keeper.picture, seconds=seconds, iterations=keeper.stopper.now)


if __name__ == "__main__":
    main(*sys.argv[1:])
