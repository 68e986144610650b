"""The suite `control`: recorded physics beside equations, encoders beside scikit-learn, sets."""

import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

from benchmarks.control.agreement import agreement, overlap
from benchmarks.control.run import BUDGETS, set_value, taxonomies
from benchmarks.control.settings import SUITE
from benchmarks.control.sources import FREE, task_labels, trained_encoder, untrained_layers
from benchmarks.control.targets import TARGETS, example_steps, label_frame, windows_of
from benchmarks.results.record import Record
from encoders.errors import InvalidDataError, MissingPackageError

STEPS, WINDOW, STRIDE = 40, 4, 5


def robot():
    """The module of the robot; the test is skipped where its packages are missing."""
    for name in ("mujoco", "gymnasium"):
        pytest.importorskip(
            name, reason=f"{name} is not installed: pip install -c constraints.txt -e '.[control]'"
        )
    from benchmarks.control import robot

    return robot


@pytest.fixture(autouse=True)
def log_folder(tmp_path, monkeypatch):
    """Set a folder of the test as the one where MuJoCo writes its log of warnings."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def episodes():
    return robot().robot_episodes(6, STEPS, seed=[0, 1])


def test_recording_leaves_no_log_where_the_command_runs(log_folder):
    robot().robot_episodes(1, 2, seed=[0, 1])
    assert list(log_folder.iterdir()) == []


def test_an_episode_depends_on_its_seed_and_number_alone(episodes):
    again = robot().robot_episodes(2, STEPS, seed=[0, 1])
    other = robot().robot_episodes(2, STEPS, seed=[1, 1])
    for first, second, third in zip(episodes, again, other, strict=False):
        np.testing.assert_array_equal(first.states, second.states)
        assert (first.gait, first.terrain) == (second.gait, second.terrain)
        assert not np.array_equal(first.states, third.states)


def test_velocities_are_the_differences_of_places(episodes):
    """Over a step of 0.05 s the mean of two velocities is near the difference quotient."""
    for episode in episodes:
        states = episode.states
        moved = np.diff(states[:, :8], axis=0) / 0.05  # height, pitch and joints
        velocity = (states[1:, 9:17] + states[:-1, 9:17]) / 2
        assert np.corrcoef(moved[:, 0], velocity[:, 0])[0, 1] > 0.9
        assert np.corrcoef(moved[:, 1], velocity[:, 1])[0, 1] > 0.9
        goal = states[:, -2:]
        # The goal does not move: its offset changes as the torso does.
        assert np.corrcoef(np.diff(goal[:, 0]), -states[1:, 8] - states[:-1, 8])[0, 1] > 0.9
        np.testing.assert_allclose(np.diff(goal[:, 1]), -np.diff(states[:, 0]), atol=1e-9)


def test_the_reward_is_the_velocity_less_the_cost_of_control(episodes):
    gears = np.array([120, 90, 60, 120, 60, 30])
    for episode in episodes:
        moved = -np.diff(episode.states[:, -2]) / 0.05  # the goal's offset shrinks
        cost = 0.1 * np.square(episode.torques / gears).sum(axis=1)
        np.testing.assert_allclose(episode.rewards[:-1], moved - cost[:-1], atol=1e-6)


def test_the_center_of_mass_is_the_mean_of_the_bodies():
    import gymnasium

    module = robot()
    environment = gymnasium.make(module.ROBOT).unwrapped
    environment.reset(seed=3)
    for _ in range(4):
        environment.step(np.full(6, 0.7))
    state, contacts, height, speed = module.observed(environment, np.zeros(2))
    model, data = environment.model, environment.data
    mass = model.body_mass[1:]
    assert height == pytest.approx(float(mass @ data.xipos[1:, 2] / mass.sum()))
    before, dt = mass @ data.xipos[1:, 0] / mass.sum(), 1e-6
    data.qpos[:] += dt * data.qvel  # all joints of the robot are slides and hinges
    import mujoco

    mujoco.mj_kinematics(model, data)
    after = mass @ data.xipos[1:, 0] / mass.sum()
    assert speed == pytest.approx(float(after - before) / dt, rel=1e-4)
    assert len(contacts) == 2
    assert len(state) == 19
    environment.close()


def test_a_foot_touches_the_ground_where_it_is_low_and_the_slope_pulls():
    import gymnasium

    module = robot()
    environment = gymnasium.make(module.ROBOT).unwrapped
    environment.reset(seed=0)
    environment.data.qpos[1] = 2.0  # two meters up
    assert module.observed(environment, np.zeros(2))[1] == [False, False]
    environment.close()
    flat, steep = (
        [e for e in module.robot_episodes(40, 12, seed=[5]) if e.terrain == name]
        for name in ("downhill", "uphill")
    )
    drift = [np.mean([e.speed.mean() for e in group]) for group in (flat, steep)]
    assert drift[0] > drift[1]


def test_gaits_by_hand():
    random = np.random.default_rng(0)
    actions = {g: robot().gait_actions(g, 400, 0.05, random) for g in ("bound", "pronk", "random")}
    between = {g: np.corrcoef(a[:, 0], a[:, 3])[0, 1] for g, a in actions.items()}
    assert between["pronk"] > 0.8
    assert between["bound"] < -0.8
    assert abs(between["random"]) < 0.4
    assert all(np.abs(a).max() <= 1 for a in actions.values())


def test_labels_and_windows_by_hand(episodes):
    frame, windows = label_frame(episodes, WINDOW, STRIDE), windows_of(episodes, WINDOW, STRIDE)
    steps = list(example_steps(STEPS, WINDOW, STRIDE))
    assert steps[0] == WINDOW - 1
    assert steps[-1] <= STEPS - 2
    assert len(frame) == len(windows) == 6 * len(steps)
    episode, step = episodes[1], steps[2]
    row = frame.iloc[len(steps) + 2]
    np.testing.assert_array_equal(windows[len(steps) + 2, -19:], episode.states[step])
    np.testing.assert_array_equal(windows[len(steps) + 2, :19], episode.states[step - 3])
    assert row["example"] == f"1-{step}"
    assert row["group"] == "episode 1"
    assert row["inverse"] == episode.torques[step - 1, 3]
    assert row["torque"] == episode.torques[step, 0]
    assert row["next_pitch"] == episode.states[step + 1, 10]
    assert row["distance"] == pytest.approx(np.linalg.norm(episode.states[step, -2:]))
    touching = [
        name for name, on in zip(("back", "front"), episode.contacts[step], strict=True) if on
    ]
    assert row["contact"] == ("|".join(touching) or "|")
    assert list(frame.columns) == ["example", "group", *TARGETS]


def test_pictures_need_a_gl(monkeypatch):
    module = robot()
    import mujoco

    def refused(*_):
        raise RuntimeError("no display")

    monkeypatch.setattr(mujoco, "Renderer", refused)
    monkeypatch.setenv("MUJOCO_GL", "osmesa")
    with pytest.raises(InvalidDataError, match=r"with MUJOCO_GL=osmesa .*no display\); set MUJ"):
        module.robot_episodes(1, 2, seed=[0], pictured=[0])


def test_without_mujoco_the_remedy_is_named(monkeypatch):
    from benchmarks.control.robot import robot_episodes

    monkeypatch.setitem(sys.modules, "gymnasium", None)
    with pytest.raises(MissingPackageError, match=r"this needs gymnasium.*\.\[control\]"):
        robot_episodes(1, 2, seed=[0])


@pytest.fixture
def made():
    random = np.random.default_rng(0)
    windows = random.normal(2.0, 3.0, (300, 5))
    frame = pd.DataFrame(
        {
            "com_height": windows[:, 0] * windows[:, 1],
            "contact": np.where(windows[:, 0] > 2, "back|front", "|"),
            "gait": np.where(windows[:, 2] > 2, "bound", "crawl"),
        }
    )
    return windows, frame


@pytest.mark.parametrize("task", ["com_height", "contact", "gait"])
def test_the_representation_is_the_hidden_layer_of_scikit_learns_network(made, task):
    """The rest of the network, applied to it, gives scikit-learn's own predictions."""
    windows, frame = made
    labels = task_labels(frame, task)
    encoder = trained_encoder(windows, labels, features=6, epochs=4, seed=1)
    hidden = encoder.represent(windows)
    assert hidden.shape == (300, 6)
    kind = MLPRegressor if task == "com_height" else MLPClassifier
    same = kind(hidden_layer_sizes=(64, 6), max_iter=4, random_state=1, early_stopping=True)
    inputs = StandardScaler().fit_transform(windows)
    if task == "com_height":
        labels = (labels - labels.mean()) / labels.std()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        same.fit(inputs, labels)
    out = hidden @ same.coefs_[2] + same.intercepts_[2]
    if task == "com_height":
        np.testing.assert_allclose(out[:, 0], same.predict(inputs), atol=1e-8)
    else:
        shares = same.predict_proba(inputs)
        ours = 1 / (1 + np.exp(-out))
        np.testing.assert_allclose(ours, shares if task == "contact" else shares[:, 1:], atol=1e-8)


