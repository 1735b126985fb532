"""Find the backend of a native network: torch for an `nn.Module`, keras for a `keras.Model`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gankit import plugins
from gankit.contract import Backend
from gankit.errors import ConfigError, shown


def owners(network: object, known: Sequence[Backend]) -> list[str]:
    """Return the names of the backends that a native network belongs to; imports nothing.

    The nearest class decides: a Keras layer derives from `nn.Module` if Keras runs on torch, and
    belongs to keras.
    """
    for kind in type(network).__mro__:
        if names := [backend.name for backend in known if backend.made(kind)]:
            return names
    return []


def parts(network: object) -> tuple[str, ...]:
    """Return the classes of the modules inside a native network, in order, each before its own.

    They are `layers` of a Keras model, and `children()` of a torch module; other networks have
    none. A Keras layer has `get_config`; if Keras runs on torch, its children hold weights.
    """
    children: Any = getattr(network, "children", None)
    inner: Any = children() if callable(children) else ()
    if hasattr(network, "get_config"):
        inner = getattr(network, "layers", ())
    return tuple(name for one in inner for name in (type(one).__qualname__, *parts(one)))


def check_kind(networks: Mapping[str, object]) -> None:
    """Raise ConfigError for a value that is not callable and so cannot be a network."""
    for role, network in networks.items():
        if isinstance(network, type) or not callable(network):
            raise ConfigError(
                f"{role}: got {shown(network)}; expected a tuple of gankit.layers, or a native "
                "network, such as an nn.Module"
            )


def backend_of(networks: Mapping[str, object], known: Sequence[Backend]) -> str:
    """Return the name of the backend of all native networks, preferring an installed one.

    Parameters
    ----------
    networks
        Native networks by "generator" and "discriminator".
    known
        All backends, in order of preference.

    Raises
    ------
    ConfigError
        A network belongs to no backend, or the networks belong to different frameworks.
    """
    found = {role: owners(network, known) for role, network in networks.items()}
    for role, names in found.items():
        if not names:
            accepting = [backend.name for backend in known if "native" in backend.capabilities]
            raise ConfigError(
                f"{role}: got {shown(networks[role])}; expected a tuple of gankit.layers, or a "
                f"network of {', '.join(accepting)}; name its backend"
            )
    common = set.intersection(*map(set, found.values()))
    if not common:
        found_names = ", ".join(f"{role} belongs to {names[0]}" for role, names in found.items())
        raise ConfigError(f"{found_names}; give networks of one framework")
    candidates = [backend for backend in known if backend.name in common]
    return next((b for b in candidates if not plugins.missing_modules(b)), candidates[0]).name


def check_own(chosen: Backend, networks: Mapping[str, object], known: Sequence[Backend]) -> None:
    """Raise ConfigError for a native network of another backend than the chosen one."""
    for role, network in networks.items():
        others = owners(network, known)
        if others and chosen.name not in others and not chosen.knows(network):
            raise ConfigError(
                f"{role}: got {shown(network)}, which does not belong to backend {chosen.name!r}; "
                f"choose backend={others[0]!r}"
            )
