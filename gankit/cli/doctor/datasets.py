"""Data sets: which of gankit's own are on this machine, proved by their published sums."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gankit._text import plain
from gankit.cli.doctor.finding import Finding
from gankit.data import BUILTIN, Dataset, locations
from gankit.errors import ExitCode


@dataclass(frozen=True)
class DatasetReport:
    """A data set, as it was found.

    Attributes
    ----------
    name
        What `--dataset` takes.
    state
        "built in", "whole", "partly here" or "not here".
    files, whole
        How many files it has, and how many of them were found and proved.
    places
        The folders in which those lie.
    refused
        Files of the right names that hold other bytes, each with the reason.
    """

    name: str
    state: str
    files: int
    whole: int
    places: list[str]
    refused: dict[str, str]


def datasets() -> list[DatasetReport]:
    """Return how gankit's own data sets are; reads every copy that it finds, fetches none."""
    return [report(dataset) for dataset in BUILTIN]


def report(dataset: Dataset) -> DatasetReport:
    """Return how one data set is."""
    if dataset.verify is None:
        return DatasetReport(dataset.name, "built in", 0, 0, [], {})
    checks = dataset.verify(None)
    whole = {check.file for check in checks if check.ok}
    files = {check.file for check in checks}
    state = "whole" if whole == files else "partly here" if whole else "not here"
    return DatasetReport(
        dataset.name, state, len(files), len(whole),
        sorted({str(Path(check.place).parent) for check in checks if check.ok}),
        {check.place: plain(check.reason) for check in checks if check.place and not check.ok},
    )  # fmt: skip


def findings(reports: list[DatasetReport]) -> list[Finding]:
    """Return the damaged files in gankit's own cache; elsewhere, other data may have the name."""
    return [
        Finding(
            f"data set {one.name!r}", f"{path} is damaged: {reason}",
            f"remove it, then: gankit data fetch {one.name}", ExitCode.DATA,
        )
        for one in reports
        for path, reason in one.refused.items()
        if Path(path).is_relative_to(locations.cache() / one.name)
    ]  # fmt: skip
