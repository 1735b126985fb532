"""Write a new backend as a distribution, from templates."""

from __future__ import annotations

import importlib.util
import os
import re
import secrets
import shutil
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

from gankit._utils.storage import writing
from gankit.errors import ConfigError, shown
from gankit.plugins import loader, registry

Gradients = Literal["by-hand", "framework"]
"""Where derivatives come from: formulas in the backend, or a framework that computes them."""
_COMMON = {
    ".gitignore": "gitignore.in",
    ".github/workflows/test.yml": "test.yml.in",
    "tests/test_contract.py": "test_contract.py.in",
}
_MODULES = {
    "by-hand": ("__init__", "losses", "networks", "optimizers", "trainer"),
    "framework": ("__init__", "framework"),
}
_NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
_NAME_LIMIT = 40


@dataclass(frozen=True)
class Names:
    """The names of a new backend, its distribution and its module.

    >>> Names("my-own").distribution, Names("my-own").module
    ('gankit-my-own', 'gankit_my_own')
    """

    name: str

    @property
    def distribution(self) -> str:
        """Name of the distribution, for pip."""
        return f"gankit-{self.name.replace('_', '-')}"

    @property
    def module(self) -> str:
        """Name of the Python module."""
        return f"gankit_{self.name.replace('-', '_')}"

    def filled(self, text: str) -> str:
        """Return the text of a template with these names filled in."""
        for part in ("name", "distribution", "module"):
            text = text.replace(f"@{part}@", getattr(self, part))
        return text


def layout(gradients: Gradients) -> dict[str, str]:
    """Return the template of each file, by the file's path."""
    folder = gradients.replace("-", "_")
    files = {file: f"{folder}/{file}.in" for file in ("pyproject.toml", "README.md")}
    modules = {f"@module@/{name}.py": f"{folder}/{name}.py.in" for name in _MODULES[gradients]}
    return files | _COMMON | modules


def new(name: str, folder: Path, gradients: Gradients = "by-hand") -> list[str]:
    """Write the distribution of the backend `name` into a new folder.

    Parameters
    ----------
    name
        The backend's name.
    folder
        The new folder.
    gradients
        Where derivatives come from; "by-hand" by default.

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
    _check(name)
    if os.path.lexists(folder):
        raise ConfigError(f"--out: got {str(folder)!r}, which exists; expected a new folder")
    files = rendered(Names(name), gradients)
    _write(folder, files)
    return list(files)


def rendered(names: Names, gradients: Gradients = "by-hand") -> dict[str, str]:
    """Return the text of every file, by its path relative to the folder."""
    templates = resources.files(__name__) / "template"
    return {
        names.filled(path): names.filled((templates / source).read_text("utf-8"))
        for path, source in layout(gradients).items()
    }


def _check(name: str) -> None:
    """Raise ConfigError unless a new backend can have this name."""
    if not _NAME.fullmatch(name) or len(name) > _NAME_LIMIT:
        raise ConfigError(
            f"NAME: got {shown(name)}; expected a to z, digits, single hyphens and underscores, a "
            f"letter first, at most {_NAME_LIMIT} characters"
        )
    for plugin in loader.found():
        if plugin.name == name:
            raise ConfigError(f"NAME: got {name!r}, the name of {plugin}; choose another")
    if name in registry.backends():
        raise ConfigError(f"NAME: got {name!r}, the name of an installed backend; choose another")
    module = Names(name).module
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
