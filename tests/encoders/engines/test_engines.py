"""Engines return what a plain loop returns, also when workers are killed or a disk is full."""

import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import types
from multiprocessing import active_children
from pathlib import Path

import pytest

from encoders.engines import (
    ENGINES,
    EngineError,
    Job,
    LocalEngine,
    RayEngine,
    as_completed,
    engine_named,
    run_jobs,
)
from encoders.engines.job import perform
from encoders.engines.progress import Pace, progress_label
from encoders.errors import MissingPackageError, UnknownNameError, WorkerDiedError
from tests.encoders.engines import engine_jobs as bad
from tests.encoders.engines.engine_jobs import begun, square, squares

ROOT = Path(__file__).resolve().parents[3]


@contextlib.contextmanager
def never():
    raise AssertionError("an engine was opened for nothing")
    yield


class NoEngine:
    opened = staticmethod(never)


def only(function, *args, **settings):
    """Return the outcome of one job in a separate process."""
    return run_jobs([Job("it", function, args, **settings)], LocalEngine(1))


@pytest.mark.parametrize("jobs", [1, 3])
def test_results_are_those_of_a_plain_loop_in_any_order(jobs, tmp_path):
    numbers = list(range(12))
    random.Random(jobs).shuffle(numbers)
    outcome = run_jobs(squares(numbers, tmp_path), LocalEngine(jobs))
    plain = {}
    for n in numbers:
        plain[str(n)] = n**2
    assert list(outcome.results.items()) == list(plain.items())
    assert {n: int((tmp_path / f"{n}.txt").read_text()) for n in plain} == plain
    assert (outcome.failures, outcome.kept, outcome.left, outcome.stopped) == ({}, (), (), None)
    assert sorted(map(int, begun(tmp_path))) == sorted(numbers)
    assert not active_children()


def test_jobs_run_at_once(tmp_path):
    jobs = [Job(a, bad.meets, (str(tmp_path), a, b)) for a, b in ("xy", "yx")]
    assert run_jobs(jobs, LocalEngine(2)).results == {"x": True, "y": True}


def test_a_finished_job_is_never_begun_again(tmp_path):
    run_jobs(squares([1, 2], tmp_path), LocalEngine(1))
    again = run_jobs(squares([1, 2], tmp_path), NoEngine())
    assert (again.kept, again.results) == (("1", "2"), {})
    more = run_jobs(squares([1, 2, 3], tmp_path), LocalEngine(1))
    assert (more.kept, more.results) == (("1", "2"), {"3": 9})
    assert begun(tmp_path) == ["1", "2", "3"]


def test_a_job_that_another_run_finished_in_the_meantime_is_not_begun(tmp_path):
    with contextlib.closing(as_completed(squares([1, 2], tmp_path), LocalEngine(1))) as ending:
        assert next(ending).value == 1
        (tmp_path / "2.txt").write_text("4")
        assert next(ending).kept
    assert begun(tmp_path) == ["1"]


def test_a_killed_worker_changes_nothing_in_the_table(tmp_path):
    jobs = squares(range(6), tmp_path)
    jobs[2] = Job("2", bad.killed_once, (2, str(tmp_path)), tmp_path / "2.txt")
    assert run_jobs(jobs, LocalEngine(2)).results == {str(n): n**2 for n in range(6)}
    assert sorted(begun(tmp_path)) == ["0", "1", "2", "2", "3", "4", "5"]


def test_a_poisonous_job_is_found_and_ends_no_other(tmp_path):
    jobs = [Job("poison", bad.poison, (str(tmp_path),)), *squares(range(5), tmp_path, seconds=0.1)]
    outcome = run_jobs(jobs, LocalEngine(2), attempts=3)
    assert outcome.results == {str(n): n**2 for n in range(5)}
    assert outcome.failures == {
        "poison": "its process was ended from outside (killed, or out of memory), "
        "at each of 3 attempts"
    }
    log = begun(tmp_path)
    assert log.count("poison") == 3
    assert log[-2:] == ["poison", "poison"], "suspects come last"
    assert len(log) == 5 + 3, "no neighbor was begun twice"


