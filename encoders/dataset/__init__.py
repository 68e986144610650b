"""A PyTorch dataset of Taskonomy's folders, the original ones or ours, for any of the tasks."""

from encoders.dataset.examples import TaskExamples
from encoders.dataset.fingerprint import contents_of
from encoders.dataset.splits import split_buildings
from encoders.dataset.taskonomy import TaskonomyDataset

__all__ = ["TaskExamples", "TaskonomyDataset", "contents_of", "split_buildings"]
