"""Frozen means bit-identical; rates are those that the optimizer holds; L2-SP is its formula."""

import copy

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from benchmarks.learning.batches import TensorBatches
from benchmarks.learning.classifier import classifier
from benchmarks.learning.config import LoopConfig
from benchmarks.learning.freezing import (
    count_trainable,
    freeze,
    freeze_first,
    is_frozen,
    same_tensors,
    unfreeze,
)
from benchmarks.learning.l2sp import StartingPoint
from benchmarks.learning.loop import train_networks
from benchmarks.learning.optimizers import make_optimizer
from benchmarks.learning.placement import state_copy
from benchmarks.learning.rates import (
    checked_groups,
    effective_rates,
    gradual_unfreezing,
    head_faster,
    layerwise,
    module_group,
    uniform,
)
from benchmarks.learning.starts import find_start
from encoders.errors import InvalidNetworkError, TrainingError

CONFIG = LoopConfig(steps=4, batch=4, learning_rate=0.1, precision="float32", device="cpu")


def model_of():
    return classifier(find_start("scratch:resnet8").at(8).build(), 3)


def batches():
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (12, 3, 8, 8), dtype=torch.uint8, generator=generator)
    return TensorBatches((images, torch.arange(12) % 3), 4)


def trained(model, **options):
    config = options.pop("config", CONFIG)
    loss = lambda batch, _: F.cross_entropy(model(batch[0]), batch[1])  # noqa: E731
    return train_networks(model, loss, batches(), config, **options)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("layer", [2, "layer1"])
def test_frozen_layers_are_bit_identical_after_training_and_others_are_not(layer, optimizer):
    model = model_of()
    frozen = freeze_first(model.backbone, layer)
    assert frozen == ("conv1", "bn1", *(f"layer1.0.{n}" for n in ("conv1", "bn1", "conv2", "bn2")))
    before = state_copy(model)
    config = LoopConfig(**{**vars(CONFIG), "optimizer": optimizer})
    trained(model, config=config, validate=lambda: 0.0)  # switches to evaluation mode and back
    same = set(same_tensors(before, model.state_dict()))
    prefixes = tuple(f"backbone.layers.{name}." for name in frozen)
    for name in before:
        assert (name in same) == name.startswith(prefixes), name


def test_freezing_holds_through_modes_and_copies_and_can_be_undone():
    model = model_of()
    freeze(model.backbone)
    for network in (model.train(), copy.deepcopy(model).eval().train()):
        assert network.training
        assert not any(module.training for module in network.backbone.modules())
        assert is_frozen(network.backbone.layers.bn1)
    assert count_trainable(model) == 64 * 3 + 3
    unfreeze(model.backbone)
    assert all(module.training for module in model.train().modules())
    assert count_trainable(model) == sum(p.numel() for p in model.parameters())


def test_freezing_no_layer_and_unknown_layers():
    model = model_of()
    assert freeze_first(model.backbone, 0) == ()
    assert all(p.requires_grad for p in model.parameters())
    with pytest.raises(InvalidNetworkError, match="cannot freeze the first 5 layers of 4"):
        freeze_first(model.backbone, 5)
    with pytest.raises(
        InvalidNetworkError, match="no layer 'conv9' to freeze; there are conv1, bn1"
    ):
        freeze_first(model.backbone, "conv9")


def table(groups, config=CONFIG):
    return effective_rates(make_optimizer(groups, config))


def test_layerwise_rates_are_powers_of_the_decay_and_cover_every_parameter_once():
    model = model_of()
    rates = table(layerwise(model, 0.1, decay=0.5))
    assert rates["rate"].tolist() == pytest.approx([0.1 / 16, 0.1 / 8, 0.1 / 4, 0.1 / 2, 0.1])
    assert rates["group"].tolist()[-1] == "head"
    assert rates["parameters"].sum() == sum(p.numel() for p in model.parameters())
    assert rates["tensors"].sum() == len(list(model.parameters()))
    default = table(layerwise(model, 1.0))["rate"].to_numpy()
    assert default[1:] / default[:-1] == pytest.approx(2.6)


def test_rates_are_real_steps_of_the_optimizer():
    """In plain gradient descent, a step is rate times gradient in every group."""
    model = model_of()
    config = LoopConfig(
        **{**vars(CONFIG), "steps": 1, "momentum": 0.0, "weight_decay": 0.0, "schedule": "constant"}
    )
    before, one = state_copy(model), copy.deepcopy(model)
    trained(one, config=config, groups=layerwise(one, 0.1, decay=0.5))
    images, labels = next(iter(batches()))
    F.cross_entropy(model.train()(images), labels).backward()
    gradient = {name: value.grad for name, value in model.named_parameters()}
    for name, rate in (
        ("backbone.layers.conv1.weight", 0.1 / 16),
        ("backbone.layers.layer3.0.conv2.weight", 0.1 / 2),
        ("head.weight", 0.1),
    ):
        step = before[name] - one.state_dict()[name]
        assert torch.allclose(step, rate * gradient[name], rtol=1e-3, atol=1e-6)


