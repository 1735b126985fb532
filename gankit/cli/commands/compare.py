"""`gankit compare`."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gankit._text import counted
from gankit.cli.hints import HintingCommand
from gankit.cli.options import PATH, complete_datasets, complete_recipes, say, show
from gankit.cli.options import as_json as json_option
from gankit.cli.options import data_dir as data_dir_option
from gankit.cli.tables import aligned
from gankit.errors import ConfigError

if TYPE_CHECKING:
    from gankit.config.layering import Source
    from gankit.launch.expected_images import Loaded
    from gankit.launch.resolved_plan import ResolvedPlan

PAGE = "compare.html"
STEPS = 1000
"""Default length: a minute or two for each backend with `simple` or `digits` on two cores."""
FLAGS = ("dataset", "epochs", "steps", "seed", "device")


@click.command("compare", cls=HintingCommand)
@click.option("--recipe", shell_complete=complete_recipes, help="As in `gankit train`.")
@click.option(
    "--backends", required=True, metavar="A,B,...", help="Two or more, such as torch,keras."
)
@click.option("--dataset", shell_complete=complete_datasets, help="As in `gankit train`.")
@data_dir_option
@click.option("--epochs", type=int, help="Length in epochs.")
@click.option("--steps", type=int, help=f"Length in steps  [{STEPS:,}, or the recipe's steps].")
@click.option("--seed", type=int, help="Random seed.")
@click.option("--device", help="As in `gankit train`, on every backend  [GANKIT_DEVICE].")
@click.option(
    "--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Override one setting."
)
@click.option("--out", type=PATH, help="Folder for the runs  [runs/compare].")
@click.option("--no-progress", is_flag=True, help="Print lines instead of a bar.")
@json_option
def command(
    backends: str,
    data_dir: Path | None,
    out: Path | None,
    no_progress: bool,
    as_json: bool,
    **options: Any,  # noqa: ANN401 - click passes each option as it is typed.
) -> int:
    """Train one configuration on several backends and compare the results.

    Trains one backend after the other, each in a child process, into OUT/BACKEND. A run that
    exists is resumed. Then prints the speed of each run, and the differences of its losses,
    weights and images from the first run's. OUT/compare.html shows them with curves and grids.
    """
    from gankit._utils import atomic_files
    from gankit.callbacks.download_bar import downloads_shown
    from gankit.cli.comparison import compare, section
    from gankit.report import render

    out = out or Path("runs/compare")
    with downloads_shown(plain=True if no_progress else None):
        loaded: Loaded = {}
        sources = _sources(options, data_dir, loaded)
        plans = _plans(_names(backends), sources, data_dir, loaded)
    folders = [out / name for name in _folders(plans)]
    _check(out, folders, plans)
    for plan, folder in zip(plans, folders, strict=True):
        if code := _trained(plan, folder, no_progress):
            say(
                f"{folder.name} ended with exit code {code}; nothing is compared; "
                "run the same command again to resume"
            )
            return code
    rows = compare(folders, [folder.name for folder in folders])
    title = f"{plans[0].config.recipe} on {' and '.join(folder.name for folder in folders)}"
    atomic_files.write_file(
        out / PAGE, render(folders, title=title, sections=[section(rows)]).encode()
    )
    found = {"runs": [row.as_json() for row in rows], "page": str(out / PAGE)}
    if as_json:
        click.echo(json.dumps(found, indent=1))
    else:
        table = section(rows)
        lines = aligned([table.columns, *table.rows], right=range(1, len(table.columns)))
        show("\n".join([*lines, "", str(out / PAGE)]))
    return 0


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if len(names) < 2 or not all(names):
        raise ConfigError(f"--backends: got {text!r}; expected two or more, such as torch,keras")
    return names


def _sources(options: dict[str, Any], data_dir: Path | None, loaded: Loaded) -> list[Source]:
    """Return the sources of the settings, lowest priority first."""
    from gankit.config import layering
    from gankit.launch.layered_sources import layered_sources

    if options["epochs"] is not None and options["steps"] is not None:
        raise ConfigError("give --epochs or --steps, not both")
    found = layering.from_environment(os.environ)
    found += [layering.from_assignment(assignment) for assignment in options["assignments"]]
    given = [(name, options[name]) for name in FLAGS if options[name] is not None]
    found += [(f"--{name}", {name: value}) for name, value in given]
    default = os.environ.get("GANKIT_RECIPE")
    sources = layered_sources(
        options["recipe"], found, default=default, data_dir=data_dir, loaded=loaded, tell=say
    )
    has_length = "steps" in layering.merge(sources)[0] or any("epochs" in each for _, each in found)
    return sources if has_length else [*sources, ("gankit compare", {"steps": STEPS})]


def _plans(
    names: list[str], sources: list[Source], data_dir: Path | None, loaded: Loaded
) -> list[ResolvedPlan]:
    """Return a plan for each backend, on the same images; check each backend's capabilities."""
    from gankit import plugins
    from gankit.config.layering import config_of
    from gankit.launch.backends import choose_backend
    from gankit.launch.resolved_plan import resolve

    backends = [choose_backend(name) for name in names]
    sources = [*sources, ("--backends", {"backend": backends[0].name})]
    config = config_of(sources, plugins.get_penalty)
    first = resolve(config, data_dir, say, loaded=loaded)
    for backend in backends:
        backend.check(first.problem)
    return [
        dataclasses.replace(
            first, backend=backend, config=dataclasses.replace(first.config, backend=backend.name)
        )
        for backend in backends
    ]


def _folders(plans: list[ResolvedPlan]) -> Iterator[str]:
    """Yield the folder name of each run: the backend's name, with a number if it is repeated."""
    seen: dict[str, int] = {}
    for plan in plans:
        name = plan.config.backend
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name}-{seen[name]}"


def _check(out: Path, folders: list[Path], plans: list[ResolvedPlan]) -> None:
    """Raise an error if the output folder contains other runs."""
    from gankit.launch.resume.check_settings import check_same
    from gankit.launch.resume.find_checkpoint import newest
    from gankit.launch.resume.recorded_config import recorded
    from gankit.runs import RunFolder

    if RunFolder(out).exists():
        raise ConfigError(f"{out} is a run folder; choose another --out")
    for folder, plan in zip(folders, plans, strict=True):
        run = RunFolder(folder)
        if not run.exists():
            continue
        if checkpoint := newest(run):
            check_same(plan.config, plan.data, checkpoint, folder)
        if recorded(folder).backend != plan.config.backend:
            raise ConfigError(f"{folder} was trained with another backend; choose another --out")
        if run.checkpoints.steps() and run.checkpoints.steps()[-1] > plan.steps:
            raise ConfigError(
                f"{folder} has more than {counted(plan.steps, 'step')}; increase --steps"
            )


def _trained(plan: ResolvedPlan, folder: Path, plain: bool) -> int:
    """Train in a child process; return its exit code."""
    from gankit._utils.child_process import run_in_terminal

    request = {
        "settings": plan.config.settings(),
        "out": str(folder),
        "data_dir": str(plan.data_dir) if plan.data_dir else None,
        "plain": plain,
    }
    return run_in_terminal("gankit.cli.train_subprocess", json.dumps(request))
