"""Episodes of the half cheetah of gymnasium, driven by gaits that no source observes."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from encoders.errors import InvalidDataError
from encoders.errors.extras import extra_installed
from taskgraph.arrays import Array, Booleans, Floats

ROBOT = "HalfCheetah-v5"

GAITS = ("bound", "pronk", "crawl", "random")
"""How the motors are driven: back against front legs, all legs together, a wave through all six
joints at half the pace, or noise."""

TERRAINS = {"downhill": -8.0, "flat": 0.0, "uphill": 8.0}
"""Slope of the ground in degrees: the robot climbs where it is above 0."""

PHASES = {
    "bound": np.array([0.0, 0.5, 1.0, 3.1, 3.6, 4.1]),
    "pronk": np.array([0.0, 0.5, 1.0, 0.0, 0.5, 1.0]),
    "crawl": np.arange(6) * np.pi / 3,
}
"""Phase of each motor in radians."""

FEET = {"bfoot": "back", "ffoot": "front"}
"""Name of each foot by the name of its geometry in the model."""

PITCH_RATE = 10
"""Column of the state that holds the pitch's angular velocity in rad/s."""

WARM_UP = 10
"""Steps before the recording of an episode begins."""

PIXELS = 32
"""Side of a camera picture."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class RobotEpisode:
    """The arrays that are recorded at each of an episode's T steps.

    Attributes
    ----------
    states : (T, 19) array
        Height of the torso (m), pitch (rad), six joint angles (rad), then the velocities of place,
        height, pitch and joints, then the offset of the goal from the torso, (x, z) in m.
    torques : (T, 6) array
        Torques of the motors in the step that follows the state, in N m.
    contacts : (T, 2) bools
        Which of `FEET` touch the ground.
    height, speed : (T,) arrays
        Height (m) and forward velocity (m/s) of the center of mass.
    rewards : (T,) array
        The environment's reward of the step that follows: the forward velocity less the cost of
        control.
    gait, terrain : str
    pictures : dict
        By step: the gray picture of the camera that follows the robot, (32, 32) bytes.
    """

    states: Floats
    torques: Floats
    contacts: Booleans
    height: Floats
    speed: Floats
    rewards: Floats
    gait: str
    terrain: str
    pictures: Mapping[int, Array]


def robot_episodes(
    count: int, steps: int, *, seed: Sequence[int], pictured: Collection[int] = ()
) -> list[RobotEpisode]:
    """Return episodes with gaits, terrains, goals and speeds drawn at random.

    Parameters
    ----------
    seed : sequence of int
        Episode number i is drawn with ``[*seed, i]``, so that it does not depend on ``count``.
    pictured : collection of int
        Steps of each episode of which a picture is recorded.

    Raises
    ------
    MissingPackageError
        If mujoco or gymnasium is not installed.
    InvalidDataError
        If no GL is at hand for the camera.
    """
    with extra_installed("control"):
        import gymnasium
        import mujoco

    mujoco.set_mju_user_warning(logger.info)  # by default MuJoCo writes a file where it runs
    environment: Any = gymnasium.make(ROBOT, max_episode_steps=steps + WARM_UP + 1).unwrapped
    eye = _opened_eye(environment.model) if pictured else None
    try:
        return [
            _episode(environment, steps, np.random.default_rng([*seed, number]), eye, pictured)
            for number in range(count)
        ]
    finally:
        environment.close()
        if eye is not None:
            eye.close()
        mujoco.set_mju_user_warning(None)


def _opened_eye(model: Any) -> Any:
    """Return a renderer of small pictures without shadows, reflections and sky.

    Coarse meshes and one sample a pixel make it seven times as fast where the GL has no GPU.
    """
    import mujoco

    quality = model.vis.quality
    quality.offsamples, quality.numslices, quality.numstacks, quality.numquads = 0, 8, 4, 1
    try:
        eye = mujoco.Renderer(model, PIXELS, PIXELS)
    except Exception as error:  # the GL platforms raise errors of their own kinds
        raise InvalidDataError(
            f"--camera: no picture can be drawn with MUJOCO_GL={os.environ.get('MUJOCO_GL', '')} "
            f"({type(error).__name__}: {error}); set MUJOCO_GL=egl or MUJOCO_GL=osmesa, or leave "
            "the flag out"
        ) from error
    for flag in ("SHADOW", "REFLECTION", "SKYBOX"):
        eye.scene.flags[getattr(mujoco.mjtRndFlag, f"mjRND_{flag}")] = False
    return eye


def _episode(
    environment: Any, steps: int, random: np.random.Generator, eye: Any, pictured: Collection[int]
) -> RobotEpisode:
    """Return one episode."""
    gait, terrain = str(random.choice(GAITS)), str(random.choice(list(TERRAINS)))
    tilt = np.radians(TERRAINS[terrain])
    model, data = environment.model, environment.data
    model.opt.gravity[:] = 9.81 * np.array([-np.sin(tilt), 0.0, -np.cos(tilt)])
    environment.reset(seed=int(random.integers(2**31)))
    actions = gait_actions(gait, WARM_UP + steps, environment.dt, random)
    for action in actions[:WARM_UP]:
        environment.step(action)
    goal = data.qpos[:2] + random.uniform([-2.0, 0.0], [4.0, 1.0])
    rows: list[tuple[Any, ...]] = []
    pictures: dict[int, Array] = {}
    for step, action in enumerate(actions[WARM_UP:]):
        seen = observed(environment, goal)
        if step in pictured:
            eye.update_scene(data, camera="track")
            pictures[step] = eye.render().mean(axis=2).astype(np.uint8)
        reward = environment.step(action)[1]
        rows.append((*seen, action * model.actuator_gear[:, 0], reward))
    states, contacts, height, speed, torques, rewards = (
        np.array(column) for column in zip(*rows, strict=True)
    )
    return RobotEpisode(states, torques, contacts, height, speed, rewards, gait, terrain, pictures)


def observed(environment: Any, goal: Floats) -> tuple[Floats, list[bool], float, float]:
    """Return the state, the contacts of the feet, and the center of mass's height and speed.

    MuJoCo computes contacts and places of bodies at the beginning of a step, so that they are
    computed anew for the state that the last step led to.
    """
    import mujoco

    model, data = environment.model, environment.data
    mujoco.mj_forward(model, data)
    mujoco.mj_subtreeVel(model, data)
    floor = model.geom("floor").id
    touching = {
        pair[1] if pair[0] == floor else pair[0]
        for pair in data.contact.geom[: data.ncon].tolist()
        if floor in pair
    }
    state = np.concatenate([data.qpos[1:], data.qvel, goal - data.qpos[:2]])
    contacts = [model.geom(name).id in touching for name in FEET]
    return state, contacts, float(data.subtree_com[1, 2]), float(data.subtree_linvel[1, 0])


def gait_actions(gait: str, steps: int, pace: float, random: np.random.Generator) -> Floats:
    """Return the actions of an episode, (steps, 6) within [-1, 1].

    Frequency (1 to 3 Hz; ``crawl`` half of it), amplitude (0.4 to 1) and first phase are drawn. All
    gaits have noise of deviation 0.1, and ``random`` is noise with a memory of about 5 steps.

    Parameters
    ----------
    pace : float
        Seconds of a step.
    """
    frequency, amplitude = random.uniform(1.0, 3.0), random.uniform(0.4, 1.0)
    noise = random.normal(0.0, 1.0, (steps, 6))
    if gait == "random":
        actions = np.zeros((steps, 6))
        for step in range(1, steps):
            actions[step] = 0.8 * actions[step - 1] + 0.6 * noise[step]
        actions *= amplitude
    else:
        pulse = frequency * (0.5 if gait == "crawl" else 1.0)
        phase = 2 * np.pi * pulse * pace * np.arange(steps)[:, None] + random.uniform(0, 2 * np.pi)
        actions = amplitude * np.sin(phase - PHASES[gait]) + 0.1 * noise
    return np.clip(actions, -1.0, 1.0)
