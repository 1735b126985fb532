"""Register a plugin in this process, without installing a distribution."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from gankit.errors import PluginError
from gankit.plugins import hooks, registry, validation
from gankit.plugins.loader import add, found, manager


def register(thing: object) -> None:
    """Register a plugin in this process, without installing a distribution.

    What it offers is found by name, like that of installed plugins, but only in this process: not
    in the `gankit` command.

    Parameters
    ----------
    thing
        A `gankit.contract.Backend`, `gankit.losses.Loss`, `gankit.data.Dataset`,
        `gankit.penalties.NamedPenalty`, `gankit.recipes.Recipe` or `gankit.evaluation.Features`; or
        a module or object with functions that are marked with `gankit.hookimpl`. It replaces what
        was registered under the same name.

    Raises
    ------
    PluginError
        It is of another type, it is not valid, or a built-in or installed plugin has its name.
    """
    plugin, name = _as_plugin(thing)
    known = manager()
    if (before := known.get_plugin(name)) is not None:
        if name in {plugin.name for plugin in found()}:
            raise PluginError(f"register: got {name}, the name of an installed plugin; rename it")
        known.unregister(before)
    kinds = [kind for kind, hook in hooks.OF_KIND.items() if hasattr(plugin, hook)]
    known_things = {kind: _listed(kind) for kind in kinds if kind != "callback"}
    try:
        add(known, plugin, name)
        for kind, others in known_things.items():
            for hook in getattr(known.hook, hooks.OF_KIND[kind]).get_hookimpls():
                if hook.plugin is plugin:
                    registry.collect(kind, hook, others)
    except BaseException as error:
        if known.is_registered(plugin):
            known.unregister(plugin)
        if isinstance(error, PluginError):
            raise PluginError(f"register: {error}") from None
        raise


def _as_plugin(thing: object) -> tuple[object, str]:
    """Return a plugin that offers `thing`, and its name; a module is returned unchanged."""
    for kind, hook in hooks.OF_KIND.items():
        if kind in validation.CLASSES and validation.is_one(kind, thing):
            name = f"{kind} {thing.name}"  # type: ignore[attr-defined]
            plugin = types.ModuleType(name)
            setattr(plugin, hook, hooks.hookimpl(lambda: [thing]))
            return plugin, name
    made = type(thing)
    return thing, getattr(thing, "__name__", f"{made.__module__}.{made.__qualname__}")


def _listed(kind: str) -> dict[str, Any]:
    """Return everything of a kind that gankit and plugins offer, by name."""
    listings: dict[str, Callable[[], dict[str, Any]]] = {
        "backend": registry.backends,
        "dataset": registry.datasets,
        "loss": registry.losses,
        "penalty": registry.penalties,
        "recipe": registry.recipes,
        "command": registry.commands,
        "features": registry.features,
    }
    return listings[kind]()
