"""A network of images as JSON data, for a page that makes images in the browser.

The page contains `STYLES` and `SCRIPTS`, in their order, and calls
`gankitExplorer.mount(element, payload)` with the result of `payload`.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit import layers
from gankit._utils.state import State
from gankit.contract import Problem
from gankit.contract.network_inputs import SOURCE
from gankit.contract.random_streams import Stream
from gankit.data.class_names import Classes
from gankit.errors import ConfigError, UnknownName
from gankit.launch.run import Run
from gankit.launch.translations import translations
from gankit.layers import BatchNorm, Layer, Node, Residual, is_spec
from gankit.report.explorer_inputs import conditions, page_sources, source_images
from gankit.report.latent_directions import principal_directions
from gankit.terms import GENERATOR

STYLES = ("explorer/explorer.css",)
SCRIPTS = tuple(
    f"explorer/{name}.js"
    for name in (
        "random_numbers",
        "layers",
        "network",
        "elements",
        "canvas",
        "view",
        "controls",
        "sources",
        "explorer",
    )
)
"""Paths in the folder `static`, in the order in which a page runs the files."""

MOST_WEIGHT_BYTES = 8_500_000
"""The most bytes of all weights in a page: the page with its grids stays below 10 MB."""

DIRECTIONS = 8
"""Number of sliders."""
REACH = 3.0
"""The largest value of a slider, in standard deviations of the noise."""
REACHES = {"categorical": 1.0, "uniform": 2.0, "normal": REACH}
"""The largest value of a code's slider; training draws uniform codes from -1 to 1."""


def explored(run: Run, network: str | None = None) -> list[str]:
    """Return the networks of a run that a page explores.

    Parameters
    ----------
    run
        The run.
    network
        One of them; None, the default, for the generator and all further networks that make images
        of images.

    Raises
    ------
    UnknownName
        There is no such network, or it does not make images of images.
    """
    further = translations(run.problem) if is_spec(run.problem.generator) else {}
    known = list(dict.fromkeys([GENERATOR, *further]))
    if network is not None and network not in known:
        raise UnknownName("network of images", network, known)
    return known if network is None else [network]


def payload(
    run: Run,
    class_names: Sequence[str] | None = None,
    *,
    network: str = GENERATOR,
    directions: int = DIRECTIONS,
    most: int = MOST_WEIGHT_BYTES,
    sources: NDArray[np.uint8] | None = None,
    run_name: str = "RUN",
) -> dict[str, Any]:
    """Return the data with which a page makes the images of a run's network, as JSON values.

    Parameters
    ----------
    run
        The run; its generator consists of gankit layers. The averaged weights are used, if it has
        them.
    class_names
        Names of the classes 0, 1, ...; by default the run's, or the numbers.
    network
        One of `explored(run)`; by default the generator.
    directions
        Number of sliders.
    most
        The most bytes of the weights.
    sources
        `(n, height, width, channels)` the page's pictures, if the network takes some; None, the
        default, for the first 12 of `gankit translate RUN`.
    run_name
        The run's name in the commands of the page; "RUN" by default.

    Returns
    -------
    dict
        run, network
            The name of the run in commands; that of a further network, empty for the generator.
        inputs
            What the network takes: "noise", "source" (a picture) or both.
        latent, shape
            Number of normal columns of the noise; (height, width, channels) of an image.
        classes, names
            Number of classes of a class-conditional generator, else 0; their names.
        conditions
            The columns of labels that are vectors, as of `explorer_inputs.conditions`.
        source
            The pictures, as of `explorer_inputs.source_images`; None without any.
        codes
            Each code's name, kind and size, and the largest value of its slider; the columns of the
            noise after the normal ones.
        layers
            For each layer its settings, as in its spec, and its `weights` by role: kernels
            (divided by their spectral norm), `bias`, `embedding`, `gamma` and `beta` of a layer
            normalisation, `scale` and `shift` of a batch normalisation with its running
            statistics; if it is conditional a row of them, then rows that are added to it, times
            the columns of the label. A residual block has `layers` and
            `shortcut` instead.
        directions, shares, reach
            `(k, latent)` vectors; the share of the images' change along each; the largest value
            of a slider.
        stream
            The random stream of `Run.sample`, which the page uses too: image i of a seed is
            image i of `gankit sample --seed`, of these codes.

        An array is `{"shape": [...], "data": "..."}`: float32 numbers in C order, little endian,
        in base64.

    Raises
    ------
    ConfigError
        The generator is native, or too large for a page, or no sources are known.
    DataError
        The run's sources cannot be loaded.
    Diverged
        An image contains a value that is not finite.
    """
    problem, spec = run.problem, run.problem.spec_of(network)
    if not isinstance(spec, tuple):
        raise ConfigError("--explore: got a native generator; expected one of gankit layers")
    if (size := weight_bytes(problem, network)) > most:
        what, remedy = "the generator", "leave out --explore"
        if network != GENERATOR:
            what, remedy = f"the network {network!r}", "include one alone with --network"
        raise ConfigError(
            f"{what} takes {size / 1e6:.1f} MB of the page; expected at most {most / 1e6:.1f}; "
            f"{remedy}"
        )
    if sources is None and (network != GENERATOR or problem.takes_source):
        sources = page_sources(run, network)
    called = run.generator if network == GENERATOR else run.networks[network]
    shown = {
        "run": run_name,
        "network": "" if network == GENERATOR else network,
        "inputs": [SOURCE],
        "latent": 0,
        "shape": list(problem.values.shape(problem.values.made_by(network))),
        "source": None if sources is None else source_images(run, sources, network),
        "layers": _layers(layers.tree(spec, problem.input_shapes(network)), called.weights()),
        "directions": _array(np.zeros((0, 0))),
        "reach": REACH,
        "stream": int(Stream.SAMPLE),
        "classes": 0,
        "names": [],
        "conditions": [],
        "codes": [],
        "shares": [],
    }
    if network == GENERATOR:
        shown |= _of_generator(run, class_names, directions, sources)
    return shown


