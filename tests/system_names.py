"""The names of the standard library that Linux, macOS or Windows lacks, by mypy's stubs of it."""

from __future__ import annotations

import ast
import functools
import sys
from pathlib import Path

import pytest

SYSTEMS = "linux", "darwin", "win32"
PROBED = "errno", "mmap", "os", "select", "shutil", "signal", "socket", "sys", "threading", "time"
"""Modules of which some system lacks a part."""
MODULES = {
    *("ctypes", "multiprocessing"),
    *("fcntl", "grp", "posix", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty"),
    *("msvcrt", "nt", "winreg", "winsound"),
}
"""Modules that some system lacks, and those that load or start other things on each."""
DIFFERENT = {"os.name", "os.kill", "sys.platform", "os.chmod", "os.symlink", "os.link"}
"""What every system has, but does differently."""


@functools.cache
def lacked(module: str, systems: tuple[str, ...] = SYSTEMS) -> frozenset[str]:
    """Return the names of a module that at least one of `systems` lacks, but not all."""
    found = [_names(_stub(module).body, system) for system in SYSTEMS]
    given = [found[SYSTEMS.index(system)] for system in systems]
    return frozenset(set.union(*found) - set.intersection(*given))


def _stub(module: str) -> ast.Module:
    mypy = pytest.importorskip("mypy")
    inside = Path(mypy.__file__).parent / "typeshed" / "stdlib" / module
    file = inside / "__init__.pyi" if inside.is_dir() else inside.with_suffix(".pyi")
    return ast.parse(file.read_text("utf-8"))


def _names(body: list[ast.stmt], system: str) -> set[str]:
    """Return the names that the statements of a stub define on a system."""
    found: set[str] = set()
    for node in body:
        match node:
            case ast.If(test=test):
                found |= _names(node.body if _holds(test, system) else node.orelse, system)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
            case ast.Assign(targets=targets):
                found |= {target.id for target in targets if isinstance(target, ast.Name)}
            case ast.ImportFrom(names=names):
                found |= {alias.asname or alias.name for alias in names}
    return found


def _holds(test: ast.expr, system: str) -> bool:
    """Return whether a condition of a stub, on sys.platform and sys.version_info, holds."""
    platform = type("sys", (), {"platform": system, "version_info": sys.version_info})
    code = compile(ast.Expression(test), "stub", "eval")
    return bool(eval(code, {"sys": platform, "TYPE_CHECKING": True}))  # noqa: S307 - mypy's file.
