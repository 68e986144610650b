"""Networks and losses of each task; the average estimator against closed forms."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from encoders.errors import InvalidNetworkError
from encoders.losses import l1, l2
from encoders.tasks import TASKS, Output, Task
from encoders.training.config import FitConfig
from encoders.training.fit import fit
from encoders.training.loop import losses
from encoders.training.objective import Average, loss_of, network_of, output_of, training_loss_of

LEARNED = [task for task in TASKS.values() if task.output is not None]


def closed(task):
    """The task with a number of classes, where the data would say it."""
    if task.output.channels is not None:
        return task
    return dataclasses.replace(task, output=dataclasses.replace(task.output, channels=7))


@pytest.mark.parametrize("task", LEARNED, ids=lambda task: task.name)
def test_every_task_has_a_network_of_its_shape(task):
    task = closed(task)
    images = torch.zeros(2, *task.input_shape(64))
    found = network_of(task, "tiny").eval()(images)
    assert found.shape == (2, *task.output.shape(64))
    if task.output.kind == "map" and task.loss == "l1":
        assert found.abs().max() <= 1


def test_tasks_of_one_seed_begin_with_the_same_encoder():
    depth, normals = (network_of(TASKS[name], "tiny") for name in ("rgb2depth", "rgb2sfnorm"))
    other = network_of(TASKS["rgb2depth"], "tiny", seed=1)
    ours, theirs = depth.encoder.state_dict(), normals.encoder.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert not all(torch.equal(t, other.encoder.state_dict()[n]) for n, t in ours.items())


def test_what_cannot_be_trained_is_named():
    with pytest.raises(InvalidNetworkError, match="task random has no output"):
        output_of(TASKS["random"])
    with pytest.raises(InvalidNetworkError, match=r"class_1000: the number of classes depends on"):
        output_of(TASKS["class_1000"])


def test_rare_classes_of_pixels_weigh_more_and_the_mean_weight_is_one():
    task = closed(TASKS["segmentsemantic_rb"])
    share = np.array([0.9, 0.1] + 15 * [0.0])
    loss = loss_of(task, {"frequency": share})
    logits = torch.zeros(2, 17, 1, 1)
    target, mask = torch.tensor([0, 1])[:, None, None], torch.ones(2, 1, 1)
    common, rare = (float(each) for each in loss(logits, target, mask))
    weights = 1 / (0.5 * share + 0.5 / 17)
    assert rare / common == pytest.approx(weights[1] / weights[0], rel=1e-5)
    assert share[0] * common + share[1] * rare == pytest.approx(math.log(17), rel=1e-5)


def test_classes_that_no_picture_of_the_train_split_has_are_weighted_all_the_same():
    """The frequencies end at the last class that occurs; validation pictures may hold others."""
    task = closed(TASKS["segmentsemantic_rb"])
    target, mask = torch.arange(17)[:, None, None], torch.ones(17, 1, 1)
    logits = torch.zeros(17, 17, 1, 1)
    short, whole = ([0.5, 0.2, 0.3], [0.5, 0.2, 0.3] + 14 * [0.0])
    found = loss_of(task, {"frequency": short})(logits, target, mask)
    torch.testing.assert_close(
        found, loss_of(task, {"frequency": whole})(logits, target, mask), rtol=0, atol=0
    )
    assert found[3:].unique().shape == (1,)
    assert found[3] > found[0]


@pytest.mark.parametrize("frequency", [[], [0.0, 0.0]])
def test_classes_are_not_weighted_if_no_pixel_of_the_train_split_has_one(frequency):
    task = closed(TASKS["segmentsemantic_rb"])
    logits = torch.zeros(1, 17, 1, 1)
    target, mask = torch.zeros(1, 1, 1).long(), torch.ones(1, 1, 1)
    loss = loss_of(task, {"frequency": frequency})
    assert float(loss(logits, target, mask)) == pytest.approx(math.log(17))


def test_ego_motions_composed_pose_is_compared_in_the_tasks_units():
    """A right standardized prediction has no loss, whatever the mean and spread."""
    rng = np.random.default_rng(0)
    constants = {"mean": rng.normal(size=18), "std": rng.uniform(0.5, 2, 18)}
    loss = loss_of(TASKS["ego_motion"], constants)
    truth = torch.from_numpy(rng.normal(size=(3, 18))).float()
    plain = loss_of(TASKS["ego_motion"], {})
    assert not torch.allclose(
        loss(truth + 0.5, truth, torch.ones(3)), plain(truth + 0.5, truth, torch.ones(3))
    )


def test_segments_are_trained_at_random_pixels_and_measured_at_fixed_ones():
    task, rng = TASKS["segment2d"], torch.Generator().manual_seed(0)
    points = torch.randn(2, 4, 32, 32, generator=rng)
    target = torch.randint(0, 3, (2, 32, 32), generator=rng)
    mask = torch.ones(2, 32, 32)
    measured, trained = loss_of(task, {}), training_loss_of(task, {})
    assert torch.equal(measured(points, target, mask), measured(points, target, mask))
    torch.manual_seed(0)
    first, second = (trained(points, target, mask) for _ in range(2))
    assert not torch.equal(first, second)
    torch.manual_seed(0)
    assert torch.equal(first, trained(points, target, mask))


class Numbers:
    """Answers that are drawn anew for each picture; pictures say nothing."""

    def __init__(self, answers):
        self.answers = torch.from_numpy(answers).float()

    def __len__(self):
        return len(self.answers)

    def batch(self, indices):
        rows = list(indices)
        return torch.zeros(len(rows), 3, 4, 4), self.answers[rows], torch.ones(len(rows))


@pytest.mark.parametrize(("loss", "best"), [(l1, np.median), (l2, np.mean)])
def test_the_average_estimator_finds_the_median_or_the_mean(tmp_path, loss, best):
    answers = np.random.default_rng(0).exponential(size=(400, 3)) * [1, 2, 0.5] - 0.3
    config = FitConfig(epochs=40, batch=50, learning_rate=0.05, weight_decay=0, precision="32-true")
    data, model = Numbers(answers), Average((3,))
    fit(model, loss, data, data, tmp_path, config)
    found = model.answer[0].detach().numpy()
    np.testing.assert_allclose(found, best(answers, axis=0), atol=0.06)
    least = losses(config.fabric(), model, loss, data, config).mean()
    best_loss = loss(
        torch.from_numpy(best(answers, axis=0)).expand(400, 3).float(),
        data.answers,
        torch.ones(400),
    ).mean()
    assert least == pytest.approx(float(best_loss), rel=5e-3)


def test_a_task_of_ones_own_has_a_network_too():
    task = Task("share", Output("vector", 2), "l2", TASKS["room_layout"].label)
    assert network_of(task, "tiny").eval()(torch.zeros(1, 3, 64, 64)).shape == (1, 2)
