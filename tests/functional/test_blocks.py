"""Blocks of `gankit.functional` equal their updates to the bit, over a scan that is a loop.

The framework is that of the example gankit-autograd, with `scan` added and every other default.
"""

from __future__ import annotations

import numpy as np
import pytest

from gankit.contract import CAPABILITIES, Backend
from gankit.functional import trainer
from gankit.testing import images
from gankit.testing.clauses.blocks import BlockClauses
from tests.selection import selected

if not selected("autograd"):
    pytest.skip("autograd is not among the backends under test", allow_module_level=True)

from gankit_autograd.framework import Autograd


class Looped(Autograd):
    """autograd's arrays, with a loop in place of a compiled scan."""

    @staticmethod
    def scan(step, state, inputs):
        outputs = []
        for number in range(length(inputs)):
            state, made = step(state, mapped(lambda rows, i=number: rows[i], inputs))
            outputs.append(made)
        return state, stacked(outputs)


def mapped(f, tree):
    """Return nested tuples, named tuples and dictionaries with `f` of every array."""
    if isinstance(tree, dict):
        return {name: mapped(f, value) for name, value in tree.items()}
    if isinstance(tree, tuple):
        values = [mapped(f, value) for value in tree]
        return type(tree)(*values) if hasattr(tree, "_fields") else tuple(values)
    return None if tree is None else f(tree)


def length(tree):
    """Return the number of rows of nested arrays."""
    found = []
    mapped(lambda rows: found.append(len(rows)), tree)
    assert len(set(found)) == 1
    return found[0]


def stacked(outputs):
    """Return the outputs of each step as nested arrays, without rows if there was no step."""
    if not outputs:
        return np.zeros(0)
    if isinstance(outputs[0], tuple):
        return tuple(np.stack(each) for each in zip(*outputs, strict=True))
    return np.stack(outputs)


class TestBlocks(BlockClauses):
    @pytest.fixture
    def backend(self):
        def build(problem):
            return trainer(problem, Looped(problem.precision, problem.device))

        able = CAPABILITIES - {"native", "mixed"}
        return Backend("looped", ("autograd",), build, able, api=1)

    @pytest.fixture
    def images(self):
        return images()
