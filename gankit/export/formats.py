"""The export formats, and the backend that writes each."""

from __future__ import annotations

from dataclasses import dataclass

from gankit import plugins
from gankit.contract import Backend
from gankit.contract.export_format import Export
from gankit.errors import BackendUnavailable, ConfigError, UnknownName, known_name
from gankit.export.safetensors_format import SAFETENSORS
from gankit.launch.backends import PREFERRED

FORMATS: dict[str, Export] = {"safetensors": SAFETENSORS}
"""Formats that gankit writes without a framework, for any backend."""


@dataclass(frozen=True)
class Choice:
    """A format, the backend that loads the run and writes the format, and its `Export`."""

    name: str
    backend: str
    export: Export


def known() -> list[str]:
    """Return the names of all formats, installed or not."""
    names = (name for backend in plugins.backends().values() for name in backend.exports)
    return sorted({*FORMATS, *names})


def choose(name: str, trained: str, requested: str | None = None) -> Choice:
    """Return the choice for a format: the requested backend, or the first that can write it.

    Parameters
    ----------
    name
        Name of the format.
    trained
        The backend that trained the run, which is preferred.
    requested
        The backend that the user requested, or None.

    Raises
    ------
    UnknownName, UnknownBackend, ConfigError
        No backend writes the format, or the requested one does not.
    BackendUnavailable
        Its requirements are not installed; the message has the remedy.
    """
    found = known_name(name, known())
    if found is None:
        raise UnknownName("format", name, known())
    name = found
    if requested:
        return _ready(name, plugins.get_backend(requested))
    able = [backend for backend in _ordered(trained) if name in _exports(backend)]
    for backend in able:
        if not plugins.missing_modules(backend) and not _missing(_exports(backend)[name]):
            return _ready(name, backend)
    return _ready(name, plugins.get_backend(able[0].name))


def export_of(name: str, backend: Backend) -> Export:
    """Return a backend's `Export` of a format; raise ConfigError if it has none."""
    exports = _exports(backend)
    if name not in exports:
        able = sorted(b.name for b in plugins.backends().values() if name in b.exports)
        raise ConfigError(
            f"backend {backend.name!r} cannot write {name}, only {', '.join(sorted(exports))}; "
            f"use backend {' or '.join(able)}"
        )
    return exports[name]


def _exports(backend: Backend) -> dict[str, Export]:
    return {**backend.exports, **FORMATS}


def _ordered(trained: str) -> list[Backend]:
    """Return the backends; the one that trained the run is first."""
    backends = plugins.backends()
    order = dict.fromkeys([trained, *PREFERRED, *sorted(backends)])
    return [backends[name] for name in order if name in backends]


def _ready(name: str, backend: Backend) -> Choice:
    """Return the choice; raise BackendUnavailable if the format's requirements are missing."""
    export = export_of(name, backend)
    if missing := _missing(export):
        remedy = f"; {export.remedy}" if export.remedy else ""
        raise BackendUnavailable(
            f"writing {name} with backend {backend.name!r} needs {', '.join(missing)}{remedy}"
        )
    return Choice(name, backend.name, export)


def _missing(export: Export) -> list[str]:
    return plugins.missing(export.requires)
