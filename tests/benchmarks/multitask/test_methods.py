"""Weightings against the papers' formulas by hand, and TorchJD's aggregators by their laws."""

import importlib.util
import json
import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks.multitask.aggregators import AGGREGATORS, aggregated_backward, make_aggregator
from benchmarks.multitask.cosines import gradient_cosines
from benchmarks.multitask.scalarizations import (
    SCALARIZATIONS,
    DynamicAverage,
    Equal,
    GradNorm,
    RandomWeights,
    Uncertainty,
    next_weights,
)
from encoders.errors import MissingPackageError

NOTHING = torch.zeros(1)


def installed(*names):
    """Return whether all of these packages are installed; none is imported (`make_aggregator`)."""
    return all(importlib.util.find_spec(name) for name in names)


needs_quadprog = pytest.mark.skipif(
    not installed("quadprog", "qpsolvers"), reason="quadprog or qpsolvers is not installed"
)
needs_cvxpy = pytest.mark.skipif(
    not installed("cvxpy", "clarabel"), reason="cvxpy or clarabel is not installed"
)


def value(total):
    """A number of a graph."""
    return total.detach().item()


def numbers(*values):
    """Losses as a step has them."""
    return [torch.tensor(value, requires_grad=True) for value in values]


def test_equal_weights_give_the_sum():
    assert value(Equal().total(numbers(1.0, 2.5), NOTHING)) == 3.5


def test_uncertainty_is_the_printed_sum_and_its_gradient():
    """exp(-s) L + s / 2 with s = log 2 for the first: 4 / 2 + log(2) / 2, and 3 for the second."""
    weighting = Uncertainty(2)
    with torch.no_grad():
        weighting.learned.values[0] = math.log(2)
    losses = numbers(4.0, 3.0)
    total = weighting.total(losses, NOTHING)
    assert value(total) == pytest.approx(2 + math.log(2) / 2 + 3)
    total.backward()
    assert [float(each.grad) for each in losses] == pytest.approx([0.5, 1.0])
    assert weighting.learned.values.grad.tolist() == pytest.approx([-2 + 0.5, -3 + 0.5])


def test_learned_uncertainty_finds_its_closed_form():
    """For fixed losses the minimum is at s = log(2 L)."""
    weighting, losses = Uncertainty(2), [torch.tensor(0.5), torch.tensor(3.0)]
    optimizer = torch.optim.LBFGS(weighting.learned.parameters(), max_iter=100)

    def closure():
        """Return the loss of one evaluation."""
        optimizer.zero_grad()
        total = weighting.total(losses, NOTHING)
        total.backward()
        return total

    optimizer.step(closure)
    assert weighting.learned.values.tolist() == pytest.approx([0.0, math.log(6)], abs=1e-4)


def test_dwa_by_hand():
    """Epochs of one step: losses (4, 4), (2, 4), so the ratios are 1/2 and 1."""
    weighting = DynamicAverage(epoch_steps=1)
    assert weighting.weights(2).tolist() == [1.0, 1.0]
    assert value(weighting.total(numbers(4.0, 4.0), NOTHING)) == 8
    assert value(weighting.total(numbers(2.0, 4.0), NOTHING)) == 6
    first, second = np.exp(0.5 / 2), np.exp(1.0 / 2)
    wanted = [2 * first / (first + second), 2 * second / (first + second)]
    assert weighting.weights(2).tolist() == pytest.approx(wanted)
    total = weighting.total(numbers(1.0, 3.0), NOTHING)
    assert value(total) == pytest.approx(wanted[0] + 3 * wanted[1])


def test_dwa_averages_the_losses_of_an_epoch():
    weighting = DynamicAverage(epoch_steps=2)
    for losses in ((1.0, 1.0), (3.0, 3.0), (1.0, 4.0), (1.0, 0.0)):
        weighting.total(numbers(*losses), NOTHING)
    assert [each.tolist() for each in weighting.means] == [[2.0, 2.0], [1.0, 2.0]]


