"""What the doctor finds on this machine.

Every look is guarded: whatever goes wrong in one becomes a finding, and the others go on.
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
    """Everything that was found.

    Attributes
    ----------
    gankit
        Its version.
    machine
        None where it could not be looked at.
    libraries
        Installed versions by name, of what gankit and its plugins may need.
    plugins, backends, folders, datasets, variables
        In the order in which they are found.
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
    """Look at everything; raises nothing.

    Parameters
    ----------
    quick
        Import no framework, and read no data set.
    limit
        Seconds that each question to plugins and backends may take.
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
    """Return what is wrong with the frameworks and was not known before they were asked."""
    known = {finding.subject for finding in found.findings}
    return [finding for finding in framework_findings(reports) if finding.subject not in known]


def _not_yet_named(findings: list[Finding], wrong: list[Finding]) -> list[Finding]:
    """Leave out what only follows from a setting that is named already."""
    causes = [finding.subject for finding in wrong]
    return [f for f in findings if not any(cause in f.problem for cause in causes)]
