"""Reports about plugins and backends, and facts from the backends' frameworks."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gankit._text import plain
from gankit._utils.child_process import Message, answers, command
from gankit.cli.doctor.finding import Finding
from gankit.errors import ExitCode
from gankit.launch.devices import VARIABLE
from gankit.plugins import Plugin

ANSWERS = "gankit.cli.doctor.subprocess_answers"
MOST_SECONDS = 60.0
"""The most seconds of a child process; importing a framework from a cold disk can take twenty."""
LEFT_OUT = " is left out: "
"""Text between the plugin and the reason in `plugins.PluginWarning`."""


@dataclass(frozen=True)
class BackendReport:
    """A backend and the state of its framework.

    Attributes
    ----------
    name
        Name for `--backend`.
    usable
        Whether no module is missing and no fault was found.
    missing
        Required modules that are not installed.
    remedy
        The backend's advice about missing modules.
    inspects
        Whether it has an `inspect` function.
    facts
        The result of `inspect`; empty if it was not called.
    fault
        The error of the backend, or None.
    device_fault
        Why it does not accept the device in `GANKIT_DEVICE`, or None.
    """

    name: str
    usable: bool
    missing: list[str]
    remedy: str
    inspects: bool
    facts: dict[str, str] = field(default_factory=dict)
    fault: str | None = None
    device_fault: str | None = None


@dataclass(frozen=True)
class InstalledPlugins:
    """All plugins and backends, and their problems."""

    plugins: list[Plugin]
    backends: list[BackendReport]
    findings: list[Finding]


def load_installed(limit: float = MOST_SECONDS) -> InstalledPlugins:
    """Load all plugins in a child process, and return them with their backends."""
    answer = _ask(["plugins"], limit=limit)[0]
    if "fault" in answer:
        return InstalledPlugins([], [], [_no_plugins(answer)])
    found = [Plugin(**row) for row in answer["plugins"]]
    findings = [_left_out(str(p), p.fault) for p in found if p.fault]
    for complaint in answer["complaints"]:
        plugin, _, fault = complaint.partition(LEFT_OUT)
        if plain(plugin) not in {finding.subject for finding in findings}:
            findings.append(_left_out(plugin, fault))
    reports = [_report(row) for row in answer["backends"]]
    findings += [_broken(r, r.remedy or "upgrade or uninstall it") for r in reports if r.fault]
    return InstalledPlugins(found, reports, findings)


def inspect_backends(
    reports: Sequence[BackendReport], limit: float = MOST_SECONDS
) -> list[BackendReport]:
    """Inspect each usable backend in a child process; return the reports with its facts."""
    names = [report.name for report in reports if report.usable and report.inspects]
    found = _ask(*(["backend", name] for name in names), limit=limit)
    answer_of = dict(zip(names, found, strict=True))
    return [_with_answer(r, answer_of[r.name]) if r.name in answer_of else r for r in reports]


def framework_findings(reports: Sequence[BackendReport]) -> list[Finding]:
    """Return the problems of inspecting the frameworks."""
    return [
        _broken(r, f"to reproduce: {shlex.join(command(ANSWERS, ['backend', r.name]))}")
        for r in reports
        if r.fault and not r.missing
    ]


def device_findings(reports: Sequence[BackendReport]) -> list[Finding]:
    """Return a finding if no usable backend accepts the device in `GANKIT_DEVICE`."""
    usable = [report for report in reports if report.usable]
    faults = [f"{r.name}: {r.device_fault}" for r in usable if r.device_fault]
    if not faults or len(faults) < len(usable):
        return []
    remedy = "set it to a device that a backend above has, or unset it"
    return [Finding(VARIABLE, "; ".join(faults), remedy, ExitCode.USAGE)]


def _report(row: dict[str, Any]) -> BackendReport:
    usable = not row["missing"] and row["fault"] is None
    return BackendReport(usable=usable, **row)


def _ask(*questions: list[str], limit: float) -> list[Message]:
    """Return the answer of a child process for each question, or its fault."""
    return answers(ANSWERS, *questions, limit=limit, without=["GANKIT_STRICT_PLUGINS"])


def _with_answer(report: BackendReport, answer: Message) -> BackendReport:
    fault, facts = answer.get("fault"), answer.get("facts", {})
    device_fault = answer.get("device_fault")
    return replace(
        report, facts=facts, fault=fault, usable=fault is None, device_fault=device_fault
    )


def _broken(report: BackendReport, remedy: str) -> Finding:
    subject = f"backend {report.name!r}"
    return Finding(subject, plain(report.fault), remedy, ExitCode.BACKEND)


def _left_out(plugin: str, fault: str | None) -> Finding:
    distribution = plugin.rpartition(" of ")[2].partition(" ")[0]
    remedy = "upgrade or uninstall it"
    if distribution and distribution != "?":
        remedy += f": pip install --upgrade {distribution}"
    return Finding(plain(plugin), f"it is left out: {plain(fault)}", remedy, ExitCode.BACKEND)


def _no_plugins(answer: Message) -> Finding:
    remedy = (
        "uninstall the plugin named here; until then, all commands that use plugins fail. "
        f"To reproduce: {shlex.join(command(ANSWERS, ['plugins']))}"
    )
    return Finding("plugins", plain(answer["fault"]), remedy, ExitCode.BACKEND)