def test_random_weights_are_within_glorots_bounds(made):
    layers = untrained_layers(made[0], features=6, seed=0).layers
    for (weights, bias), size in zip(layers, (5 + 64, 64 + 6), strict=True):
        bound = np.sqrt(6 / size)
        assert 0.9 * bound < np.abs(weights).max() <= bound
        assert np.abs(bias).max() <= bound


def table_of(seed):
    """A made table of affinities in which each task is a source, beside two free ones."""
    random = np.random.default_rng(seed)
    names = [*TARGETS, "state", "pca"]
    rows = [
        (sources, target, random.random())
        for target in TARGETS
        for sources in [*names, "self", "pca+torque", "gait+reward"]
        if target not in sources.split("+")
    ]
    frame = pd.DataFrame(rows, columns=["sources", "target", "affinity"])
    return frame.assign(gain=frame["affinity"])


def test_the_optimum_is_the_best_of_all_listed_sets():
    for seed in range(2):
        frame = table_of(seed)
        rows = taxonomies(frame)
        assert [row["budget"] for row in rows] == list(BUDGETS)
        for row in rows:
            assert row["best_listed"] == pytest.approx(row["objective"], abs=2e-5)
            assert row["random_mean"] <= row["best_listed"] + 1e-9
            assert set(row["free"]) <= set(FREE)


