"""`gankit backends`."""

from __future__ import annotations

import json
from contextlib import suppress
from importlib import metadata

import click

from gankit.cli.options import as_json, show


@click.command("backends")
@as_json
def command(as_json: bool) -> None:
    """List the backends and whether each is usable, without importing a framework."""
    from gankit import plugins

    rows = []
    for name, backend in sorted(plugins.backends().items()):
        missing = plugins.missing_modules(backend)
        versions = {m: _version(m) for m in backend.requires if m not in missing}
        rows.append(
            {
                "name": name,
                "usable": not missing,
                "missing": missing,
                "versions": versions,
                "capabilities": sorted(backend.capabilities),
                "remedy": backend.remedy,
            }
        )
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        show(_line(row))


def _line(row: dict[str, object]) -> str:
    missing, versions = row["missing"], row["versions"]
    if isinstance(missing, list) and missing:
        state = f"needs {', '.join(missing)}; {row['remedy']}"
    else:
        modules = versions.items() if isinstance(versions, dict) else ()
        state = ", ".join(["ready", *(f"{module} {version}" for module, version in modules)])
    return f"{row['name']:<10} {state}"


def _version(module: str) -> str:
    """Return the version of a module's distribution, without importing the module."""
    # Usually the names are equal. Searching all installed distributions is slow.
    for name in (module, f"{module}-cpu"):
        with suppress(metadata.PackageNotFoundError):
            return metadata.version(name)
    names = metadata.packages_distributions().get(module)
    return metadata.version(names[0]) if names else "?"
