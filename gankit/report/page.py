"""The page about one run or several: samples, curves, metrics, settings, and panes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from gankit._utils.field_types import as_tuple
from gankit._utils.paths import Given, given
from gankit.errors import ConfigError
from gankit.report.curves import charts, loss_table, measured_by, metric_table
from gankit.report.embedded_images import MOST_GRIDS
from gankit.report.histogram import histogram
from gankit.report.panes import ExplorerParts, explorer_parts, joined
from gankit.report.run_data import RunData, names_of, read_run_data
from gankit.report.section import Section
from gankit.report.tables import configuration, environment, metrics
from gankit.report.template import filled
from gankit.runs.evaluation_log import of_one_kind

STYLES = ("page.css", "parts.css")
SCRIPTS = ("scales.js", "chart.js", "charts.js", "sample_grids.js", "page.js")
FEWEST_GRIDS = 12
"""The most grids of each run on a page of many runs."""


def render(
    folders: Sequence[Given] | Given,
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
        The folders of the runs, or the folder of one.
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
        There are no folders, a value is no path, or a network cannot be explored: see
        `gankit.report.explorer.payload`.
    """
    runs, explorer = read_runs(folders, explore=explore, backend=backend, network=network)
    return page(runs, title, sections, explorer, watched)


def read_runs(
    folders: Sequence[Given] | Given,
    *,
    explore: bool,
    backend: str | None,
    device: str | None = None,
    network: str | None = None,
) -> tuple[list[RunData], ExplorerParts]:
    """Read the runs, and load their networks with `explore`; `network` as in `render`.

    A page of many runs or with networks has fewer grids of each run.
    """
    places = [given(folder, "folders") for folder in as_tuple(folders)]
    if not places:
        raise ConfigError("folders: got no runs; expected the folder of at least one run")
    explorer = ExplorerParts()
    if explore:
        explorer = explorer_parts(places, backend, device, network)
    most = max(FEWEST_GRIDS, MOST_GRIDS // max(1, (len(places) + 1) // 2))
    named = zip(places, names_of(places), strict=True)
    runs = [read_run_data(path, name, most, explorer.grid_bytes) for path, name in named]
    return _with_evaluations_of_one_kind(runs), explorer


def _with_evaluations_of_one_kind(runs: Sequence[RunData]) -> list[RunData]:
    """Return the runs without evaluations that cannot be shown beside those of other runs."""
    shown = of_one_kind([run.evaluations for run in runs])
    return [
        dataclasses.replace(run, evaluations=tuple(rows))
        for run, rows in zip(runs, shown, strict=True)
    ]


def page(
    runs: Sequence[RunData],
    title: str,
    sections: Sequence[Section],
    explorer: ExplorerParts,
    watched: str = "",
) -> str:
    """Return the page of `runs`, as `read_runs` returns them; other arguments as in `render`."""
    return filled(
        "page.html.j2",
        [*STYLES, *explorer.styles],
        [*SCRIPTS, *explorer.scripts, *(["watch.js"] if watched else [])],
        watched=watched,
        title=title or joined([run.name for run in runs]),
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
        networks=explorer.networks,
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
