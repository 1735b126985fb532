"""Problems with sources: their shapes, their plan, and what they refuse."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from gankit.augment import Augment
from gankit.contract.random_streams import Stream
from gankit.errors import ConfigError
from gankit.layers import Concat, Dense, Flatten, Reshape
from gankit.plugins import get_backend
from gankit.terms import Term
from gankit.testing.clauses.sources import KINDS, SEES
from gankit.testing.rgb import IMAGE, rgb_problem
from gankit.training import StepShape, fit, plan

NUMPY = get_backend("numpy")
SHAPE = StepShape(6, 2)


def problem(kind="paired", **changes):
    fields = KINDS[kind] | changes
    return rgb_problem(NUMPY, fields.pop("generator"), fields.pop("discriminator"), **fields)


def test_a_generator_without_noise_draws_none(monkeypatch):
    drawn, module = [], sys.modules["gankit.training.plan"]

    def recorded(seed, stream, *position, original=module.generator):
        drawn.append(stream)
        return original(seed, stream, *position)

    monkeypatch.setattr(module, "generator", recorded)
    block = plan(problem(), SHAPE, 64, 0, 2)
    assert block.noise.shape == (2, 3, 6, 0)
    assert Stream.NOISE not in drawn
    assert problem().noise_width == 0


def test_sources_change_no_stream_of_today():
    with_sources, without = problem("noise"), problem("noise")
    plain = rgb_problem(NUMPY, (Dense(288), Reshape(IMAGE)), (Flatten(), Dense(1)))
    plain = replace(plain, fresh_noise=without.fresh_noise)
    found, wanted = (plan(each, SHAPE, 64, 3, 2) for each in (with_sources, plain))
    np.testing.assert_array_equal(found.index, wanted.index)
    np.testing.assert_array_equal(found.noise, wanted.noise)
    np.testing.assert_array_equal(found.source_index, found.index)
    assert wanted.source_index is None


def test_unpaired_sources_have_a_stream_of_their_own():
    block = plan(problem("unpaired"), SHAPE, 64, 3, 2, sources=40)
    assert block.source_index.max() < 40
    assert not np.array_equal(block.source_index, block.index % 40)
    again = plan(problem("unpaired"), SHAPE, 64, 4, 1, sources=40)
    np.testing.assert_array_equal(again.source_index[0], block.source_index[1])
    with pytest.raises(ConfigError, match=r"sources: got None"):
        plan(problem("unpaired"), SHAPE, 64, 0, 1)


def test_a_pair_is_mirrored_together_and_unpaired_sources_are_not():
    images = np.random.default_rng(0).integers(0, 256, (8, *IMAGE), np.uint8)
    for kind in ("paired", "unpaired"):
        one = problem(kind, flip=True)
        source = np.array(images[..., : one.source_shape[2]])
        block = plan(one, SHAPE, 8, 0, 1, sources=8)
        ((batch, *_),) = block.batches(one, images, None, source)
        flip = batch.random["flip"].ravel()
        assert 0 < flip.sum() < len(flip)
        for i, number in enumerate(block.source_index[0, 0]):
            plain = one.scale(source[number])
            mirrored = flip[i] and kind == "paired"
            np.testing.assert_array_equal(batch.source[i], plain[:, ::-1] if mirrored else plain)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"source": None}, "source: got none, but a network or a term uses sources"),
        ({"source_shape": None}, "source_shape: got None; expected"),
        ({"inputs": ("noise",)}, "generator.inputs: got \\['noise'\\] with paired sources"),
        (
            {"inputs": ("real",)},
            "generator.inputs: got \\['real'\\]; expected 'noise',",
        ),
        ({"inputs": ()}, "generator.inputs: got "),
        (
            {"discriminator": (Flatten(), Dense(1))},
            "discriminator: got no layer that takes the source, its second input; add Concat",
        ),
        ({"sees": {"real": ("source", "real")}}, "discriminator.sees: got "),
        ({"sees": {"real": ("real",), "fake": ("fake", "source")}}, "discriminator.sees: got "),
        ({"augment": Augment()}, "augment: got a value, but the discriminator sees the source"),
        ({"instance_noise": 0.1}, "instance_noise: got a value, but the discriminator sees"),
        ({"terms": (Term("l1", "fake", "source"),)}, "term.to: got 'source', of shape"),
        ({"source": "unpaired"}, "discriminator.sees: got 'source' with unpaired sources"),
        ({"discriminator": (Concat(2), Flatten(), Dense(1))}, "layer 0: concat.input: got 2"),
    ],
    ids=str,
)
def test_sources_that_do_not_fit_are_refused_in_one_line(changes, said):
    with pytest.raises(ConfigError, match=said) as refused:
        problem(**changes)
    assert "\n" not in str(refused.value)


def test_unpaired_sources_have_no_true_images():
    with pytest.raises(ConfigError, match=r"term.to: got 'real' with unpaired sources"):
        problem("unpaired", terms=(Term("l1", "fake", "real"),))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("gaussian", "fake", "real"), "term.kind: got 'gaussian' of images; expected 'l1' or"),
        (("l1", "fake", "label"), "term.to: got 'label' for 'fake'; expected 'real' or 'source'"),
        (("l1", "fake", "real", ("discriminator",)), "expected \\['generator'\\]"),
    ],
)
def test_terms_of_images_that_are_not_possible_are_refused(arguments, said):
    with pytest.raises(ConfigError, match=said):
        Term(*arguments)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (None, "source: got None; expected images, paired sources"),
        (np.zeros((8, 4, 4, 1), np.uint8), "source: got images of"),
        (np.zeros((7, 12, 8, 1), np.uint8), "source: got 7 images; expected 8, one for each"),
    ],
)
def test_sources_that_do_not_fit_the_problem_are_refused_before_training(source, said):
    one = problem()
    with pytest.raises(ConfigError, match=said):
        fit(NUMPY.trainer(one), one, SHAPE, np.zeros((8, *IMAGE), np.uint8), None, source, steps=1)


def test_a_problem_says_what_it_needs_and_shows_its_sources():
    assert problem().needs() >= {"sources", "concat"}
    assert "heads" not in problem().needs()
    assert repr(problem()).startswith("Problem((12, 8, 1) -> (12, 8, 3)")
    assert problem().input_shapes("discriminator") == (IMAGE, (12, 8, 1))
    assert problem().sees == SEES
