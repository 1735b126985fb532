"""Load plugins entry point by entry point, so that a broken plugin does not affect the others.

pluggy's loader stops at the first plugin that raises, and silently drops duplicates. This one
continues, and warns about each error in one line.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points

import pluggy

from gankit._text import printable
from gankit._utils import stack_level
from gankit.errors import GankitError, PluginError, UnknownName, place_of
from gankit.plugins import hooks

GROUP = "gankit"
STRICT = "GANKIT_STRICT_PLUGINS"
"""Environment variable for plugin authors: errors of plugins are raised, not warned about."""
LONGEST_MESSAGE = 300
"""The most characters of another library's message in a warning."""
HERE = "this program"
"""The distribution of a plugin that was registered at run time."""


class PluginWarning(UserWarning):
    """A plugin is left out; the message has the reason, in one line."""


@dataclass(frozen=True)
class Plugin:
    """An entry point, and its error if it cannot be loaded.

    Attributes
    ----------
    name
        Name of the entry point.
    distribution, version
        Name and version of its package; "?" if unknown.
    fault
        Why it is left out, in one line; None if it is loaded.
    """

    name: str
    distribution: str
    version: str
    fault: str | None = None

    def __str__(self) -> str:
        """Return a description for messages."""
        return f"plugin {self.name!r} of {self.distribution} {self.version}".rstrip()


@dataclass(frozen=True)
class BrokenPlugin(Plugin):
    """An entry point that cannot be loaded.

    Attributes
    ----------
    error
        The exception that it raised, with its traceback.
    """

    error: BaseException | None = field(default=None, repr=False, compare=False)


@functools.cache
def manager() -> pluggy.PluginManager:
    """Return the plugin manager, with every plugin that can be loaded."""
    return _discover()[0]


def found() -> Sequence[Plugin]:
    """Return every plugin, also those that cannot be loaded."""
    return _discover()[1]


def third_party() -> list[str]:
    """Return the names of plugins that are not part of gankit, without importing them."""
    return [point.name for point in _entry_points() if _origin(point)[0] != "gankit"]


def owner(hook: pluggy.HookImpl) -> Plugin:
    """Return the plugin that implements a hook."""
    known = {plugin.name: plugin for plugin in found() if not plugin.fault}
    return known.get(hook.plugin_name, Plugin(hook.plugin_name, HERE, ""))


def guarded(hook: pluggy.HookImpl, call: Callable[[], None]) -> str | None:
    """Call a function of a plugin; if it raises, warn and return the error in one line."""
    try:
        with quiet():
            call()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        fault = describe(error)
        _leave_out(owner(hook), fault)
        return fault
    return None


def add(plugins: pluggy.PluginManager, plugin: object, name: str, place: str = "") -> None:
    """Register a plugin; raise PluginError unless it has hooks, all with known names."""
    for member in dir(plugin):
        if member not in hooks.NAMES and hasattr(getattr(plugin, member, None), "gankit_impl"):
            raise UnknownName("hook", member, hooks.NAMES)
    plugins.register(plugin, name=name)
    if not plugins.get_hookcallers(plugin):
        raise PluginError(f"{place or name}: got no hook; expected a function with gankit.hookimpl")


def describe(error: BaseException) -> str:
    """Return an error's type and message, and its line in the plugin."""
    text = " ".join(str(error).split()) or "no message"  # pluggy's messages have several lines.
    if len(text) > LONGEST_MESSAGE and not isinstance(error, GankitError):
        text = f"{text[:LONGEST_MESSAGE]}..."
    return f"{type(error).__name__}: {text}{place_of(error)}"


def quiet() -> AbstractContextManager[object]:
    """Redirect what plugins print to standard error, because standard output is for data."""
    return contextlib.redirect_stdout(sys.stderr)


@functools.cache
def _discover() -> tuple[pluggy.PluginManager, tuple[Plugin, ...]]:
    plugins = pluggy.PluginManager(GROUP)
    plugins.add_hookspecs(hooks)
    seen: dict[str, Plugin] = {}
    return plugins, tuple(_load(plugins, point, seen) for point in _entry_points())


def _entry_points() -> list[EntryPoint]:
    """Return the entry points of the group, each once, gankit's own first."""
    points = {(p.name, p.value, _origin(p)): p for p in entry_points(group=GROUP)}
    return sorted(points.values(), key=lambda p: (_origin(p)[0] != "gankit", p.name, _origin(p)))


def _origin(point: EntryPoint) -> tuple[str, str]:
    """Return the name and version of an entry point's distribution, "?" for what is unknown."""
    name, version = (point.dist.name, point.dist.version) if point.dist else ("", "")
    return name or "?", version or "?"


def _load(plugins: pluggy.PluginManager, point: EntryPoint, seen: dict[str, Plugin]) -> Plugin:
    """Load and register one entry point; return its error as `fault`."""
    plugin = Plugin(point.name, *_origin(point))
    try:
        if other := seen.get(point.name):
            raise PluginError(
                f"name of the plugin: got {point.name!r}, the name of {other}; rename it"
            )
        with quiet():
            _register(plugins, point)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        fault = describe(error)
        _leave_out(plugin, fault)
        return BrokenPlugin(point.name, *_origin(point), fault=fault, error=error)
    seen[point.name] = plugin
    return plugin


def _register(plugins: pluggy.PluginManager, point: EntryPoint) -> None:
    if not point.pattern.match(point.value):
        raise PluginError(
            f"entry point {point.name}: got {point.value!r}; expected MODULE or MODULE:OBJECT"
        )
    add(plugins, point.load(), point.name, point.value)


def _leave_out(plugin: Plugin, fault: str) -> None:
    package = "its package" if plugin.distribution == "?" else plugin.distribution
    remedy = f"upgrade {package}, or uninstall it"
    if plugin.distribution == HERE:
        remedy = "correct it, and register it again"
    _warn(f"{plugin} is left out: {fault}; {remedy}")


def _warn(message: str) -> None:
    if os.environ.get(STRICT):
        raise PluginError(message)
    warnings.warn(printable(message), PluginWarning, stacklevel=stack_level.of_user())
