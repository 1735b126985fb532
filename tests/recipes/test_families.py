"""Families of networks: their layers at 28x28, their sizes, and how settings state them."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from gankit.config import from_toml
from gankit.config.layering import config_of, from_recipe, merge, with_layers
from gankit.errors import ConfigError, UnknownName
from gankit.layers import (
    BatchNorm,
    ClassLogit,
    Conv,
    ConvTranspose,
    Dense,
    Embedding,
    Projection,
    SelfAttention,
    output_shape,
)
from gankit.layers.specs import flat
from gankit.recipes import recipe
from gankit.recipes.families import FAMILIES, family, networks
from gankit.recipes.written_out import written_out

PUBLISHED = {path.stem: path for path in (Path(__file__).parent / "published").glob("*.toml")}
"""The recipes as they were before families, with every layer written out."""
SHAPES = [(28, 28, 1), (32, 32, 3), (48, 64, 3), (64, 64, 1)]


def filters(spec, kind):
    return [layer.filters for layer in spec if isinstance(layer, kind)]


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_recipe_has_the_layers_and_numbers_that_it_had_before_families(name):
    before = from_toml(PUBLISHED[name].read_text("utf-8"))
    config = config_of(with_layers([from_recipe(name)], before.image_shape))
    assert config == replace(before, recipe=name, summary=config.summary)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_settings_of_a_recipe_are_those_for_28x28_grey(name):
    found = config_of([("here", recipe(name).settings)])
    assert found == config_of([from_recipe(name)])
    assert found.image_shape == (28, 28, 1)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_makes_and_takes_images_of_a_shape(name, shape):
    generator, discriminator = networks(name, shape, width=8, outputs=4)
    assert output_shape(generator, (16,)) == shape
    assert output_shape(discriminator, shape) == (4,)


@pytest.mark.parametrize("shape", [(28, 28, 1), (6, 10, 3)])
def test_dense_networks_may_have_a_convolution_next_to_the_image(shape):
    dense = family("dense")
    generator = dense.layers("generator", shape, {"width": 8, "end_channels": 5})
    discriminator = dense.layers("discriminator", shape, {"width": 8, "end_channels": 6})
    assert output_shape(generator, (16,)) == shape
    assert output_shape(discriminator, shape) == (1,)
    assert filters(generator, ConvTranspose) == [shape[2]]
    assert filters(discriminator, Conv) == [6]
    half = shape[0] // 2, shape[1] // 2, 5
    assert [x.units for x in generator if isinstance(x, Dense)] == [8, 16, math.prod(half)]
    assert [x.units for x in discriminator if isinstance(x, Dense)] == [16, 8, 1]


@pytest.mark.parametrize("role", ["generator", "discriminator"])
@pytest.mark.parametrize("shape", [(27, 28, 1), (28, 27, 1)])
def test_that_convolution_needs_even_sides(role, shape):
    said = (
        f"got images of {shape[0]}x{shape[1]}; expected even sides; use dense layers alone: --set"
    )
    with pytest.raises(ConfigError, match=said):
        family("dense").layers(role, shape, {"width": 8, "end_channels": 5})


def test_widths_of_dcgan_double_at_each_halving():
    generator, discriminator = networks("dcgan", (64, 64, 3), width=32)
    assert generator[0].units == 4 * 4 * 256
    assert filters(generator, ConvTranspose) == [128, 64, 32, 3]
    assert filters(discriminator, Conv) == [32, 64, 128, 256]


def test_widths_grow_to_at_most_sixteen_times():
    _, discriminator = networks("dcgan", (512, 512, 1), width=1)
    assert filters(discriminator, Conv) == [1, 2, 4, 8, 16, 16, 16]


def test_a_residual_network_has_the_channels_of_the_paper_at_48x48():
    generator, discriminator = networks("sn-resnet", (48, 48, 3), width=64)
    assert generator[0].units == 6 * 6 * 512
    ends = [layers.layers[-1].filters for layers in generator[2:5]]
    assert ends == [256, 128, 64]
    assert [layers.shortcut[-1] for layers in discriminator[:1]] == [Conv(64, 1, spectral=True)]
    assert all(conv.spectral for conv in flat(discriminator) if isinstance(conv, Conv | Dense))


def test_the_blocks_of_r3_start_with_a_gain_for_their_number():
    blocks = {side: networks("r3", (side, side, 1))[0][2] for side in (28, 64)}
    assert blocks[28].layers[0].gain == 1.0537
    assert blocks[64].layers[0].gain == round((2 / 1.04) ** 0.5 * 5**-0.25, 4)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_may_be_conditional(name):
    shape = (16, 16, 1)
    generator = FAMILIES[name].layers("generator", shape, {"embedding": 5, "embedding_gain": 0.2})
    discriminator = FAMILIES[name].layers("discriminator", shape, {"projection": True})
    assert generator[0] == Embedding(5, gain=0.2)
    assert isinstance(discriminator[-1], Projection)


@pytest.mark.parametrize("norm", ["batch-norm", "spectral"])
def test_the_logit_of_a_dcgan_may_be_that_of_its_classes(norm):
    options = {"class_logit": True, "norm": norm}
    made = FAMILIES["dcgan"].layers("discriminator", (16, 16, 1), options, outputs=11)
    assert (made[-2].units, made[-2].spectral) == (10, norm == "spectral")
    assert made[-1] == ClassLogit()
    assert output_shape(made, (16, 16, 1)) == (11,)


@pytest.mark.parametrize("hidden", [0, 7])
def test_every_normalisation_of_a_conditional_generator_is_that_of_classes(hidden):
    made = FAMILIES["dcgan"].layers(
        "generator",
        (16, 16, 1),
        {"conditional": True, "conditional_gain": 0.5, "hidden": hidden},
    )
    norms = [layer for layer in flat(made) if isinstance(layer, BatchNorm)]
    assert len(norms) == (3 if hidden else 2)
    assert set(norms) == {BatchNorm(0.9, 1e-5, conditional=True, gain=0.5)}


def test_a_residual_generator_may_have_spectral_norm_and_attention_as_in_sagan():
    generator, discriminator = (
        FAMILIES["sn-resnet"].layers(role, (16, 24, 3), options)
        for role, options in (
            ("generator", {"conditional": True, "spectral": True, "attention": True}),
            ("discriminator", {"attention": True}),
        )
    )
    assert generator[3] == SelfAttention(8, spectral=True)
    assert discriminator[1] == SelfAttention(4, spectral=True)
    kernels = [layer for layer in flat(generator) if hasattr(layer, "spectral")]
    assert len(kernels) == 9
    assert all(layer.spectral for layer in kernels)


@pytest.mark.parametrize(
    ("shape", "near"),
    [
        ((50, 50, 3), "48x48 and 56x56"),
        ((8, 8, 1), "16x16 and 20x20"),
        ((60, 40, 1), "56x40 and 64x48"),
        ((65, 65, 1), "64x64 and 80x80"),
        ((28, 64, 1), "24x56 and 48x64"),
    ],
)
def test_a_size_that_is_not_made_is_refused_with_the_two_nearest(shape, near):
    with pytest.raises(ConfigError, match=rf"got {shape[0]}x{shape[1]}; .* nearest are {near}$"):
        networks("dcgan", shape)


def test_a_shape_without_channels_is_refused():
    with pytest.raises(ConfigError, match=r"shape: got .*; expected \(height, width, channels\)$"):
        networks("dcgan", (48, 64))


def test_dense_networks_make_any_size():
    generator, discriminator = networks("dense", (5, 9, 2), width=3)
    assert output_shape(generator, (4,)) == (5, 9, 2)
    assert output_shape(discriminator, (5, 9, 2)) == (1,)


def test_an_unknown_family_is_refused_with_a_hint():
    with pytest.raises(UnknownName, match=r"unknown family 'dcgn'; .*did you mean 'dcgan'"):
        family("dcgn")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 0}, "generator.width: got 0; expected 1 to 1,000,000,000"),
        ({"width": 2.5}, "generator.width: got 2.5; expected a whole number"),
        ({"discriminator": {"norm": "layer"}}, "unknown discriminator.norm 'layer'; known: batch-"),
        ({"discriminator": {"embedding": 3}}, "unknown key 'discriminator.embedding'; the disc"),
        ({"generator": {"outputs": 3}}, "unknown key 'generator.outputs'; the generator of family"),
        ({"family": 3}, "family: got 3; expected dense or dcgan or"),
    ],
)
def test_a_wrong_option_is_refused_by_its_name(changes, message):
    with pytest.raises(ConfigError) as raised:
        config_of([from_recipe("dcgan"), ("here", changes)])
    assert str(raised.value).startswith(message)


def test_a_width_may_be_changed_for_both_networks_or_for_one():
    changes = {"width": 4, "discriminator": {"width": 6}}
    config = config_of([from_recipe("dcgan"), ("here", changes)])
    assert filters(config.generator.layers, ConvTranspose) == [4, 1]
    assert filters(config.discriminator.layers, Conv) == [6, 12]


def test_later_sources_change_single_layers_of_a_family():
    changes = {"generator": {"layers": {"0": {"gain": 0.5}}}}
    config = config_of([from_recipe("dcgan"), ("here", changes)])
    assert config.generator.layers[0] == Dense(3136, init="normal", gain=0.5)


def test_a_network_with_its_own_layers_needs_no_family():
    mine = {"generator": {"layers": [{"layer": "dense", "units": 784}]}}
    config = config_of([from_recipe("dcgan"), ("here", mine)])
    assert config.generator.layers == (Dense(784),)
    assert len(config.discriminator.layers) == 7


def test_another_family_takes_the_place_of_a_recipes():
    config = config_of([from_recipe("dcgan"), ("here", {"family": "r3", "width": 8})])
    assert (config.generator.layers, config.discriminator.layers) == networks(
        "r3", (28, 28, 1), width=8
    )


def test_sources_of_layers_name_the_recipe_and_the_size():
    origins = merge(with_layers([from_recipe("dcgan")], (64, 48, 3)))[1]
    assert origins["generator.layers"] == "recipe dcgan, for 64x48"


def test_a_conditional_discriminator_has_an_output_for_each_class():
    config = config_of(with_layers([from_recipe("acgan")], (28, 28, 1), classes=3))
    assert config.discriminator.layers[-1].units == 4


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_recipe_written_out_is_the_same_recipe(name):
    text = written_out(recipe(name), (48, 64, 3))
    assert "family" not in text.split("summary = ")[1]
    written = replace(from_toml(text), recipe=name)
    assert written == config_of(with_layers([from_recipe(name)], (48, 64, 3)))


def test_settings_that_are_nested_too_deeply_are_refused():
    deep = {"units": 1}
    for _ in range(5000):
        deep = {"layers": deep}
    with pytest.raises(ConfigError, match="nested too deeply"):
        merge([("here", deep)])
