"""Plugins: hooks, loading, registration, validation, listing."""

from gankit.plugins.installed_modules import missing
from gankit.plugins.loader import (
    GROUP,
    STRICT,
    Plugin,
    PluginWarning,
    found,
    manager,
    third_party,
)
from gankit.plugins.registration import register
from gankit.plugins.registry import (
    backends,
    callbacks,
    commands,
    datasets,
    features,
    get_backend,
    get_dataset,
    get_features,
    get_loss,
    get_penalty,
    get_recipe,
    losses,
    missing_modules,
    penalties,
    ready,
    recipes,
)

__all__ = [
    "GROUP",
    "STRICT",
    "Plugin",
    "PluginWarning",
    "backends",
    "callbacks",
    "commands",
    "datasets",
    "features",
    "found",
    "get_backend",
    "get_dataset",
    "get_features",
    "get_loss",
    "get_penalty",
    "get_recipe",
    "losses",
    "manager",
    "missing",
    "missing_modules",
    "penalties",
    "ready",
    "recipes",
    "register",
    "third_party",
]
