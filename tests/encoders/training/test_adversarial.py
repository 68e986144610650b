"""The adversarial term: gradients by hand, plain training at share 0, and resuming bit for bit."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from encoders.errors import InvalidDataError, TrainingError
from encoders.losses import l1
from encoders.networks import InvalidNetworkError
from encoders.networks.presets import TINY, PatchSpec
from encoders.tasks import TASKS
from encoders.training.adversarial import AdversarialConfig, Adversary, adversary_of
from encoders.training.checkpoint import read_config, read_weights
from encoders.training.config import FitConfig
from encoders.training.fit import fit
from encoders.training.loop import losses
from encoders.training.objective import network_of, output_of
from encoders.training.run_state import BEST, LAST

CONFIG = FitConfig(epochs=4, batch=8, learning_rate=0.01, precision="32-true", accelerator="cpu")
STRONG = AdversarialConfig(share=0.5, alone=0, learning_rate=0.1)
PATCHED = dataclasses.replace(TINY, patch=PatchSpec(width=4, layers=3))


class Pictures:
    """A map to learn from pictures; the label of every fifth pixel is NaN."""

    def __init__(self, count, seed, side=8):
        rng = np.random.default_rng(seed)
        self.x = torch.tensor(rng.standard_normal((count, 3, side, side)), dtype=torch.float32)
        self.mask = torch.arange(count * side * side).reshape(count, side, side) % 5 > 0
        self.y = torch.where(self.mask[:, None], self.x.mean(1, keepdim=True).tanh(), torch.nan)

    def __len__(self):
        return len(self.x)

    def batch(self, indices):
        rows = list(indices)
        return self.x[rows], self.y[rows], self.mask[rows]


TRAIN, VALID = Pictures(32, 0), Pictures(16, 1)


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Conv2d(8, 1, 1),
    )


def adversary(config=STRONG):
    task = TASKS["reshade"]
    found = adversary_of(task, output_of(task), PATCHED, config, seed=0)
    assert found is not None
    return found


def trained(folder, config=None, epochs=4, **options):
    """The run's files: (best, last) tensors, without those of the discriminator."""
    fit_config = dataclasses.replace(CONFIG, epochs=epochs)
    options["adversary"] = adversary(config) if config else None
    fit(network(), l1, TRAIN, VALID, folder, fit_config, **options)
    return read_weights(folder / BEST)[0], read_weights(folder / LAST)[0]


def equal(ours, theirs):
    return all(torch.equal(ours[name], theirs[name]) for name in {*ours, *theirs})


def without_discriminator(tensors):
    return {name: t for name, t in tensors.items() if not name.startswith("adversary.")}


def test_a_share_of_zero_is_plain_training_bit_for_bit_while_the_discriminator_learns(tmp_path):
    best, last = trained(tmp_path / "a", dataclasses.replace(STRONG, share=0.0))
    plain_best, plain_last = trained(tmp_path / "b")
    assert equal(best, plain_best)
    assert equal(without_discriminator(last), plain_last)
    begun = adversary().network.state_dict()
    assert not torch.equal(last["adversary.last.weight"], begun["last.weight"])


def test_the_first_steps_are_plain_training_and_later_ones_are_not(tmp_path):
    """8 steps are two epochs of four: until then nothing differs, not even the discriminator."""
    config = dataclasses.replace(STRONG, alone=8)
    _, last = trained(tmp_path / "a", config, epochs=2)
    plain = trained(tmp_path / "b", epochs=2)[1]
    assert equal(without_discriminator(last), plain)
    begun = adversary(config).network.state_dict()
    assert all(torch.equal(last[f"adversary.{name}"], begun[name]) for name in begun)
    _, longer = trained(tmp_path / "c", config, epochs=3)
    assert not equal(without_discriminator(longer), trained(tmp_path / "d", epochs=3)[1])
    assert not torch.equal(longer["adversary.last.weight"], begun["last.weight"])


class KilledError(Exception):
    pass


@pytest.mark.parametrize("epoch", [0, 1, 2])
def test_a_killed_run_resumes_to_the_same_weights_of_both(tmp_path, epoch):
    config = dataclasses.replace(STRONG, alone=6)

    def kill(row):
        if row.epoch == epoch:
            raise KilledError

    with pytest.raises(KilledError):
        trained(tmp_path / "a", config, on_evaluation=kill)
    ours, theirs = trained(tmp_path / "a", config), trained(tmp_path / "b", config)
    assert equal(ours[0], theirs[0])
    assert equal(ours[1], theirs[1])
    assert any(name.startswith("adversary.") for name in ours[1])


