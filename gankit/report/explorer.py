"""A run's generator as data, for a page that generates images in the browser.

The page inlines `STYLES` and `SCRIPTS`, in their order, and calls
`gankitExplorer.mount(element, payload)` with what `payload` returned, through JSON.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gankit import layers
from gankit._utils.state import State
from gankit.contract.random_streams import Stream
from gankit.data.class_names import Classes
from gankit.errors import ConfigError
from gankit.launch.run import Run
from gankit.layers import BatchNorm, Layer, Residual, Spec
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
        "explorer",
    )
)
"""Files beside this one, under `static/`, in the order in which a page runs them."""

MOST = 8_500_000
"""Bytes that the weights may take in a page, which is to stay below 10 MB with its pictures."""

DIRECTIONS = 8
REACH = 3.0
"""How far a slider goes either way, in standard deviations of the noise."""


def payload(
    run: Run,
    class_names: Sequence[str] | None = None,
    *,
    directions: int = DIRECTIONS,
    most: int = MOST,
) -> dict[str, Any]:
    """Return what a page needs to generate the run's images, with averaged weights if it has them.

    Parameters
    ----------
    run
        Its generator is a spec.
    class_names
        Of the classes, in their order; by default the run's, or their numbers.
    directions
        How many sliders there are.
    most
        Bytes that the weights may take.

    Returns
    -------
    payload
        Of what JSON can say:

        latent, shape, classes, names
            Width of the noise; (height, width, channels); what the generator is told apart.
        layers
            A list of each layer's numbers, as in its spec, and its `weights` by role: `kernel`
            (spectral norm is divided out), `bias`, `embedding`, `gamma` and `beta` of a layer
            normalisation, `scale` and `shift` of a batch normalisation with its running
            statistics. A residual block has `layers` and `shortcut` instead.
        directions, shares, reach
            `(k, latent)`; how much of the images' change each is; how far a slider goes.
        stream
            The stream of random numbers in which `Run.sample` draws its noise, which the page
            draws too: its picture i of a seed is image i of `gankit sample --seed`.

        An array is `{"shape": [...], "data": "..."}`, its numbers in C order as float32, little
        endian, in base64.

    Raises
    ------
    ConfigError
        The generator is native, or too large for a page.
    Diverged
        It makes something that is not a number.
    """
    problem = run.problem
    if not isinstance(problem.generator, tuple):
        raise ConfigError("the generator is native; a page can run only gankit's own layers")
    classes = problem.generator_classes
    _check_size(problem.generator, problem.latent, problem.classes, most)
    weights = run.generator.weights()
    found = principal_directions(run, directions)
    return {
        "latent": problem.latent,
        "shape": list(problem.image_shape),
        "classes": classes,
        "names": list(
            Classes.of(run.class_names if class_names is None else class_names, classes).names
        ),
        "layers": _network(problem.generator, weights, ""),
        "directions": _array(found.vectors),
        "shares": [float(share) for share in found.shares],
        "reach": REACH,
        "stream": int(Stream.SAMPLE),
    }


def _check_size(spec: Spec, latent: int, classes: int, most: int) -> None:
    """Refuse weights that would take more than `most` bytes in base64."""
    shapes = layers.weight_shapes(spec, (latent,), classes).values()
    size = sum(math.prod(shape) * 4 for shape in shapes) * 4 // 3
    if size > most:
        raise ConfigError(
            f"the generator would take {size / 1e6:.1f} MB of the page, of at most "
            f"{most / 1e6:.1f}; leave out --explore"
        )


def _network(spec: Spec, weights: State, prefix: str) -> list[dict[str, Any]]:
    """Return each layer as plain data with its weights, whose names begin with `prefix`."""
    return [_layer(layer, weights, f"{prefix}{place}.") for place, layer in enumerate(spec)]


def _layer(layer: Layer, weights: State, prefix: str) -> dict[str, Any]:
    if isinstance(layer, Residual):
        return {
            "layer": layer.layer,
            "layers": _network(layer.layers, weights, f"{prefix}layers."),
            "shortcut": _network(layer.shortcut, weights, f"{prefix}shortcut."),
        }
    own = {k.removeprefix(prefix): w for k, w in weights.items() if k.startswith(prefix)}
    arrays = {role: _array(array) for role, array in _at_inference(layer, own).items()}
    return asdict(layer) | {"weights": arrays}


def _at_inference(layer: Layer, own: State) -> State:
    """Return a layer's arrays without running state: norms are folded into the weights."""
    own = {role: array.astype(np.float64) for role, array in own.items()}
    if isinstance(layer, BatchNorm):
        scale = own["gamma"] / np.sqrt(own["variance"] + layer.epsilon)
        return {"scale": scale, "shift": own["beta"] - own["mean"] * scale}
    for role in ("kernel", "embedding"):
        if (u := own.pop(f"{role}_u", None)) is not None:
            own[role] = own[role] / np.linalg.norm(own[role].reshape(-1, len(u)) @ u)
    return own


def _array(array: NDArray[Any]) -> dict[str, Any]:
    data = np.ascontiguousarray(array, "<f4").tobytes()
    return {"shape": list(array.shape), "data": base64.b64encode(data).decode("ascii")}
