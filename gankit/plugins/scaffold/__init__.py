"""Create a new backend as a distribution, from templates."""

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
from gankit.errors import ConfigError
from gankit.plugins import registry

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
_LONGEST = 40


@dataclass(frozen=True)
class Names:
    """The names of a new backend's parts.

    >>> Names("my-own").distribution, Names("my-own").module
    ('gankit-my-own', 'gankit_my_own')
    """

    name: str

    @property
    def distribution(self) -> str:
        """Name for pip."""
        return f"gankit-{self.name.replace('_', '-')}"

    @property
    def module(self) -> str:
        """Name of the Python module."""
        return f"gankit_{self.name.replace('-', '_')}"

    def filled(self, text: str) -> str:
        """Return a template's text with these names filled in."""
        for part in ("name", "distribution", "module"):
            text = text.replace(f"@{part}@", getattr(self, part))
        return text


def new(name: str, folder: Path) -> list[str]:
    """Write the distribution of a backend called `name` into a new folder.

    Returns
    -------
    The paths of its files inside the folder.

    Raises
    ------
    ConfigError
        The name is not possible or taken, or `folder` exists.
    StorageError
        The files could not be written; nothing is left behind.
    """
    _check(name)
    if os.path.lexists(folder):
        raise ConfigError(f"{folder} exists; choose another folder with --out")
    files = rendered(Names(name))
    _write(folder, files)
    return list(files)


def rendered(names: Names) -> dict[str, str]:
    """Return the text of every file, by its path inside the folder."""
    templates = resources.files(__name__) / "template"
    return {
        names.filled(path): names.filled((templates / source).read_text("utf-8"))
        for path, source in LAYOUT.items()
    }


def _check(name: str) -> None:
    """Raise ConfigError unless a new backend can be called `name`."""
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise ConfigError(
            f"a backend cannot be called {name!r}; begin with a letter, and use a to z, digits, "
            f"single hyphens and underscores, {_LONGEST} at most"
        )
    for plugin in registry.found():
        if plugin.name == name:
            raise ConfigError(f"the name {name!r} is taken by {plugin}; choose another")
    if name in registry.backends():
        raise ConfigError(f"a backend {name!r} is installed already; choose another name")
    module = Names(name).module
    if importlib.util.find_spec(module):
        raise ConfigError(f"a module {module} is installed already; choose another name")


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
