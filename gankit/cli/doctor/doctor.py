"""Diagnose this machine.

Each check is guarded: an error in one becomes a finding, and the others continue.
"""

from __future__ import annotations

from dataclasses import dataclass

import gankit
from gankit.cli.doctor import datasets, environment_variables, folders
from gankit.cli.doctor.datasets import DatasetReport
from gankit.cli.doctor.environment_variables import Variable
from gankit.cli.doctor.finding import Finding, guarded
from gankit.cli.doctor.folders import Folder
from gankit.cli.doctor.machine import Machine, machine
from gankit.cli.doctor.plugins import (
    MOST_SECONDS,
    BackendReport,
    InstalledPlugins,
    device_findings,
    framework_findings,
    inspect_backends,
    load_installed,
)
from gankit.errors import ExitCode
from gankit.plugins import Plugin
from gankit.runs.environment import libraries

__all__ = [
    "BackendReport",
    "DatasetReport",
    "Diagnosis",
    "Finding",
    "Folder",
    "Machine",
    "Variable",
    "diagnose",
]


@dataclass(frozen=True)
class Diagnosis:
    """The result of `gankit doctor`.

    Attributes
    ----------
    gankit
        The version of gankit.
    machine
        Facts about the machine; None if it could not be inspected.
    libraries
        Installed versions of the libraries that gankit and its plugins may need, by name.
    plugins, backends, folders, datasets, variables
        Reports, in the order in which they were found.
    findings
        Problems: settings first, then plugins and backends, storage, data.
    """

    gankit: str
    machine: Machine | None
    libraries: dict[str, str]
    plugins: list[Plugin]
    backends: list[BackendReport]
    folders: list[Folder]
    datasets: list[DatasetReport]
    variables: list[Variable]
    findings: list[Finding]

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the first problem, or OK."""
        return self.findings[0].exit_code if self.findings else ExitCode.OK


def diagnose(*, quick: bool = False, limit: float = MOST_SECONDS) -> Diagnosis:
    """Run all checks, without raising an error.

    Parameters
    ----------
    quick
        Whether to leave out checks that import a framework or read a data set.
    limit
        Time limit in seconds of each child process.
    """
    wrong: list[Finding] = []
    set_here: list[Variable] = guarded(
        "environment variables", environment_variables.variables, [], wrong
    )
    wrong += guarded("environment variables", environment_variables.findings, [], wrong)
    found = guarded("plugins", lambda: load_installed(limit), InstalledPlugins([], [], []), wrong)
    reports = found.backends
    if not quick:
        reports = guarded(
            "backends", lambda: inspect_backends(found.backends, limit), reports, wrong
        )
    wrong += device_findings(reports)
    wrong += _without_consequences(found.findings + _new(reports, found), wrong)
    places: list[Folder] = guarded("folders", folders.folders, [], wrong)
    wrong += folders.findings(places)
    sets: list[DatasetReport] = []
    if not quick:
        sets = guarded("data sets", datasets.datasets, sets, wrong)
    wrong += guarded("data sets", lambda: datasets.findings(sets), [], wrong)
    return Diagnosis(
        gankit=gankit.__version__,
        machine=guarded("machine", machine, None, wrong),
        libraries=guarded("libraries", libraries, {}, wrong),
        plugins=found.plugins,
        backends=reports,
        folders=places,
        datasets=sets,
        variables=set_here,
        findings=wrong,
    )


def _new(reports: list[BackendReport], found: InstalledPlugins) -> list[Finding]:
    """Return the problems of frameworks whose subjects have no earlier finding."""
    known = {finding.subject for finding in found.findings}
    return [finding for finding in framework_findings(reports) if finding.subject not in known]


def _without_consequences(findings: list[Finding], wrong: list[Finding]) -> list[Finding]:
    """Return the findings that do not follow from a setting with its own finding."""
    causes = [finding.subject for finding in wrong]
    return [f for f in findings if not any(cause in f.problem for cause in causes)]
