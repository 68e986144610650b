"""Losses between domains against loops over rows, closed forms and finite differences."""

import math

import numpy as np
import pytest
import torch

from benchmarks.adaptation.losses import (
    class_confusion,
    coral_loss,
    domain_loss,
    mmd_loss,
    outer_map,
)
from benchmarks.adaptation.reversal import domain_head, reversal_strength, reverse_gradient
from encoders.errors import InvalidDataError


def rows(count, columns, seed):
    """Random rows in double precision."""
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(count, columns)))


def test_coral_is_the_distance_of_numpys_covariances():
    source, target = rows(9, 4, 0), 2 * rows(7, 4, 1)
    gap = np.cov(source.numpy(), rowvar=False) - np.cov(target.numpy(), rowvar=False)
    assert coral_loss(source, target).item() == pytest.approx((gap**2).sum() / (4 * 4**2))
    assert coral_loss(source, source + 3).item() == pytest.approx(0, abs=1e-12)
    with pytest.raises(InvalidDataError, match="at least two images of each domain"):
        coral_loss(source[:1], target)


@pytest.mark.parametrize("count", [6, 40])
def test_mmd_is_the_mean_of_kernels_over_all_pairs(count):
    """Few rows take the direct way, many the matrix product."""
    source, target = rows(count, 3, 0), rows(count + 1, 3, 1) + 1
    both = torch.cat([source, target]).numpy()
    width = np.mean([[((a - b) ** 2).sum() for a in both] for b in both])
    expected = 0.0
    for bandwidth in (0.5, 2.0):
        for one, other, sign in ((source, source, 1), (target, target, 1), (source, target, -2)):
            values = [
                math.exp(-float(((a - b) ** 2).sum()) / (bandwidth * width))
                for a in one
                for b in other
            ]
            expected += sign * np.mean(values) / 2
    assert mmd_loss(source, target, bandwidths=(0.5, 2.0)).item() == pytest.approx(expected)
    assert mmd_loss(source, source).item() == pytest.approx(0, abs=1e-9)


def test_the_map_of_cdan_has_every_product():
    features, scores = rows(3, 2, 0), rows(3, 4, 1)
    shares = torch.softmax(scores, 1)
    mapped = outer_map(features, scores)
    for image in range(3):
        for d in range(2):
            for c in range(4):
                expected = features[image, d] * shares[image, c]
                assert mapped[image, 4 * d + c] == pytest.approx(expected.item())


def test_class_confusion_is_the_papers_formula():
    scores = rows(5, 3, 2)
    shares = torch.softmax(scores / 2.5, 1).numpy()
    certainty = [1 + math.exp(sum(p * math.log(p) for p in row)) for row in shares]
    confusion = np.zeros((3, 3))
    for row, weight in zip(shares, certainty, strict=True):
        confusion += 5 * weight / sum(certainty) * np.outer(row, row)
    confusion /= confusion.sum(1, keepdims=True)
    expected = (confusion.sum() - np.trace(confusion)) / 3
    assert class_confusion(scores).item() == pytest.approx(expected)
    certain = 100 * torch.eye(3, dtype=torch.float64)
    assert class_confusion(certain).item() == pytest.approx(0, abs=1e-9)


def test_the_domain_loss_has_source_one():
    logits = torch.tensor([[2.0], [-1.0]])
    expected = (math.log(1 + math.exp(-2)) + math.log(1 + math.exp(-1))) / 2
    assert domain_loss(logits, torch.tensor([True, False])).item() == pytest.approx(expected)


@pytest.mark.parametrize("loss", [coral_loss, lambda s, t: mmd_loss(s, t, bandwidths=(1.0,))])
def test_gradients_lower_the_losses(loss):
    """A small step against the gradient lowers the loss by its squared length."""
    source, target = rows(8, 3, 0).requires_grad_(), 2 * rows(8, 3, 1) + 1
    value = loss(source, target)
    (gradient,) = torch.autograd.grad(value, source)
    step = 1e-5
    lower = loss((source - step * gradient).detach(), target)
    fall = ((value - lower) / step).item()
    assert fall > 0
    if loss is coral_loss:  # the width of MMD's kernel is held fixed in its gradient
        assert fall == pytest.approx((gradient**2).sum().item(), rel=1e-3)


def test_lambda_scales_only_what_flows_into_the_features():
    """Finite differences of the domain loss: the head has weight 1, the features −λ."""
    features = rows(6, 4, 0).requires_grad_()
    head = domain_head(4, width=5).double()
    is_source = torch.arange(6) < 3
    domain_loss(head(reverse_gradient(features, 0.3)), is_source).backward()

    def plain():
        """The domain loss without reversal."""
        with torch.no_grad():
            return domain_loss(head(features), is_source).item()

    def numeric(value, place, step=1e-6):
        """The derivative of the plain loss for one number."""
        with torch.no_grad():
            value[place] += step
            high = plain()
            value[place] -= 2 * step
            low = plain()
            value[place] += step
        return (high - low) / (2 * step)

    for place in ((0, 0), (5, 3)):
        assert features.grad[place].item() == pytest.approx(-0.3 * numeric(features, place))
    weight = head[0].weight
    for place in ((0, 0), (4, 3)):
        assert weight.grad[place].item() == pytest.approx(numeric(weight, place), abs=1e-8)


def test_the_strength_rises_from_0_to_1():
    assert reversal_strength(0) == 0
    assert reversal_strength(0.1) == pytest.approx((math.e - 1) / (math.e + 1))
    assert 0.999 < reversal_strength(1) < 1
