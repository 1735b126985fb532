"""A page that only makes images, with the networks of one run."""

from __future__ import annotations

from gankit.errors import ConfigError, shown
from gankit.launch.run import Run
from gankit.report import explorer
from gankit.report.panes import ExplorerParts, panes_of
from gankit.report.template import filled


def render_explorer(run: Run, *, title: str, name: str = "RUN") -> str:
    """Return an HTML page that makes images with a run's generator in the browser.

    Parameters
    ----------
    run
        The run; it may be in memory, such as `gankit.load("pretrained:digits")`.
    title
        The heading.
    name
        The run's name in the commands of the page, such as "pretrained:digits"; "RUN" by default.

    Returns
    -------
    str
        HTML whose only addresses are `data:` URLs; it can be encoded as UTF-8.

    Raises
    ------
    ConfigError
        `run` is something else, or a network cannot be explored: see
        `gankit.report.explorer.payload`.
    """
    if not isinstance(run, Run):
        raise ConfigError(f"run: got {shown(run)}; expected a run, such as gankit.load(folder)")
    panes = tuple(panes_of(run, 0, None, explorer.MOST_WEIGHT_BYTES, name))
    parts = ExplorerParts(panes, explorer.STYLES, explorer.SCRIPTS)
    return filled(
        "explorer.html.j2",
        ["page.css", *parts.styles],
        [*parts.scripts, "page.js"],
        title=title,
        panes=panes,
        networks=parts.networks,
        data={"runs": [], "charts": []},
    )
