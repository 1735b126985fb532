"""`gankit doctor`."""

from __future__ import annotations

import dataclasses
import json
import shutil
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from gankit.cli.options import as_json, say, show

if TYPE_CHECKING:
    from gankit.cli.doctor.doctor import BackendReport, DatasetReport, Diagnosis, Folder, Machine
    from gankit.plugins import Plugin

NARROWEST, WIDEST = 40, 100
LABEL = 16
"""Columns of the labels on the left."""


@click.command("doctor")
@as_json
@click.option("--quick", is_flag=True, help="Import no framework and read no data set.")
def command(as_json: bool, quick: bool) -> int:
    """Diagnose this machine: print what gankit finds, and what is wrong.

    Prints versions, processors and memory, plugins, each backend's devices, threads and
    determinism, folders and free space, data sets, and environment variables. Plugins and
    frameworks run in child processes, so that a crash or hang is reported.

    The exit code is 0 if nothing is wrong, else that of the first finding: 2 for settings, 5
    for a plugin or backend, 7 for storage, 3 for a damaged data set. A framework that is not
    installed is not a finding.
    """
    from gankit.cli.doctor.doctor import diagnose

    if not quick:
        say("inspecting each framework in a child process; this takes some seconds")
    diagnosis = diagnose(quick=quick)
    if as_json:
        said = dataclasses.asdict(diagnosis) | {"exit_code": diagnosis.exit_code}
        click.echo(json.dumps(said, indent=1))
    else:
        _show(diagnosis)
    return diagnosis.exit_code


def _show(found: Diagnosis) -> None:
    """Print the diagnosis in sections."""
    _line(f"gankit {found.gankit}")
    _section("Machine", _machine(found.machine) if found.machine else [])
    _section("Libraries", [("", ", ".join(f"{n} {v}" for n, v in found.libraries.items()))])
    _section("Plugins", [(plugin.name, _plugin(plugin)) for plugin in found.plugins])
    _section("Backends", [row for backend in found.backends for row in _backend(backend)])
    _section("Folders", [(folder.role, _folder(folder)) for folder in found.folders])
    _section("Data sets", [(dataset.name, _dataset(dataset)) for dataset in found.datasets])
    _heading("Environment")
    for variable in found.variables:
        _wrapped(f"{variable.name}={variable.value}", "  ")
        _wrapped(variable.effect, " " * (LABEL + 2))
    if not found.variables:
        _wrapped("no variable that changes numbers or behaviour is set", "  ")
    _findings(found)


def _findings(found: Diagnosis) -> None:
    _heading("Findings")
    if not found.findings:
        _wrapped("nothing is wrong", "  ")
    for number, finding in enumerate(found.findings, start=1):
        _wrapped(f"{number}. {finding.subject}: {finding.problem}", "  ", " " * 5)
        _wrapped(f"-> {finding.remedy}", " " * 5, " " * 8)


def _machine(machine: Machine) -> Iterable[tuple[str, str]]:
    quota = f", {machine.cpu_quota:g} processors' time allowed" if machine.cpu_quota else ""
    limit = machine.memory_limit_bytes
    yield "python", f"{machine.python}, {machine.executable}"
    yield "platform", machine.platform
    yield "processors", f"{machine.cpus or '?'}, {machine.usable_cpus or '?'} usable{quota}"
    yield "memory", _bytes(machine.memory_bytes) + (f", {_bytes(limit)} allowed" if limit else "")


def _plugin(plugin: Plugin) -> str:
    fault = f", left out: {plugin.fault}" if plugin.fault else ""
    return f"{plugin.distribution} {plugin.version}{fault}"


def _backend(backend: BackendReport) -> Iterable[tuple[str, str]]:
    if backend.missing:
        remedy = f"; {backend.remedy}" if backend.remedy else ""
        yield backend.name, f"not installed: needs {', '.join(backend.missing)}{remedy}"
        return
    yield backend.name, f"cannot be used: {backend.fault}" if backend.fault else "ready"
    widest = max(map(len, backend.facts), default=0)
    for name, value in backend.facts.items():
        yield "", f"{name:<{widest}}  {value}"


def _folder(folder: Folder) -> str:
    size = f"{'' if folder.complete else 'more than '}{_bytes(folder.bytes)}"
    parts = [
        folder.path,
        "" if folder.exists else "not there yet",
        size if folder.exists and folder.bytes is not None else "",
        _many(folder.runs, "run") if folder.role == "runs" else "",
        _many(folder.unfinished, "unfinished file") if folder.unfinished else "",
        f"{_bytes(folder.free_bytes)} free",
        f"cannot be written: {folder.trouble}" if folder.trouble else "",
    ]
    return ", ".join(part for part in parts if part)


def _dataset(dataset: DatasetReport) -> str:
    if dataset.state == "built in":
        return "drawn by gankit, needs no files"
    if dataset.state == "not here":
        return f"not here: gankit data fetch {dataset.name}"
    where = f"in {', '.join(dataset.places)}"
    if dataset.state == "complete":
        return f"complete and verified, {where}"
    return f"{dataset.verified} of {dataset.files} files, {where}: gankit data fetch {dataset.name}"


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _bytes(count: int | None) -> str:
    if count is None:
        return "?"
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def _section(title: str, rows: Iterable[tuple[str, str]]) -> None:
    """Print a heading and rows of a label and a value, if there are any."""
    rows = list(rows)
    if not rows:
        return
    _heading(title)
    deep = "  " + " " * (LABEL if any(label for label, _ in rows) else 0)
    for label, value in rows:
        first = f"  {label:<{LABEL - 1}} " if label else deep
        _wrapped(value, first, deep)


def _heading(title: str) -> None:
    click.echo()
    click.secho(title, bold=True)


def _wrapped(text: str, first: str, rest: str | None = None) -> None:
    """Print text wrapped to the terminal, without breaking paths and commands if possible."""
    width = max(NARROWEST, min(shutil.get_terminal_size().columns, WIDEST))
    rest = first if rest is None else rest
    lines = textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=rest, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
    for line in lines or [first]:
        _line(line)


def _line(text: str) -> None:
    """Print a line, also with characters that the terminal's encoding lacks."""
    show(text)
