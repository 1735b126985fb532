"""`gankit evaluate`."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gankit._text import counted
from gankit.cli.options import PATH, complete_features, say, show
from gankit.cli.options import as_json as json_option
from gankit.cli.options import backend as backend_option
from gankit.cli.options import best as best_option
from gankit.cli.options import data_dir as data_dir_option
from gankit.cli.options import dataset as dataset_option
from gankit.cli.options import device as device_option
from gankit.errors import CheckpointError, Diverged, GankitError

if TYPE_CHECKING:
    from gankit.callbacks.stage_bar import StageBar
    from gankit.evaluation import Features
    from gankit.launch.evaluation.reference_data import ReferenceData
    from gankit.launch.run import Run
    from gankit.runs import RunFolder
    from gankit.visual.images import Pixels

WIDTH = 80
OPENING = "opening the run"


@click.command("evaluate")
@click.argument("run", type=PATH)
@click.option(
    "-n",
    "--number",
    "count",
    type=int,
    default=10_000,
    show_default=True,
    help="Number of generated images, and of test images for the baseline.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Random seed of the images.")
@best_option
@backend_option
@device_option
@dataset_option
@data_dir_option
@click.option(
    "--features",
    shell_complete=complete_features,
    metavar="FILE.onnx|NAME",
    help="Network that gives the features to compare, or a plugin's features  [gankit's own].",
)
@click.option("--no-baseline", is_flag=True, help="Do not evaluate real test images.")
@json_option
@click.option("--no-progress", is_flag=True, help="Print lines instead of a bar.")
def command(
    run: Path,
    count: int,
    seed: int,
    best: bool,
    backend: str | None,
    device: str | None,
    dataset: str | None,
    data_dir: Path | None,
    features: str | None,
    no_baseline: bool,
    as_json: bool,
    no_progress: bool,
) -> None:
    """Evaluate generated images of the run in the folder RUN against real ones.

    Generates images with the newest checkpoint, and compares them with training images by
    features of a classifier, which gankit trains once per data set. Real test images are
    compared in the same way: this is the real-image baseline, the value of a perfect
    generator. The metrics are printed and saved in RUN/evaluations.jsonl. The run may be
    training meanwhile.
    """
    from gankit.api import load
    from gankit.callbacks.stage_bar import StageBar
    from gankit.contract.random_streams import check_seed
    from gankit.launch.evaluation.given_features import given_features
    from gankit.launch.evaluation.sample_count import check_samples
    from gankit.launch.resume.recorded_config import recorded

    check_samples(count)
    check_seed(seed)
    recorded(run).check_no_native()
    compared = given_features(features)
    watch = StageBar(plain=True if no_progress else None)
    try:
        watch(OPENING, 0.0)
        opened = load(run, backend, best=best, device=device)
        reference = _reference(run, dataset, data_dir, compared, watch)
        found = _found(run, opened, reference, count, seed, no_baseline, features, watch)
    finally:
        watch.close()
    report = {"run": str(run), **found}
    show(json.dumps(report, indent=1) if as_json else _page(run, found))


def _reference(
    path: Path,
    dataset: str | None,
    data_dir: Path | None,
    features: Features | None,
    watch: StageBar,
) -> ReferenceData:
    """Read the run's images, and verify that they are the run's own."""
    from gankit.launch.evaluation import reference_data
    from gankit.launch.evaluation.progress import READING
    from gankit.launch.resume.recorded_config import recorded
    from gankit.launch.resume.run_images import known_images
    from gankit.runs import RunFolder

    watch(READING, 0.0)
    config, known = recorded(path), known_images(RunFolder(path))
    return reference_data.load(
        config, data_dir, known, dataset, features=features, tell=say, watch=watch
    )


def _found(
    path: Path,
    run: Run,
    reference: ReferenceData,
    count: int,
    seed: int,
    no_baseline: bool,
    features: str | None,
    watch: StageBar,
) -> dict[str, Any]:
    """Evaluate a run, save the result, and return it with the baseline."""
    from gankit.launch.evaluation import evaluate
    from gankit.launch.evaluation.given_features import stated
    from gankit.runs import RunFolder, evaluation_log

    folder = RunFolder(path)
    before = _before(folder)
    try:
        row, picture = evaluate.evaluate_for_log(
            reference,
            run,
            count,
            seed,
            before or (),
            baseline=not no_baseline,
            requested=stated(reference.evaluator.features) if features else None,
            watch=watch,
        )
    except Diverged as error:
        raise Diverged(f"{path}, step {run.step}: {error}") from None
    if before is not None:
        _save(folder, row, picture)
    known = None if no_baseline else evaluation_log.baseline_for([*(before or ()), row], row)
    return {**row, "baseline": known}


def _before(folder: RunFolder) -> list[dict[str, Any]] | None:
    """Return the earlier evaluations; None, with a warning, if the file cannot be read."""
    from gankit.launch.messages import warn
    from gankit.runs import evaluation_log

    try:
        return evaluation_log.read(folder.evaluations)
    except CheckpointError as error:
        warn(f"the evaluation will not be saved: {error}")
        return None


def _save(folder: RunFolder, row: dict[str, Any], picture: Pixels) -> None:
    """Write the evaluation into the run's folder; warn if that fails."""
    from gankit.launch.messages import warn
    from gankit.runs import evaluation_log
    from gankit.visual import images

    path = folder.nearest_path(row["step"])
    try:
        evaluation_log.append(folder.evaluations, row)
        images.write_png(path, picture)
    except GankitError as error:
        warn(f"the evaluation was not saved: {error}")
    else:
        say(
            f"saved in {folder.evaluations}; {path} shows images with their nearest training images"
        )