def test_validation_and_the_log_tell_the_loss_without_the_term(tmp_path):
    rows = []
    trained(tmp_path, STRONG, on_evaluation=rows.append)
    model = network()
    model.load_state_dict(read_weights(tmp_path / BEST)[0])
    each = losses(CONFIG.fabric(), model, l1, VALID, CONFIG)
    assert np.nanmean(each) == pytest.approx(min(row.valid_loss for row in rows), rel=1e-5)
    assert read_config(tmp_path / LAST)["adversarial"] == dataclasses.asdict(STRONG)


def test_a_run_with_other_adversarial_settings_or_none_is_refused(tmp_path):
    trained(tmp_path, STRONG, epochs=1)
    for other in (None, dataclasses.replace(STRONG, share=0.1)):
        with pytest.raises(TrainingError, match=r"of another run \(its adversarial\S* differs\)"):
            trained(tmp_path, other, epochs=1)


def test_a_discriminator_of_other_sizes_is_refused(tmp_path):
    trained(tmp_path, STRONG, epochs=1)
    other = Adversary(nn.Linear(2, 2), STRONG)
    with pytest.raises(InvalidDataError, match=r"lacks weight; lacks bias; has an unknown"):
        fit(
            network(),
            l1,
            TRAIN,
            VALID,
            tmp_path,
            dataclasses.replace(CONFIG, epochs=1),
            adversary=other,
        )


class Linear(nn.Module):
    """logit = a · picture + b · map + c, at each pixel: what a person can differentiate."""

    def __init__(self, a, b, c):
        super().__init__()
        self.a, self.b, self.c = (nn.Parameter(torch.tensor(float(v))) for v in (a, b, c))

    def forward(self, images, maps):
        return self.a * images + self.b * maps + self.c


A, B, C, SHARE, REAL, RATE = 0.3, -1.2, 0.2, 0.25, 0.9, 0.5


def by_hand():
    """A batch of 3 pictures of 2 x 2; the last label is missing altogether."""
    rng = np.random.default_rng(3)
    x, p, y = (rng.standard_normal((3, 1, 2, 2)) for _ in range(3))
    mask = np.array([[[1, 1], [0, 1]], [[1, 1], [1, 1]], [[0, 0], [0, 0]]])
    config = AdversarialConfig(share=SHARE, alone=0, learning_rate=RATE, real_label=REAL, noise=0)
    ours = Adversary(Linear(A, B, C).double(), config)
    ours.setup(CONFIG.fabric(), seed=0)
    y[2] = np.nan
    return ours, x, p, y, mask


def tensors(*arrays):
    return tuple(torch.from_numpy(array) for array in arrays)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def test_the_networks_gradient_is_that_found_by_hand():
    """d total / d p = (1 - s) dL/dp - s b (1 - D) / (4 · 2) where the label counts, else 0."""
    ours, x, p, y, mask = by_hand()
    prediction = torch.from_numpy(p).requires_grad_()
    mean = (prediction**2).sum()
    total = ours.total(mean, prediction, tensors(x, y, mask), 0)
    total.backward()
    term, slope = 0.0, np.zeros_like(p)
    for image in range(2):  # the third has no label, so it does not count
        for row in range(2):
            for column in range(2):
                place = (image, 0, row, column)
                kept = mask[image, row, column]
                d = sigmoid(A * x[place] + B * (p[place] if kept else 0.0) + C)
                term -= np.log(d) / 4 / 2
                slope[place] = -B * (1 - d) / 4 / 2 if kept else 0.0
    assert float(total.detach()) == pytest.approx(0.75 * (p**2).sum() + 0.25 * term, rel=1e-6)
    wanted = 0.75 * 2 * p + 0.25 * slope
    np.testing.assert_allclose(prediction.grad.numpy(), wanted, rtol=1e-6)
    assert all(parameter.grad is None for parameter in ours.network.parameters())
    assert all(parameter.requires_grad for parameter in ours.network.parameters())


def test_a_step_of_the_discriminator_is_that_found_by_hand():
    """Cross-entropy's slope in a logit is D - label: 0.9 for labels, 0 for predictions."""
    ours, x, p, y, mask = by_hand()
    prediction = torch.from_numpy(p).requires_grad_()
    ours.learn(prediction, tensors(x, y, mask), 0)
    slopes = np.zeros(3)
    for image in range(2):
        for row in range(2):
            for column in range(2):
                place, kept = (image, 0, row, column), mask[image, row, column]
                for maps, label in ((y, REAL), (p, 0.0)):
                    shown = maps[place] if kept else 0.0
                    error = sigmoid(A * x[place] + B * shown + C) - label
                    slopes += error * np.array([x[place], shown, 1.0]) / 4 / 2
    found = [float(getattr(ours.network, name).detach()) for name in "abc"]
    np.testing.assert_allclose(found, np.array([A, B, C]) - RATE * slopes, rtol=1e-6)
    assert prediction.grad is None
    assert not ours.optimizer.state_dict()["state"], "then resuming must save it"


