"""Render the page: one HTML file whose content security policy forbids every request."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gankit import __version__
from gankit._text import printable_lines
from gankit._utils.paths import given
from gankit.errors import ConfigError
from gankit.report.curves import charts, loss_table, measured_by, metric_table
from gankit.report.embedded_images import GRID_BYTES, MOST_GRIDS
from gankit.report.histogram import histogram
from gankit.report.run_data import RunData, names_of, read_run_data
from gankit.report.section import Section
from gankit.report.tables import configuration, environment, metrics
from gankit.runs.evaluation_log import of_one_kind

if TYPE_CHECKING:
    from jinja2 import Environment

    from gankit.launch.run import Run

STYLES = ("page.css", "parts.css")
SCRIPTS = ("scales.js", "chart.js", "charts.js", "sample_grids.js", "page.js")
FEWEST_GRIDS = 12
"""The most grids of each run on a page of many runs."""
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
    """The parts of a page that make images: panes, each of one network, styles and scripts."""

    panes: tuple[Pane, ...] = ()
    styles: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()

    @property
    def grid_bytes(self) -> int:
        """The most bytes of a run's grids, before base64 adds a third."""
        if not self.panes:
            return GRID_BYTES
        payloads = sum(len(json.dumps(pane.payload)) for pane in self.panes)
        left = max(0, PAGE_BYTES - OTHER_BYTES - payloads)
        return min(GRID_BYTES, left * 3 // 4 // len({pane.run for pane in self.panes}))


def render(
    folders: Sequence[Path],
    *,
    title: str = "",
    sections: Sequence[Section] = (),
    explore: bool = False,
    backend: str | None = None,
    watched: str = "",
    network: str | None = None,
) -> str:
    """Return an HTML page about one run, or about several side by side.

    Parameters
    ----------
    folders
        The folders of the runs.
    title
        The heading; by default the runs' names.
    sections
        Additional tables, near the top.
    explore
        Whether the page can generate images in the browser; this loads the runs.
    backend
        The backend that loads them; by default the one that trained each run.
    watched
        A mark of the runs' files, for a page that `gankit.report.watch` serves and that renews
        itself when the mark changes; by default it does not.
    network
        The network that `explore` shows; None, the default, for the generator and each further one
        that makes images of images.

    Returns
    -------
    str
        HTML whose only addresses are `data:` URLs, and "/mark" if it is watched; it can be encoded
        as UTF-8.

    Raises
    ------
    CheckpointError
        A folder contains no run. Damaged parts of a run are reported in the page instead.
    ConfigError
        There are no folders, or a network cannot be explored: see
        `gankit.report.explorer.payload`.
    """
    runs, explorer = read_runs(folders, explore=explore, backend=backend, network=network)
    return page(runs, title, sections, explorer, watched)


def read_runs(
    folders: Sequence[Path],
    *,
    explore: bool,
    backend: str | None,
    device: str | None = None,
    network: str | None = None,
) -> tuple[list[RunData], ExplorerParts]:
    """Read the runs, and load their networks with `explore`; `network` as in `render`.

    A page of many runs or with networks has fewer grids of each run.
    """
    folders = [given(folder, "folders") for folder in folders]
    if not folders:
        raise ConfigError("folders: got no runs; expected the folder of at least one run")
    explorer = ExplorerParts()
    if explore:
        explorer = explorer_parts(folders, backend, device, network)
    most = max(FEWEST_GRIDS, MOST_GRIDS // max(1, (len(folders) + 1) // 2))
    named = zip(folders, names_of(folders), strict=True)
    runs = [read_run_data(path, name, most, explorer.grid_bytes) for path, name in named]
    return _with_evaluations_of_one_kind(runs), explorer


def _with_evaluations_of_one_kind(runs: Sequence[RunData]) -> list[RunData]:
    """Return the runs without evaluations that cannot be shown beside those of other runs."""
    shown = of_one_kind([run.evaluations for run in runs])
    return [
        dataclasses.replace(run, evaluations=tuple(rows))
        for run, rows in zip(runs, shown, strict=True)
    ]


def _joined(names: Sequence[str]) -> str:
    """Return names as a list in a sentence.

    >>> _joined("a"), _joined("ab"), _joined("abc")
    ('a', 'a and b', 'a, b and c')
    """
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def page(
    runs: Sequence[RunData],
    title: str,
    sections: Sequence[Section],
    explorer: ExplorerParts,
    watched: str = "",
) -> str:
    """Return the page of `runs`, as `read_runs` returns them; other arguments as in `render`."""
    styles = [*map(_static, STYLES), *explorer.styles]
    scripts = [*map(_static, SCRIPTS), *explorer.scripts]
    if watched:
        scripts.append(_static("watch.js"))
    style, script = "\n".join(styles), "\n".join(scripts)
    template = _templates().get_template("page.html.j2")
    return template.render(
        title=title or _joined([run.name for run in runs]),
        version=__version__,
        policy=_policy(style, script, watched=bool(watched)),
        watched=watched,
        style=style,
        script=script,
        runs=runs,
        sections=sections,
        data=_data(runs),
        loss_tables=[loss_table(run) for run in runs],
        measures=[measured_by(run) for run in runs],
        metric_tables=[metric_table(run) for run in runs],
        metrics=metrics(runs),
        histograms=[histogram(run) for run in runs],
        configuration=configuration(runs),
        environment=environment(runs),
        panes=explorer.panes,
        networks=_joined(list(dict.fromkeys(pane.words for pane in explorer.panes))),
    )


def _data(runs: Sequence[RunData]) -> dict[str, Any]:
    """Return the data that the page's scripts draw."""
    return {
        "runs": [
            {
                "name": run.name,
                "steps": run.steps,
                "grids": [{"step": p.step, "uri": p.uri} for p in run.grids.shown],
                "warnings": [warned.step for warned in run.warnings],
            }
            for run in runs
        ],
        "charts": charts(runs),
    }


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
            panes += _panes(load(folder, backend, device=device), number, network, most)
        except ConfigError as error:
            remedy = ", or write a page for each run" if len(folders) > 1 else ""
            raise ConfigError(f"{folder}: {error}{remedy}") from None
    return ExplorerParts(
        tuple(panes),
        tuple(map(_static, explorer.STYLES)),
        tuple(map(_static, explorer.SCRIPTS)),
    )


def _panes(run: Run, number: int, network: str | None, most: int) -> Iterator[Pane]:
    """Yield the panes of a run, whose weights together take at most `most` bytes."""
    from gankit.report import explorer

    names = explorer.explored(run, network)
    for name in names:
        title = name if len(names) > 1 else ""
        yield Pane(number, title, explorer.payload(run, network=name, most=most))
        most -= explorer.weight_bytes(run.problem, name)


def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("gankit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def shown(value: object) -> object:
    """Return a value, such as a path, as printable text; markup is returned unchanged."""
    # Markup comes from gankit's own templates, and its values were passed to this function.
    return value if hasattr(value, "__html__") else printable_lines(value)


def _static(name: str) -> str:
    return (resources.files("gankit.report") / "static" / name).read_text("utf-8")


def _policy(style: str, script: str, *, watched: bool) -> str:
    """Return the content security policy: only this style, this script and embedded images.

    A watched page may also ask its own server.
    """
    asked = "connect-src 'self'; " if watched else ""
    return (
        f"default-src 'none'; img-src data:; {asked}style-src {_digest(style)}; "
        f"script-src {_digest(script)}; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return f"'sha256-{digest}'"
