"""Taskonomy's folders, real or ours, as a `torch` dataset of any of the tasks."""

from encoders.dataset.dataset import TaskExamples, TaskonomyDataset, contents_of
from encoders.dataset.splits import split_buildings

__all__ = ["TaskExamples", "TaskonomyDataset", "contents_of", "split_buildings"]
