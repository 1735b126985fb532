"""`gankit backends`."""

from __future__ import annotations

import json

import click

from gankit.cli.options import as_json, show


@click.command("backends")
@as_json
def command(as_json: bool) -> None:
    """List the backends and whether each is usable, without importing a framework."""
    from gankit import plugins
    from gankit.plugins.installed_modules import version

    rows = []
    for name, backend in sorted(plugins.backends().items()):
        missing = plugins.missing_modules(backend)
        versions = {m: version(m) or "?" for m in backend.requires if m not in missing}
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