def _page(path: Path, found: dict[str, Any]) -> str:
    """Return the metrics as a table, and how they were measured."""
    from gankit.runs.metric_table import CLOSER, HIGHER, LOWER, measured

    words = {LOWER: "lower", HIGHER: "higher", CLOSER: "near real"}
    baseline = found["baseline"]
    rows = [("", "this run", "real images" if baseline else "", "better is")]
    rows += [
        (
            metric.title,
            _shown(found, metric.key),
            _shown(baseline or {}, metric.key),
            words[metric.better],
        )
        for metric in measured([found])
    ]
    first, second, third = (max(len(row[i]) for row in rows) for i in range(3))
    lines = [f"{a:<{first}}  {b:>{second}}  {c:>{third}}  {d}".rstrip() for a, b, c, d in rows]
    return "\n".join([*lines, "", *textwrap.wrap(_measured_by(path, found), WIDTH)])


def _shown(table: dict[str, Any], key: str) -> str:
    """Return a metric as text; a dash if it was not measured or is infinite."""
    value = table.get(key)
    if value is None:
        return "-" if table else ""
    if key == "classes_seen":
        return f"{value} of {len(table['histogram'])}"
    spread = table.get("kernel_deviation") if key == "kernel" else None
    return _plain(value, 4) + ("" if spread is None else f" ± {_plain(spread, 2)}")


def _plain(value: float, digits: int) -> str:
    """Return a number with `digits` significant digits, without an exponent."""
    import numpy as np

    return np.format_float_positional(value, precision=digits, fractional=False, trim="-")


def _measured_by(path: Path, found: dict[str, Any]) -> str:
    """Return a text about how the metrics were measured: features, counts, seed and splits."""
    from gankit.runs.evaluation_log import REQUESTED

    baseline = found["baseline"]
    real = f" Real images: {baseline['split']}." if baseline else ""
    distance = (
        " The Fréchet distance uses these features; it is not the FID, which uses those of "
        "Inception."
    )
    return (
        f"{path} after step {found['step']:,}: {counted(found['samples'], 'image')}, seed "
        f"{found['seed']}.{real} Compared with {found['reference']}, by "
        f"{found['features']}, k = {found['neighbours']}.{'' if REQUESTED in found else distance}"
    )
