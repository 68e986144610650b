"""Every preset's encoder and decoders: shapes, sizes, gradients, towers, and what they learn."""

import importlib.util
from functools import partial

import pytest

torch = pytest.importorskip("torch")

from encoders.errors import UnknownNameError  # noqa: E402
from encoders.networks import (  # noqa: E402
    PRESETS,
    EncoderDecoder,
    InvalidNetworkError,
    OutputSpec,
    decoder,
    discriminator,
    encoder,
    import_torchvision,
    load_trunk,
    network,
)
from encoders.networks.blocks import to_grid  # noqa: E402

OUTPUTS = {
    "picture": (OutputSpec("pixels", 3, activation="tanh"), 1),
    "depth": (OutputSpec("pixels", 1, activation="tanh"), 1),
    "segments": (OutputSpec("pixels", 64), 1),
    "colors": (OutputSpec("pixels", 313, scale=0.25), 1),
    "layout": (OutputSpec("vector", 9), 1),
    "classes": (OutputSpec("classes", 63), 1),
    "pose": (OutputSpec("vector", 6), 2),
    "ego_motion": (OutputSpec("vector", 18, layers=3, narrow=2), 3),
    "matching": (OutputSpec("classes", 2, narrow=8), 2),
    "jigsaw": (OutputSpec("classes", 100, layers=3), 9),
}


