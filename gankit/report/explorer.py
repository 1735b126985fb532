"""A run's generator as JSON data, for a page that generates images in the browser.

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
from gankit.contract.random_streams import Stream
from gankit.data.class_names import Classes
from gankit.errors import ConfigError
from gankit.launch.run import Run
from gankit.layers import BatchNorm, Layer, Node, Residual
from gankit.report.explorer_inputs import conditions, page_sources, source_images
from gankit.report.latent_directions import principal_directions

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
"""The most bytes of the weights in a page: the page with its grids stays below 10 MB."""

DIRECTIONS = 8
"""Number of sliders."""
REACH = 3.0
"""The largest value of a slider, in standard deviations of the noise."""
REACHES = {"categorical": 1.0, "uniform": 2.0, "normal": REACH}
"""The largest value of a code's slider; training draws uniform codes from -1 to 1."""


def payload(
    run: Run,
    class_names: Sequence[str] | None = None,
    *,
    directions: int = DIRECTIONS,
    most: int = MOST_WEIGHT_BYTES,
    sources: NDArray[np.uint8] | None = None,
) -> dict[str, Any]:
    """Return the data with which a page generates the run's images, as JSON values.

    Parameters
    ----------
    run
        The run; its generator consists of gankit layers. The averaged weights are used, if it has
        them.
    class_names
        Names of the classes 0, 1, ...; by default the run's, or the numbers.
    directions
        Number of sliders.
    most
        The most bytes of the weights.
    sources
        `(n, height, width, channels)` the page's sources, if the generator takes some; None, the
        default, for the first 12 of `gankit translate RUN`.

    Returns
    -------
    dict
        inputs
            What the generator takes: "noise", "source" or both.
        latent, shape
            Number of normal columns of the noise; (height, width, channels) of an image.
        classes, names
            Number of classes of a class-conditional generator, else 0; their names.
        conditions
            The columns of labels that are vectors, as of `explorer_inputs.conditions`.
        source
            The sources, as of `explorer_inputs.source_images`; None without sources.
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
    problem = run.problem
    if not isinstance(problem.generator, tuple):
        raise ConfigError("--explore: got a native generator; expected one of gankit layers")
    classes, shapes = problem.generator_classes, problem.input_shapes("generator")
    _check_size(problem, most)
    if problem.takes_source and sources is None:
        sources = page_sources(run)
    weights = run.generator.weights()
    found = principal_directions(run, directions if problem.takes_noise else 0, sources=sources)
    return {
        "inputs": list(problem.inputs),
        "latent": problem.latent if problem.takes_noise else 0,
        "shape": list(problem.image_shape),
        "classes": classes,
        "names": list(
            Classes.of(run.class_names if class_names is None else class_names, classes).names
        ),
        "conditions": conditions(problem),
        "source": None if sources is None else source_images(run, sources),
        "codes": [asdict(code) | {"reach": REACHES[code.kind]} for code in problem.codes],
        "layers": _layers(layers.tree(problem.generator, shapes), weights),
        "directions": _array(found.vectors),
        "shares": [float(share) for share in found.shares],
        "reach": REACH,
        "stream": int(Stream.SAMPLE),
    }


def _check_size(problem: Problem, most: int) -> None:
    """Raise ConfigError if the weights take more than `most` bytes in base64."""
    assert isinstance(problem.generator, tuple)  # noqa: S101 - for mypy: the caller checks it.
    inputs, labels = problem.input_shapes("generator"), problem.label_format.width
    shapes = layers.weight_shapes(problem.generator, inputs, labels).values()
    size = sum(math.prod(shape) * 4 for shape in shapes) * 4 // 3
    if size > most:
        raise ConfigError(
            f"the generator takes {size / 1e6:.1f} MB of the page; expected at most "
            f"{most / 1e6:.1f}; leave out --explore"
        )


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
