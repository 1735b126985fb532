"""Layers fit if all of their arrays have the same names, shapes and kinds."""

from __future__ import annotations

import numpy as np

from gankit.launch.warm_start.matching_layers import matching

THERE = {"0.kernel": np.ones((4, 3)), "0.bias": np.ones(3), "2.gamma": np.ones(3)}


def test_equal_layers_fit():
    fit = matching(THERE, {name: np.zeros_like(array) for name, array in THERE.items()})
    assert fit.layers == ("0", "2")
    assert all(fit.loaded[name] is THERE[name] for name in THERE)
    assert (fit.fresh, fit.unused) == ({}, ())


def test_one_array_of_another_shape_makes_the_layer_fresh():
    fit = matching(THERE, THERE | {"0.kernel": np.zeros((5, 3))})
    assert fit.layers == ("2",)
    assert fit.loaded.keys() == {"2.gamma"}
    assert fit.fresh == {"0": "kernel 4x3 there, 5x3 here"}


def test_other_arrays_make_the_layer_fresh():
    here = {"0.kernel": np.zeros((4, 3)), "2.gamma": np.zeros(3)}
    assert matching(THERE, here).fresh == {"0": "bias and kernel there, kernel here"}


def test_whole_numbers_do_not_fit_numbers():
    fit = matching({"1.count": np.zeros((), np.int64)}, {"1.count": np.zeros(())})
    assert fit.fresh == {"1": "count a number int64 there, a number here"}


def test_layers_that_only_one_network_has():
    fit = matching(THERE, {"10.kernel": np.zeros(1), "2.gamma": np.zeros(3)})
    assert fit.fresh == {"10": "only here"}
    assert fit.unused == ("0",)


def test_layers_inside_a_block_are_layers():
    there = {"3.layers.0.kernel": np.ones((2, 2)), "3.shortcut.0.kernel": np.ones((2, 2))}
    here = there | {"3.layers.0.kernel": np.zeros((3, 3))}
    assert matching(there, here).layers == ("3.shortcut.0",)
