"""The training loop: it trains, repeats itself bit for bit, keeps the best weights, and is fast."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.learning.batches import JointBatches, TensorBatches
from benchmarks.learning.config import LoopConfig, rate_factor
from benchmarks.learning.loop import Player, train_networks
from benchmarks.learning.rates import module_group
from encoders.errors import InvalidDataError, InvalidNetworkError, TrainingError
from encoders.training.schedule import cosine_factor

CONFIG = LoopConfig(steps=40, batch=16, learning_rate=0.1, precision="float32", device="cpu")


def points(count=64, seed=0):
    """Points of two classes that a line separates."""
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(count, 5, generator=generator)
    return inputs, (inputs[:, 0] > inputs[:, 1]).long()


def network(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 2))


def cross_entropy_of(model):
    return lambda batch, _progress: F.cross_entropy(model(batch[0]), batch[1])


def trained(config=CONFIG, seed=0, **options):
    model = network()
    batches = TensorBatches(points(), config.batch, seed)
    history = train_networks(model, cross_entropy_of(model), batches, config, **options)
    return model, history


def test_training_solves_what_can_be_solved_and_counts_its_steps():
    model, history = trained()
    inputs, labels = points(500, seed=1)
    assert (model(inputs).argmax(1) == labels).float().mean() > 0.9  # chance: .5 +- .02
    assert not model.training
    assert history.steps == 40
    assert [one.step for one in history.measured] == [4 * n for n in range(1, 11)]
    assert history.measured[-1].train_loss < history.measured[0].train_loss
    assert 0 < history.training_seconds <= history.seconds


def bits(model):
    return b"".join(value.numpy().tobytes() for value in model.state_dict().values())


def test_equal_seeds_give_equal_bits_whatever_was_drawn_before():
    one = bits(trained()[0])
    torch.rand(3)
    np.random.random(3)  # noqa: NPY002
    assert bits(trained()[0]) == one
    assert bits(trained(seed=1)[0]) != one
    assert bits(trained(LoopConfig(**{**vars(CONFIG), "seed": 1}))[0]) != one  # dropout


def test_a_training_does_not_change_the_global_generator():
    torch.manual_seed(7)
    before = torch.get_rng_state()
    trained()
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("changed", "reference"),
    [
        ({}, lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=1e-4)),
        ({"optimizer": "adamw"}, lambda p: torch.optim.AdamW(p, lr=0.1, weight_decay=1e-4)),
        (
            {"optimizer": "adamw", "betas": (0.5, 0.9)},
            lambda p: torch.optim.AdamW(p, lr=0.1, betas=(0.5, 0.9), weight_decay=1e-4),
        ),
    ],
)
def test_a_training_is_that_of_a_plain_loop(changed, reference):
    """The oracle is a loop written out with PyTorch's own scheduler."""
    config = LoopConfig(**{**vars(CONFIG), "optimizer": "sgd", "steps": 12, **changed})
    model, inputs = nn.Linear(5, 2), points()
    plain = nn.Linear(5, 2)
    plain.load_state_dict(model.state_dict())
    train_networks(model, cross_entropy_of(model), TensorBatches(inputs, 16, 0), config)
    stepped = reference(plain.parameters())
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(stepped, 12)
    batches = TensorBatches(inputs, 16, 0)
    for batch in [batch for _ in range(3) for batch in batches]:
        stepped.zero_grad()
        F.cross_entropy(plain(batch[0]), batch[1]).backward()
        stepped.step()
        schedule.step()
    assert torch.allclose(model.weight, plain.weight, atol=1e-5)


def test_the_best_weights_by_validation_are_kept():
    states, values = [], iter([0.1, 0.7, 0.3, 0.7])
    config = LoopConfig(**{**vars(CONFIG), "evaluate_every": 10})
    model = network()

    def validate():
        states.append({name: value.clone() for name, value in model.state_dict().items()})
        assert not model.training
        assert not torch.is_grad_enabled()
        return next(values)

    batches = TensorBatches(points(), 16)
    history = train_networks(model, cross_entropy_of(model), batches, config, validate=validate)
    assert history.best.step == 20  # the first of the equal ones
    for name, value in model.state_dict().items():
        assert torch.equal(value, states[1][name])
    assert not torch.equal(states[1]["0.weight"], states[3]["0.weight"])


