"""What plugins offer, by name: backends, data sets, losses, recipes, callbacks, ..."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from gankit.errors import (
    BackendUnavailable,
    ConfigError,
    PluginError,
    UnknownBackend,
    UnknownName,
    did_you_mean,
    known_name,
    shown,
)
from gankit.plugins import validation
from gankit.plugins.installed_modules import missing
from gankit.plugins.loader import BrokenPlugin, describe, found, guarded, manager, quiet

if TYPE_CHECKING:
    import click

    from gankit.config import TrainConfig
    from gankit.contract import Backend
    from gankit.data import Dataset
    from gankit.evaluation import Features
    from gankit.losses import Loss
    from gankit.penalties import NamedPenalty, Penalty
    from gankit.recipes import Recipe
    from gankit.training import Callback

Named = TypeVar("Named")


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


def penalties() -> dict[str, NamedPenalty]:
    """Return the gradient penalties that plugins add, by name."""
    return _named("penalty", {}, manager().hook.gankit_penalties)


def recipes() -> dict[str, Recipe]:
    """Return every recipe by name, the built-in ones first."""
    from gankit.recipes import recipes as built_in

    return _named("recipe", {r.name: r for r in built_in()}, manager().hook.gankit_recipes)


def callbacks(config: TrainConfig, folder: Path | None) -> list[Callback]:
    """Return the callbacks of plugins for a run of `config`; `folder` is None in memory.

    A plugin that fails is left out with a warning; one that refuses its settings raises its error.
    """
    found: list[Callback] = []
    for hook in manager().hook.gankit_callbacks.get_hookimpls():
        settings = config.plugins.get(hook.plugin_name, {})
        available = {"config": config, "folder": folder, "settings": settings}
        arguments = {name: available[name] for name in hook.argnames}
        extend = functools.partial(_extend, found, hook, arguments)
        if settings:
            extend()
        else:
            guarded(hook, extend)
    return found


def check_settings(config: TrainConfig) -> None:
    """Raise ConfigError if a run has settings for a plugin that takes none."""
    hooks = manager().hook.gankit_callbacks.get_hookimpls()
    known = sorted(hook.plugin_name for hook in hooks if "settings" in hook.argnames)
    for name in config.plugins:
        if name not in known:
            expected = ", ".join(known) or "no table, because none of them takes settings"
            raise ConfigError(
                f"plugins.{name}: got settings for a plugin that takes none or is not installed; "
                f"expected {expected}"
            )


def commands() -> dict[str, click.Command]:
    """Return the commands that plugins add, by name."""
    return _named("command", {}, manager().hook.gankit_commands)


def features() -> dict[str, Features]:
    """Return the features of images that plugins add, by name."""
    return _named("features", {}, manager().hook.gankit_features)


def get_backend(name: str) -> Backend:
    """Return the backend `name`.

    Raises
    ------
    UnknownBackend
        No plugin offers it.
    BackendUnavailable
        Modules that it requires are missing, too old, or cannot be loaded.
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
                message = f"backend {name!r} cannot be loaded: {plugin}: {describe(error)}"
                raise kind(message) from error
        raise UnknownBackend("backend", name, known)
    return ready(known[found_name])


def ready(backend: Backend) -> Backend:
    """Return the backend; BackendUnavailable if required modules are missing or too old."""
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


def get_penalty(name: str) -> Penalty:
    """Return the gradient penalty `name` of a plugin, or raise UnknownName."""
    from gankit.penalties import REMEDIES

    written = "; or write it out, such as Penalty('real')"
    return _get("plugin penalty", name, penalties(), REMEDIES, written).penalty


def get_recipe(name: str) -> Recipe:
    """Return the recipe `name`, or raise UnknownName."""
    return _get("recipe", name, recipes())


def get_features(name: str) -> Features:
    """Return a plugin's features `name`, or raise UnknownName."""
    return _get("features", name, features())


def missing_modules(backend: Backend) -> list[str]:
    """Return the modules that `backend` requires and that are not installed or too old."""
    return missing(backend.requires, backend.distribution)


def collect(
    kind: str,
    hook: pluggy.HookImpl,
    known: dict[str, Any],
    before_check: Callable[[Any], None] = lambda _: None,
) -> None:
    """Add what one plugin offers to `known`; raise PluginError if it is not valid.

    `before_check` is called with each thing before its validation.
    """
    for thing in _list(hook.function, {}):
        before_check(thing)
        validation.check(kind, thing)
        if thing.name in known:
            error = f"got {thing.name!r}, the name of {validation.another(kind)}; rename it"
            raise PluginError(f"name of {validation.one(kind)}: {error}")
        known[thing.name] = thing


def _named(kind: str, builtin: dict[str, Any], hook: pluggy.HookCaller) -> dict[str, Any]:
    """Collect what plugins offer, one by one, so that an error affects only its own plugin."""
    known = dict(builtin)
    for implementation in hook.get_hookimpls():
        guarded(implementation, functools.partial(collect, kind, implementation, known))
    return known


def _extend(found: list[Any], hook: pluggy.HookImpl, arguments: Mapping[str, object]) -> None:
    from gankit.training import as_callbacks

    callbacks = _list(hook.function, arguments)
    for callback in callbacks:
        validation.check_callback(callback)
    found += as_callbacks(callbacks)


def _list(hook: Callable[..., object], arguments: Mapping[str, object]) -> list[Any]:
    things = hook(**arguments)
    if not isinstance(things, Iterable):
        hook_name = getattr(hook, "__name__", "hook")
        raise PluginError(f"{hook_name}: got {shown(things)}; expected a list")
    return list(things)


def _get(
    kind: str,
    name: str,
    known: dict[str, Named],
    remedies: Mapping[str, str] | None = None,
    otherwise: str = "",
) -> Named:
    """Return what is called `name`, or raise UnknownName, which ends with a hint or `otherwise`."""
    _check_name(kind, name)
    found_name = known_name(name, known)
    if found_name is None:
        raise UnknownName(kind, name, known, did_you_mean(name, known, remedies) or otherwise)
    return known[found_name]


def _check_name(kind: str, name: object) -> None:
    """Raise ConfigError unless the name of a thing is text."""
    if not isinstance(name, str):
        raise ConfigError(f"{kind}: got {shown(name)}; expected a name")


def _error_of_backends(name: str) -> BaseException | None:
    """Return the exception that the hook `gankit_backends` of the plugin `name` raises, or None."""
    for hook in manager().hook.gankit_backends.get_hookimpls():
        if hook.plugin_name == name:
            try:
                with quiet():
                    collect("backend", hook, {})
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                return error
    return None