class Recorder(nn.Module):
    """Keeps the maps that it is shown."""

    def __init__(self):
        super().__init__()
        self.weight, self.seen = nn.Parameter(torch.ones(())), []

    def forward(self, images, maps):
        self.seen.append(maps.detach().clone())
        return self.weight * maps


def noise_seen(step, *, seed=0, side=64):
    """The spread of what is added to zeros: (the network's turn, label, prediction)."""
    ours = Adversary(Recorder(), AdversarialConfig(alone=100, noise=0.1, halved_at=50))
    ours.setup(CONFIG.fabric(), seed=seed)
    zeros = torch.zeros(4, 1, side, side)
    batch = zeros, zeros, torch.ones(4, side, side)
    before = torch.get_rng_state()
    ours.total(torch.zeros(()), zeros, batch, step)
    ours.learn(zeros, batch, step)
    assert torch.equal(before, torch.get_rng_state()), "torch's own random numbers were taken"
    return ours.network.seen


def test_the_noise_begins_at_its_scale_falls_by_half_and_depends_on_seed_and_step_alone():
    for step, scale in ((100, 0.1), (150, 0.05), (250, 0.025)):
        spreads = [float(maps.std()) for maps in noise_seen(step)]
        assert spreads == pytest.approx([scale] * 3, rel=0.05)
    network_turn, label, prediction = first = noise_seen(100)
    assert all(torch.equal(a, b) for a, b in zip(first, noise_seen(100), strict=True))
    others = [label, prediction, noise_seen(101)[0], noise_seen(100, seed=1)[0]]
    assert not any(torch.equal(network_turn, other) for other in others)
    assert noise_seen(99) == []


def test_adversaries_are_for_maps_at_presets_that_have_a_discriminator():
    config = AdversarialConfig()
    kinds = {
        name: adversary_of(task, output_of(task), PATCHED, config, seed=0) is not None
        for name, task in TASKS.items()
        if task.output is not None and task.output.channels is not None
    }
    maps = {name for name, task in TASKS.items() if task.output and task.output.kind == "map"}
    assert {name for name, has in kinds.items() if has} == maps
    assert {"rgb2sfnorm", "colorization", "curvature"} <= maps
    with pytest.raises(InvalidNetworkError, match="the adversarial term is for pixels at preset"):
        adversary_of(TASKS["edge2d"], output_of(TASKS["edge2d"]), "tiny", config, seed=0)


def test_colorization_shows_shares_of_colors_and_takes_its_own_share_of_the_term():
    task = TASKS["colorization"]
    ours = adversary_of(task, output_of(task), PATCHED, AdversarialConfig(), seed=0)
    model = network_of(task, PATCHED, seed=0)
    ours.setup(CONFIG.fabric(), seed=0)
    pictures = torch.linspace(-1, 1, 2 * 64 * 64).reshape(2, 1, 64, 64)
    scores = model(pictures)
    shown = ours.shown(scores)
    torch.testing.assert_close(shown.sum(1), torch.ones(2, 16, 16))
    batch = pictures, shown.detach(), torch.ones(2, 16, 16)
    none = ours.total(torch.zeros(()), scores, batch, 25_000)
    one = ours.total(torch.ones(()), scores, batch, 25_000)
    assert float((one - none).detach()) == pytest.approx(0.99)
    ours.learn(scores, batch, 25_000)
    assert float(ours.total(torch.ones(()), scores, batch, 24_999)) == 1


@pytest.mark.slow
def test_the_papers_network_takes_a_step_with_its_discriminator(tmp_path):
    task, examples = TASKS["rgb2sfnorm"], Pictures(4, 0, side=256)
    examples.y = examples.y.expand(-1, 3, -1, -1)
    ours = adversary_of(task, output_of(task), "paper", AdversarialConfig(alone=0), seed=0)
    config = dataclasses.replace(CONFIG, epochs=1, batch=4)
    model = network_of(task, "paper", seed=0)
    fit(model, l1, examples, examples, tmp_path, config, adversary=ours)
    assert sum(p.numel() for p in ours.network.parameters()) > 2e6
