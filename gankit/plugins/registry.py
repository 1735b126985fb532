"""Load plugins entry point by entry point, so that a broken plugin does not affect the others.

pluggy's loader stops at the first plugin that raises, and silently drops duplicates. This one
continues, and warns about each error in one line.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import sys
import types
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from gankit._text import printable
from gankit.errors import (
    BackendUnavailable,
    ConfigError,
    PluginError,
    UnknownBackend,
    UnknownName,
    known_name,
    place_of,
    shown,
)
from gankit.plugins import hooks, validation

if TYPE_CHECKING:
    import click

    from gankit.config import TrainConfig
    from gankit.contract import Backend
    from gankit.data import Dataset
    from gankit.losses import Loss
    from gankit.training import Callback

GROUP = "gankit"
STRICT = "GANKIT_STRICT_PLUGINS"
"""Environment variable for plugin authors: errors of plugins are raised, not warned about."""

HERE = "this program"
"""The distribution of a plugin that was registered at run time."""

Named = TypeVar("Named")


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


def backends() -> dict[str, Backend]:
    """Return every backend by name, whether its framework is installed or not."""
    return _named("backend", {}, manager().hook.gankit_backends)


def datasets() -> dict[str, Dataset]:
    """Return every data set by name, the built-in ones first."""
    from gankit.data import BUILTIN

    return _named("dataset", {d.name: d for d in BUILTIN}, manager().hook.gankit_datasets)


def losses() -> dict[str, Loss]:
    """Return every adversarial loss by name, the built-in ones first."""
    from gankit.losses import BUILTIN

    return _named("loss", {loss.name: loss for loss in BUILTIN}, manager().hook.gankit_losses)


def callbacks(config: TrainConfig, folder: Path | None) -> list[Callback]:
    """Return the callbacks of plugins for a run of `config`; `folder` is None in memory."""
    found: list[Callback] = []
    offered = {"config": config, "folder": folder}
    for hook in manager().hook.gankit_callbacks.get_hookimpls():
        arguments = {name: offered[name] for name in hook.argnames}
        guarded(hook, functools.partial(_extend, found, hook, arguments))
    return found


def commands() -> dict[str, click.Command]:
    """Return the commands that plugins add, by name."""
    return _named("command", {}, manager().hook.gankit_commands)


def register(offered: object) -> None:
    """Register a plugin in this process, without installing a distribution.

    What it offers is found by name, like that of installed plugins, but only in this process: not
    in the `gankit` command.

    Parameters
    ----------
    offered
        A `gankit.contract.Backend`, a `gankit.losses.Loss` or a `gankit.data.Dataset`; or a module
        or object with functions that are marked with `gankit.hookimpl`. It replaces what was
        registered under the same name.

    Raises
    ------
    PluginError
        It is of another type, it is not valid, or a built-in or installed plugin has its name.
    """
    plugin, name = _as_plugin(offered)
    known = manager()
    if (before := known.get_plugin(name)) is not None:
        if name in {plugin.name for plugin in found()}:
            raise PluginError(f"register: got {name}, the name of an installed plugin; rename it")
        known.unregister(before)
    kinds = [kind for kind, hook in hooks.OF_KIND.items() if hasattr(plugin, hook)]
    known_things = {kind: _listed(kind) for kind in kinds if kind != "callback"}
    try:
        _add(known, plugin, name)
        for kind, others in known_things.items():
            for hook in getattr(known.hook, hooks.OF_KIND[kind]).get_hookimpls():
                if hook.plugin is plugin:
                    collect(kind, hook, others)
    except BaseException as error:
        if known.is_registered(plugin):
            known.unregister(plugin)
        if isinstance(error, PluginError):
            raise PluginError(f"register: {error}") from None
        raise


def _as_plugin(offered: object) -> tuple[object, str]:
    """Return a plugin that offers `offered`, and its name; a module is returned unchanged."""
    for kind, hook in hooks.OF_KIND.items():
        if kind in validation.CLASSES and validation.is_one(kind, offered):
            name = f"{kind} {offered.name}"  # type: ignore[attr-defined]
            plugin = types.ModuleType(name)
            setattr(plugin, hook, hooks.hookimpl(lambda: [offered]))
            return plugin, name
    made = type(offered)
    return offered, getattr(offered, "__name__", f"{made.__module__}.{made.__qualname__}")


def _listed(kind: str) -> dict[str, Any]:
    """Return everything of a kind that gankit and plugins offer, by name."""
    listings: dict[str, Callable[[], dict[str, Any]]] = {
        "backend": backends,
        "dataset": datasets,
        "loss": losses,
        "command": commands,
    }
    return listings[kind]()


def get_backend(name: str) -> Backend:
    """Return the backend `name`.

    Raises
    ------
    UnknownBackend
        No plugin offers it.
    BackendUnavailable
        Modules that it requires are missing or cannot be loaded.
    PluginError
        The plugin of this name raises an error, which is the cause of this one.
    """
    _check_name("backend", name)
    known = backends()
    found_name = known_name(name, known)
    if found_name is None:
        for plugin in found():
            if plugin.name != name:
                continue
            raised = plugin.error if isinstance(plugin, BrokenPlugin) else None
            if error := raised or _error_of_backends(name):
                missing = isinstance(error, ImportError | OSError | SystemExit)
                kind = BackendUnavailable if missing else PluginError
                message = f"backend {name!r} cannot be loaded: {plugin}: {_describe(error)}"
                raise kind(message) from error
        raise UnknownBackend("backend", name, known)
    return ready(known[found_name])


def ready(backend: Backend) -> Backend:
    """Return the backend; raise BackendUnavailable if modules that it requires are missing."""
    if missing := missing_modules(backend):
        remedy = f"; {backend.remedy}" if backend.remedy else ""
        raise BackendUnavailable(f"backend {backend.name!r} needs {', '.join(missing)}{remedy}")
    return backend


def get_dataset(name: str) -> Dataset:
    """Return the data set `name`, or raise UnknownName."""
    return _get("dataset", name, datasets())


def get_loss(name: str) -> Loss:
    """Return the loss `name`, or raise UnknownName."""
    return _get("loss", name, losses())


def missing_modules(backend: Backend) -> list[str]:
    """Return the modules that `backend` requires and that are not installed; imports none."""
    return missing(backend.requires)


def missing(modules: Iterable[str]) -> list[str]:
    """Return the modules that are not installed, without importing any."""
    return [name for name in modules if not _findable(name)]


def _findable(module: str) -> bool:
    """Return whether a module is installed; for "a.b", "a" is imported.

    A folder of this name in the working folder does not count: it may be the author's repository.
    """
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        return False
    if spec is None or spec.origin is not None or not spec.submodule_search_locations:
        return spec is not None
    return any(Path(place).parent != Path.cwd() for place in spec.submodule_search_locations)


def _get(kind: str, name: str, known: dict[str, Named]) -> Named:
    _check_name(kind, name)
    found_name = known_name(name, known)
    if found_name is None:
        raise UnknownName(kind, name, known)
    return known[found_name]


def _check_name(kind: str, name: object) -> None:
    """Raise ConfigError unless the name of a backend, a data set or a loss is text."""
    if not isinstance(name, str):
        raise ConfigError(f"{kind}: got {shown(name)}; expected a name")


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
    return (point.dist.name, point.dist.version) if point.dist else ("?", "?")


def _load(plugins: pluggy.PluginManager, point: EntryPoint, seen: dict[str, Plugin]) -> Plugin:
    """Load and register one entry point; return its error as `fault`."""
    plugin = Plugin(point.name, *_origin(point))
    try:
        if other := seen.get(point.name):
            raise PluginError(
                f"name of the plugin: got {point.name!r}, the name of {other}; rename it"
            )
        with _quiet():
            _register(plugins, point)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        fault = _describe(error)
        _leave_out(plugin, fault)
        return BrokenPlugin(point.name, *_origin(point), fault=fault, error=error)
    seen[point.name] = plugin
    return plugin


def _register(plugins: pluggy.PluginManager, point: EntryPoint) -> None:
    _add(plugins, point.load(), point.name, point.value)


def _add(plugins: pluggy.PluginManager, plugin: object, name: str, place: str = "") -> None:
    """Register a plugin; raise PluginError unless it has hooks, all with known names."""
    for member in dir(plugin):
        if member not in hooks.NAMES and hasattr(getattr(plugin, member, None), "gankit_impl"):
            raise UnknownName("hook", member, hooks.NAMES)
    plugins.register(plugin, name=name)
    if not plugins.get_hookcallers(plugin):
        raise PluginError(f"{place or name}: got no hook; expected a function with gankit.hookimpl")


def _describe(error: BaseException) -> str:
    """Return an error's type and message, and its line in the plugin."""
    text = " ".join(str(error).split()) or "no message"  # pluggy's messages have several lines.
    return f"{type(error).__name__}: {text[:300]}{place_of(error)}"


