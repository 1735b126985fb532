"""Choose the backend: the named one, that of native networks, or the first installed."""

from __future__ import annotations

from collections.abc import Mapping

from gankit import plugins
from gankit.config import AUTO
from gankit.contract import Backend
from gankit.errors import ConfigError, UnknownName, shown
from gankit.launch import native_networks
from gankit.launch.messages import Tell, silent
from gankit.layers import is_spec

PREFERRED = ("torch", "keras", "numpy")
NO_NETWORKS: Mapping[str, object] = {}


def choose_backend(
    name: str | Backend, tell: Tell = silent, networks: Mapping[str, object] = NO_NETWORKS
) -> Backend:
    """Return a backend whose requirements are installed.

    Parameters
    ----------
    name
        Name of a backend, or a Backend. "auto" is the backend of the native networks, or for
        specs the first that is installed.
    networks
        The networks by "generator" and "discriminator".

    Raises
    ------
    UnknownName, BackendUnavailable
        The backend is unknown, or its requirements are not installed.
    ConfigError
        A native network belongs to another backend, or to an unknown one.
    """
    if isinstance(name, Backend):
        return plugins.ready(name)
    if not isinstance(name, str):
        raise ConfigError(f"backend: got {shown(name)}; expected a name, or a Backend")
    known = _in_order()
    native = {role: network for role, network in networks.items() if not is_spec(network)}
    native_networks.check_kind(native)
    if name != AUTO:
        chosen = plugins.get_backend(name)
        native_networks.check_own(chosen, native, known)
        return chosen
    if native:
        return plugins.get_backend(native_networks.backend_of(native, known))
    too_old: list[str] = []
    for candidate in known:
        faults = plugins.missing_modules(candidate)
        if not faults:
            line = f"backend {candidate.name}, the first installed of {', '.join(PREFERRED)}"
            tell("; ".join([line, *too_old]))
            return candidate
        too_old += [f"{candidate.name} needs {f}" for f in faults if f not in candidate.requires]
    raise UnknownName("backend", name, [backend.name for backend in known])


def _in_order() -> list[Backend]:
    """Return all backends, in the order of preference."""
    known = plugins.backends()
    order = [*PREFERRED, *sorted(known.keys() - set(PREFERRED))]
    return [known[name] for name in order if name in known]
