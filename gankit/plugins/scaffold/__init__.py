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

from gankit._utils.storage import writing
from gankit.errors import ConfigError, shown
from gankit.plugins import loader, registry

LAYOUT = {
    "pyproject.toml": "pyproject.toml.in",
    "README.md": "README.md.in",
    ".gitignore": "gitignore.in",
    ".github/workflows/test.yml": "test.yml.in",
    "@module@/__init__.py": "__init__.py.in",
    "@module@/losses.py": "losses.py.in",
    "@module@/networks.py": "networks.py.in",
    "@module@/optimizers.py": "optimizers.py.in",
    "@module@/trainer.py": "trainer.py.in",
    "tests/test_contract.py": "test_contract.py.in",
}
"""The template of each file."""
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


def new(name: str, folder: Path) -> list[str]:
    """Write the distribution of the backend `name` into a new folder.

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
    files = rendered(Names(name))
    _write(folder, files)
    return list(files)


def rendered(names: Names) -> dict[str, str]:
    """Return the text of every file, by its path relative to the folder."""
    templates = resources.files(__name__) / "template"
    return {
        names.filled(path): names.filled((templates / source).read_text("utf-8"))
        for path, source in LAYOUT.items()
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
