"""Settings of a recipe in which layers take the place of families."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any, get_args

from gankit.layers import Layer, Shape, Spec
from gankit.recipes.families import family
from gankit.recipes.families.family import Family, Role

DEFAULT_SHAPE = (28, 28, 1)
"""The images of networks whose data are not known: those of MNIST."""
DEFAULT_CLASSES = 10

ROLES: tuple[Role, ...] = get_args(Role)
COMMON = ("family", "width")
"""Settings of both networks; a network's own come first."""
CONFIGURED = {"layers", "optimizer", "heads", "inputs", "sees"}
"""What a `NetworkConfig` has; every other key of a network is an option of its family."""


def families(settings: Mapping[str, Any]) -> dict[Role, Family]:
    """Return the family of each network that states one, itself or by the common setting."""
    found: dict[Role, Family] = {}
    for role in ROLES:
        name = _network(settings, role).get("family", settings.get("family"))
        if name is not None:
            found[role] = family(name)
    return found


def layers(
    settings: Mapping[str, Any], shape: Shape = DEFAULT_SHAPE, classes: int = DEFAULT_CLASSES
) -> dict[str, Any]:
    """Return the layers of each network that states a family, nested as in TOML.

    Parameters
    ----------
    settings
        All settings of the run.
    shape
        `(height, width, channels)` of the images.
    classes
        Number of classes, for an auxiliary classifier.

    Raises
    ------
    ConfigError
        A family is unknown or makes no such images, or one of its options is invalid.
    """
    auxiliary = settings.get("auxiliary")
    classified = classes if isinstance(auxiliary, int | float) and auxiliary > 0 else 0
    outputs = 1 + classified + _columns(_network(settings, "discriminator").get("heads"))
    common = {"width": settings["width"]} if "width" in settings else {}
    return {
        role: {"layers": as_toml(found.layers(role, shape, common | options, outputs))}
        for role, found in families(settings).items()
        for options in [_options(_network(settings, role))]
    }


def states_options(settings: Mapping[str, Any]) -> bool:
    """Return whether settings have a family, a width or an option of a family."""
    return without_families(settings, ROLES) != settings


def without_families(settings: Mapping[str, Any], roles: Collection[Role]) -> dict[str, Any]:
    """Return settings without families, widths and options of the networks in `roles`."""
    if not roles:
        return dict(settings)
    left = {key: value for key, value in settings.items() if key not in COMMON}
    for role in roles:
        if isinstance(network := left.get(role), Mapping):
            left[role] = {key: value for key, value in network.items() if key in CONFIGURED}
            if not left[role]:  # An empty table would take the place of the settings below.
                del left[role]
    return left


def with_layers(settings: Mapping[str, Any], shape: Shape = DEFAULT_SHAPE) -> dict[str, Any]:
    """Return settings with layers for images of `shape` in place of families."""
    made, left = layers(settings, shape), without_families(settings, families(settings))
    return left | {role: network | left.get(role, {}) for role, network in made.items()}


def as_toml(spec: Spec) -> list[dict[str, Any]]:
    """Return layers nested as in TOML, without values that are the defaults."""
    return [_layer(layer) for layer in spec]


def _layer(layer: Layer) -> dict[str, Any]:
    values: dict[str, Any] = {"layer": layer.layer}
    for field in dataclasses.fields(layer):
        value = getattr(layer, field.name)
        if field.name == "layer" or value == field.default:
            continue
        if field.name in {"layers", "shortcut"}:
            value = as_toml(value)
        values[field.name] = list(value) if isinstance(value, tuple) else value
    return values


def _network(settings: Mapping[str, Any], role: Role) -> Mapping[str, Any]:
    network = settings.get(role)
    return network if isinstance(network, Mapping) else {}


def _columns(heads: object) -> int:
    """Return the number of columns of heads; other values are refused with the other settings."""
    sizes = heads.values() if isinstance(heads, Mapping) else ()
    return sum(size for size in sizes if isinstance(size, int))


def _options(network: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in network.items() if k not in CONFIGURED and k != "family"}
