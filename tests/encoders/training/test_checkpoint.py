"""Files of weights come back bit for bit, and a wrong one is named."""

import json
import struct

import pytest
import torch
from torch import nn

from encoders.errors import InvalidDataError
from encoders.training.checkpoint import read_config, read_weights, restore, write_weights


def network(width=3):
    torch.manual_seed(width)
    return nn.Sequential(nn.Conv2d(3, width, 3), nn.BatchNorm2d(width))


@pytest.fixture
def path(tmp_path):
    write_weights(tmp_path / "net.safetensors", network().state_dict(), {"task": "rgb2depth"})
    return tmp_path / "net.safetensors"


def test_weights_and_configuration_come_back_bit_for_bit(path):
    tensors, config = read_weights(path)
    assert config == read_config(path) == {"task": "rgb2depth"}
    other = network()
    for parameter in other.parameters():
        nn.init.zeros_(parameter)
    restore(other, tensors, where=path)
    for name, tensor in network().state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name])


def test_the_header_is_plain_safetensors(path):
    """Read by hand, as the format says: a length, then JSON."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    assert json.loads(header["__metadata__"]["config"]) == {"task": "rgb2depth"}
    assert header["0.weight"]["shape"] == [3, 3, 3, 3]


def test_equal_weights_give_equal_bytes(path, tmp_path):
    write_weights(tmp_path / "b", network().state_dict(), {"task": "rgb2depth"})
    assert path.read_bytes() == (tmp_path / "b").read_bytes()


def test_another_network_is_refused_by_name_and_shape(path):
    tensors, _ = read_weights(path)
    with pytest.raises(InvalidDataError, match=r"0\.weight of shape \(3, 3, 3, 3\), expected \(4,"):
        restore(network(4), tensors, where=path)
    with pytest.raises(InvalidDataError, match=r"lacks 2\.weight; lacks 2\.bias$"):
        restore(nn.Sequential(*network(), nn.Linear(2, 2)), tensors, where=path)
    with pytest.raises(InvalidDataError, match=r"unknown 1\.bias.* and 2 more differences"):
        restore(nn.Sequential(network()[0]), tensors, where=path)


def test_a_refused_file_changes_nothing(path):
    module = network(4)
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    with pytest.raises(InvalidDataError):
        restore(module, read_weights(path)[0], where=path)
    assert all(torch.equal(before[name], t) for name, t in module.state_dict().items())


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no such file"), (b"abc", "not a whole safetensors file"), (b"", "not a whole")],
)
def test_bad_files(tmp_path, content, message):
    if content is not None:
        (tmp_path / "bad").write_bytes(content)
    with pytest.raises(InvalidDataError, match=message):
        read_weights(tmp_path / "bad")


def test_a_cut_off_file_and_a_foreign_one(path, tmp_path):
    (tmp_path / "cut").write_bytes(path.read_bytes()[:-10])
    with pytest.raises(InvalidDataError, match="not a whole safetensors file"):
        read_weights(tmp_path / "cut")
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(1)}, tmp_path / "foreign")
    with pytest.raises(InvalidDataError, match='metadata has no "config"'):
        read_config(tmp_path / "foreign")