def test_suspects_of_a_machine_that_ran_out_of_memory_are_tried_one_at_a_time(tmp_path):
    """Together, each waits long enough to see the others; when it is retried it sees none."""
    jobs = [Job(name, bad.counts_others, (str(tmp_path), name)) for name in "abc"]
    assert run_jobs(jobs, LocalEngine(3)).results == dict.fromkeys("abc", 0)


def test_a_job_killed_after_its_last_write_is_finished(tmp_path):
    job = Job("7", bad.written_and_killed, (7, str(tmp_path)), tmp_path / "7.txt")
    outcome = run_jobs([job], LocalEngine(1))
    assert (outcome.kept, outcome.failures) == (("7",), {})
    assert begun(tmp_path) == ["7"]


def test_a_dead_worker_is_seen_though_its_child_holds_the_pipe(tmp_path):
    begin = time.monotonic()
    job = Job("it", bad.survived_by_a_child, (str(tmp_path),))
    outcome = run_jobs([job], LocalEngine(1), attempts=1)
    os.kill(int(begun(tmp_path)[0]), signal.SIGKILL)
    assert outcome.failures == {
        "it": "its process was ended from outside (killed, or out of memory)"
    }
    assert time.monotonic() - begin < 40, "the child lives for a minute"


def test_an_idle_worker_that_was_killed_is_no_jobs_fault():
    jobs = [Job(name, bad.process) for name in "abc"]
    with contextlib.closing(as_completed(jobs, LocalEngine(1), attempts=1)) as ending:
        first = next(ending).value
        os.kill(first, signal.SIGKILL)
        while any(child.pid == first for child in active_children()):
            time.sleep(0.01)
        second, third = (each.value for each in ending)
    assert first != second == third


REASONS = {
    "an error of ours": (
        bad.not_a_number,
        (),
        r"^the loss of epoch 3 is nan; try a smaller learning rate$",
    ),
    "ours without words": (bad.wordless, (), r"^InvalidDataError$"),
    "a bug": (
        bad.divides,
        (0,),
        r"^ZeroDivisionError: division by zero \(tests/encoders/engines/engine_jobs\.py:LINE\)$",
    ),
    "another library's": (
        bad.parses,
        ("{",),
        r"^JSONDecodeError: Expecting property name .* \(.*/engine_jobs\.py:\d+\)$",
    ),
    "a built-in function": (
        int,
        ("x",),
        r"^ValueError: invalid literal for int\(\) with base 10: 'x'$",
    ),
    "an exit": (
        bad.leaves,
        (),
        r"^SystemExit: I leave \(.*/engine_jobs\.py:\d+\)$",
    ),
    "its process": (
        bad.exits,
        (3,),
        r"^its process ended itself, with exit code 3, at each of 2 attempts$",
    ),
    "a fault": (bad.segfault, (), r"^its process died of SIGSEGV, at each of 2 attempts$"),
    "its arguments": (
        square,
        (1, lambda: 1),
        r"^it cannot be sent to a worker \(.*lambda.*\); a job is a function of a module, and "
        r"plain values$",
    ),
    "a local function": (lambda: 1, (), r"^it cannot be sent to a worker \(PicklingError: .*\);"),
    "its result": (
        bad.makes_a_lambda,
        (),
        r"^its result, a function, cannot be sent back \(.*\); a job returns plain values and "
        r"writes the rest to files$",
    ),
    "its result here": (
        bad.makes_unreadable,
        (),
        r"^its result cannot be read \(ValueError: invalid literal .*\)$",
    ),
    "bytes of no value": (
        bad.process,
        (bad.Unreadable(),),
        r"^a worker on .* cannot unpack it \(ValueError: .*\): its function must be in a module "
        r"that is installed there$",
    ),
}


