"""`gankit invert`."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gankit._text import counted
from gankit.cli.options import PATH, answer, say, show
from gankit.cli.options import as_json as json_option
from gankit.cli.options import backend as backend_option
from gankit.cli.options import best as best_option
from gankit.cli.options import derive as derive_option
from gankit.cli.options import device as device_option
from gankit.cli.options import skip_bad as skip_bad_option

if TYPE_CHECKING:
    from gankit.inversion import Inversion
    from gankit.launch.run import Run

MOST_PATHS = 10
"""The most paths in the picture."""
MOST_LISTED = 3
"""The most pictures with a high error in the message."""


@click.command("invert")
@click.argument("run", type=PATH)
@click.argument("pictures", type=PATH)
@click.option("--out", type=PATH, default=Path("inversion"), show_default=True, help="Folder.")
@click.option("--steps", type=int, default=200, show_default=True, help="Most steps of a search.")
@click.option("--restarts", type=int, default=4, show_default=True, help="Searches per picture.")
@click.option("--seed", type=int, default=0, show_default=True, help="Random seed of the searches.")
@click.option("--class", "label", metavar="NAME|N", help="Class of all pictures  [searched too].")
@click.option(
    "--label",
    "conditions",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set a column of labels that are vectors  [searched too].",
)
@click.option("--sources", type=PATH, help="Sources of the pictures, in the same order.")
@derive_option
@best_option
@backend_option
@device_option
@skip_bad_option
@json_option
@click.option("--no-progress", is_flag=True, help="Print no progress.")
def command(
    run: Path,
    pictures: Path,
    out: Path,
    steps: int,
    restarts: int,
    seed: int,
    label: str | None,
    conditions: tuple[str, ...],
    sources: Path | None,
    derive: bool,
    best: bool,
    backend: str | None,
    device: str | None,
    skip_bad: bool,
    as_json: bool,
    no_progress: bool,
) -> None:
    """Find the generated image nearest to each of PICTURES, a folder or an array.

    The run in the folder RUN generates them; the search is for the noise. Pictures of a folder
    are resized as for training; a .npy or .npz file must have the run's shape.

    Writes into the folder --out: pairs.png, each picture above its nearest generated image, by
    their error from low to high; paths.png, between each of the first pictures and the next;
    errors.csv, the error of each picture; and inversion.npz, the noise. The error is a mean
    squared difference; a high one means that the run does not know such pictures.

    A generator of noise and source images needs the source of each picture: --sources names a
    folder or an array of them, --derive computes them.
    """
    from gankit._utils.counts import check_count
    from gankit.api import load
    from gankit.cli.output_folder import check_output_folder
    from gankit.contract.random_streams import check_seed

    check_count("steps", steps)
    check_count("restarts", restarts)
    check_seed(seed)
    fixed = _fixed(conditions, label)
    check_output_folder(out)
    opened = load(run, backend, best=best, device=device)
    found = opened.invert(
        pictures, steps, restarts, seed, label if fixed is None else fixed,
        sources=sources, derive=derive, skip_bad=skip_bad, progress=not no_progress,
    )  # fmt: skip
    rows = _rows(opened, found)
    _write(out, opened, found, rows)
    if as_json:
        show(json.dumps({"run": str(run), "step": opened.step, "errors": rows}, indent=1))
        return
    say(_summary(found, rows))
    answer(out)


def _fixed(conditions: tuple[str, ...], label: str | None) -> dict[str, float] | None:
    """Return the values of --label by name; None without any."""
    from gankit.cli.sampling.code_choice import code_choice
    from gankit.errors import ConfigError

    choices = [code_choice(text, "--label") for text in conditions]
    for text, choice in zip(conditions, choices, strict=True):
        if choice.last is not None:
            raise ConfigError(f"--label: got {text!r}; expected NAME=VALUE, one for all pictures")
    fixed = {choice.name: choice.first for choice in choices}
    if len(fixed) < len(choices):
        raise ConfigError("--label: got a name twice; expected each once")
    if fixed and label is not None:
        raise ConfigError("--label is for labels that are vectors; remove --class")
    return fixed or None


def _rows(run: Run, found: Inversion) -> list[dict[str, Any]]:
    """Return a row for each picture: its file, its error, and its class or columns of labels."""
    from gankit.launch.run.class_labels import classes_of

    rows: list[dict[str, Any]] = [
        {"file": name, "error": error}
        for name, error in zip(found.names, found.errors.tolist(), strict=True)
    ]
    if found.labels is not None and run.condition_names:
        for row, numbers in zip(rows, found.labels.tolist(), strict=True):
            heads = [f"label/{name}" for name in run.condition_names]
            row |= dict(zip(heads, numbers, strict=True))
    elif found.labels is not None:
        names = classes_of(run).names
        for row, number in zip(rows, found.labels.tolist(), strict=True):
            row["class"] = names[number]
    return rows


def _write(out: Path, run: Run, found: Inversion, rows: list[dict[str, Any]]) -> None:
    """Write every file into the folder `out`, each complete or not at all."""
    import numpy as np

    from gankit._utils import atomic_files
    from gankit._utils.paths import exists
    from gankit.visual import images

    pairs = found.grid().pixels
    files = {"inversion.npz": io.BytesIO(), "errors.csv": io.BytesIO(_table(rows).encode())}
    arrays: dict[str, Any] = {
        "names": np.array(found.names),
        "latents": found.latents,
        "images": found.images,
        "errors": found.errors,
    }
    if found.labels is not None:
        arrays["labels"] = found.labels
    if found.sources is not None:
        arrays["sources"] = found.sources
    np.savez(files["inversion.npz"], **arrays)
    paths = run.paths(_first(found)) if len(found) > 1 else None
    images.write_png(out / "pairs.png", pairs)
    if paths is not None:
        picture = images.grid(paths.reshape(-1, *paths.shape[2:]), paths.shape[1])
        images.write_png(out / "paths.png", images.enlarged(picture))
    elif exists(out / "paths.png"):  # It is of earlier pictures.
        atomic_files.remove(out / "paths.png")
    for name, content in files.items():
        atomic_files.write_file(out / name, content.getvalue())


def _first(found: Inversion) -> Inversion:
    """Return the first pictures, between which paths are drawn."""
    from gankit.inversion import Inversion

    most = slice(MOST_PATHS + 1)
    labels, sources = (None if a is None else a[most] for a in (found.labels, found.sources))
    arrays = (labels, found.images[most], found.errors[most], sources)
    return Inversion(found.names[most], found.originals[most], found.latents[most], *arrays)


def _table(rows: list[dict[str, Any]]) -> str:
    """Return the rows as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _summary(found: Inversion, rows: list[dict[str, Any]]) -> str:
    """Return a line with the number of pictures, their errors and those with the highest."""
    import numpy as np

    low, middle, high = np.quantile(found.errors, [0, 0.5, 1])
    highest = sorted(rows, key=lambda row: -row["error"])[:MOST_LISTED]
    named = ", ".join(f"{row['file']} {row['error']:.4f}" for row in highest)
    return (
        f"{counted(len(rows), 'picture')}: errors {low:.4f} to {high:.4f}, median {middle:.4f}; "
        f"highest: {named}"
    )
