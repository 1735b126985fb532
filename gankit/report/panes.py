"""The panes of a page that makes images in the browser, each of one network."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gankit.errors import ConfigError
from gankit.report.embedded_images import GRID_BYTES

if TYPE_CHECKING:
    from gankit.launch.run import Run

PAGE_BYTES = 10_000_000
"""The most bytes of a page with generators."""
OTHER_BYTES = 800_000
"""Bytes of that page that are neither weights nor grids: scripts, curves, nearest images."""


@dataclass(frozen=True)
class Pane:
    """A network that a page explores.

    Attributes
    ----------
    run
        The number of its run in the page.
    network
        Its name, if the page explores several networks of the run; else empty.
    payload
        Its data, of `gankit.report.explorer.payload`.
    """

    run: int
    network: str
    payload: dict[str, Any]

    @property
    def words(self) -> str:
        """What it shows, for a sentence."""
        name = self.payload["network"]
        return f"the network {name}" if name else "the generator"


@dataclass(frozen=True)
class ExplorerParts:
    """The parts of a page that make images: panes, each of one network, styles and scripts.

    Styles and scripts are paths in the folder `static`.
    """

    panes: tuple[Pane, ...] = ()
    styles: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()

    @property
    def networks(self) -> str:
        """The networks of all panes, for a sentence."""
        return joined(list(dict.fromkeys(pane.words for pane in self.panes)))

    @property
    def grid_bytes(self) -> int:
        """The most bytes of a run's grids, before base64 adds a third."""
        if not self.panes:
            return GRID_BYTES
        payloads = sum(len(json.dumps(pane.payload)) for pane in self.panes)
        left = max(0, PAGE_BYTES - OTHER_BYTES - payloads)
        return min(GRID_BYTES, left * 3 // 4 // len({pane.run for pane in self.panes}))


def explorer_parts(
    folders: Sequence[Path], backend: str | None, device: str | None, network: str | None = None
) -> ExplorerParts:
    """Load the runs, and return the parts of a page that make images with their networks.

    The networks share the bytes of one page.
    """
    from gankit.api import load
    from gankit.report import explorer

    most = explorer.MOST_WEIGHT_BYTES // max(1, len(folders))
    panes: list[Pane] = []
    for number, folder in enumerate(folders):
        try:
            panes += panes_of(load(folder, backend, device=device), number, network, most)
        except ConfigError as error:
            remedy = ", or write a page for each run" if len(folders) > 1 else ""
            raise ConfigError(f"{folder}: {error}{remedy}") from None
    return ExplorerParts(tuple(panes), explorer.STYLES, explorer.SCRIPTS)


def panes_of(
    run: Run, number: int, network: str | None, most: int, run_name: str = "RUN"
) -> Iterator[Pane]:
    """Yield the panes of a run, whose weights together take at most `most` bytes.

    `run_name` is the run's name in the commands of the page.
    """
    from gankit.report import explorer

    names = explorer.explored(run, network)
    for name in names:
        title = name if len(names) > 1 else ""
        yield Pane(number, title, explorer.payload(run, network=name, most=most, run_name=run_name))
        most -= explorer.weight_bytes(run.problem, name)


def joined(names: Sequence[str]) -> str:
    """Return names as a list in a sentence.

    >>> joined("a"), joined("ab"), joined("abc")
    ('a', 'a and b', 'a, b and c')
    """
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