def test_the_value_of_a_set_by_hand():
    frame = pd.DataFrame(
        [
            ("state", "gait", 0.25),
            ("torque", "gait", 0.36),
            ("state", "torque", 0.04),
            ("self", "torque", 0.81),
            ("self", "gait", 0.49),
        ],
        columns=["sources", "target", "affinity"],
    )
    assert set_value(frame, ()) == pytest.approx(0.5 + 0.2)
    assert set_value(frame, ("torque",)) == pytest.approx(0.6 + 0.9)


def test_agreement_by_hand():
    def record(values):
        return Record("control", {}, 0, "test", {"affinity": {"gait": values}})

    one = record({"a": 0.5, "b": 0.3, "c": 0.2, "self": 0.9})
    other = record({"a": 0.5, "b": 0.2, "c": 0.3, "self": 0.0})
    assert agreement(one, one, "gait") == pytest.approx(1.0)
    assert agreement(one, other, "gait") == pytest.approx(1 / 3)  # one pair of three turns
    assert overlap(["a", "b"], ["b", "c"]) == pytest.approx(1 / 3)
    assert overlap([], []) == 1.0


def test_a_smoke_run_records_and_goes_on(tmp_path):
    robot()
    settings = SUITE.with_preset("smoke", {})
    SUITE.run(settings, tmp_path)
    lines = (tmp_path / "records.jsonl").read_text()
    assert lines.count("\n") == 1
    SUITE.run(settings, tmp_path)
    assert (tmp_path / "records.jsonl").read_text() == lines
    page = SUITE.write_page(tmp_path)
    assert "Kendall" in page
    assert (tmp_path / "gains.svg").exists()
    assert "a budget of 2 labels" in SUITE.finding(tmp_path)