def test_gradnorm_by_hand():
    """Norms 2 and 4, weights 1: mean norm 3. Losses halved and kept: r = 2/3 and 4/3.

    Targets 3 (2/3)^1.5 = 1.633 and 3 (4/3)^1.5 = 4.619; the first norm is above its target, the
    second below, so the weights move to 1 - 0.025 * 2 and 1 + 0.025 * 4, and are scaled to 2.
    """
    found = next_weights(
        torch.ones(2), torch.tensor([2.0, 4.0]), torch.tensor([1.0, 3.0]), torch.tensor([2.0, 3.0])
    )
    assert found.tolist() == pytest.approx([2 * 0.95 / 2.05, 2 * 1.1 / 2.05])


def test_gradnorm_moves_down_the_gradient_of_its_loss():
    """Against autograd of the sum of |w g - constant target|."""
    generator = torch.Generator().manual_seed(0)
    weights = torch.rand(4, generator=generator) + 0.5
    norms, losses, first = (torch.rand(4, generator=generator) + 0.5 for _ in range(3))
    learned = weights.clone().requires_grad_()
    rate = (losses / first) / (losses / first).mean()
    target = (weights * norms).mean() * rate**1.5
    (learned * norms - target).abs().sum().backward()
    moved = weights - 0.025 * learned.grad
    wanted = 4 * moved / moved.sum()
    assert torch.allclose(next_weights(weights, norms, losses, first), wanted)


def test_gradnorm_measures_gradients_at_the_last_shared_layer():
    """L1 = 2 |w| and L2 = 6 |w| have norms 2 and 6 there, so the second weight falls."""
    last = torch.tensor([3.0], requires_grad=True)
    weighting = GradNorm()
    total = weighting.total([2 * last.sum(), 6 * last.sum()], last)
    assert value(total) == 24
    assert weighting.weights.tolist() == pytest.approx([2 * 1.05 / 1.9, 2 * 0.85 / 1.9])
    total.backward()
    assert float(last.grad) == 8


def test_random_weights_sum_to_the_number_of_tasks_and_are_even_on_average():
    torch.manual_seed(0)
    drawn = []
    for _ in range(500):
        losses = numbers(1.0, 1.0, 1.0)
        total = RandomWeights().total(losses, NOTHING)
        assert value(total) == pytest.approx(3, abs=1e-4)
        total.backward()
        drawn.append([float(each.grad) for each in losses])
    assert np.mean(drawn, axis=0) == pytest.approx([1, 1, 1], abs=0.1)
    assert np.std(drawn) > 0.3


@pytest.mark.parametrize("name", SCALARIZATIONS)
def test_every_weighting_begins_with_the_sum_on_average(name):
    """Every weighting has weights of 1 at first; random weights have a mean of 1."""
    torch.manual_seed(0)
    w = torch.tensor([1.0], requires_grad=True)
    totals = []
    for _ in range(400 if name == "random" else 1):
        totals.append(float(SCALARIZATIONS[name](2, 3).total([w.sum(), 3 * w.sum()], w).detach()))
    assert np.mean(totals) == pytest.approx(4, abs=0.1)


def test_pcgrad_on_two_gradients_by_hand():
    """(1, 0) and (-1, 1) conflict: their projections are (.5, .5) and (0, 1)."""
    found = make_aggregator("pcgrad")(torch.tensor([[1.0, 0.0], [-1.0, 1.0]]))
    assert found.tolist() == pytest.approx([0.5, 1.5])


def test_pcgrad_without_conflict_is_the_sum():
    found = make_aggregator("pcgrad")(torch.tensor([[1.0, 0.0], [1.0, 1.0]]))
    assert found.tolist() == pytest.approx([2.0, 1.0])


def test_mgda_is_the_shortest_convex_combination():
    """The point of the segment from (1, 0) to (-1, 1) next to the origin is (1, 2) / 5."""
    found = make_aggregator("mgda")(torch.tensor([[1.0, 0.0], [-1.0, 1.0]]))
    assert found.tolist() == pytest.approx([0.2, 0.4], abs=1e-3)


@needs_quadprog
def test_upgrad_conflicts_with_no_gradient():
    generator = torch.Generator().manual_seed(0)
    aggregate = make_aggregator("upgrad")
    for _ in range(20):
        gradients = torch.randn(3, 8, generator=generator, dtype=torch.float64)
        assert float((gradients @ aggregate(gradients)).min()) > -1e-3