def _quiet() -> AbstractContextManager[object]:
    """Redirect what plugins print to standard error, because standard output is for data."""
    return contextlib.redirect_stdout(sys.stderr)


def _leave_out(plugin: Plugin, fault: str) -> None:
    remedy = f"upgrade {plugin.distribution}, or uninstall it"
    if plugin.distribution == HERE:
        remedy = "correct it, and register it again"
    _warn(f"{plugin} is left out: {fault}; {remedy}")


def _warn(message: str) -> None:
    if os.environ.get(STRICT):
        raise PluginError(message)
    warnings.warn(printable(message), PluginWarning, stacklevel=3)


def _named(kind: str, builtin: dict[str, Any], hook: pluggy.HookCaller) -> dict[str, Any]:
    """Collect what plugins offer, one by one, so that an error affects only its own plugin."""
    offered = dict(builtin)
    for implementation in hook.get_hookimpls():
        guarded(implementation, functools.partial(collect, kind, implementation, offered))
    return offered


def collect(
    kind: str,
    hook: pluggy.HookImpl,
    offered: dict[str, Any],
    before_check: Callable[[Any], None] = lambda _: None,
) -> None:
    """Add what one plugin offers to `offered`; raise PluginError if it is not valid.

    `before_check` is called with each thing before its validation.
    """
    for thing in _list(hook.function, {}):
        before_check(thing)
        validation.check(kind, thing)
        if thing.name in offered:
            error = f"got {thing.name!r}, which another {kind} has; rename it"
            raise PluginError(f"name of a {kind}: {error}")
        offered[thing.name] = thing


