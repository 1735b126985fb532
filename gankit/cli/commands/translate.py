"""`gankit translate`."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import click

from gankit._text import counted
from gankit.cli.options import PATH, answer, say
from gankit.cli.options import backend as backend_option
from gankit.cli.options import best as best_option
from gankit.cli.options import derive as derive_option
from gankit.cli.options import device as device_option
from gankit.cli.options import skip_bad as skip_bad_option

if TYPE_CHECKING:
    from gankit.data.named_images import NamedImages
    from gankit.visual.images import Pixels

MOST_SHOWN = 100
"""The most pictures in grid.png."""


@click.command("translate")
@click.argument("run", type=PATH)
@click.argument("pictures", type=PATH, required=False)
@click.option(
    "--out",
    type=PATH,
    default=Path("translated"),
    show_default=True,
    help="Folder, or a .png file for the grid alone.",
)
@click.option("--network", metavar="NAME", help="The network that translates  [the generator].")
@derive_option
@click.option("--seed", type=int, default=0, show_default=True, help="Random seed of the noise.")
@best_option
@backend_option
@device_option
@skip_bad_option
def command(
    run: Path,
    pictures: Path | None,
    out: Path,
    network: str | None,
    derive: bool,
    seed: int,
    best: bool,
    backend: str | None,
    device: str | None,
    skip_bad: bool,
) -> None:
    """Translate source images with the run in the folder RUN.

    PICTURES is a folder of pictures, which are resized to the run's sources, or a .npy or .npz file
    of their shape; without it, 20 pairs of the run's data set are taken, of its test images if the
    sources can be computed from them. With --derive PICTURES are like the images that the run
    generates, and the sources are computed from them as in training: their edges, for example.

    With --network, a further network of the run translates, such as to_source of the recipe
    cyclegan, which makes sources of images like those that the run generates.

    Writes into the folder --out: a PNG file for each picture, with its name; and grid.png, each
    source above its translation, above the true picture if it is known, or above what the run's
    network for the way back makes of the translation.
    """
    import numpy as np

    from gankit.api import load
    from gankit.cli.output_folder import check_output_folder
    from gankit.contract.random_streams import check_seed
    from gankit.launch.run.translate_images import (
        chosen_translation,
        own_sources,
        sources_of,
        translated,
    )
    from gankit.visual import images

    alone = out.suffix.lower() == ".png"
    check_seed(seed)
    if not alone:
        check_output_folder(out, ", or a .png file for the grid alone")
    opened = load(run, backend, best=best, device=device)
    back = chosen_translation(opened, network).back
    if pictures is None:
        found, third = own_sources(opened, network=network)
    else:
        found, third = sources_of(
            opened, pictures, derive=derive, skip_bad=skip_bad, network=network
        )
    outputs = translated(opened, np.asarray(found.images), seed, network)
    made, files, shown = images.to_uint8(outputs), _files(found), slice(MOST_SHOWN)
    if third is None and back:
        third = images.to_uint8(translated(opened, outputs[shown], seed, back))
    picture = images.compared(
        np.asarray(found.images[shown]), made[shown], None if third is None else third[shown]
    )
    if alone:
        images.write_png(out, images.enlarged(picture))
        answer(out)
        return
    _write(
        out, dict(zip(files, made, strict=True)) | {PurePath("grid.png"): images.enlarged(picture)}
    )
    say(f"translated {counted(len(made), 'picture')} into {out}")
    answer(out)


def _files(found: NamedImages) -> list[PurePath]:
    """Return the name of each picture's PNG file; of two with one name it keeps the ending."""
    names = [PurePath(name).with_suffix(".png") for name in found.names]
    return [
        PurePath(f"{given}.png") if names.count(name) > 1 or str(name) == "grid.png" else name
        for name, given in zip(names, found.names, strict=True)
    ]


def _write(out: Path, pictures: dict[PurePath, Pixels | Any]) -> None:
    """Write each picture into the folder."""
    from gankit._utils import atomic_files
    from gankit.visual import images

    for name, pixels in pictures.items():
        path = out / name
        atomic_files.make_folder(path.parent)
        images.write_png(path, pixels[..., 0] if pixels.shape[-1:] == (1,) else pixels)