def test_the_head_is_ten_times_faster_and_frozen_parts_have_no_group():
    model = model_of()
    assert table(head_faster(model, 0.01))["rate"].tolist() == pytest.approx([0.01, 0.1])
    freeze(model.backbone)
    assert table(head_faster(model, 0.01))["group"].tolist() == ["head"]
    assert table(uniform(model, 0.3))["parameters"].tolist() == [64 * 3 + 3]


def test_the_factor_of_timm_is_not_taken_for_a_rate():
    model = model_of()
    optimizer = torch.optim.SGD([{"params": model.parameters(), "lr_scale": 0.1}], lr=0.5)
    assert effective_rates(optimizer)["rate"].tolist() == [0.5]


def test_vectors_can_be_spared_weight_decay():
    rates = table(uniform(model_of(), 0.1), LoopConfig(weight_decay=0.2, decay_vectors=False))
    assert rates["group"].tolist() == ["all", "all (vectors)"]
    assert rates["weight_decay"].tolist() == [0.2, 0.0]
    assert rates["tensors"].tolist() == [
        8,
        15,
    ]  # 7 convolutions, a head, 2 x 7 of normalization, a bias


def test_gradual_unfreezing_keeps_rates_and_freezes_until_a_group_begins():
    model = model_of()
    groups = gradual_unfreezing(layerwise(model, 0.1, decay=0.5), until=0.8)
    assert [group.begin for group in groups] == pytest.approx([0.8, 0.6, 0.4, 0.2, 0.0])
    assert [group.rate for group in groups] == pytest.approx([0.1 / 2**n for n in (4, 3, 2, 1, 0)])
    states, config = [], LoopConfig(**{**vars(CONFIG), "steps": 5, "evaluate_every": 1})
    first = state_copy(model)
    history = trained(
        model, config=config, groups=groups, validate=lambda: states.append(state_copy(model)) or 0
    )
    assert history.rates["trained"].tolist() == [False] * 4 + [True]
    names = ["conv1", "layer1.0.bn1", "layer2.0.bn1", "layer3.0.bn1"]
    for step, state in enumerate(states):  # one more group a step, the last first
        moved = [
            any(
                not torch.equal(state[name], first[name])
                for name in first
                if name.startswith(f"backbone.layers.{part}.")
            )
            for part in names
        ]
        assert moved == [4 - place <= step for place in range(4)]
    with pytest.raises(TrainingError, match=r"trained from 1 on, expected \[0, 1\)"):
        gradual_unfreezing(groups, until=1)


def test_groups_are_checked():
    model = model_of()
    with pytest.raises(InvalidNetworkError, match="in the groups 'a' and 'b'"):
        checked_groups([module_group(name, model, rate=1) for name in "ab"])
    freeze_first(model.backbone, 1)
    with pytest.raises(InvalidNetworkError, match="'backbone' is to be trained later, but has fr"):
        checked_groups(gradual_unfreezing(head_faster(model, 0.1)))
    with pytest.raises(TrainingError, match="the decay of the rates is 2, expected"):
        layerwise(model, 0.1, decay=2)


def test_l2_sp_is_its_formula_and_pulls_back():
    model = model_of()
    point = StartingPoint(model.backbone, model.head, alpha=0.4, beta=0.2)
    head = [p.detach().numpy().astype(float) for p in model.head.parameters()]
    size = 0.1 * sum(np.square(value).sum() for value in head)
    assert point.penalty().item() == pytest.approx(size, rel=1e-5)
    with torch.no_grad():
        model.backbone.layers.conv1.weight += 0.5
    moved = 0.2 * 0.25 * model.backbone.layers.conv1.weight.numel()
    penalty = point.penalty()
    assert penalty.item() == pytest.approx(size + moved, rel=1e-5)
    assert point.distance() == pytest.approx((moved / 0.2) ** 0.5, rel=1e-5)
    penalty.backward()
    assert torch.allclose(
        model.backbone.layers.conv1.weight.grad, torch.tensor(0.4 * 0.5), atol=1e-6
    )
    with pytest.raises(TrainingError, match=r"alpha -1 and beta 0.01, expected none below 0"):
        StartingPoint(model.backbone, model.head, alpha=-1)
