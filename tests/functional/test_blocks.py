"""Blocks of `gankit.functional` equal their updates to the bit, over a scan that is a loop.

The framework is that of the example gankit-autograd, with `scan` added and every other default.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from gankit.contract import CAPABILITIES, Backend
from gankit.errors import ConfigError
from gankit.functional import trainer
from gankit.testing import images
from gankit.testing.clauses.blocks import (
    BlockClauses,
    assert_block_equals_updates,
    shared_noise_problem,
)
from gankit.testing.clauses.sources import KINDS, source_problem, source_setup
from gankit.testing.full_problems import FAMILIES, with_all_features
from gankit.testing.harness import Setup
from gankit.testing.problems import SIMPLE
from gankit.testing.rgb import rgb_setup
from tests.looped_scan import LoopedScan
from tests.selection import selected

if not selected("autograd"):
    pytest.skip("autograd is not among the backends under test", allow_module_level=True)

from gankit_autograd.framework import Autograd


class Looped(LoopedScan, Autograd):
    """autograd's arrays, with a loop in place of a compiled scan."""


class TestBlocks(BlockClauses):
    @pytest.fixture
    def backend(self):
        def build(problem):
            return trainer(problem, Looped(problem.precision, problem.device))

        able = CAPABILITIES - {"native", "mixed", "distributed"}
        return Backend("looped", ("autograd",), build, able, api=1)

    @pytest.fixture
    def images(self):
        return images()

    @pytest.mark.parametrize("precision", ["float32", "float64"])
    @pytest.mark.parametrize("family", FAMILIES)
    def test_a_block_with_every_feature_equals_its_updates(self, backend, family, precision):
        problem = with_all_features(backend, family)
        setup = rgb_setup(dataclasses.replace(problem, precision=precision), n_critic=2)
        assert_block_equals_updates(backend, setup, setup.steps(0, 2))

    @pytest.mark.parametrize("pixels", [True, False])
    @pytest.mark.parametrize("kind", KINDS)
    def test_a_block_with_sources_equals_its_updates(self, backend, kind, pixels):
        setup = source_setup(source_problem(backend, kind), n_critic=2)
        if not pixels:
            setup = dataclasses.replace(setup, source=setup.source / 127.5 - 1)
        assert_block_equals_updates(backend, setup, setup.steps(0, 2))

    def test_a_block_that_shares_noise_returns_the_losses_of_its_updates(self, backend, images):
        setup = Setup(shared_noise_problem(backend, "float64", "leaky-relu"), images)
        by_updates, by_block = (
            run(backend.trainer(setup.problem), 0, 2) for run in (setup.updates, setup.block)
        )
        np.testing.assert_array_equal(by_block, by_updates)

    def test_a_block_needs_placed_images(self, backend, images):
        with pytest.raises(ConfigError, match="call place"):
            backend.trainer(SIMPLE).train_block(Setup(SIMPLE, images).steps(0, 1))

    def test_a_block_needs_every_input(self, backend, images):
        made = backend.trainer(SIMPLE)
        made.place(images, None)
        block = dataclasses.replace(Setup(SIMPLE, images).steps(0, 1), scalars={})
        with pytest.raises(ConfigError, match="learning_rate"):
            made.train_block(block)

    @pytest.mark.parametrize(("dtype", "expected"), [("uint8", "uint8"), ("float64", "float32")])
    def test_pixels_are_stored_as_they_are_and_numbers_in_the_precision(
        self, backend, dtype, expected
    ):
        problem = dataclasses.replace(source_problem(backend, "joined"), precision="float32")
        made, setup = backend.trainer(problem), source_setup(problem)
        given = setup.images, setup.source
        if dtype != "uint8":
            given = [array / 127.5 - 1 for array in given]
        made.place(given[0], None, given[1])
        stored, _, source = made._data
        assert (stored.dtype, source.dtype) == (expected, expected)
