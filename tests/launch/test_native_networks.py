"""Which backend accepts native networks, and its errors."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import gankit
from gankit.contract import Backend
from gankit.errors import BackendUnavailable
from gankit.launch import native_networks
from tests.selection import selected
from tests.short_runs import fit, refusal, train


def test_a_backend_object_may_be_given():
    numpy = gankit.get_backend("numpy")
    assert np.array_equal(fit(backend=numpy).history, fit().history)
    assert train(backend=numpy).config.backend == "numpy"


def framework(name):
    """Return a network whose class comes from a module of that name."""
    base = type("Module", (), {"__module__": f"{name}.nn.modules", "__call__": lambda _: None})
    return type("Mine", (base,), {"__module__": "__main__"})()


def offering(name, *modules, capabilities=("native",)):
    return Backend(name, modules, lambda _: None, frozenset(capabilities))


def test_the_module_of_a_networks_class_decides_its_backend():
    known = [offering("a", "acme"), offering("b", "bolt", "bits"), offering("n", capabilities=())]
    assert native_networks.owners(framework("acme"), known) == ["a"]
    assert native_networks.owners(framework("bits"), known) == ["b"]
    assert native_networks.owners(framework("acmer"), known) == []


def test_the_nearest_base_class_decides_a_networks_backend():
    torch = framework("torch")
    keras = type("Layer", (type(torch),), {"__module__": "keras.src.layers"})()
    known = [offering("torch", "torch"), offering("keras", "keras", "tensorflow")]
    assert native_networks.owners(keras, known) == ["keras"]


def test_a_backend_without_native_networks_matches_none():
    assert not offering("a", "acme", capabilities=()).knows(framework("acme"))
    assert offering("a", "acme").knows(framework("acme"))


def test_networks_of_two_frameworks_are_refused():
    known = [offering("a", "acme"), offering("b", "bolt")]
    networks = {"generator": framework("acme"), "discriminator": framework("bolt")}
    told = refusal(lambda: native_networks.backend_of(networks, known))
    assert told.startswith("generator belongs to a, discriminator belongs to b; ")


def test_auto_selects_a_plugins_backend_for_its_networks(registered):
    mine = offering("mine", "json", capabilities=("native", "float32"))
    registered(dataclasses.replace(mine, build=lambda _: 1 / 0))
    with pytest.raises(ZeroDivisionError):
        fit(framework("json"), backend="auto")


def test_a_backend_refuses_networks_of_another_and_names_it(registered):
    registered(offering("mine", "json"))
    told = refusal(
        lambda: fit(framework("json"), backend="torch" if selected("torch") else "numpy")
    )
    assert told.endswith("choose backend='mine'")


@pytest.mark.skipif(not (selected("torch") and selected("keras")), reason="needs both frameworks")
def test_auto_distinguishes_keras_and_torch_networks():
    import keras
    from torch import nn

    own = (
        keras.Sequential(
            [keras.Input((3,)), keras.layers.Dense(6), keras.layers.Reshape((3, 2, 1))]
        ),
        keras.Sequential([keras.Input((3, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]),
    )
    assert fit(*own, steps=1, backend="auto").backend == "keras"
    pair = (
        nn.Sequential(nn.Linear(3, 6), nn.Unflatten(1, (1, 3, 2))),
        nn.Sequential(nn.Flatten(), nn.Linear(6, 1)),
    )
    assert fit(*pair, steps=1, backend="auto").backend == "torch"
    assert "generator belongs to torch, discriminator belongs to keras" in refusal(
        lambda: fit(pair[0], own[1], backend="auto")
    )


@pytest.mark.parametrize("error", [KeyError("units"), AttributeError("x"), RuntimeError("no")])
def test_an_error_in_build_is_raised_unchanged(error):
    def build(_problem):
        raise error

    with pytest.raises(type(error)) as raised:
        fit(backend=Backend("mine", (), build, frozenset({"float32"})))
    assert raised.value is error
    assert raised.traceback[-1].name == "build"


@pytest.mark.parametrize("error", [ImportError("no acme"), OSError("no library"), SystemExit(0)])
def test_a_library_that_cannot_be_loaded_makes_a_backend_unavailable(error):
    def build(_problem):
        raise error

    told = refusal(
        lambda: fit(backend=Backend("mine", (), build, frozenset({"float32"}))), BackendUnavailable
    )
    assert told.startswith("backend 'mine' cannot be built: ")