def test_without_keeping_the_best_the_last_weights_stay():
    values = iter([0.7, 0.1])
    config = LoopConfig(**{**vars(CONFIG), "evaluate_every": 20, "keep_best": False})
    model, history = trained(config, validate=lambda: next(values))
    assert history.best.step == 40
    assert bits(model) == bits(trained(config)[0])


def test_players_take_turns_and_change_only_their_own_weights():
    """A generator-like game: one player lowers (a - b)^2 by a, the other raises it by b."""
    model = nn.ParameterDict({"a": torch.zeros(1), "b": torch.ones(1)})
    config = LoopConfig(**{**vars(CONFIG), "steps": 1, "momentum": 0.0, "weight_decay": 0.0})
    first, second = nn.ParameterList([model["a"]]), nn.ParameterList([model["b"]])
    players = [
        Player(
            lambda _b, _p: (model["a"] - model["b"]).square().sum(),
            [module_group("a", first, rate=0.1)],
        ),
        Player(
            lambda _b, _p: -(model["a"] - model["b"]).square().sum(),
            [module_group("b", second, rate=0.1)],
        ),
    ]
    train_networks([first, second], players, [torch.zeros(1)], config)
    assert model["a"].item() == pytest.approx(0.2)  # 0 + .1 * 2 * (1 - 0)
    assert model["b"].item() == pytest.approx(1.16)  # 1 + .1 * 2 * (1 - .2)


def test_a_method_may_combine_the_gradients_itself():
    model = nn.Linear(5, 2)
    seen = []

    def loss(batch, progress):
        scores = model(batch[0])
        return F.cross_entropy(scores, batch[1]), scores.square().mean()

    def backward(losses):
        seen.append(len(losses))
        sum(losses).backward()

    player = Player(
        loss, [module_group("all", model, rate=0.1)], backward, lambda losses: losses[0].detach()
    )
    history = train_networks(model, [player], TensorBatches(points(), 16), CONFIG)
    assert seen == [2] * 40
    assert history.measured[-1].train_loss < history.measured[0].train_loss


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_gradients_of_any_layout_change_the_weights_that_they_are_of(optimizer):
    """Weights in channels_last, and contiguous gradients as TorchJD sets them: as by autograd."""
    images = torch.randn(32, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    config = replace(CONFIG, optimizer=optimizer, channels_last=True, learning_rate=0.01)

    def trained_by(backward):
        """Return the weights after a training with one function of the gradients."""
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 3))
        groups = [module_group("all", model, rate=0.01)]
        player = Player(
            lambda batch, _: model(batch[0]).square().mean(),
            groups,
            lambda loss: backward(loss, list(model.parameters())),
            lambda loss: loss.detach(),
        )
        train_networks(model, [player], TensorBatches((images,), 16), config)
        return torch.cat([value.detach().flatten() for value in model.parameters()])

    def set_contiguous(loss, values):
        """Set the gradients in the default layout."""
        for value, gradient in zip(values, torch.autograd.grad(loss, values), strict=True):
            value.grad = gradient.contiguous()

    plain = trained_by(lambda loss, _: loss.backward())
    assert torch.equal(trained_by(set_contiguous), plain)


def test_the_progress_goes_from_0_to_nearly_1():
    seen, model = [], network()

    def loss(batch, progress):
        seen.append(progress)
        return F.cross_entropy(model(batch[0]), batch[1])

    train_networks(model, loss, TensorBatches(points(), 16), CONFIG)
    assert seen == [step / 40 for step in range(40)]


def test_batches_are_permutations_and_joint_batches_begin_short_sources_anew():
    short, long = TensorBatches((torch.arange(4),), 2), TensorBatches((torch.arange(10),), 2)
    batches = list(JointBatches((short, long)))
    assert len(batches) == len(JointBatches((short, long))) == 5
    assert sorted(torch.cat([b[0] for _, b in batches]).tolist()) == list(range(10))
    assert sorted(torch.cat([a[0] for a, _ in batches[:2]]).tolist()) == list(range(4))
    assert len(TensorBatches((torch.arange(3),), 8)) == 1
    assert len(next(iter(TensorBatches((torch.arange(3),), 8)))[0]) == 3
    epochs = [torch.cat([b[0] for b in long]).tolist() for _ in range(2)]
    assert epochs[0] != epochs[1]


