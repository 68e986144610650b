"""Jobs that the tests of engines run in workers: good ones, and every bad kind."""

from __future__ import annotations

import ctypes
import dataclasses
import errno
import json
import os
import signal
import time
from pathlib import Path

from encoders.engines import Job
from encoders.errors import InvalidDataError, TrainingError


def logged(folder, name):
    """Note that a job was begun: one short line, which the system appends whole."""
    with (Path(folder) / "log").open("a") as log:
        log.write(f"{name}\n")


def begun(folder):
    """The jobs that were begun so far, in order, again for each time."""
    log = Path(folder) / "log"
    return log.read_text().split() if log.exists() else []


def write_text(text, path):
    """Write a file as `taskgraph.tables.write_text` does, without its imports in every worker."""
    half = Path(path).with_suffix(f".{os.getpid()}")
    half.write_text(text)
    half.replace(path)


def square(number, folder, seconds=0.0):
    """Work, write the result whole, and return it."""
    logged(folder, number)
    time.sleep(seconds)
    write_text(str(number**2), Path(folder) / f"{number}.txt")
    return number**2


def squares(numbers, folder, **settings):
    """A job a number; each knows the file that it writes."""
    return [
        Job(str(n), square, (n, str(folder), *settings.values()), folder / f"{n}.txt")
        for n in numbers
    ]


def killed_once(number, folder):
    """The first time, the process is killed in the middle; later it is `square`."""
    marker = Path(folder) / f"{number}.killed"
    if not marker.exists():
        marker.touch()
        logged(folder, number)
        os.kill(os.getpid(), signal.SIGKILL)
    return square(number, folder)


def poison(folder, name="poison"):
    """Kills its process every time."""
    logged(folder, name)
    os.kill(os.getpid(), signal.SIGKILL)


def meets(folder, name, other):
    """Ends only when the other job has begun."""
    logged(folder, name)
    end = time.monotonic() + 30
    while other not in begun(folder) and time.monotonic() < end:
        time.sleep(0.01)
    return other in begun(folder)


def lent(folder, name, count):
    """Wait until ``count`` jobs have begun; return the job's GPUs, its GPU share, its process."""
    import ray

    logged(folder, name)
    end = time.monotonic() + 120
    while len(begun(folder)) < count:
        if time.monotonic() > end:
            raise TrainingError(f"only {len(begun(folder))} of {count} jobs have begun")
        time.sleep(0.02)
    share = ray.get_runtime_context().get_assigned_resources().get("GPU", 0)
    return os.environ.get("CUDA_VISIBLE_DEVICES"), share, os.getpid()


def counts_others(folder, name):
    """The first time, killed while others run; then, how many others run."""
    mine = Path(folder) / f"{name}.running"
    first = name not in begun(folder)
    logged(folder, name)
    mine.touch()
    time.sleep(0.3)
    if first:
        mine.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    others = len(list(Path(folder).glob("*.running"))) - 1
    mine.unlink()
    return others


def written_and_killed(number, folder):
    """Finishes its file, and is killed before it can return."""
    square(number, folder)
    os.kill(os.getpid(), signal.SIGKILL)


def survived_by_a_child(folder):
    """Is killed, but a process that it forked lives on and holds its pipes open."""
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    poison(folder, child)


def segfault():
    ctypes.string_at(0)


def exits(code):
    os._exit(code)


def leaves():
    raise SystemExit("I leave")


def not_a_number():
    raise TrainingError("the loss of epoch 3 is nan; try a smaller learning rate")


def wordless():
    raise InvalidDataError


def divides(number):
    return inner(number)


def inner(number):
    return 1 / number  # the line that a failure names


def parses(text):
    return json.loads(text)


def full_disk(folder, named):
    """Raise the error of a full disk: that of `write` names no file, that of `open` does."""
    logged(folder, "full")
    if named:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(Path(folder) / "x" / "table"))
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def full_disk_behind():
    """Raise an error of `taskgraph.tables` about a full disk, without its cause."""
    try:
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
    except OSError:
        raise InvalidDataError("cannot be written") from None


def full_disk_in_words():
    raise RuntimeError('IoError(Os { code: 28, kind: StorageFull, message: "…" })')


def makes_a_lambda():
    return lambda: 1


class Unreadable:
    """Pickles, but its bytes make no value."""

    def __reduce__(self):
        return int, ("not a number",)


def makes_unreadable():
    return Unreadable()


def surroundings():
    """Return a worker's folder, and its numbers of threads of OpenMP and MKL."""
    return os.getcwd(), os.environ.get("OMP_NUM_THREADS"), os.environ.get("MKL_NUM_THREADS")


def process():
    return os.getpid()


def half_written(folder):
    """Is at a file's temporary copy when it is ended; `write_text` would have one like it."""
    place = Path(folder) / ".table.half"
    try:
        place.touch()
        logged(folder, os.getpid())
        time.sleep(60)
    except BaseException:
        place.unlink()
        raise


def pretend_training(name, out, config, losses=("self", "average", "random")):
    """Leave a folder as `encoders.bank.training.train_task` does, without the training."""
    if name == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    if name == "nan":
        raise TrainingError("the loss of epoch 0 is nan")
    if name == "full":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(out / "full.json"))
    record = {
        "task": name,
        "preset": config.preset,
        "fit": dataclasses.asdict(config.fit),
        "adversarial": None,
        "test_loss": dict.fromkeys(losses, 0.5),
    }
    write_text(json.dumps(record), out / f"{name}.json")
    return record