@pytest.fixture(autouse=True)
def one_thread():
    """Batches of a few pictures gain nothing from threads, and wait long for a busy core."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


each_preset = pytest.mark.parametrize("preset", PRESETS)
each_output = pytest.mark.parametrize("name", OUTPUTS)


def pictures(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def parameters(module):
    return sum(value.numel() for value in module.parameters())


def on_meta(make):
    """A network of shapes alone: as exact about sizes, and free."""
    with torch.device("meta"):
        return make()


# --- shapes and sizes


@each_preset
@each_output
def test_every_output_has_its_shape_at_every_preset(preset, name):
    output, inputs = OUTPUTS[name]
    size = PRESETS[preset].size
    net = on_meta(lambda: network(preset, output, inputs=inputs))
    images = torch.empty(2, inputs, 3, size, size, device="meta")
    side = int(size * output.scale)
    expected = (2, output.size, side, side) if output.kind == "pixels" else (2, output.size)
    assert net(images).shape == expected
    assert net.represent(images).shape == (2, 8 * inputs, 16, 16)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (96, 64), (20, 28)])
@each_output
def test_any_size_that_the_stride_divides_will_do(name, height, width):
    output, inputs = OUTPUTS[name]
    found = network("tiny", output, inputs=inputs)(pictures(2, inputs, 3, height, width))
    if output.kind == "pixels":
        assert found.shape[2:] == (height * output.scale, width * output.scale)
    else:
        assert found.shape == (2, output.size)


def test_sizes_in_parameters():
    # torchvision publishes 11,689,512 and 25,557,032 with classifiers of 513,000 and 2,049,000.
    made = {name: on_meta(lambda name=name: encoder(name)) for name in PRESETS}
    assert parameters(made["base"].trunk) == 11_689_512 - 513_000
    assert parameters(made["paper"].trunk) == 25_557_032 - 2_049_000
    assert parameters(made["paper"]) == 23_508_032 + (2048 * 9 * 8 + 8)
    assert parameters(made["tiny"]) == pytest.approx(300_000, rel=0.05)
    assert parameters(made["base"]) == pytest.approx(11_300_000, rel=0.01)


def test_small_is_tiny_at_twice_the_resolution():
    """A representation has the same weights and 16 x 16 places; a map has one more upsampling."""
    weights = [
        {name: tuple(value.shape) for name, value in encoder(preset).state_dict().items()}
        for preset in ("tiny", "small")
    ]
    assert weights[0] == weights[1]
    for kind in ("depth", "pose", "segments"):
        output, inputs = OUTPUTS[kind]
        one, other = (on_meta(partial(decoder, p, output, inputs)) for p in ("tiny", "small"))
        added = [len(list(net.modules())) for net in (one, other)]
        if output.kind == "pixels":
            assert added[0] < added[1]
        else:
            assert one.state_dict().keys() == other.state_dict().keys()
    net = network("small", OUTPUTS["depth"][0]).eval()
    assert net.encoder(pictures(2, 3, 128, 128)).shape == (2, 8, 16, 16)
    assert net(pictures(2, 3, 128, 128)).shape == (2, 1, 128, 128)


def test_decoders_of_the_paper_layer_by_layer():
    convolutions = (torch.nn.Conv2d, torch.nn.ConvTranspose2d)

    def widths(output):
        made = on_meta(lambda: decoder("paper", output))
        return [m.out_channels for m in made.modules() if isinstance(m, convolutions)]

    body = [1024, 1024, 512, 256, 256, 128]
    assert widths(OUTPUTS["depth"][0]) == [*body, 64, 64, 32, 32, 16, 32, 16, 1]
    assert widths(OUTPUTS["colors"][0]) == [*body, 64, 64, 32, 32, 313]


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("layout", [(2048, 2048), (2048, 9)]),
        ("pose", [(4096, 2048), (2048, 6)]),
        ("ego_motion", [(6144, 1024), (1024, 1024), (1024, 18)]),
        ("matching", [(4096, 256), (256, 2)]),
        ("jigsaw", [(18432, 2048), (2048, 2048), (2048, 100)]),
    ],
)
def test_heads_of_the_paper_layer_by_layer(name, sizes):
    made = on_meta(lambda: decoder("paper", *OUTPUTS[name]))
    linear = [m for m in made.modules() if isinstance(m, torch.nn.Linear)]
    assert [(m.in_features, m.out_features) for m in linear] == sizes
    assert {m.p for m in made.modules() if isinstance(m, torch.nn.Dropout)} == {0.5}
    assert any(isinstance(m, torch.nn.BatchNorm1d) for m in made.modules())


def test_wide_outputs_of_the_small_presets_come_from_1x1_convolutions():
    for preset, kernels in (("tiny", (3, 1, 1)), ("base", (3, 1, 1)), ("paper", (3, 3, 3))):
        made = [
            on_meta(lambda name=name, preset=preset: decoder(preset, OUTPUTS[name][0]))
            for name in ("picture", "segments", "colors")
        ]
        assert tuple(net.last.kernel_size[0] for net in made) == kernels


def test_names_of_the_weights_stay():
    assert sorted(network("tiny", OutputSpec("pixels", 1)).state_dict()) == sorted(NAMES)


# A weight renamed is a bank that no longer loads.
NAMES = [
    "encoder.trunk.conv1.weight",
    *(f"encoder.trunk.norm1.{part}" for part in ("bias", "weight")),
    *(f"encoder.trunk.layer{n}.0.conv{k}.weight" for n in (1, 2, 3) for k in (1, 2)),
    *(
        f"encoder.trunk.layer{n}.0.norm{k}.{part}"
        for n in (1, 2, 3)
        for k in (1, 2)
        for part in ("bias", "weight")
    ),
    *(f"encoder.trunk.layer{n}.0.downsample.0.weight" for n in (1, 2, 3)),
    *(
        f"encoder.trunk.layer{n}.0.downsample.1.{part}"
        for n in (1, 2, 3)
        for part in ("bias", "weight")
    ),
    *(f"encoder.fold.lateral.{k}.{part}" for k in (0, 1, 2) for part in ("bias", "weight")),
    *(f"encoder.fold.norm.{part}" for part in ("bias", "weight")),
    *(f"encoder.project.{part}" for part in ("bias", "weight")),
    *(f"decoder.layers.{k}.0.weight" for k in (0, 1, 2)),
    *(f"decoder.layers.{k}.1.{part}" for k in (0, 1, 2) for part in ("bias", "weight")),
    *(f"decoder.last.{part}" for part in ("bias", "weight")),
]


# --- how they compute


def test_the_same_seed_gives_the_same_weights_and_leaves_the_global_state():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first, again, other = (network("tiny", OUTPUTS["depth"][0], seed=s) for s in (1, 1, 2))
    assert torch.random.get_rng_state().equal(before)
    for name, value in first.state_dict().items():
        assert again.state_dict()[name].equal(value)
    assert not other.encoder.project.weight.equal(first.encoder.project.weight)
    assert not other.decoder.last.weight.equal(first.decoder.last.weight)


def test_all_tasks_of_a_seed_begin_with_the_same_encoder():
    one = network("tiny", OUTPUTS["depth"][0], seed=3).encoder.state_dict()
    two = network("tiny", OUTPUTS["jigsaw"][0], inputs=9, seed=3).encoder.state_dict()
    assert all(two[name].equal(value) for name, value in one.items())


@each_output
def test_gradient_reaches_every_parameter(name):
    output, inputs = OUTPUTS[name]
    net = network("tiny", output, inputs=inputs)
    net(pictures(4, inputs, 3, 32, 32)).square().sum().backward()
    dead = [key for key, value in net.named_parameters() if not value.grad.abs().max() > 0]
    assert dead == []


@pytest.mark.parametrize("preset", ["base", "paper"])
def test_gradient_reaches_every_parameter_of_the_large_encoders(preset):
    # Pixels of noise: on tiny smooth pictures, BatchNorm of few places would hide a dead path.
    net = encoder(preset)
    net(pictures(2, 3, 64, 64)).square().sum().backward()
    dead = [key for key, value in net.named_parameters() if not value.grad.abs().max() > 0]
    assert dead == []


def test_towers_share_weights_so_swapped_pictures_are_swapped_features():
    net = network("tiny", OUTPUTS["ego_motion"][0], inputs=3)
    images, order = pictures(2, 3, 3, 32, 32), [2, 0, 1]
    each = net.represent(images).unflatten(1, (3, 8))
    swapped = net.represent(images[:, order]).unflatten(1, (3, 8))
    torch.testing.assert_close(swapped, each[:, order])
    alone = network("tiny", OUTPUTS["layout"][0]).represent(images[:, 1])
    torch.testing.assert_close(each[:, 1], alone)


def test_a_head_tells_the_pictures_apart():
    net = network("tiny", OUTPUTS["pose"][0], inputs=2).eval()
    images = pictures(2, 2, 3, 32, 32)
    assert not torch.allclose(net(images), net(images.flip(1)), atol=1e-3)


@each_output
def test_evaluation_is_deterministic_and_of_each_sample_alone(name):
    output, inputs = OUTPUTS[name]
    net = network("tiny", output, inputs=inputs).eval()
    images = pictures(3, inputs, 3, 32, 32)
    together = net(images)
    assert net(images).equal(together)
    alone = torch.cat([net(images[k : k + 1]) for k in range(3)])
    torch.testing.assert_close(alone, together, rtol=1e-4, atol=1e-5)


def test_a_representation_of_tiny_is_the_same_in_training():
    net = network("tiny", OUTPUTS["depth"][0])
    images = pictures(2, 3, 64, 64)
    assert net.train().represent(images).equal(net.eval().represent(images))


def test_every_place_of_a_representation_sees_the_whole_picture():
    images = pictures(1, 3, 64, 64).requires_grad_()
    encoder("tiny")(images)[0, :, 0, 0].sum().backward()
    seen = images.grad[0].abs().sum(0) > 0
    assert seen[-4:, -4:].any()


def test_channels_last_gives_the_same_numbers():
    for name in ("picture", "layout"):
        net = network("tiny", OUTPUTS[name][0]).eval()
        images = pictures(2, 3, 64, 64)
        expected = net(images)
        found = net.to(memory_format=torch.channels_last)(
            images.contiguous(memory_format=torch.channels_last)
        )
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@each_output
def test_bfloat16_autocast_gives_nearly_the_same(name):
    output, inputs = OUTPUTS[name]
    net = network("tiny", output, inputs=inputs).eval()
    images = pictures(2, inputs, 3, 32, 32)
    expected = net(images)
    with torch.autocast("cpu", torch.bfloat16):
        found = net(images)
    assert found.dtype == torch.bfloat16
    gap = (found.float() - expected).square().mean().sqrt()
    # bfloat16 has 8 bits; about twenty layers add up their roundings.
    assert gap < 0.1 * expected.square().mean().sqrt()


def test_to_grid_averages_down_and_interpolates_up():
    features = pictures(1, 2, 32, 32)
    expected = features.unflatten(3, (16, 2)).unflatten(2, (16, 2)).mean((3, 5))
    torch.testing.assert_close(to_grid(features), expected)
    constant = torch.full((1, 1, 3, 40), 0.7)
    torch.testing.assert_close(to_grid(constant), torch.full((1, 1, 16, 16), 0.7))
    assert to_grid(expected) is expected


# --- beside torchvision


@pytest.mark.parametrize(("preset", "model"), [("base", "resnet18"), ("paper", "resnet50")])
def test_trunk_is_torchvisions_with_its_weights(preset, model):
    if importlib.util.find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed")
    torchvision = import_torchvision()
    reference = torchvision.models.get_model(model, weights=None).eval()
    net = encoder(preset).eval()
    load_trunk(net, reference.state_dict())
    images = pictures(1, 3, 64, 64)
    x = reference.maxpool(reference.relu(reference.bn1(reference.conv1(images))))
    with torch.no_grad():
        for number, found in enumerate(net.trunk(images), 1):
            if preset == "paper" and number == 4:
                break  # the paper's last stage has stride 1, torchvision's 2
            x = reference.get_submodule(f"layer{number}")(x)
            torch.testing.assert_close(found, x)
    assert number == 4


def test_weights_that_do_not_fit_are_refused():
    with pytest.raises(InvalidNetworkError, match="these weights do not fit the trunk"):
        load_trunk(encoder("tiny"), {"conv1.weight": torch.zeros(24, 3, 7, 7)})


# --- adversarial


def test_discriminator_is_five_layers_of_4x4_and_judges_patches():
    made = on_meta(lambda: discriminator("paper", OUTPUTS["depth"][0]))
    layers = [m for m in made.modules() if isinstance(m, torch.nn.Conv2d)]
    assert [(m.in_channels, m.out_channels) for m in layers] == [
        (4, 64),
        (64, 128),
        (128, 256),
        (256, 512),
        (512, 1),
    ]
    assert {m.kernel_size for m in layers} == {(4, 4)}
    images = torch.empty(2, 3, 256, 256, device="meta")
    # pix2pix: 70x70 patches, 30x30 of them on 256 pixels.
    assert made(images, torch.empty(2, 1, 256, 256, device="meta")).shape == (2, 1, 30, 30)
    colors = on_meta(lambda: discriminator("paper", OUTPUTS["colors"][0], channels=1))
    gray = torch.empty(2, 1, 256, 256, device="meta")
    assert colors(gray, torch.empty(2, 313, 64, 64, device="meta")).shape == (2, 1, 6, 6)


def test_discriminator_looks_at_picture_and_map():
    judge = discriminator("paper", OUTPUTS["depth"][0])
    images, maps = pictures(2, 3, 64, 64), pictures(2, 1, 64, 64, seed=1)
    images.requires_grad_()
    maps.requires_grad_()
    judge(images, maps).square().sum().backward()
    assert images.grad.abs().max() > 0
    assert maps.grad.abs().max() > 0


# --- learning


def memorizes(output, inputs, steps=100):
    """Loss of a tiny network on 8 random samples after training, and that of the best constant."""
    from encoders.losses import l1, soft_xentropy, xentropy

    images = pictures(8, inputs, 3, 32, 32)
    generator = torch.Generator().manual_seed(1)
    if output.kind == "classes":
        target, loss = torch.arange(8) % output.size, xentropy
        constant = torch.log(torch.bincount(target, minlength=output.size) / 8).expand(8, -1)
    elif output.kind == "pixels" and output.scale < 1:
        shade = torch.rand(8, 1, 8, 8, generator=generator)
        bins = torch.linspace(0, 1, output.size)[:, None, None]
        target = (-((shade - bins) ** 2) / (2 * 0.1**2)).softmax(1)
        constant, loss = target.mean(0).log().expand_as(target), soft_xentropy
    elif output.kind == "pixels":
        coarse = torch.rand(8, output.size, 4, 4, generator=generator) * 2 - 1
        target, loss = torch.nn.functional.interpolate(coarse, (32, 32), mode="bilinear"), l1
        constant = target.median(0).values.expand_as(target)
    else:
        target, loss = torch.randn(8, output.size, generator=generator), l1
        constant = target.median(0).values.expand_as(target)
    net = network("tiny", output, inputs=inputs)
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
    torch.manual_seed(0)  # dropout
    for _ in range(steps):
        optimizer.zero_grad()
        loss(net(images), target).mean().backward()
        optimizer.step()
    floor = -(target * target.log()).sum(1).mean() if loss is soft_xentropy else 0.0
    with torch.no_grad():
        learned = loss(net.eval()(images), target).mean()
    return float(learned - floor), float(loss(constant, target).mean() - floor)


@pytest.mark.parametrize(
    "name",
    [
        "depth",
        "classes",
        *(
            pytest.param(n, marks=pytest.mark.slow)
            for n in ("picture", "layout", "pose", "matching")
        ),
    ],
)
def test_eight_samples_are_memorized_in_a_hundred_steps(name):
    learned, constant = memorizes(*OUTPUTS[name])
    assert learned < 0.35 * constant


@pytest.mark.slow
@pytest.mark.parametrize("name", ["colors", "ego_motion", "jigsaw"])
def test_eight_larger_samples_are_memorized_in_a_hundred_steps(name):
    learned, constant = memorizes(*OUTPUTS[name])
    assert learned < 0.35 * constant


# --- errors


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: OutputSpec("depth", 1), "an output's kind is 'depth'; choose one of 'pixels'"),
        (lambda: OutputSpec("pixels", 1, activation="relu"), "activation is 'relu'; choose one of"),
        (lambda: OutputSpec("pixels", 1, scale=0.3), "scale is 0.3; choose one of 1.0, 0.25"),
        (lambda: OutputSpec("pixels", 0), "size is 0, expected at least 1"),
        (lambda: OutputSpec("vector", 3, layers=0), "layers is 0, expected at least 1"),
        (lambda: OutputSpec("vector", 3, scale=0.25), "a vector output has no scale"),
        (lambda: encoder("tiny")(pictures(1, 1, 64, 64)), r"do not fit an encoder of \(B, 3, H, W"),
        (lambda: encoder("tiny")(pictures(1, 3, 64, 62)), "64 x 62 pixels cannot be divided"),
        (
            lambda: network("tiny", OUTPUTS["pose"][0], inputs=2)(pictures(1, 3, 3, 64, 64)),
            r"network of 2 picture\(s\)",
        ),
        (lambda: discriminator("tiny", OUTPUTS["depth"][0]), "no discriminator for a pixels"),
        (lambda: discriminator("paper", OUTPUTS["layout"][0]), "no discriminator for a vector"),
    ],
)
def test_misuse_is_told(call, message):
    with pytest.raises(InvalidNetworkError, match=message):
        call()


def test_an_unknown_preset_lists_the_known():
    with pytest.raises(UnknownNameError, match="'huge'; choose one of tiny, small, base, paper"):
        encoder("huge")


def test_any_module_can_stand_as_encoder():
    class Flat(torch.nn.Module):
        features = 3

        def forward(self, images):
            return to_grid(images)

    net = EncoderDecoder(Flat(), decoder("tiny", OUTPUTS["pose"][0], 2, features=3), 2)
    assert net(pictures(4, 2, 3, 64, 64)).shape == (4, 6)


def test_a_head_that_compares_is_given_how_far_the_pictures_are_apart():
    """By hand: three pictures' numbers, then |1 - 2| and |2 - 3|, through the same layers."""
    head = decoder("tiny", OutputSpec("classes", 2, compare=True), 3).eval()
    plain = decoder("tiny", OutputSpec("classes", 2), 3)
    assert head.layers[0].in_features == plain.layers[0].in_features * 5 // 3
    given = torch.randn(4, 3, 8, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        one, two, three = (head.shrink(given[:, k]).flatten(1) for k in range(3))
        joined = torch.cat([one, two, three, (two - one).abs(), (three - two).abs()], dim=1)
        expected = head.last(head.layers(joined))
        torch.testing.assert_close(head(given.flatten(1, 2)), expected)