def _extend(found: list[Any], hook: pluggy.HookImpl, arguments: Mapping[str, object]) -> None:
    from gankit.training import as_callbacks

    callbacks = _list(hook.function, arguments)
    for callback in callbacks:
        validation.check_callback(callback)
    found += as_callbacks(callbacks)


def guarded(hook: pluggy.HookImpl, call: Callable[[], None]) -> str | None:
    """Call a function of a plugin; if it raises, warn and return the error in one line."""
    try:
        with _quiet():
            call()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        fault = _describe(error)
        _leave_out(owner(hook), fault)
        return fault
    return None


def _error_of_backends(name: str) -> BaseException | None:
    """Return the exception that the hook `gankit_backends` of the plugin `name` raises, or None."""
    for hook in manager().hook.gankit_backends.get_hookimpls():
        if hook.plugin_name == name:
            try:
                with _quiet():
                    collect("backend", hook, {})
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                return error
    return None


def owner(hook: pluggy.HookImpl) -> Plugin:
    """Return the plugin that implements a hook."""
    known = {plugin.name: plugin for plugin in found() if not plugin.fault}
    return known.get(hook.plugin_name, Plugin(hook.plugin_name, HERE, ""))


def _list(hook: Callable[..., object], arguments: Mapping[str, object]) -> list[Any]:
    things = hook(**arguments)
    if not isinstance(things, Iterable):
        hook_name = getattr(hook, "__name__", "hook")
        raise PluginError(f"{hook_name}: got {shown(things)}; expected a list")
    return list(things)
