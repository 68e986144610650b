"""Group normalization: PyTorch's own as the oracle, in both layouts and precisions."""

import pytest
import torch
from torch import nn

from encoders.networks.normalization import GroupNorm


def gradients(layer, maps, weights):
    maps = maps.detach().requires_grad_()
    result = layer(maps)
    (result.float() * weights).sum().backward()
    return result, maps.grad, layer.weight.grad, layer.bias.grad


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_results_and_gradients_are_those_of_pytorch_in_float64(kind, layout):
    torch.manual_seed(0)
    ours, theirs = GroupNorm(3, 24), nn.GroupNorm(3, 24).double()
    with torch.no_grad():
        ours.weight.normal_(), ours.bias.normal_()
    theirs.load_state_dict(ours.state_dict())
    maps = (2 * torch.randn(4, 24, 8, 8) + 1).to(kind).contiguous(memory_format=layout)
    weights = torch.randn(maps.shape)
    found = gradients(ours, maps, weights)
    wanted = gradients(theirs, maps.double(), weights.double())
    bound = 1e-4 if kind == torch.float32 else 3e-2  # bfloat16 has eight bits
    for one, other in zip(found, wanted, strict=True):
        error = (one.double() - other).norm() / other.norm()
        assert error < bound
    assert found[0].is_contiguous(memory_format=layout)


def test_its_weights_have_the_names_of_pytorchs():
    assert GroupNorm(2, 4).state_dict().keys() == nn.GroupNorm(2, 4).state_dict().keys()
