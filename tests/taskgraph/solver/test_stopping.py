"""Time limits and Ctrl-C: the best taxonomy so far, with a valid bound, and soon."""

import _thread
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest

import taskgraph as tg
from benchmarks.speed.solver.instances import latent
from taskgraph.solver.clock import Clock
from taskgraph.tables import write_transfers

SLACK = 1.0
"""By how many seconds a solve may exceed its limit."""
BUSY = 2.0
"""The same where other tests may share the processor."""
SOON = 5.0
"""Seconds after a stop within which the answer comes; its proof would take minutes."""


@pytest.fixture(scope="module")
def hard():
    """Supervised targets may keep transfers, so that HiGHS has all the work; minutes to prove."""
    table = latent(100, 50, 0)
    costs = {name: (number % 9 + 1) / 1000 for number, name in enumerate(table.targets)}
    return table, tg.Problem(budget=20, transfer_cost=costs, supervised_may_transfer=True)


def stopped_after(seconds, call):
    """Run a call, set its clock's stop, and return its result and the seconds until it came."""
    clock, asked = Clock(), []

    def stop():
        asked.append(time.perf_counter())
        clock.stop.set()

    timer = threading.Timer(seconds, stop)
    timer.start()
    result = call(clock)
    timer.cancel()
    assert asked, "the call ended by itself: the instance is too easy for this test"
    return result, time.perf_counter() - asked[0]


@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_a_stopped_solve_keeps_the_best_taxonomy_and_its_bound(hard, solver):
    table, problem = hard
    found, seconds = stopped_after(4, lambda c: tg.solve(table, problem, solver=solver, clock=c))
    assert seconds < SOON
    assert found.status == "feasible"
    assert found.spent <= problem.budget
    assert found.objective <= found.bound
    assert found.gap < 0.5


def test_stopped_alternatives_list_what_was_proven(hard):
    table, problem = hard
    found, seconds = stopped_after(3, lambda c: tg.alternatives(table, problem, k=3, clock=c))
    assert seconds < SOON
    assert [each.status for each in found] == ["feasible"]


@pytest.fixture
def interruptible():
    """Ctrl-C ends a process, also where a shell that started the tests has them ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_in_the_library_is_a_keyboard_interrupt(hard):
    table, problem = hard
    asked = []

    def interrupt():
        asked.append(time.perf_counter())
        _thread.interrupt_main()

    timer = threading.Timer(4, interrupt)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        tg.solve(table, problem, time_limit=60)
    assert time.perf_counter() - asked[0] < SOON


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_on_the_command_line_prints_the_best_taxonomy_so_far(hard, tmp_path):
    table, problem = hard
    path = tmp_path / "hard.csv"
    write_transfers(table, path)
    costs = ",".join(f"{name}={cost}" for name, cost in problem.transfer_cost.items())
    flags = ["--budget", "20", "--transfer-cost", costs, "--supervised-may-transfer", "--json"]
    command = [sys.executable, "-m", "taskgraph", "solve", str(path), *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        time.sleep(8)
        process.send_signal(signal.SIGINT)
        start = time.perf_counter()
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert time.perf_counter() - start < SOON  # printing and the end of the process included
    assert process.returncode == 0
    assert b'"status": "feasible"' in out
    assert b'"bound": null' not in out
    assert b"stopped: the best taxonomy so far" in err


LEAVING = """
import threading
import taskgraph as tg
from benchmarks.speed.solver.instances import latent
from taskgraph.solver import running
from taskgraph.solver.clock import Clock
running.STOP_SECONDS = 0.0  # no solver stops so soon
table, clock = latent(100, 50, 0), Clock()
costs = {name: (number % 9 + 1) / 1000 for number, name in enumerate(table.targets)}
threading.Timer(3, clock.stop.set).start()
problem = tg.Problem(budget=20, transfer_cost=costs, supervised_may_transfer=True)
print(tg.solve(table, problem, clock=clock).status, running.abandoned_solver_runs())
"""


@pytest.mark.slow
def test_an_abandoned_solver_does_not_abort_the_process():
    """At the end of the process it is waited for."""
    done = subprocess.run([sys.executable, "-c", LEAVING], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("feasible")


@pytest.mark.parametrize("limit", [0.2, 1.0, pytest.param(3.0, marks=pytest.mark.slow)])
@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_a_time_limit_is_kept_and_gives_a_valid_bound(limit, solver):
    """The optimum is 4.0541041 (proven without a limit)."""
    table = latent(100, 50, 0)
    start = time.perf_counter()
    found = tg.solve(table, budget=20, objective="linear", solver=solver, time_limit=limit)
    assert time.perf_counter() - start < limit + BUSY
    assert found.status == "feasible"
    assert found.objective <= 4.0541042 <= found.bound


@pytest.mark.slow
def test_alternatives_and_marginal_worth_keep_the_limit(hard):
    table, problem = hard
    start = time.perf_counter()
    found = tg.alternatives(table, problem, k=3, time_limit=1.5)
    assert time.perf_counter() - start < 1.5 + BUSY
    assert found[0].status == "feasible"
    start = time.perf_counter()
    more = tg.marginal_worth(table, problem, time_limit=2.0)
    assert time.perf_counter() - start < 2.0 + BUSY
    low, high = more.limits
    assert not more.proven
    assert 0 <= low <= high


def test_marginal_worth_without_a_limit_is_proven():
    more = tg.marginal_worth(tg.default_transfers(), budget=3)
    assert more.proven
    assert more.limits == pytest.approx((more.worth, more.worth))


def large(tasks, per_target):
    """Return a program like `latent`'s that is quick to make."""
    random = np.random.default_rng(0)
    names = np.array([f"t{i:04d}" for i in range(tasks)], dtype=object)
    rows = tasks * per_target
    target = np.repeat(np.arange(tasks), per_target)
    sets = (target[:, None] + random.integers(1, tasks, (rows, 3))) % tasks
    order = random.integers(1, 4, rows)
    sources = ["+".join(sorted(set(names[s[:k]]))) for s, k in zip(sets, order, strict=True)]
    frame = pd.DataFrame({"sources": sources, "target": names[target]})
    frame["affinity"] = random.lognormal(-5, 0.5, rows)
    own = pd.DataFrame({"sources": "self", "target": names, "affinity": 0.1})
    both = pd.concat([own, frame]).drop_duplicates(["sources", "target"])
    return tg.Transfers(both)


@pytest.mark.slow
@pytest.mark.parametrize("limit", [2.0, 5.0])
@pytest.mark.parametrize("keep", [False, True])
def test_a_thousand_tasks_and_200_000_transfers_keep_the_limit(limit, keep):
    table = large(1000, 200)
    start = time.perf_counter()
    problem = tg.Problem(budget=200, supervised_may_transfer=keep)
    found = tg.solve(table, problem, time_limit=limit)
    assert time.perf_counter() - start < limit + SLACK
    assert found.status == "feasible"
    assert found.objective <= found.bound < np.inf