def test_every_failure_is_told_and_ends_no_other(tmp_path):
    jobs = [Job(name, function, args) for name, (function, args, _) in REASONS.items()]
    jobs += squares([1, 2], tmp_path)
    outcome = run_jobs(jobs, LocalEngine(2))
    assert outcome.results == {"1": 1, "2": 4}
    assert outcome.failures.keys() == REASONS.keys()
    lines = Path(bad.__file__).read_text().splitlines()
    line = next(n for n, text in enumerate(lines, 1) if "the line that a failure names" in text)
    for name, (_, _, pattern) in REASONS.items():
        assert re.search(pattern.replace("LINE", str(line)), outcome.failures[name]), name


FULL = "the disk of {} is full; free some and run the same command again"


def test_a_full_disk_stops_what_has_not_begun_and_finishes_what_runs(tmp_path):
    place = str(tmp_path)
    jobs = [
        Job("slow", square, (1, place, 0.3)),
        Job("full", bad.full_disk, (place, True)),
        *squares([5, 6], tmp_path),
    ]
    outcome = run_jobs(jobs, LocalEngine(2))
    # The slow one may be in its worker's start when the other fails, but it was handed out.
    assert outcome.results == {"slow": 1}
    assert outcome.stopped == FULL.format(tmp_path / "x")
    assert outcome.failures == {"full": outcome.stopped}
    assert outcome.left == ("5", "6")
    jobs[1] = Job("full", square, (8, place))
    assert run_jobs(jobs, LocalEngine(2)).results == {"slow": 1, "full": 64, "5": 25, "6": 36}


@pytest.mark.parametrize(
    ("function", "args"),
    [
        (bad.full_disk, ("FOLDER", False)),
        (bad.full_disk_behind, ()),
        (bad.full_disk_in_words, ()),
    ],
)
def test_a_full_disk_is_known_by_number_by_cause_and_by_words(function, args, tmp_path):
    args = tuple(str(tmp_path) if each == "FOLDER" else each for each in args)
    outcome = only(function, *args, done=tmp_path / "out" / "it.json")
    assert outcome.stopped == FULL.format(tmp_path / "out")


DRIVER = """
import sys
from pathlib import Path
from encoders.engines import Job, LocalEngine, run_jobs
from tests.encoders.engines.engine_jobs import half_written, squares
if __name__ == "__main__":
    folder = Path(sys.argv[2])
    if sys.argv[1] == "squares":
        jobs = squares(range(30), folder, seconds=0.1)
    else:
        jobs = [Job(str(n), half_written, (str(folder),)) for n in range(2)]
    print("begins", flush=True)
    run_jobs(jobs, LocalEngine(2))
"""


