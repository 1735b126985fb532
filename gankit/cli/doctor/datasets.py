"""Reports about gankit's own data sets on this machine, verified by published checksums."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gankit._text import plain
from gankit.cli.doctor.finding import Finding
from gankit.data import BUILTIN, Dataset, locations
from gankit.errors import ExitCode


@dataclass(frozen=True)
class DatasetReport:
    """A report about a data set.

    Attributes
    ----------
    name
        Name for `--dataset`.
    state
        "built in", "complete", "partly here" or "not here".
    files, verified
        Number of files, and of those found and verified.
    places
        The folders of the verified files.
    refused
        Files of the right names with other contents, each with the reason.
    """

    name: str
    state: str
    files: int
    verified: int
    places: list[str]
    refused: dict[str, str]


def datasets() -> list[DatasetReport]:
    """Return a report about each of gankit's own data sets; read all copies, download none."""
    return [report(dataset) for dataset in BUILTIN]


def report(dataset: Dataset) -> DatasetReport:
    """Return a report about a data set."""
    if dataset.verify is None:
        return DatasetReport(dataset.name, "built in", 0, 0, [], {})
    checks = dataset.verify(None)
    verified = {check.file for check in checks if check.ok}
    files = {check.file for check in checks}
    state = "complete" if verified == files else "partly here" if verified else "not here"
    return DatasetReport(
        dataset.name,
        state,
        len(files),
        len(verified),
        sorted({str(Path(check.place).parent) for check in checks if check.ok}),
        {check.place: plain(check.reason) for check in checks if check.place and not check.ok},
    )


def findings(reports: list[DatasetReport]) -> list[Finding]:
    """Return a finding for each damaged file in gankit's cache.

    Files in other folders may belong to other data.
    """
    return [
        Finding(
            f"data set {one.name!r}",
            f"{path} is damaged: {reason}",
            f"remove it, then: gankit data fetch {one.name}",
            ExitCode.DATA,
        )
        for one in reports
        for path, reason in one.refused.items()
        if Path(path).is_relative_to(locations.cache() / one.name)
    ]
