"""Render the page: one HTML file with a policy that forbids every request."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gankit import __version__
from gankit._text import printable_lines
from gankit._utils.paths import given
from gankit.errors import ConfigError
from gankit.report.curves import charts, measured_by, points, spans
from gankit.report.embedded_images import BUDGET, MOST
from gankit.report.histogram import histogram
from gankit.report.run_data import Gathered, gather, names_of
from gankit.report.section import Section
from gankit.report.tables import configuration, environment, figures

if TYPE_CHECKING:
    from jinja2 import Environment

STYLES = ("page.css", "parts.css")
SCRIPTS = ("scales.js", "chart.js", "charts.js", "sample_grids.js", "page.js")
FEWEST = 12
"""Grids of each run where there are many runs."""
LIMIT = 10_000_000
"""Bytes of a page that carries generators."""
REST = 800_000
"""Bytes of it that are neither weights nor grids: scripts, curves, nearest images."""


@dataclass(frozen=True)
class Exploring:
    """What a page needs to generate images: a payload for each run, styles and scripts."""

    payloads: tuple[dict[str, Any], ...] = ()
    styles: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()

    @property
    def room(self) -> int:
        """Bytes left for grids in the page, before base64 adds a third."""
        if not self.payloads:
            return BUDGET
        taken = sum(len(json.dumps(payload)) for payload in self.payloads)
        return min(BUDGET, max(0, (LIMIT - REST - taken) * 3 // 4 // len(self.payloads)))


def render(
    folders: Sequence[Path],
    *,
    title: str = "",
    sections: Sequence[Section] = (),
    explore: bool = False,
    backend: str | None = None,
) -> str:
    """Return one HTML page about one run, or several side by side.

    Parameters
    ----------
    folders
        Those of the runs.
    title
        Its heading; by default the runs' names.
    sections
        More tables, near the top.
    explore
        Whether the page can make images by itself; the runs are then loaded.
    backend
        What loads them; by default the backend that trained each.

    Returns
    -------
    str
        HTML without any address but its own `data:` ones; it can be encoded as UTF-8.

    Raises
    ------
    CheckpointError
        A folder holds no run. Damaged parts of a run are reported in the page instead.
    ConfigError
        There are no folders; or a run cannot be explored, as `gankit.report.explorer` has it.
    """
    runs, explorer = gathered(folders, explore=explore, backend=backend)
    return page(runs, title, sections, explorer)


def gathered(
    folders: Sequence[Path], *, explore: bool, backend: str | None, device: str | None = None
) -> tuple[list[Gathered], Exploring]:
    """Read the runs; with more runs or with generators, fewer grids of each."""
    folders = [given(folder, "folders") for folder in folders]
    if not folders:
        raise ConfigError("a page of no runs is none; name the folder of a run")
    explorer = exploring(folders, backend, device) if explore else Exploring()
    most = max(FEWEST, MOST // max(1, (len(folders) + 1) // 2))
    named = zip(folders, names_of(folders), strict=True)
    return [gather(path, name, most, explorer.room) for path, name in named], explorer


def page(
    runs: Sequence[Gathered], title: str, sections: Sequence[Section], explorer: Exploring
) -> str:
    """Return the page of runs that were read."""
    styles = [*map(_static, STYLES), *explorer.styles]
    scripts = [*map(_static, SCRIPTS), *explorer.scripts]
    style, script = "\n".join(styles), "\n".join(scripts)
    return _templates().get_template("page.html.j2").render(
        title=title or " and ".join(run.name for run in runs),
        version=__version__,
        policy=_policy(style, script),
        style=style,
        script=script,
        runs=runs,
        sections=sections,
        data=_data(runs),
        spans=[spans(run) for run in runs],
        measures=[measured_by(run) for run in runs],
        points=[points(run) for run in runs],
        figures=figures(runs),
        histograms=[histogram(run) for run in runs],
        configuration=configuration(runs),
        environment=environment(runs),
        payloads=explorer.payloads,
    )  # fmt: skip


def _data(runs: Sequence[Gathered]) -> dict[str, Any]:
    """Return what the scripts draw."""
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


def exploring(folders: Sequence[Path], backend: str | None, device: str | None) -> Exploring:
    """Load the runs, and return what generates their images in a page; they share its bytes."""
    from gankit.api import load
    from gankit.report import explorer

    most, payloads = explorer.MOST // max(1, len(folders)), []
    for folder in folders:
        try:
            payloads.append(explorer.payload(load(folder, backend, device=device), most=most))
        except ConfigError as error:
            shared = ", or explore one run a page" if len(folders) > 1 else ""
            raise ConfigError(f"{folder}: {error}{shared}") from None
    return Exploring(
        tuple(payloads),
        tuple(map(_static, explorer.STYLES)),
        tuple(map(_static, explorer.SCRIPTS)),
    )


def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("gankit.report"), autoescape=True, undefined=StrictUndefined,
        finalize=shown, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip


def shown(value: object) -> object:
    """Return a value as printable text, such as a path."""
    # Markup is a part of the page that has been through here already, or is gankit's own.
    return value if hasattr(value, "__html__") else printable_lines(value)


def _static(name: str) -> str:
    return (resources.files("gankit.report") / "static" / name).read_text("utf-8")


def _policy(style: str, script: str) -> str:
    """Return the page's policy: its own style and script, embedded pictures, nothing else."""
    return (
        f"default-src 'none'; img-src data:; style-src {_digest(style)}; "
        f"script-src {_digest(script)}; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return f"'sha256-{digest}'"
