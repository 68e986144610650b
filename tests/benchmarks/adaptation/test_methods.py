"""Methods of adaptation: what each changes, and that adaptation covers a gap."""

import copy
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from benchmarks.adaptation.domain_pair import DomainImages
from benchmarks.adaptation.feature_network import FeatureLayers, start_of
from benchmarks.adaptation.methods import adda, source_only
from benchmarks.adaptation.methods.dann import dann_loss
from benchmarks.adaptation.methods.registry import METHODS
from benchmarks.adaptation.reversal import domain_head, reversal_strength
from benchmarks.learning.optimizers import make_optimizer
from encoders.errors import InvalidNetworkError
from taskgraph.errors import InvalidTableError


def state(module):
    """A copy of a module's tensors."""
    return {name: value.clone() for name, value in module.state_dict().items()}


def equal(first, second):
    """Return whether two states are the same bits."""
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_trains_and_never_looks_at_labels_of_the_target(name, adaptation):
    """Other labels of the target give the same bits, but for the reference."""
    other = replace(adaptation, model=copy.deepcopy(adaptation.model))
    before = state(adaptation.model)
    first = METHODS[name].train(adaptation)
    train = adaptation.pair.target_train
    hidden = DomainImages(train.images, 1 - train.labels)
    second = METHODS[name].train(replace(other, pair=replace(other.pair, target_train=hidden)))
    assert len(adaptation.evaluator.checkpoints) == 2
    assert [each.step for each in adaptation.evaluator.checkpoints] == [3, 6]
    assert not equal(before, state(first))
    assert equal(state(first), state(second)) is not METHODS[name].uses_target_labels


def test_the_source_encoder_and_the_classifier_are_fixed_in_stage_2(adaptation):
    model = source_only.train(adaptation)
    before = state(model)
    adapted = adda.adapt_target_encoder(adaptation, model)
    assert equal(before, state(model)), "bit by bit"
    assert adapted.head is model.head
    assert not equal(state(model.backbone), state(adapted.backbone))


def test_stage_2_is_adam_with_the_authors_decay_rates(adaptation, monkeypatch):
    """Their scripts have a first one of .5, where Adam's default is .9."""
    made = []

    def keep(groups, config):
        made.append(make_optimizer(groups, config))
        return made[-1]

    monkeypatch.setattr("benchmarks.learning.loop.make_optimizer", keep)
    adda.adapt_target_encoder(adaptation, adaptation.model)
    groups = [group for optimizer in made for group in optimizer.param_groups]
    assert [group["name"] for group in groups] == ["discriminator", "target encoder"]
    assert {(*group["betas"], group["weight_decay"]) for group in groups} == {(0.5, 0.999, 0.0)}


def test_adda_inverts_the_labels(adaptation):
    """The target's loss is −log D, the discriminator's −log D(source) − log (1 − D(target))."""
    source = adaptation.model.backbone
    target = copy.deepcopy(source)
    discriminator = domain_head(source.features, width=5)
    networks = adda.AddaNetworks(source, target, discriminator)
    batch = next(iter(adaptation.domain_batches()))
    (images, _), (others,) = batch
    near = torch.sigmoid(discriminator(source(images)))
    far = torch.sigmoid(discriminator(target(others)))
    assert networks.target_loss(batch, 0).item() == pytest.approx(-far.log().mean().item(), 1e-5)
    expected = -torch.cat([near.log(), (1 - far).log()]).mean().item()
    loss = networks.discriminator_loss(batch, 0)
    assert loss.item() == pytest.approx(expected, 1e-5)
    loss.backward()
    assert all(value.grad is None for value in target.parameters())


def test_dann_adds_the_reversed_gradient_to_that_of_the_classification(adaptation):
    """The features' gradient is that of CE − λ times the domain loss; the head's has no λ."""
    model, batch = adaptation.model, next(iter(adaptation.domain_batches()))
    head = domain_head(model.backbone.features, width=5)
    weight = model.backbone.layers[0].weight
    values = [weight, *head.parameters()]
    found = torch.autograd.grad(dann_loss(model, head, batch, 0.2, 0.5), values)
    (images, labels), (others,) = batch
    features = model.backbone(torch.cat([images, others]))
    logits = head(features)[:, 0]
    answers = (torch.arange(len(logits)) < len(labels)).float()
    domain = F.binary_cross_entropy(torch.sigmoid(logits), answers)
    classes = F.cross_entropy(model.head(features[: len(labels)]), labels)
    strength = 0.5 * reversal_strength(0.2)
    expected = torch.autograd.grad(classes - strength * domain, [weight], retain_graph=True)
    expected += torch.autograd.grad(domain, list(head.parameters()))
    for one, other in zip(found, expected, strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_the_reference_needs_labels(adaptation):
    train = adaptation.pair.target_train
    unlabeled = DomainImages(train.images, 0 * train.labels - 1)
    other = replace(adaptation, pair=replace(adaptation.pair, target_train=unlabeled))
    with pytest.raises(InvalidTableError, match="leave target-supervised out of --methods"):
        METHODS["target-supervised"].train(other)


def test_features_that_are_constant_on_the_source_are_not_blown_up():
    """The standard deviation of the others is 1 afterwards."""
    examples = torch.randn(50, 6, generator=torch.Generator().manual_seed(0)) * 3
    examples[:, 0] = 2.0
    layers = FeatureLayers(examples, 0)
    scaled = (examples + 1 - layers.mean) / layers.scale
    assert scaled[:, 0].tolist() == [1.0] * 50
    assert torch.allclose(scaled[:, 1:].std(0), torch.ones(5))


def test_a_start_of_another_package_names_its_weights():
    assert start_of("torchvision:resnet18,weights=random").name == "torchvision:resnet18"
    for name in ("torchvision:resnet18", "timm:resnet18"):
        with pytest.raises(InvalidNetworkError, match=f"write {name},weights=FILE, or {name},w"):
            start_of(name)
