"""The trained bank that comes with the library: what a wheel has of it, and how it is loaded."""

import importlib.metadata
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import torch

import encoders
from encoders.bank import pretrained
from encoders.bank.pretrained import Form, form_of
from encoders.errors import InvalidDataError, UnknownNameError
from encoders.networks import network
from encoders.tasks import TASKS
from encoders.tasks.names import known_name, trained_name
from encoders.training.checkpoint import halved, write_weights
from encoders.training.objective import output_of

ROOT = Path(__file__).resolve().parents[3]
OURS = ROOT / "results" / "bank"
LARGEST = 25e6

SOURCES = (
    "LICENSE",
    "README.md",
    "pyproject.toml",
    "setup.py",
    "benchmarks",
    "encoders",
    "taskgraph",
)
SHIPPED = {"manifest.json", "random.safetensors", "rgb2sfnorm.json", "rgb2sfnorm.safetensors"}
LEFT = {"README.md", "rgb2sfnorm.losses.parquet", "table1.png"}


def setuptools_version():
    """Its first number; 0 where it is not installed."""
    try:
        return int(importlib.metadata.version("setuptools").partition(".")[0])
    except importlib.metadata.PackageNotFoundError:
        return 0


needs_setuptools = pytest.mark.skipif(
    setuptools_version() < 77, reason="setuptools >= 77, which builds wheels, is not installed"
)


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    """Write a bank of untrained networks, in the files that training would leave."""
    out = tmp_path_factory.mktemp("shipped") / "bank"
    out.mkdir()
    for name in LEFT:
        (out / name).write_text("not for the wheel")
    task = TASKS["rgb2sfnorm"]
    output = output_of(task)
    record = {
        "task": task.name,
        "preset": "tiny",
        "inputs": 1,
        "channels": 3,
        "output": vars(output),
    }
    write_weights(out / "rgb2sfnorm.safetensors", halved(network("tiny", output, seed=3)), record)
    (out / "rgb2sfnorm.json").write_text(json.dumps(record))
    (out / "manifest.json").write_text("{}")
    weights = halved(pretrained.random_encoder("tiny", seed=0))
    write_weights(out / "random.safetensors", weights, {"task": "random", "preset": "tiny"})
    return out


# --- what is in a wheel ---


def copied(place, bank):
    """A copy of what a build needs, with a bank."""
    place.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, place / name)
    if bank is not None:
        shutil.copytree(bank, place / "results" / "bank")
    (place / "results" / "transfers").mkdir(parents=True)
    for name in ("transfers.csv", "losses.parquet"):
        (place / "results" / "transfers" / name).write_text("sources,target,affinity\na,b,1\n")
    return place


def built(kind, source, out):
    """Return the archive that setuptools builds of a source tree, without a network."""
    out.mkdir()
    code = f"import setuptools.build_meta as b; b.build_{kind}({str(out)!r})"
    done = subprocess.run([sys.executable, "-c", code], cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(out.iterdir())


def inside(wheel):
    """The names of the bank's files in a wheel."""
    with zipfile.ZipFile(wheel) as found:
        names = found.namelist()
    assert "encoders/bank/training.py" in names or "editable" in wheel.name
    assert not [name for name in names if name.startswith("results/")]
    start = f"encoders/{pretrained.PACKAGED}/"
    return {name.removeprefix(start) for name in names if name.startswith(start)}


@pytest.fixture(scope="module")
def wheel(bank, tmp_path_factory):
    """Built from an unpacked source distribution, which itself is made from a copy."""
    place = tmp_path_factory.mktemp("wheel")
    archive = built("sdist", copied(place / "copy", bank), place / "sdist")
    with tarfile.open(archive) as packed:
        packed.extractall(place / "unpacked", filter="data")
    (source,) = (place / "unpacked").iterdir()
    return built("wheel", source, place / "wheel")


@needs_setuptools
def test_a_wheel_has_the_weights_and_records_of_the_bank_and_nothing_else(wheel):
    assert inside(wheel) == SHIPPED


LOAD = """
import torch, encoders
from encoders.bank.pretrained import default_bank
assert default_bank().name == "_bank", default_bank()
print(encoders.__file__, *encoders.load("normals").represent(torch.zeros(2, 3, 64, 64)).shape)
assert "lightning_fabric" not in sys.modules  # what trains takes longer to import than torch
"""


@needs_setuptools
def test_a_wheel_has_the_default_table_and_none_of_its_losses(wheel):
    with zipfile.ZipFile(wheel) as found:
        names = [name for name in found.namelist() if "_default" in name]
    assert names == ["taskgraph/_default/transfers.csv"]


@needs_setuptools
def test_an_installed_wheel_loads_its_bank(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as found:
        found.extractall(tmp_path / "site")
    code = f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r})" + LOAD
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    place, *shape = done.stdout.split()
    assert done.returncode == 0, done.stderr
    assert Path(place).is_relative_to(tmp_path)
    assert shape == ["2", "8", "16", "16"]


