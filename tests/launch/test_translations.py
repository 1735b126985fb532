"""Networks that make images of images: there, back and around."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import gankit
from gankit.errors import ConfigError, ExitCode
from gankit.launch.translations import Translation, translations
from gankit.layers import Concat, Conv, ConvTranspose, Dense, Embedding, Flatten, Reshape, Tanh
from gankit.passes import FurtherNetwork
from gankit.terms import Term
from gankit.visual.images import compared, to_uint8

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (30, 12, 12, 1), np.uint8)
SOURCES = RANDOM.integers(0, 256, (20, 6, 6, 1), np.uint8)
CRITIC = (Flatten(), Dense(1))
NETWORKS = {
    "to_source": FurtherNetwork("generator", (Conv(1, 4, 2, 1), Tanh())),
    "source_critic": FurtherNetwork("discriminator", CRITIC),
}
PASSES = {
    "fake_source": "to_source(real)",
    "again_source": "to_source(fake)",
    "again_real": "generator(fake_source)",
}


def fit(**changes):
    words = {
        "latent": 1,
        "batch": 4,
        "steps": 1,
        "backend": "numpy",
        "progress": False,
        "source": "unpaired",
        "source_images": SOURCES,
        "inputs": "source",
        "networks": NETWORKS,
        "passes": PASSES,
        "terms": (
            Term("adversarial", by="source_critic", real=("source",), fake=("fake_source",)),
            Term("l1", "again_source", "source", weight=10.0),
            Term("l1", "again_real", "real", weight=10.0),
        ),
    }
    words |= {"generator": (ConvTranspose(1, 4, 2, 1), Tanh()), "discriminator": CRITIC}
    return gankit.fit(IMAGES, **words | changes)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a run whose images are twice as large as its sources."""
    return fit(out=tmp_path_factory.mktemp("runs") / "run")


def test_each_network_knows_its_way_back(run):
    assert translations(run.problem) == {
        "generator": Translation("generator", "source", (6, 6, 1), "to_source"),
        "to_source": Translation("to_source", "real", (12, 12, 1), "generator"),
    }


def test_a_network_that_no_pass_leads_back_from_has_no_way_back():
    changes = {"passes": {"fake_source": PASSES["fake_source"]}}
    terms = Term("adversarial", by="source_critic", real=("source",), fake=("fake_source",))
    found = translations(fit(**changes, terms=terms).problem)
    assert [each.back for each in found.values()] == ["", ""]


def test_a_network_that_takes_labels_makes_no_images_of_images_alone():
    layers = (Conv(1, 4, 2, 1), Embedding(1), Conv(1, 1))
    found = fit(
        networks={"back": FurtherNetwork("generator", layers)},
        passes={"returned": "back(real)", "again": "back(fake)"},
        terms=Term("l1", "again", "source"),
        labels=np.arange(30) % 3,
    )
    assert list(translations(found.problem)) == ["generator"]


def test_a_network_that_takes_noise_makes_no_images_of_images_alone():
    beside = (Flatten(), Concat(1), Dense(144), Reshape((12, 12, 1)))
    found = fit(
        generator=beside,
        inputs=["source", "noise"],
        networks={"back": FurtherNetwork("generator", (*beside, Conv(1, 4, 2, 1)))},
        passes={"again": "back(real, noise)"},
        terms=Term("l1", "again", "source"),
    )
    assert list(translations(found.problem)) == ["generator"]


def test_the_network_back_makes_sources_of_images(run):
    made = run.networks["to_source"](run.problem.scale(IMAGES[:3]))
    np.testing.assert_array_equal(run.translate(IMAGES[:3], network="to_source"), made)
    assert made.shape == (3, 6, 6, 1)
    assert run.translate(SOURCES[:3]).shape == (3, 12, 12, 1)


def test_the_grid_of_a_step_shows_there_back_and_around(run):
    (path,) = sorted((run.folder / "samples").iterdir())
    with Image.open(path) as picture:
        pixels = np.asarray(picture)
    made = run.generator(run.problem.scale(SOURCES))
    there = compared(SOURCES, made, run.networks["to_source"](made))
    np.testing.assert_array_equal(pixels[: len(there)], there)
    index = np.linspace(0, len(IMAGES) - 1, 20).astype(int)
    back = run.translate(IMAGES[index], network="to_source")
    picture = compared(IMAGES[index], back, run.generator(back))
    np.testing.assert_array_equal(pixels[len(there) + 2 :, : picture.shape[1]], picture)


def test_the_command_translates_back(run, machine, command):
    np.save(machine / "images.npy", IMAGES[:3])
    words = ("translate", str(run.folder), "images.npy", "--network", "to_source")
    ended = command(*words, "--out", "made")
    assert ended.code == ExitCode.OK, ended.err
    made = run.translate(IMAGES[:3], network="to_source")
    with Image.open(machine / "made" / "1.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), to_uint8(made[1])[..., 0])
    with Image.open(machine / "made" / "grid.png") as picture:
        pixels = np.asarray(picture)
    wanted = compared(IMAGES[:3], made, run.generator(made))
    scale = pixels.shape[1] // wanted.shape[1]
    np.testing.assert_array_equal(pixels[::scale, ::scale], wanted)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"network": "to_sorce"}, "unknown network of images 'to_sorce'; known: generator, to_"),
        ({"network": "source_critic"}, "unknown network of images 'source_critic'"),
        ({"network": "to_source", "derive": True}, "derive: got True for the network 'to_source'"),
    ],
)
def test_a_network_that_makes_no_images_of_images_is_refused(run, words, said):
    with pytest.raises(ConfigError, match=said):
        run.translate(IMAGES[:3], **words)


def test_a_network_that_makes_images_is_no_encoder(run):
    with pytest.raises(ConfigError, match="got no network of the run that makes codes of images"):
        run.encode(IMAGES[:3])
