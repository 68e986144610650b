"""Part ``throughput``: our training loop beside a plain loop of PyTorch, in alternating runs."""

from __future__ import annotations

import time
from pathlib import Path

import torch

from benchmarks.finetune.backbones import RESNET, pretrained_model, resnet_model
from benchmarks.finetune.freezing import START
from benchmarks.finetune.images import labeled_images
from benchmarks.finetune.settings import Settings
from benchmarks.finetune.skipping import skip_missing
from benchmarks.finetune.training import loop_config
from benchmarks.learning.throughput import measure_throughput
from benchmarks.results.banks import shipped_bank_hash
from benchmarks.results.log import Log

TARGET, STEPS, RUNS = "mnist-5k", 20, 5


def measure(settings: Settings, log: Log, out: Path) -> None:
    """Record the images per second of both loops for two networks."""
    with skip_missing("throughput"):
        target = labeled_images(TARGET, settings)
        images, labels = target.train[0], torch.from_numpy(target.train[1])
        for start in (RESNET, START):
            asked = {
                "part": "throughput",
                "start": start,
                "bank": shipped_bank_hash(),
                "target": TARGET,
                "steps": STEPS,
                "batch": settings.batch,
                "runs": RUNS,
                "clip": None,
            }
            if log.has(asked, seed=0):
                continue
            if start == RESNET:
                model = resnet_model(target.classes, 0)
            else:
                model = pretrained_model(start, target.classes, 0, settings)
            config = loop_config(settings, 0.01, 0, steps=STEPS, clip=None, warmup=0.0)
            begin = time.perf_counter()
            result = measure_throughput(model, images, labels, config, runs=RUNS)
            metrics = {"ours": result.ours, "plain": result.plain, "ratio": result.ratio}
            log.add(asked, metrics, seed=0, seconds=round(time.perf_counter() - begin, 3))