def _of_generator(
    run: Run,
    class_names: Sequence[str] | None,
    directions: int,
    sources: NDArray[np.uint8] | None,
) -> dict[str, Any]:
    """Return what the generator takes besides sources, as `payload` does."""
    problem, classes = run.problem, run.problem.generator_classes
    found = principal_directions(run, directions if problem.takes_noise else 0, sources=sources)
    names = run.class_names if class_names is None else class_names
    return {
        "inputs": list(problem.inputs),
        "latent": problem.latent if problem.takes_noise else 0,
        "classes": classes,
        "names": list(Classes.of(names, classes).names),
        "conditions": conditions(problem),
        "codes": [asdict(code) | {"reach": REACHES[code.kind]} for code in problem.codes],
        "directions": _array(found.vectors),
        "shares": [float(share) for share in found.shares],
    }


def weight_bytes(problem: Problem, network: str) -> int:
    """Return the bytes of a network's weights in base64."""
    sizes = map(math.prod, problem.weight_shapes(network).values())
    return sum(size * 4 for size in sizes) * 4 // 3


def _layers(nodes: Iterable[Node], weights: State) -> list[dict[str, Any]]:
    """Return each layer as JSON data, with its weights."""
    return [_layer(node, weights) for node in nodes]


def _layer(node: Node, weights: State) -> dict[str, Any]:
    if isinstance(node.layer, Residual):
        return {
            "layer": node.layer.layer,
            "layers": _layers(node.layers, weights),
            "shortcut": _layers(node.shortcut, weights),
        }
    prefix = f"{node.name}."
    own = {k.removeprefix(prefix): w for k, w in weights.items() if k.startswith(prefix)}
    arrays = {role: _array(array) for role, array in _at_inference(node.layer, own).items()}
    return asdict(node.layer) | {"weights": arrays}


def _at_inference(layer: Layer, own: State) -> State:
    """Return a layer's arrays without running state, which is folded into the weights."""
    own = {role: array.astype(np.float64) for role, array in own.items()}
    if isinstance(layer, BatchNorm):
        if layer.conditional:
            one = np.ones_like(own["scale"][:1])
            gamma, beta = (
                np.concatenate([one, own["scale"]]),
                np.concatenate([0 * one, own["shift"]]),
            )
        else:
            gamma, beta = own["gamma"], own["beta"]
        scale = gamma / np.sqrt(own["variance"] + layer.epsilon)
        return {"scale": scale, "shift": beta - own["mean"] * scale}
    for name in [name for name in own if name.endswith("_u")]:
        u, role = own.pop(name), name.removesuffix("_u")
        own[role] = own[role] / np.linalg.norm(own[role].reshape(-1, len(u)) @ u)
    return own


def _array(array: NDArray[Any]) -> dict[str, Any]:
    data = np.ascontiguousarray(array, "<f4").tobytes()
    return {"shape": list(array.shape), "data": base64.b64encode(data).decode("ascii")}
