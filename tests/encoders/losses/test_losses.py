"""The networks' losses against loops over pixels, numeric gradients, and their laws."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from encoders.losses import (  # noqa: E402
    LOSSES,
    InvalidLossInputError,
    batch_mean,
    combined,
    discriminator_loss,
    ego_cycle,
    generator_loss,
    l1,
    l2,
    metric,
    noise_scale,
    pose_norm,
    robust,
    rotation_matrices,
    soft_xentropy,
    weights,
    with_noise,
    xentropy,
)
from encoders.losses.metric import sample_pixels  # noqa: E402

MAPS = (3, 4, 3, 4)  # B, C, H, W
ROWS = (3, 18)  # B, numbers


@pytest.fixture(autouse=True)
def one_thread():
    """Batches of a few pictures gain nothing from threads, and wait long for a busy core."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def same(found, expected, **limits):
    torch.testing.assert_close(found, expected, equal_nan=True, **limits)


def drawn(shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def some_mask(shape, seed=1):
    """About half the places; the last image has none."""
    mask = torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < 0.5
    mask[0].fill_(True)
    mask[-1] = False
    return mask


def integers(high, shape, seed=2):
    return torch.randint(high, shape, generator=torch.Generator().manual_seed(seed))


def distribution(shape, seed=3):
    return drawn(shape, seed).softmax(1)


def cases():
    """Every loss by name with its targets, for maps and, where it has them, for vectors."""
    yield "l1", l1, MAPS, drawn(MAPS, 5)
    yield "l1", l1, ROWS, drawn(ROWS, 5)
    yield "l2", l2, MAPS, drawn(MAPS, 5)
    yield "l2", l2, ROWS, drawn(ROWS, 5)
    yield "xentropy", xentropy, MAPS, integers(4, (3, 3, 4))
    yield "xentropy", xentropy, ROWS, integers(18, (3,))
    yield "soft_xentropy", soft_xentropy, MAPS, distribution(MAPS)
    yield "soft_xentropy", soft_xentropy, ROWS, distribution(ROWS)
    yield "metric", metric, MAPS, integers(4, (3, 3, 4))
    yield "pose_norm", pose_norm, ROWS, drawn(ROWS, 5)
    yield "ego_cycle", ego_cycle, ROWS, drawn(ROWS, 5)


CASES = [pytest.param(*case, id=f"{case[0]}-{len(case[2])}d") for case in cases()]
each_case = pytest.mark.parametrize(("name", "loss", "shape", "target"), CASES)


def places(shape):
    return (shape[0], *shape[2:])


def by_loop(error, prediction, target, mask):
    """Mean of ``error(vector, label)`` over the kept places, one image at a time, in Python."""
    found = []
    for image in range(len(prediction)):
        total, count = 0.0, 0
        for place in np.ndindex(*prediction.shape[2:]):
            if mask[(image, *place)]:
                at = (image, slice(None), *place)
                label = target[at] if target.shape == prediction.shape else target[image, *place]
                total += error(prediction[at].tolist(), label.tolist())
                count += 1
        found.append(total / count if count else math.nan)
    return torch.tensor(found, dtype=torch.float64)


def surprise(logits, probabilities):
    norm = sum(math.exp(v) for v in logits)
    return -sum(
        p * math.log(math.exp(v) / norm) for p, v in zip(probabilities, logits, strict=True)
    )


LOOPS = {
    "l1": lambda p, t: sum(abs(a - b) for a, b in zip(p, t, strict=True)) / len(p),
    "l2": lambda p, t: sum((a - b) ** 2 for a, b in zip(p, t, strict=True)) / len(p),
    "xentropy": lambda p, t: surprise(p, [k == t for k in range(len(p))]),
    "soft_xentropy": surprise,
    "pose_norm": lambda p, t: (
        sum(math.dist(p[k : k + 3], t[k : k + 3]) for k in range(0, 18, 3)) / 6
    ),
}


@pytest.mark.parametrize(
    ("name", "loss", "shape", "target"), [case for case in CASES if case.values[0] in LOOPS]
)
def test_equals_a_loop_over_the_valid_places(name, loss, shape, target):
    prediction, mask = drawn(shape), some_mask(places(shape))
    everything = torch.ones_like(mask)
    for given, expected in ((mask, mask), (None, everything)):
        found = loss(prediction, target, given)
        same(found, by_loop(LOOPS[name], prediction, target, expected))


@each_case
def test_gradient_is_the_numeric_one(name, loss, shape, target):
    prediction = drawn(shape).requires_grad_()
    mask = some_mask(places(shape))
    assert torch.autograd.gradcheck(lambda p: loss(p, target, mask)[:-1], (prediction,))


@each_case
def test_every_registered_loss_is_tested_here(name, loss, shape, target):
    assert LOSSES[name] is loss
    assert set(LOSSES) == {case.values[0] for case in CASES}


@each_case
def test_one_image_does_not_touch_the_next(name, loss, shape, target):
    prediction, mask = drawn(shape), some_mask(places(shape))
    alone = torch.cat(
        [loss(prediction[k : k + 1], target[k : k + 1], mask[k : k + 1]) for k in range(shape[0])]
    )
    same(loss(prediction, target, mask), alone)


@each_case
def test_empty_mask_is_nan_with_weight_zero_and_no_gradient(name, loss, shape, target):
    prediction = drawn(shape).requires_grad_()
    mask = torch.zeros(places(shape), dtype=torch.bool)
    found = loss(prediction, target, mask)
    assert found.isnan().all()
    assert weights(found, mask).tolist() == [0, 0, 0]
    assert batch_mean(found, mask) == 0
    batch_mean(found, mask).backward()
    assert prediction.grad.abs().max() == 0


@each_case
def test_what_is_masked_may_be_nan(name, loss, shape, target):
    prediction, mask = drawn(shape), some_mask(places(shape))
    if target.is_floating_point():
        spoilt = target.masked_fill(~mask.unsqueeze(1), math.nan)
    else:
        spoilt = target.masked_fill(~mask, -1)
    clean, dirty = (drawn(shape).requires_grad_() for _ in range(2))
    batch_mean(loss(clean, target, mask), mask).backward()
    batch_mean(loss(dirty, spoilt, mask), mask).backward()
    same(loss(prediction, spoilt, mask), loss(prediction, target, mask))
    same(dirty.grad, clean.grad)
    assert dirty.grad.isfinite().all()


@each_case
@pytest.mark.parametrize("scale", [1e-30, 1e4])
def test_extreme_predictions_stay_finite_in_float32(name, loss, shape, target, scale):
    prediction = (drawn(shape, dtype=torch.float32) * scale).requires_grad_()
    target = target.float() if target.is_floating_point() else target
    found = loss(prediction, target)
    found.sum().backward()
    assert found.dtype == torch.float32
    assert found.isfinite().all()
    assert prediction.grad.isfinite().all()


@each_case
def test_half_precision_is_widened_even_under_autocast(name, loss, shape, target):
    prediction = drawn(shape).bfloat16()
    target = target.float() if target.is_floating_point() else target
    with torch.autocast("cpu", torch.bfloat16):
        found = loss(prediction, target)
    assert found.dtype == torch.float32
    same(found, loss(prediction.float(), target), rtol=0, atol=0)


def test_a_right_prediction_loses_nothing():
    for loss in (l1, l2):
        assert loss(drawn(MAPS), drawn(MAPS)).tolist() == [0, 0, 0]
    certain = 60.0 * torch.nn.functional.one_hot(integers(4, (3,)), 4)
    assert xentropy(certain, integers(4, (3,))).max() < 1e-20


def test_soft_xentropy_is_least_at_the_target_and_equals_its_entropy():
    target = distribution((4, 7))
    entropy = -(target * target.log()).sum(1)
    same(soft_xentropy(target.log() + 3.0, target), entropy)
    assert (soft_xentropy(target.log() + 0.1 * drawn((4, 7)), target) > entropy).all()


def test_one_hot_and_class_numbers_are_the_same_target():
    labels, mask = integers(4, (3, 3, 4)), some_mask((3, 3, 4))
    one_hot = torch.nn.functional.one_hot(labels, 4).movedim(3, 1).double()
    same(xentropy(drawn(MAPS), one_hot, mask), xentropy(drawn(MAPS), labels, mask))


@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_class_weights_multiply_each_pixel_and_do_not_divide(kind):
    labels, share = integers(4, (3, 3, 4)), torch.tensor([0.5, 1.0, 2.0, 7.0], dtype=torch.float64)
    mask = some_mask((3, 3, 4))
    soft = 0.3 * distribution(MAPS)
    soft = soft + 0.7 * torch.nn.functional.one_hot(labels, 4).movedim(3, 1)
    loss, target = (xentropy, labels) if kind == "hard" else (soft_xentropy, soft)
    found = loss(drawn(MAPS), target, mask, class_weights=share)
    expected = []
    for image in range(3):
        terms = [
            share[labels[image, y, x]].item()
            * surprise(
                drawn(MAPS)[image, :, y, x].tolist(),
                [float(k == labels[image, y, x]) for k in range(4)]
                if kind == "hard"
                else soft[image, :, y, x].tolist(),
            )
            for y, x in np.ndindex(3, 4)
            if mask[image, y, x]
        ]
        expected.append(sum(terms) / len(terms) if terms else math.nan)
    same(found, torch.tensor(expected, dtype=torch.float64))


# --- metric


def metric_by_loop(prediction, target, mask):
    """σ and its clip as the facts print them, over all pairs of valid pixels."""
    found = []
    for image in range(len(prediction)):
        valid = [place for place in np.ndindex(*mask.shape[1:]) if mask[(image, *place)]]
        terms = []
        for number, first in enumerate(valid):
            for second in valid[number + 1 :]:
                gap = prediction[(image, slice(None), *first)]
                gap = gap - prediction[(image, slice(None), *second)]
                sigma = 2 / (1 + math.exp(min(float((gap**2).sum()), 80)))
                sigma = min(max(sigma, 1e-7), 1 - 1e-7)
                same = target[(image, *first)] == target[(image, *second)]
                terms.append(-math.log(sigma if same else 1 - sigma))
        found.append(sum(terms) / len(terms) if terms else math.nan)
    return torch.tensor(found, dtype=torch.float64)


@pytest.mark.parametrize("spread", [0.0, 0.3, 0.6])
def test_metric_equals_the_printed_formula_over_all_pairs(spread):
    prediction, target = spread * drawn(MAPS), integers(4, (3, 3, 4))
    mask = some_mask((3, 3, 4))
    expected = metric_by_loop(prediction, target, mask)
    same(metric(prediction, target, mask), expected, rtol=1e-6, atol=1e-6)


def test_metric_of_two_distant_pixels_of_one_segment_still_has_a_gradient():
    far = torch.tensor([[[[0.0, 5.0]]]], dtype=torch.float64, requires_grad=True)
    metric(far, torch.zeros(1, 1, 2, dtype=torch.long)).sum().backward()
    same(far.grad.flatten(), torch.tensor([-10.0, 10.0]).double())


def test_metric_of_a_lone_valid_pixel_is_zero():
    mask = torch.zeros(3, 3, 4)
    mask[:, 1, 2] = 1
    assert metric(drawn(MAPS), integers(4, (3, 3, 4)), mask).tolist() == [0, 0, 0]


def test_metric_knows_neither_segment_numbers_nor_directions():
    embedding, target, mask = drawn(MAPS), integers(5, (3, 3, 4)), some_mask((3, 3, 4))
    turn, _ = torch.linalg.qr(drawn((4, 4), 9))
    turned = torch.einsum("ij,bjhw->bihw", turn, embedding) + drawn((4, 1, 1), 8)
    names = torch.tensor([40, 7, -3, 0, 2])
    expected = metric(embedding, target, mask)
    same(metric(turned, target, mask), expected)
    same(metric(embedding, names[target], mask), expected)


def test_metric_draws_only_valid_pixels_and_as_many_as_asked():
    valid = some_mask((3, 400))
    for generator in (None, torch.Generator().manual_seed(0)):
        at, real = sample_pixels(valid, 50, generator)
        assert real.sum(1).tolist() == [50, 50, 0]
        assert all(len(set(row.tolist())) == 50 for row in at[:2])
        assert valid.gather(1, at)[real].all()
    few = torch.zeros(1, 400, dtype=torch.bool)
    few[0, [3, 77, 390]] = True
    for generator in (None, torch.Generator().manual_seed(0)):
        at, real = sample_pixels(few, 50, generator)
        assert sorted(at[real].tolist()) == [3, 77, 390]


def test_metric_draws_every_valid_pixel_equally_often():
    generator = torch.Generator().manual_seed(0)
    valid = torch.ones(20_000, 12, dtype=torch.bool)
    valid[:, 5] = False
    at, _ = sample_pixels(valid, 4, generator)
    shares = torch.bincount(at.flatten(), minlength=12) / 20_000
    expected = torch.where(torch.arange(12) == 5, 0.0, 4 / 11)
    assert (shares - expected).abs().max() < 5 * math.sqrt(4 / 11 * 7 / 11 / 20_000)


def test_metric_sampling_follows_its_generator_and_estimates_the_whole():
    embedding, target = 0.3 * drawn((2, 3, 24, 24)), integers(4, (2, 24, 24))
    whole = metric(embedding, target, pixels=576)

    def draw(seed):
        return metric(embedding, target, generator=torch.Generator().manual_seed(seed))

    assert draw(1).equal(draw(1))
    assert not draw(1).equal(draw(2))
    same(torch.stack([draw(seed) for seed in range(20)]).mean(0), whole, rtol=0.02, atol=0)
    same(metric(embedding, target), whole, rtol=0.1, atol=0)
    assert metric(embedding, target).equal(metric(embedding, target))


# --- poses


def test_pose_norm_sums_the_parts_or_averages_them():
    prediction, target = drawn((3, 12)), drawn((3, 12), 4)
    same(pose_norm(prediction, target, reduce="sum"), 4 * pose_norm(prediction, target))


def matrix(angles):
    """Rz(c) Ry(b) Rx(a), from textbook matrices."""
    a, b, c = angles
    rx = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    ry = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    rz = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return rz @ ry @ rx


def angles_of(turn):
    """The Euler angles (a, b, c) of Rz(c) Ry(b) Rx(a)."""
    return np.array(
        [
            np.arctan2(turn[2, 1], turn[2, 2]),
            np.arcsin(-turn[2, 0]),
            np.arctan2(turn[1, 0], turn[0, 0]),
        ]
    )


def true_poses(seed=0, images=4):
    """Relative poses (1,2), (1,3), (2,3) of cameras at random places -> (images, 18)."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(images):
        turns = [matrix(rng.uniform(-0.6, 0.6, 3)) for _ in range(3)]
        spots = rng.normal(size=(3, 3))
        row = []
        for i, j in ((0, 1), (0, 2), (1, 2)):
            row += [angles_of(turns[j].T @ turns[i]), turns[j].T @ (spots[i] - spots[j])]
        rows.append(np.concatenate(row))
    return torch.tensor(np.array(rows))


def test_rotation_is_the_product_of_three_turns():
    angles = drawn((5, 3))
    expected = np.stack([matrix(row) for row in angles.numpy()])
    same(rotation_matrices(angles), torch.tensor(expected))


def ego_by_loop(prediction, target, mean, std, rate, cut):
    def bent(x):
        return x if x <= cut else cut + cut * math.log(x / cut)

    found = []
    for p, t in zip(prediction.numpy(), target.numpy(), strict=True):
        gap = (p - t).reshape(3, 2, 3)
        total = sum(bent(np.linalg.norm(g[0]) + np.linalg.norm(g[1])) for g in gap)
        physical, label = (p * std + mean).reshape(3, 6), (t * std + mean).reshape(3, 6)[1]
        first, second = physical[0], physical[2]
        composed = matrix(second[:3]) @ matrix(first[:3])
        shift = matrix(second[:3]) @ first[3:] + second[3:]
        cosine = (np.trace(composed.T @ matrix(label[:3])) - 1) / 2
        chord = 2 * math.sin(math.acos(min(max(cosine, -1), 1)) / 2)
        spread = std.reshape(3, 6)[1]
        detour = chord / math.sqrt((spread[:3] ** 2).mean())
        detour += np.linalg.norm((shift - label[3:]) / spread[3:])
        found.append(total + rate * bent(detour))
    return torch.tensor(found, dtype=torch.float64)


@pytest.mark.parametrize(("rate", "cut"), [(1.0, 1.0), (0.3, 0.2), (0.0, 50.0)])
def test_ego_cycle_equals_a_loop_with_matrices(rate, cut):
    rng = np.random.default_rng(3)
    mean, std = rng.normal(size=18) * 0.1, rng.uniform(0.3, 2, 18)
    target = (true_poses() - torch.tensor(mean)) / torch.tensor(std)
    prediction = target + 0.5 * drawn(target.shape)
    found = ego_cycle(
        prediction, target, mean=torch.tensor(mean), std=torch.tensor(std), rate=rate, cut=cut
    )
    same(found, ego_by_loop(prediction, target, mean, std, rate, cut))


def test_true_poses_close_the_cycle():
    poses = true_poses()
    assert ego_cycle(poses, poses).max() < 1e-12
    broken = poses.clone()
    broken[:, 9:12] += 1.0  # the label (1,3) moves away from what (1,2) and (2,3) say
    same(ego_cycle(broken, broken), robust(torch.full((4,), 3**0.5), 1.0).double())


def test_robust_is_the_identity_then_a_logarithm_and_smooth_between():
    x = torch.tensor([0.0, 0.5, 1.0, math.e, 100.0], dtype=torch.float64, requires_grad=True)
    y = robust(x, 1.0)
    same(y, torch.tensor([0.0, 0.5, 1.0, 2.0, 1 + math.log(100)], dtype=torch.float64))
    y.sum().backward()
    same(x.grad[:3], torch.ones(3).double())
    same(x.grad[3:], 1 / x.detach()[3:])


# --- means


def test_batch_mean_counts_each_image_with_a_label_once():
    losses = torch.tensor([2.0, math.nan, 4.0])
    mask = torch.tensor([[1, 0, 0], [0, 0, 0], [1, 1, 1]])
    assert weights(losses, mask).tolist() == [1, 0, 1]
    assert batch_mean(losses, mask) == 3
    assert weights(losses, None).tolist() == [1, 1, 1]
    assert batch_mean(losses[[0, 2]], None) == 3


def test_a_diverged_network_is_not_taken_for_an_empty_mask():
    mask = torch.tensor([[1, 0], [0, 0]])
    assert batch_mean(torch.tensor([math.nan, math.nan]), mask).isnan()


# --- adversarial


def test_adversarial_losses_equal_logarithms_of_probabilities():
    real, fake = drawn((3, 1, 2, 2)), drawn((3, 1, 2, 2), 1)
    p, q = real.sigmoid().flatten(1), fake.sigmoid().flatten(1)
    expected = -(0.9 * p.log() + 0.1 * (1 - p).log()).mean(1) - (1 - q).log().mean(1)
    same(discriminator_loss(real, fake), expected)
    same(generator_loss(fake), -q.log().mean(1))
    assert generator_loss(torch.full((1, 1, 2, 2), -1e4)).isfinite().all()


def test_combined_weighs_as_the_paper_does():
    assert combined(torch.tensor([1.0]), torch.tensor([0.0])).item() == pytest.approx(0.996)
    assert combined(torch.tensor([0.0]), torch.tensor([1.0])).item() == pytest.approx(0.004)


def test_instance_noise_fades_with_inverse_time():
    assert noise_scale(0) == 0.1
    assert noise_scale(25_000) == pytest.approx(0.05)
    assert noise_scale(75_000) == pytest.approx(0.025)
    noisy = with_noise(torch.zeros(1, 3, 64, 64), 0.1, torch.Generator().manual_seed(0))
    assert noisy.std().item() == pytest.approx(0.1, rel=0.05)


# --- errors


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: l1(drawn(MAPS), drawn(ROWS)), r"the target's shape \(3, 18\) differs from"),
        (lambda: l1(drawn(MAPS), drawn(MAPS), torch.ones(3, 1, 3, 4)), r"expected \(3, 3, 4\)"),
        (lambda: xentropy(drawn(MAPS), integers(4, (3,))), "the class numbers' shape is"),
        (lambda: metric(drawn(MAPS), integers(4, (3,))), "the segment numbers' shape is"),
        (
            lambda: pose_norm(drawn((3, 7)), drawn((3, 7))),
            "7 numbers an image are not a whole number of poses",
        ),
        (lambda: ego_cycle(drawn((3, 12)), drawn((3, 12))), "has 12 numbers an image, expected 18"),
    ],
)
def test_misuse_is_told(call, message):
    with pytest.raises(InvalidLossInputError, match=message):
        call()
