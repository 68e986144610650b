"""A process that restores a picture with deepinv: `python worker_deepinv.py JOB.npz RESULT.npz`.

It runs in an environment of its own, and so imports nothing of this project. deepinv has no rule to
stop: the number of iterations is the given processor seconds over the time of one iteration, which
is measured first.
"""

from __future__ import annotations

import runpy
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

CHANNELS, INPUT, TRIAL = 64, (2, 2), 10
"""Channels and input size of the decoder, as in deepinv's example; iterations that are timed."""


PARTS = runpy.run_path(str(Path(__file__).parents[1] / "learning" / "worker_parts.py"))


def main(job_file: str, result_file: str) -> None:
    """Fit for ``job["seconds"]``, and write ``picture, seconds, iterations``."""
    _declared = PARTS["mend_torchvision"]()
    from deepinv.models import ConvDecoder, DeepImagePrior
    from deepinv.physics import Physics

    job = np.load(job_file)
    values, shape = torch.from_numpy(job["values"])[None], tuple(job["shape"].tolist())
    mask, rows, columns = (torch.from_numpy(job[name]) for name in ("mask", "rows", "columns"))
    physics = Physics(A=lambda x, **_: rows @ (x * mask) @ columns)

    def restored(iterations: int) -> tuple[Any, float]:
        """Return the picture after these iterations, and the processor seconds."""
        torch.manual_seed(int(job["seed"]))
        decoder = ConvDecoder(img_size=shape, in_size=INPUT, channels=CHANNELS)
        prior = DeepImagePrior(decoder, img_size=(CHANNELS, *INPUT), iterations=iterations)
        start = time.process_time()
        picture = prior(values, physics)
        return picture, time.process_time() - start

    restored(2)
    each = restored(TRIAL)[1] / TRIAL
    iterations = max(1, round(float(job["seconds"]) / each))
    picture, seconds = restored(iterations)
    np.savez(
        result_file,
        picture=picture[0].detach().clamp(0, 1).numpy(),
        seconds=seconds,
        iterations=iterations,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
