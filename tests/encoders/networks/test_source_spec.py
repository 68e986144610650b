"""External sources: what a text describes, what is built from it, and every error."""

import pickle

import pytest
import torch

from encoders.errors import InvalidDataError, InvalidNetworkError, UnknownNameError
from encoders.networks.projection import principal_projection
from encoders.networks.source_spec import ExternalSource, parse_source

NETS = "from torch import nn\ndef build():\n    return nn.Conv2d(3, 12, 4, 4)\nNO = 3\n"
WRONG = """def bad():
    return 1 / 0
def argument(n):
    return n
class Odd(nn.Module):
    def forward(self, pictures): raise KeyError("odd")
odd = Odd
def gray():
    return nn.Conv2d(1, 8, 4, 4)
"""


def test_a_text_describes_a_source_that_other_processes_build_alike(tmp_path):
    (tmp_path / "my_nets.py").write_text(NETS)
    source = parse_source(f"mine={tmp_path}/my_nets.py:build,channels=all,seed=4")
    assert source == ExternalSource(
        "mine", f"{tmp_path.resolve()}/my_nets.py:build", channels=0, seed=4
    )
    one, other = source.build(), pickle.loads(pickle.dumps(source)).build()
    pictures = torch.rand(2, 3, 64, 64)
    assert one(pictures).shape == (2, 12, 16, 16)
    assert torch.equal(one(pictures), other(pictures))
    assert not torch.equal(one(pictures), ExternalSource("x", source.model).build()(pictures))
    before = source.record()
    (tmp_path / "my_nets.py").write_text(NETS + "# changed\n")
    assert before["seed"] == 4
    assert "code" in before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("resnet", "expected NAME=MODEL, such as resnet=torchvision:resnet18"),
        ("a=lite0,big=3", 'expected KEY=VALUE with one of the keys weights, keep, .*, not "big=3"'),
        ("a=lite0,size=big", 'size is "big", expected a whole number'),
        ("self=lite0", "its name is reserved"),
        ("normals=lite0", "its name means the task rgb2sfnorm"),
        ("a/b=lite0", "its name has other signs than letters"),
        ("a=lite0,layout=CHW", 'layout is "CHW", expected auto'),
        ("a=lite0,weights=x.pth", "weights are for models of torchvision and timm"),
    ],
)
def test_a_wrong_text_is_told(text, message):
    with pytest.raises(InvalidDataError, match=message):
        parse_source(text)


def test_what_cannot_be_built_is_told(tmp_path):
    (tmp_path / "my_nets.py").write_text(NETS + WRONG)
    for name, message in (
        ("bad", r"my_nets\.py, line 6: ZeroDivisionError"),
        ("NO", "gives a int, expected a torch.nn.Module"),
        ("argument", r"argument: TypeError: .*missing 1 required .*n'; expected a torch.nn.Module"),
    ):
        with pytest.raises(InvalidDataError, match=message):
            parse_source(f"a={tmp_path}/my_nets.py:{name}").build()
    for name, message in (
        ("odd", r"3 channels and 64 pixels \(.*my_nets\.py, line 10: KeyError: 'odd'\); give the"),
        ("gray", r"pixels \(RuntimeError: .*to have 1 channels.*, or a network that takes such pi"),
    ):
        with pytest.raises(InvalidNetworkError, match=message):
            parse_source(f"a={tmp_path}/my_nets.py:{name}").build()
    with pytest.raises(UnknownNameError, match=r"my_nets\.py has no other"):
        parse_source(f"a={tmp_path}/my_nets.py:other").build()
    with pytest.raises(InvalidDataError, match="is resnet18, expected torchvision:MODEL"):
        parse_source("a=resnet18").build()
    with pytest.raises(InvalidNetworkError, match="no layer 'layer3'"):
        parse_source(f"a={tmp_path}/my_nets.py:build,keep=layer3").build()


def test_a_layer_whose_output_is_not_finite_is_told():
    pictures = [torch.rand(2, 3, 8, 8)]
    with pytest.raises(InvalidNetworkError, match="output is NaN or infinite for pictures of the"):
        principal_projection(lambda images: images / 0, pictures, 2)
