"""The tasks of the dictionary, and tasks of your own: inputs, outputs, labels and losses."""

from encoders.tasks.dictionary import TASKS, tasks_named
from encoders.tasks.labels import from_folder
from encoders.tasks.own import load_task
from encoders.tasks.sample import OneView, Sample
from encoders.tasks.task import Label, Output, Task
from encoders.tasks.views import each_view
from taskgraph.tasks.aliases import OTHER_NAMES

__all__ = [
    "OTHER_NAMES",
    "TASKS",
    "Label",
    "OneView",
    "Output",
    "Sample",
    "Task",
    "each_view",
    "from_folder",
    "load_task",
    "tasks_named",
]
