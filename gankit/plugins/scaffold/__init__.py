"""Write a new plugin as a distribution, from templates."""

from __future__ import annotations

import importlib.util
import os
import re
import secrets
import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

from gankit._utils.storage import writing
from gankit.errors import ConfigError, PluginError, shown
from gankit.plugins import loader, registry, validation

Kind = Literal["backend", "dataset", "loss", "penalty", "recipe", "callback", "command", "features"]
"""What the new plugin adds."""
Gradients = Literal["by-hand", "framework"]
"""Where a backend's derivatives come from: its own formulas, or a framework that computes them."""

_NOUNS: dict[Kind, str] = {"dataset": "data set"}
_USES: dict[Kind, str] = {
    "backend": "gankit train --backend @name@",
    "dataset": "gankit train --dataset @name@",
    "loss": "gankit train --set loss=@name@",
    "penalty": "gankit train --set penalties=@name@",
    "recipe": "gankit train --recipe @name@",
    "callback": "gankit train --steps 100 --out runs/first",
    "command": "gankit train --steps 100 --out runs/first\ngankit @name@ runs/first",
    "features": "gankit train --steps 100 --out runs/first\n"
    "gankit evaluate runs/first --features @name@",
}
"""Commands that use the plugin."""
_BACKEND = {
    "README.md": "@gradients@/README.md.in",
    "pyproject.toml": "@gradients@/pyproject.toml.in",
    ".gitignore": "backend/gitignore.in",
    ".github/workflows/test.yml": "backend/test.yml.in",
    "tests/test_contract.py": "backend/test_contract.py.in",
}
_MODULES = {
    "by-hand": ("__init__", "losses", "networks", "optimizers", "trainer"),
    "framework": ("__init__", "framework"),
}
_SMALL = {
    "README.md": "README.md.in",
    "pyproject.toml": "pyproject.toml.in",
    "@module@/__init__.py": "@kind@/__init__.py.in",
    "tests/test_@kind@.py": "@kind@/test.py.in",
}
_USED: dict[Kind, Callable[[], Collection[str]]] = {
    "backend": registry.backends,
    "dataset": registry.datasets,
    "loss": registry.losses,
    "penalty": registry.penalties,
    "recipe": registry.recipes,
    "command": registry.commands,
    "features": registry.features,
}
"""The names of a kind that are in use."""
_NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
_NAME_LIMIT = 40


@dataclass(frozen=True)
class Names:
    """The names of a new plugin, its distribution and its module.

    >>> Names("my-own").distribution, Names("my-own").module
    ('gankit-my-own', 'gankit_my_own')
    """

    name: str
    kind: Kind = "backend"

    @property
    def distribution(self) -> str:
        """Name of the distribution, for pip."""
        return f"gankit-{self.name.replace('_', '-')}"

    @property
    def module(self) -> str:
        """Name of the Python module."""
        return f"gankit_{self.name.replace('-', '_')}"

    @property
    def noun(self) -> str:
        """The kind in plain English."""
        return _NOUNS.get(self.kind, self.kind)

    @property
    def use(self) -> str:
        """Commands that use the plugin, a line each."""
        return _USES[self.kind].replace("@name@", self.name)

    def filled(self, text: str) -> str:
        """Return the text of a template with these names filled in."""
        for part in ("name", "distribution", "module", "kind", "noun", "use"):
            text = text.replace(f"@{part}@", getattr(self, part))
        return text


def layout(kind: Kind = "backend", gradients: Gradients = "by-hand") -> dict[str, str]:
    """Return the template of each file, by the file's path."""
    if kind == "backend":
        folder = gradients.replace("-", "_")
        files = {path: file.replace("@gradients@", folder) for path, file in _BACKEND.items()}
        modules = {f"@module@/{name}.py": f"{folder}/{name}.py.in" for name in _MODULES[gradients]}
        return files | modules
    files = {path: file.replace("@kind@", kind) for path, file in _SMALL.items()}
    return files | ({"@module@/@name@.toml": "recipe/recipe.toml.in"} if kind == "recipe" else {})


def new(
    name: str, folder: Path, kind: Kind = "backend", gradients: Gradients = "by-hand"
) -> list[str]:
    """Write the distribution of the plugin `name` into a new folder.

    Parameters
    ----------
    name
        The name of what the plugin adds.
    folder
        The new folder.
    kind
        What it adds; "backend" by default.
    gradients
        Where a backend's derivatives come from; "by-hand" by default.

    Returns
    -------
    The paths of its files, relative to the folder.

    Raises
    ------
    ConfigError
        The name is invalid or in use, or `folder` exists.
    StorageError
        The files cannot be written; no partial folder remains.
    """
    names = Names(name, kind)
    _check(names)
    if os.path.lexists(folder):
        raise ConfigError(f"--out: got {str(folder)!r}, which exists; expected a new folder")
    files = rendered(names, gradients)
    _write(folder, files)
    return list(files)


def rendered(names: Names, gradients: Gradients = "by-hand") -> dict[str, str]:
    """Return the text of every file, by its path relative to the folder."""
    templates = resources.files(__name__) / "template"
    return {
        names.filled(path): names.filled((templates / source).read_text("utf-8"))
        for path, source in layout(names.kind, gradients).items()
    }


def _check(names: Names) -> None:
    """Raise ConfigError unless a new plugin can have this name."""
    name, kind, module = names.name, names.kind, names.module
    if not _NAME.fullmatch(name) or len(name) > _NAME_LIMIT:
        raise ConfigError(
            f"NAME: got {shown(name)}; expected a to z, digits, single hyphens and underscores, a "
            f"letter first, at most {_NAME_LIMIT} characters"
        )
    try:
        validation.check_name(kind, name)
    except PluginError as error:
        raise ConfigError(f"NAME: {error}") from None
    for plugin in loader.found():
        if plugin.name == name:
            raise ConfigError(f"NAME: got {name!r}, the name of {plugin}; choose another")
    if kind in _USED and name in _USED[kind]():
        other = validation.another(kind).replace(kind, names.noun)
        raise ConfigError(f"NAME: got {name!r}, the name of {other}; choose another")
    if importlib.util.find_spec(module):
        raise ConfigError(f"NAME: got {name!r}, but a module {module} is installed; choose another")


def _write(folder: Path, files: dict[str, str]) -> None:
    """Write the files to a temporary folder, then rename it."""
    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = folder.with_name(f".{folder.name}-{secrets.token_hex(4)}.tmp")
        try:
            for path, text in files.items():
                target = unfinished / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, "utf-8", newline="\n")
            unfinished.rename(folder)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