def driver(folder, what, code=DRIVER):
    """Start a script that runs jobs, and return its process."""
    script = folder / "driver.py"
    script.write_text(code)
    return subprocess.Popen(
        [sys.executable, script, what, folder],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def until(condition, seconds=30.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def test_after_the_driver_was_killed_no_finished_job_runs_again(tmp_path):
    """At most the two in flight are begun twice; none is written half."""
    first = driver(tmp_path, "squares")
    until(lambda: len(list(tmp_path.glob("*.txt"))) >= 4)
    first.kill()
    first.communicate()  # until no worker has its end of the pipe any more
    finished = {path.stem for path in tmp_path.glob("*.txt")}
    earlier = begun(tmp_path)
    assert 4 <= len(finished) < 30
    outcome = run_jobs(squares(range(30), tmp_path, seconds=0.0), LocalEngine(2))
    assert set(outcome.kept) == finished
    assert outcome.results == {str(n): n**2 for n in range(30) if str(n) not in finished}
    twice = set(earlier) & set(begun(tmp_path)[len(earlier) :])
    assert twice == set(earlier) - finished
    assert len(twice) <= 2
    assert all(int((tmp_path / f"{n}.txt").read_text()) == n**2 for n in range(30))


def test_ctrl_c_ends_driver_and_workers_and_leaves_no_half_file(tmp_path):
    process = driver(tmp_path, "half")
    until(lambda: len(begun(tmp_path)) == 2)
    workers = [int(pid) for pid in begun(tmp_path)]
    asked = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=20)
    assert time.monotonic() - asked < 15
    assert told.count("Traceback") == 1, "the driver's own; workers are silent"
    assert "KeyboardInterrupt" in told
    assert not list(tmp_path.glob(".table*"))
    for pid in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_script_without_a_guard_is_told_to_have_one(tmp_path):
    code = DRIVER.replace('if __name__ == "__main__":', "if True:")
    _, told = driver(tmp_path, "squares", code).communicate(timeout=60)
    assert (
        "WorkerDiedError: a worker process ended with exit code 1 before it could work; a script "
        'that runs jobs must guard its entry by `if __name__ == "__main__":`'
    ) in told
    assert WorkerDiedError.__name__ in told
    assert begun(tmp_path) == []


def test_who_stops_to_iterate_ends_the_workers(tmp_path):
    jobs = [Job("a", bad.process), Job("b", time.sleep, (60,))]
    ending = as_completed(jobs, LocalEngine(2))
    assert next(ending).job.key == "a"
    assert active_children()
    ending.close()
    assert not active_children()


def test_an_iterator_that_nobody_closes_does_not_hold_up_the_end_of_python(tmp_path):
    code = DRIVER.replace(
        "run_jobs(jobs, LocalEngine(2))",
        "ending = encoders.engines.as_completed(jobs, "
        "LocalEngine(2)); next(ending)\n    sys.kept = ending",
    )
    process = driver(tmp_path, "squares", "import encoders.engines\n" + code)
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert len(begun(tmp_path)) < 30


def test_workers_have_one_thread_or_as_asked_and_the_drivers_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    for engine, threads in ((LocalEngine(1), 1), (LocalEngine(2), 1), (LocalEngine(1, 3), 3)):
        found = run_jobs([Job("it", bad.surroundings)], engine).results["it"]
        assert found == (str(tmp_path), str(threads), str(threads))
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ


def test_a_torch_that_is_loaded_is_told_its_threads(monkeypatch):
    """An import by the driver's script or by another job has read the variables before."""
    asked = []
    torch = types.SimpleNamespace(set_num_threads=asked.append)
    monkeypatch.setitem(sys.modules, "torch", torch)
    perform(Job("it", bad.process).packed(), os.getcwd(), 3)
    assert asked == [3]


def test_a_folder_that_a_machine_lacks_is_told(tmp_path):
    report = perform(Job("it", bad.process).packed(), str(tmp_path / "far"), 1)
    assert re.match(r".*/far is not on .+: the machines of a cluster must share", report.reason)


def test_progress_counts_kept_and_failed_jobs(tmp_path):
    run_jobs(squares([1], tmp_path), LocalEngine(1))
    jobs = [*squares([1, 2, 3], tmp_path), Job("bad", bad.not_a_number)]
    reports = []
    run_jobs(jobs, LocalEngine(1), progress=lambda *report: reports.append(report))
    assert reports[0] == (1, 4, "")
    assert reports[-1] == (4, 4, "1 failed, 00:00 left")
    assert reports == sorted(reports, key=lambda report: report[0])
    assert {total for _, total, _ in reports} == {4}


def test_a_label_has_the_failed_jobs_and_the_time_left():
    assert progress_label(0, None) == ""
    assert progress_label(2, 80.0) == "2 failed, 01:20 left"
    assert progress_label(0, 3_725.0) == "1:02:05 left"


def test_the_time_left_is_that_of_a_schedule_on_paper():
    """3 units took 6 s, so 2 s a unit: a running job of 2 units has 3 s left after 1 s."""
    now = [100.0]
    pace = Pace(clock=lambda: now[0])
    jobs = {w: Job(str(w), print, weight=w) for w in (1.0, 2.0, 5.0)}
    assert pace.left(jobs.values(), [], 2) is None
    pace.begin(jobs[2.0])
    pace.end(jobs[1.0], 4.0)
    pace.end(Job("x", print, weight=2.0), 2.0)
    now[0] += 1.0
    waiting, running = [jobs[1.0], jobs[5.0]], [jobs[2.0]]
    assert pace.left(waiting, running, 1) == pytest.approx(3 + 2 + 10)
    assert pace.left(waiting, running, 2) == pytest.approx(10)  # the longest alone
    assert pace.left([jobs[1.0]], running, 2) == pytest.approx(3)
    now[0] += 100.0  # longer than expected: no negative time
    assert pace.left([jobs[1.0]], running, 1) == pytest.approx(2)
    assert pace.left([], [], 1) == 0


def test_engines_are_values_found_by_name():
    assert set(ENGINES) == {"local", "ray"}
    assert engine_named("local") == LocalEngine(2)
    assert engine_named("local", jobs=5) == LocalEngine(5)
    assert engine_named("ray", jobs=5, address="auto") == RayEngine("auto", 5)
    assert engine_named("local", threads=3) == LocalEngine(2, 3)
    assert engine_named("ray", threads=3) == RayEngine(cpus=3)
    assert engine_named("ray", gpus=0.5) == RayEngine(gpus=0.5)
    with pytest.raises(EngineError, match=r"sets no GPUs aside, but 0\.5 are given; --gpus"):
        engine_named("local", gpus=0.5)
    with pytest.raises(UnknownNameError, match='no engine is called "spark", expected local or ra'):
        engine_named("spark")
    with pytest.raises(EngineError, match='"local" has no address, but auto is given; it is for'):
        engine_named("local", address="auto")


def test_settings_that_cannot_be_are_told():
    with pytest.raises(EngineError, match="jobs is 0, expected at least 1"):
        LocalEngine(0)
    with pytest.raises(EngineError, match="threads is -1, expected at least 1"):
        LocalEngine(1, threads=-1)
    with pytest.raises(EngineError, match="jobs is 0, expected at least 1"):
        RayEngine(jobs=0)
    with pytest.raises(EngineError, match="cpus is 0, expected more than 0"):
        RayEngine(cpus=0)
    with pytest.raises(EngineError, match="gpus is -1, expected at least 0"):
        RayEngine(gpus=-1)
    with pytest.raises(EngineError, match=r"gpus is 1\.5, expected a share of 1 or a whole"):
        RayEngine(gpus=1.5)
    twice = [Job("a", bad.process), Job("b", bad.process), Job("a", bad.exits, (1,))]
    with pytest.raises(EngineError, match='two jobs have the key "a"; each needs its own'):
        run_jobs(twice, NoEngine())
    with pytest.raises(EngineError, match="attempts is 0, expected at least 1"):
        run_jobs([], NoEngine(), attempts=0)


def test_a_missing_ray_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingPackageError, match=r"needs Ray, .*-e '\.\[ray\]'$"):
        run_jobs([Job("it", bad.process)], RayEngine())


def test_a_cluster_that_turns_the_driver_away_names_the_token(monkeypatch):
    """A listener that is no Ray ends `ray.init` by the same error as a Ray with a token."""

    def init(*_, **__):
        raise ConnectionError("Failed to connect to Ray cluster")

    ray = types.SimpleNamespace(is_initialized=lambda: False, init=init)
    monkeypatch.setitem(sys.modules, "ray", ray)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(EngineError) as found:
            run_jobs([Job("it", bad.process)], RayEngine(address))
    assert str(found.value) == (
        f"no Ray cluster can be reached at {address} (ConnectionError: Failed to connect to Ray "
        "cluster); start one with `ray start --head`, or leave the address out; if it asks for a "
        "token, set RAY_AUTH_MODE=token"
    )


def test_engines_import_neither_torch_nor_ray():
    code = "import sys, encoders.engines; assert not {'torch', 'ray', 'pandas'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
