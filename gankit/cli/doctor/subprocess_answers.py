"""Inspect plugins or one backend in a child process, for the doctor.

    python -m gankit.cli.doctor.subprocess_answers plugins

If a plugin or framework crashes, hangs or exits, only this process ends. Answers are lines of
JSON on standard output; all other output goes to standard error.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from gankit import plugins
from gankit._text import plain
from gankit._utils.child_process import Send, channel
from gankit.config.layering import config_of, from_recipe
from gankit.contract import Backend
from gankit.errors import ConfigError, described
from gankit.launch.devices import VARIABLE, wanted

MOST_FACTS = 40
"""The most facts accepted from one backend."""


def main(arguments: list[str]) -> None:
    """Answer `plugins`, or `backend NAME`."""
    send = channel()
    warnings.simplefilter("ignore")
    if arguments[0] == "plugins":
        send_plugins(send)
    else:
        send({"doing": "while its plugin was loaded"})
        backend = plugins.backends()[arguments[1]]
        send({"doing": "while it inspected its framework"})
        send(inspected(backend))
        if device := wanted():
            send({"doing": f"while it was built on the device {plain(device)!r}"})
            send({"device_fault": device_fault(backend, device)})
    send({"done": True})


def send_plugins(send: Send) -> None:
    """Send each plugin's name before loading it, to name one that crashes; then send all found."""
    for point in entry_points(group=plugins.GROUP):
        send({"doing": f"while {_name(point)} was loaded"})
        with suppress(Exception, SystemExit):  # `plugins.found` reports the error.
            point.load()
    send({"doing": "while the hooks of plugins were called"})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = [_as_data(plugin) for plugin in plugins.found()]
        backends = [backend_row(name, backend) for name, backend in plugins.backends().items()]
        for others in (plugins.datasets, plugins.losses, plugins.commands):
            others()
    complaints = [str(w.message) for w in caught if issubclass(w.category, plugins.PluginWarning)]
    send({"plugins": found, "backends": backends, "complaints": list(dict.fromkeys(complaints))})


def _as_data(plugin: plugins.Plugin) -> dict[str, Any]:
    """Return a plugin's fields as data, without the exception."""
    return {field.name: getattr(plugin, field.name) for field in fields(plugins.Plugin)}


def backend_row(name: str, backend: Backend) -> dict[str, Any]:
    """Return a backend's description, and its missing modules."""
    row: dict[str, Any] = {"name": plain(name), "missing": [], "remedy": plain(backend.remedy)}
    row["fault"] = None
    try:
        row["missing"] = plugins.missing_modules(backend)
    except (Exception, SystemExit) as error:
        row["fault"] = f"the check of its required modules failed: {described(error)}"
    return row | {"inspects": backend.inspect is not None}


def inspected(backend: Backend) -> dict[str, Any]:
    """Return a backend's facts, or its fault."""
    if backend.inspect is None:
        return {"facts": {}}
    try:
        facts = backend.inspect()
        if not isinstance(facts, Mapping):
            return {"fault": f"inspect returned {plain(repr(facts))}; expected a dict of texts"}
        return {"facts": {plain(k): plain(v) for k, v in list(facts.items())[:MOST_FACTS]}}
    except (Exception, SystemExit) as error:
        return {"fault": plain(described(error))}


def device_fault(backend: Backend, device: str) -> str | None:
    """Return why a backend does not accept the device; None if it does, or another error occurs.

    Backends look up a device when they build a trainer, so this builds the recipe `simple`.
    """
    config = config_of([from_recipe("simple"), (VARIABLE, {"device": device})])
    problem = config.problem(config.image_shape, plugins.get_loss(config.loss))
    try:
        backend.trainer(problem)
    except ConfigError as error:
        return plain(error)
    except (Exception, SystemExit):
        return None
    return None


def _name(point: EntryPoint) -> str:
    return f"plugin {point.name!r} of {point.dist.name if point.dist else '?'}"


if __name__ == "__main__":
    main(sys.argv[1:])