@needs_quadprog
def test_upgrad_by_hand():
    """Each gradient is projected to the cone without conflict: the mean of (.5, .5) and (0, 1)."""
    found = make_aggregator("upgrad")(torch.tensor([[1.0, 0.0], [-1.0, 1.0]]))
    assert found.tolist() == pytest.approx([0.25, 0.75], abs=1e-3)


@needs_quadprog
def test_upgrad_computes_in_a_process_that_has_loaded_pulp():
    """PuLP gives HiGHS's functions to the whole process, and one has the name of quadprog's."""
    code = """
import pulp, torch
from benchmarks.multitask.aggregators import make_aggregator
print(make_aggregator("upgrad")(torch.tensor([[1.0, 0.0], [-1.0, 1.0]])).tolist())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == pytest.approx([0.25, 0.75], abs=1e-3)


@needs_cvxpy
def test_cagrad_stays_within_its_ball_around_the_mean():
    """|d - g0| = c |g0| by construction, with c = 0.4 (Liu et al. 2021, equation 5)."""
    gradients = torch.tensor([[1.0, 0.0], [-0.5, 1.0]])
    mean = gradients.mean(0)
    found = make_aggregator("cagrad")(gradients)
    assert float((found - mean).norm() / mean.norm()) == pytest.approx(0.4, abs=1e-3)
    assert float((gradients @ found).min()) >= float((gradients @ mean).min())


@pytest.mark.parametrize(
    ("name", "modules", "extra"),
    [("cagrad", "cvxpy", "cagrad"), ("upgrad", "quadprog", "quadprog_projector")],
)
def test_a_missing_solver_is_named_with_the_command_that_installs_it(
    name, modules, extra, monkeypatch
):
    import torchjd._mixins

    monkeypatch.setattr(torchjd._mixins, "find_spec", lambda module: None)
    with pytest.raises(MissingPackageError, match=rf'"{name}".*pip install .torchjd\[{extra}\]'):
        make_aggregator(name)


def test_missing_torchjd_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "torchjd.aggregation", None)
    monkeypatch.setitem(sys.modules, "torchjd", None)
    with pytest.raises(MissingPackageError, match="torchjd"):
        make_aggregator("pcgrad")


def test_every_aggregator_is_a_class_of_torchjd():
    import torchjd.aggregation as aggregation

    for kind, _ in AGGREGATORS.values():
        assert hasattr(aggregation, kind)


def test_aggregated_backward_gives_the_encoder_the_aggregate_and_each_decoder_its_own():
    """Against PCGrad's formula on gradients that autograd computes one by one."""
    torch.manual_seed(0)
    encoder, heads = nn.Linear(3, 4), [nn.Linear(4, 1), nn.Linear(4, 1)]
    images = torch.randn(5, 3)
    with torch.no_grad():
        heads[1].weight.copy_(0.1 - heads[0].weight)

    def losses(features):
        """Two losses that conflict, as their decoders have nearly opposite weights."""
        return [head(features).mean() for head in heads]

    shared = list(encoder.parameters())
    rows = [
        torch.cat([g.flatten() for g in torch.autograd.grad(loss, shared, retain_graph=True)])
        for loss in losses(encoder(images))
    ]
    a, b = rows
    assert float(a @ b) < 0, "the losses conflict"
    wanted = a - (a @ b) / (b @ b) * b + b - (a @ b) / (a @ a) * a
    features = encoder(images)
    aggregated_backward("pcgrad", encoder)(losses(features), [features])
    found = torch.cat([value.grad.flatten() for value in shared])
    assert torch.allclose(found, wanted, atol=1e-5)
    own = torch.autograd.grad(losses(encoder(images))[1], heads[1].weight)[0]
    assert torch.allclose(heads[1].weight.grad, own, atol=1e-6)


def test_cosines_by_hand():
    w = torch.tensor([1.0, 1.0], requires_grad=True)
    losses = [2 * w[0], w[0] + w[1], -w[0], 0 * w[1]]
    found = gradient_cosines(losses, [w])
    assert found[0, 1].item() == pytest.approx(1 / math.sqrt(2))
    assert found[0, 2].item() == pytest.approx(-1)
    assert torch.isnan(found[3]).all()