@pytest.mark.slow
@needs_setuptools
def test_a_build_in_place_leaves_the_sources_and_drops_what_the_bank_lost(bank, tmp_path):
    source = copied(tmp_path / "copy", bank)
    assert inside(built("wheel", source, tmp_path / "a")) == SHIPPED
    (source / "results" / "bank" / "random.safetensors").unlink()
    assert inside(built("wheel", source, tmp_path / "b")) == SHIPPED - {"random.safetensors"}
    shutil.rmtree(source / "results")
    assert inside(built("wheel", source, tmp_path / "c")) == set()
    assert not (source / "encoders" / pretrained.PACKAGED).exists()


@needs_setuptools
def test_an_installation_in_place_copies_nothing(bank, tmp_path):
    source = copied(tmp_path / "copy", bank)
    assert inside(built("editable", source, tmp_path / "a")) == set()
    assert not list(source.rglob(pretrained.PACKAGED))


def test_the_shipped_bank_is_whole_and_at_most_25_mb():
    if not OURS.is_dir():
        pytest.skip("results/bank is not here: no bank has been trained yet")
    weights = {path.stem for path in OURS.glob("*.safetensors")}
    assert weights == set(TASKS)
    assert {path.stem for path in OURS.glob("*.json")} == {*weights - {"random"}, "manifest"}
    files = [path for kind in ("*.safetensors", "*.json") for path in OURS.glob(kind)]
    assert sum(path.stat().st_size for path in files) <= LARGEST


@pytest.mark.parametrize("name", TASKS)
def test_every_network_of_the_shipped_bank_is_read(name):
    """Their files are of the first version that had a bank."""
    if not OURS.is_dir():
        pytest.skip("results/bank is not here: no bank has been trained yet")
    model = encoders.load(name, OURS)
    task = TASKS[name]
    pictures = torch.zeros(1, *task.input_shape(64))
    with torch.no_grad():
        assert model(pictures).isfinite().all()
    if task.output is not None:
        assert form_of(OURS, [name]) == Form("tiny", 64)


# --- loading ---


def test_a_network_is_loaded_by_any_of_its_names(bank):
    pictures = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    for name in ("normals", "rgb2sfnorm", "Normals"):
        model = encoders.load(name, bank)
        assert model.represent(pictures).shape == (2, 8, 16, 16)
        assert model(pictures).shape == (2, 3, 64, 64)
    wanted = network("tiny", output_of(TASKS["rgb2sfnorm"]), seed=3).eval()
    with torch.no_grad():
        torch.testing.assert_close(model(pictures), wanted(pictures), rtol=0.01, atol=0.01)
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_the_random_encoder_is_loaded_as_it_was_drawn(bank):
    pictures = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    model = encoders.load("random", bank)
    wanted = pretrained.random_encoder("tiny", seed=0).eval()
    with torch.no_grad():
        torch.testing.assert_close(
            model.represent(pictures), wanted(pictures), rtol=0.01, atol=0.01
        )
    assert torch.equal(model(pictures), model.represent(pictures))


def test_the_bank_of_the_package_comes_before_that_of_the_checkout(monkeypatch, tmp_path, bank):
    package = tmp_path / "encoders"
    monkeypatch.setattr(pretrained.importlib.resources, "files", lambda name: tmp_path / name)
    message = r"no trained bank .*: train one with `taskgraph train --data DIR -o bank`, .*--bank"
    with pytest.raises(InvalidDataError, match=message):
        encoders.load("normals")
    shutil.copytree(bank, tmp_path / "results" / "bank")
    assert pretrained.default_bank() == tmp_path / "results" / "bank"
    shutil.copytree(bank, package / pretrained.PACKAGED)
    assert pretrained.default_bank() == package / pretrained.PACKAGED
    assert encoders.load("normals").inputs == 1


def test_a_bank_without_the_task_says_what_it_has(bank, tmp_path):
    with pytest.raises(InvalidDataError, match="has no rgb2depth; it has random, rgb2sfnorm"):
        encoders.load("depth", bank)
    with pytest.raises(InvalidDataError, match="has no rgb2depth; it has no networks at all"):
        encoders.load("depth", tmp_path)


def test_the_library_is_imported_without_torch():
    code = "import sys, encoders; encoders.__all__; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("depth", "rgb2depth"),
        ("Normals", "rgb2sfnorm"),
        ("camera-pose", "fix_pose"),
        ("inpainting_whole", "impainting_whole"),
        ("rgb2mist", "rgb2mist"),
    ],
)
def test_everyday_words_other_names_and_real_names_are_understood(word, name):
    assert known_name(word) == trained_name(word) == name


def test_an_unknown_task_is_told_with_what_is_near():
    for named in (known_name, trained_name):
        with pytest.raises(UnknownNameError, match=r'no task "normal"; did you mean normals or'):
            named("normal")
        with pytest.raises(UnknownNameError, match=r'no task "xyz"; there are autoencoder, '):
            named("xyz")
    assert known_name("random") == "random"
    with pytest.raises(
        UnknownNameError, match='task "random" has no predictions: no network is trained'
    ):
        trained_name("random")
