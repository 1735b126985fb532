"""List what plugins offer, with its status."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from gankit._text import one_line
from gankit.contract import Backend
from gankit.plugins import hooks, loader, registry
from gankit.plugins.loader import Plugin

KINDS = tuple(hooks.OF_KIND)
READY, NEEDS, LEFT_OUT = "ready", "needs", "left out"


@dataclass(frozen=True)
class ListedItem:
    """One thing that a plugin offers.

    Attributes
    ----------
    kind
        One of `KINDS`, or "plugin" for a plugin that cannot be loaded or offers nothing.
    name
        Name of what is listed, or of the plugin.
    distribution, version
        Name and version of its package.
    api
        Contract version of a backend, else None.
    status
        "ready"; "needs" if modules are missing or too old; "left out" if it is not valid.
    reason
        The error, the remedy for missing modules, or that a plugin offers nothing; one line.
    missing
        The modules that are missing or too old.
    """

    kind: str
    name: str
    distribution: str
    version: str
    api: int | None
    status: str
    reason: str
    missing: list[str] = field(default_factory=list)

    def status_text(self) -> str:
        """Return status and reason as text."""
        status = f"{self.status} {', '.join(self.missing)}".strip()
        return f"{status}: {self.reason}" if self.reason else status


def listing() -> list[ListedItem]:
    """Return what all plugins offer, gankit's own first, without importing frameworks."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", loader.PluginWarning)
        known = loader.found()
        rows = [(plugin, row) for kind in KINDS for plugin, row in _of_kind(kind)]
    listed = {plugin for plugin, _ in rows}
    others = [_alone(plugin) for plugin in known if plugin not in listed]
    return [row for _, row in rows] + others


def _of_kind(kind: str) -> Iterator[tuple[Plugin, ListedItem]]:
    """Yield what each plugin offers of one kind."""
    items = _built_in(kind)
    for hook in getattr(loader.manager().hook, hooks.OF_KIND[kind]).get_hookimpls():
        plugin = loader.owner(hook)
        if kind == "callback":  # Callbacks depend on the run.
            yield plugin, _row(kind, plugin, plugin.name)
            continue
        before, seen = set(items), list[Any]()
        collect = functools.partial(registry.collect, kind, hook, items, seen.append)
        fault = loader.guarded(hook, collect)
        for name in [name for name in items if name not in before]:
            thing = items[name]
            yield plugin, _backend(plugin, thing) if kind == "backend" else _row(kind, plugin, name)
        if fault:
            yield plugin, _refused(kind, plugin, seen[-1] if seen else None, fault)


def _alone(plugin: Plugin) -> ListedItem:
    """Return the row of a plugin that cannot be loaded or offers nothing."""
    row = _row("plugin", plugin, plugin.name, fault=plugin.fault)
    return row if plugin.fault else replace(row, reason="offers nothing")


def _refused(kind: str, plugin: Plugin, thing: object, fault: str) -> ListedItem:
    """Return the row of the last thing that a plugin offered before its error."""
    name, api = getattr(thing, "name", None), getattr(thing, "api", None)
    name = name if isinstance(name, str) else plugin.name
    return _row(kind, plugin, name, api=api if isinstance(api, int) else None, fault=fault)


def _built_in(kind: str) -> dict[str, Any]:
    """Return what gankit offers of a kind; plugins cannot use these names."""
    if kind == "dataset":
        from gankit.data import BUILTIN as DATASETS

        return {dataset.name: dataset for dataset in DATASETS}
    if kind == "loss":
        from gankit.losses import BUILTIN as LOSSES

        return {loss.name: loss for loss in LOSSES}
    if kind == "recipe":
        from gankit.recipes import recipes

        return {recipe.name: recipe for recipe in recipes()}
    return {}


def _backend(plugin: Plugin, backend: Backend) -> ListedItem:
    try:
        missing = registry.missing_modules(backend)
    except (Exception, SystemExit) as error:
        fault = f"requires of backend {backend.name!r}: {type(error).__name__}: {error}"
        return _row("backend", plugin, backend.name, api=backend.api, fault=fault)
    row = _row("backend", plugin, backend.name, api=backend.api)
    return replace(row, status=NEEDS, reason=backend.remedy, missing=missing) if missing else row


def _row(
    kind: str, plugin: Plugin, name: str, *, api: int | None = None, fault: str | None = None
) -> ListedItem:
    """Return the row of what is ready, or, with a fault, of what is left out."""
    status, reason = (LEFT_OUT, one_line(fault)) if fault else (READY, "")
    return ListedItem(kind, name, plugin.distribution, plugin.version, api, status, reason)