def test_augmentation_is_of_the_first_tensor_and_depends_on_the_seed():
    def noisy(images, generator):
        return images + torch.rand(images.shape, generator=generator)

    drawn = [
        next(iter(TensorBatches((torch.zeros(8), torch.arange(8)), 4, s, noisy))) for s in (0, 0, 1)
    ]
    assert torch.equal(drawn[0][0], drawn[1][0])
    assert not torch.equal(drawn[0][0], drawn[2][0])
    assert drawn[0][1].dtype == torch.int64


def test_schedules_are_their_formulas():
    config = LoopConfig(schedule="annealed")
    assert [rate_factor(s, 4, config) for s in range(4)] == [
        pytest.approx((1 + 10 * s / 4) ** -0.75) for s in range(4)
    ]
    stepped = LoopConfig(schedule="milestones", milestones=(0.5, 0.75), factor=0.1)
    assert [round(rate_factor(s, 4, stepped), 9) for s in range(4)] == [1, 1, 0.1, 0.01]
    for step in range(10):
        smooth = rate_factor(step, 10, LoopConfig(schedule="cosine"))
        assert smooth == pytest.approx((1 + math.cos(math.pi * step / 10)) / 2)
        assert smooth == pytest.approx(cosine_factor(step, 10, warmup=0.0), abs=0.16)
    warm = LoopConfig(schedule="constant", warmup=0.5)
    assert [rate_factor(s, 8, warm) for s in range(8)] == [0.25, 0.5, 0.75, 1, 1, 1, 1, 1]
    flat = replace(warm, warmup_factor=0.1)
    assert [rate_factor(s, 8, flat) for s in range(8)] == [0.1] * 4 + [1] * 4


def test_rates_fall_when_the_validation_measure_stalls():
    values = iter([0.5, 0.6, 0.6, 0.6, 0.7])
    config = LoopConfig(
        **{**vars(CONFIG), "schedule": "plateau", "patience": 2, "steps": 10, "evaluate_every": 2}
    )
    _, history = trained(config, validate=lambda: next(values))
    factors = [one.rate_factor for one in history.measured]
    assert factors == pytest.approx([1, 1, 1, 1, 0.1])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"optimizer": "adam"}, "optimizer is 'adam', expected one of sgd, adamw"),
        ({"schedule": "step"}, "expected one of constant, cosine, milestones, annealed, plateau"),
        ({"precision": "half"}, "precision is 'half', expected one of auto, float32, bfloat16"),
        ({"steps": 0}, "steps is 0, expected at least 1"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0, expected more than 0"),
        ({"betas": (0.5, 1.0)}, r"betas are \(0.5, 1.0\), expected two numbers in \[0, 1\)"),
        ({"warmup": 1.0}, "warmup is 1.0, expected at least 0 and less than 1"),
    ],
)
def test_settings_are_checked(wrong, words):
    with pytest.raises(TrainingError, match=words):
        LoopConfig(**wrong)


def test_what_cannot_be_trained_is_said():
    model, batches = network(), TensorBatches(points(), 16)
    with pytest.raises(TrainingError, match="the loss became nan within the 4 steps before step 4"):
        train_networks(model, lambda b, p: model(b[0]).sum() * math.nan, batches, CONFIG)
    with pytest.raises(TrainingError, match="the validation measure became nan at step 4"):
        trained(validate=lambda: math.nan)
    with pytest.raises(TrainingError, match="no length; say how many steps"):
        train_networks(model, cross_entropy_of(model), iter([]), LoopConfig())
    with pytest.raises(TrainingError, match="no batches to train on"):
        train_networks(model, cross_entropy_of(model), [], LoopConfig())
    with pytest.raises(TrainingError, match="ended before the training"):
        train_networks(model, cross_entropy_of(model), iter([next(iter(batches))]), CONFIG)
    with pytest.raises(InvalidNetworkError, match="all parameters are frozen"):
        train_networks(model.requires_grad_(False), cross_entropy_of(model), batches, CONFIG)
    with pytest.raises(InvalidDataError, match=r"from tensors of \[2, 3\] items"):
        TensorBatches((torch.zeros(2), torch.zeros(3)), 2)
