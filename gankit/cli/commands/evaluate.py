"""`gankit evaluate`."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gankit.cli.options import PATH, complete_backends, say, show
from gankit.cli.options import as_json as json_option
from gankit.cli.options import data_dir as data_dir_option
from gankit.cli.options import dataset as dataset_option
from gankit.cli.options import device as device_option
from gankit.errors import CheckpointError, Diverged, GankitError

if TYPE_CHECKING:
    from gankit.callbacks.stage_bar import Stages
    from gankit.launch.reference_data import Standard
    from gankit.launch.run import Run
    from gankit.runs import RunFolder
    from gankit.visual.images import Pixels

WIDTH = 80
OPENING = "opening the run"


@click.command("evaluate")
@click.argument("run", type=PATH)
@click.option("-n", "--number", "count", type=int, default=10_000, show_default=True,
              help="Images to generate, and real ones for the floor.")  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Which images.")
@click.option("--best", is_flag=True, help="The best checkpoint instead of the newest.")
@click.option(
    "--backend",
    shell_complete=complete_backends,
    help="To compute with  [the one that trained the run].",
)
@device_option
@dataset_option
@data_dir_option
@click.option("--no-floor", is_flag=True, help="Leave real test images out.")
@json_option
@click.option("--no-progress", is_flag=True, help="Plain lines instead of a bar.")
def command(
    run: Path, count: int, seed: int, best: bool, backend: str | None, device: str | None,
    dataset: str | None, data_dir: Path | None, no_floor: bool, as_json: bool, no_progress: bool,
) -> None:  # fmt: skip
    """Say how good the images of the run in the folder RUN are.

    Its newest checkpoint makes images, which are held against training images, through the
    features of a classifier that is trained once for the data set. Real test images are held
    against the same ones: that is the floor, what to expect of a perfect generator. The figures
    are printed, and kept in RUN/evaluations.jsonl. The run may be in training.
    """
    from gankit.api import load
    from gankit.callbacks.stage_bar import Stages
    from gankit.contract.random_streams import check_seed
    from gankit.launch import evaluate
    from gankit.launch.resuming import recorded

    evaluate.check_samples(count)
    check_seed(seed)
    recorded(run)
    guesses = {evaluate.READING: 1.0, OPENING: 2.0} | evaluate.guesses(count, floor=not no_floor)
    watch = Stages(guesses, plain=True if no_progress else None)
    try:
        standard = _standard(run, dataset, data_dir, watch)
        watch(OPENING, 0.0)
        opened = load(run, backend, best=best, device=device)
        found = _found(run, opened, standard, count, seed, no_floor, watch)
    finally:
        watch.close()
    said = {"run": str(run), **found}
    show(json.dumps(said, indent=1) if as_json else _page(run, found))


def _standard(path: Path, dataset: str | None, data_dir: Path | None, watch: Stages) -> Standard:
    """Read the run's images, and make sure that they are those."""
    from gankit.launch import evaluate, reference_data
    from gankit.launch.resuming import known_images, recorded
    from gankit.runs import RunFolder

    watch(evaluate.READING, 0.0)
    config, known = recorded(path), known_images(RunFolder(path))
    return reference_data.standard(config, data_dir, known, dataset, tell=say, watch=watch)


def _found(
    path: Path, run: Run, standard: Standard, count: int, seed: int, no_floor: bool, watch: Stages
) -> dict[str, Any]:
    """Evaluate a run, keep what was found, and return it with the floor."""
    from gankit.launch import evaluate
    from gankit.runs import RunFolder, evaluation_log

    folder = RunFolder(path)
    before = _before(folder)
    try:
        row, picture = evaluate.examined(
            standard, run, count, seed, before or (), floor=not no_floor, watch=watch
        )
    except Diverged as error:
        raise Diverged(f"{path}, step {run.step}: {error}") from None
    if before is not None:
        _keep(folder, row, picture)
    known = None if no_floor else evaluation_log.baseline_for([*(before or ()), row], row)
    return {**row, "floor": known}


def _before(folder: RunFolder) -> list[dict[str, Any]] | None:
    """Return the earlier evaluations; None, with a warning, where they cannot be read."""
    from gankit.launch.messages import warn
    from gankit.runs import evaluation_log

    try:
        return evaluation_log.read(folder.evaluations)
    except CheckpointError as error:
        warn(f"nothing will be kept: {error}")
        return None


def _keep(folder: RunFolder, row: dict[str, Any], picture: Pixels) -> None:
    """Write what was found into the run's folder; where that cannot be, warn."""
    from gankit.launch.messages import warn
    from gankit.runs import evaluation_log
    from gankit.visual import images

    path = folder.nearest_path(row["step"])
    try:
        evaluation_log.append(folder.evaluations, row)
        images.write_png(path, picture)
    except GankitError as error:
        warn(f"what was found is not kept: {error}")
    else:
        say(f"kept in {folder.evaluations}; {path} shows images above the nearest of training")


def _page(path: Path, found: dict[str, Any]) -> str:
    """Return the figures as a table, and what they were measured by."""
    from gankit.report.figures import CLOSER, HIGHER, LOWER, measured

    words = {LOWER: "lower", HIGHER: "higher", CLOSER: "near real"}
    floor = found["floor"]
    rows = [("", "this run", "real images" if floor else "", "better is")]
    rows += [
        (figure.title, _shown(found, figure.key), _shown(floor or {}, figure.key),
         words[figure.better])
        for figure in measured([found])
    ]  # fmt: skip
    first, second, third = (max(len(row[i]) for row in rows) for i in range(3))
    lines = [f"{a:<{first}}  {b:>{second}}  {c:>{third}}  {d}".rstrip() for a, b, c, d in rows]
    return "\n".join([*lines, "", *textwrap.wrap(_measured_by(path, found), WIDTH)])


def _shown(table: dict[str, Any], key: str) -> str:
    """Return a figure for a person; a dash where it was not measured or has no end."""
    value = table.get(key)
    if value is None:
        return "-" if table else ""
    if key == "classes_seen":
        return f"{value} of {len(table['histogram'])}"
    spread = table.get("kernel_deviation") if key == "kernel" else None
    return _plain(value, 4) + ("" if spread is None else f" ± {_plain(spread, 2)}")


def _plain(value: float, digits: int) -> str:
    """Return a number of so many digits, without an exponent."""
    import numpy as np

    return np.format_float_positional(value, precision=digits, fractional=False, trim="-")


def _measured_by(path: Path, found: dict[str, Any]) -> str:
    """Return what the figures name: features, counts, seed and splits."""
    floor = found["floor"]
    real = f" Real images: {floor['split']}." if floor else ""
    return (
        f"{path} after step {found['step']:,}: {found['samples']:,} images, seed "
        f"{found['seed']}.{real} Held against {found['reference']}, through "
        f"{found['features']}, k = {found['neighbours']}. The Fréchet distance is that of these "
        "features: no FID, whose features are Inception's."
    )
