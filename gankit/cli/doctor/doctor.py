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
    Offered,
    asked,
    device_findings,
    framework_findings,
    offered,
)
from gankit.errors import ExitCode
from gankit.plugins import Plugin
from gankit.runs.environment import libraries

__all__ = [
    "BackendReport", "DatasetReport", "Diagnosis", "Finding", "Folder", "Machine", "Variable",
    "diagnose",
]  # fmt: skip


@dataclass(frozen=True)
class Diagnosis:
    """Everything the doctor found.

    Attributes
    ----------
    gankit
        Its version.
    machine
        None if it could not be inspected.
    libraries
        Installed versions of what gankit and its plugins may need, by name.
    plugins, backends, folders, datasets, variables
        In the order in which they were found.
    findings
        What is wrong: settings first, then plugins and backends, storage, data.
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
        """The first finding's, or OK."""
        return self.findings[0].exit_code if self.findings else ExitCode.OK


def diagnose(*, quick: bool = False, limit: float = MOST_SECONDS) -> Diagnosis:
    """Run all checks; raises nothing.

    Parameters
    ----------
    quick
        Import no framework, and read no data set.
    limit
        Time limit in seconds of each child process.
    """
    wrong: list[Finding] = []
    set_here: list[Variable] = guarded(
        "environment variables", environment_variables.variables, [], wrong
    )
    wrong += guarded("environment variables", environment_variables.findings, [], wrong)
    found = guarded("plugins", lambda: offered(limit), Offered([], [], []), wrong)
    reports = found.backends
    if not quick:
        reports = guarded("backends", lambda: asked(found.backends, limit), reports, wrong)
    wrong += device_findings(reports)
    wrong += _not_yet_named(found.findings + _new(reports, found), wrong)
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
        plugins=found.plugins, backends=reports, folders=places, datasets=sets,
        variables=set_here, findings=wrong,
    )  # fmt: skip


def _new(reports: list[BackendReport], found: Offered) -> list[Finding]:
    """Return what is wrong with the frameworks and was not already found before."""
    known = {finding.subject for finding in found.findings}
    return [finding for finding in framework_findings(reports) if finding.subject not in known]


def _not_yet_named(findings: list[Finding], wrong: list[Finding]) -> list[Finding]:
    """Drop findings that only follow from a setting that has its own finding."""
    causes = [finding.subject for finding in wrong]
    return [f for f in findings if not any(cause in f.problem for cause in causes)]
