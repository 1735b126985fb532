"""`gankit encode`."""

from __future__ import annotations

from pathlib import Path

import click

from gankit._text import counted
from gankit.cli.options import PATH, answer, say
from gankit.cli.options import backend as backend_option
from gankit.cli.options import best as best_option
from gankit.cli.options import device as device_option
from gankit.cli.options import skip_bad as skip_bad_option

MOST_SHOWN = 100
"""The most pictures in the grid."""


@click.command("encode")
@click.argument("run", type=PATH)
@click.argument("pictures", type=PATH, required=False)
@click.option(
    "--out", type=PATH, default=Path("codes.npy"), show_default=True, help="File of codes, .npy."
)
@click.option("--grid", type=PATH, help="A .png file: pictures above their reconstructions.")
@click.option("--network", metavar="NAME", help="The encoder  [the network that takes images].")
@best_option
@backend_option
@device_option
@skip_bad_option
def command(
    run: Path,
    pictures: Path | None,
    out: Path,
    grid: Path | None,
    network: str | None,
    best: bool,
    backend: str | None,
    device: str | None,
    skip_bad: bool,
) -> None:
    """Encode PICTURES, a folder or an array, with the run in the folder RUN.

    The run has an encoder, as that of the recipe bigan. Pictures of a folder are resized as for
    training; a .npy or .npz file must have the run's shape. Without PICTURES, 20 test images of the
    run's data set are taken.

    Writes the codes into --out, one row for each picture, in the order of their names; the run's
    generator makes the reconstructions in --grid of them.
    """
    import io

    import numpy as np

    from gankit._utils import atomic_files
    from gankit.api import load
    from gankit.errors import ConfigError
    from gankit.launch.run.encode_images import encoded, own_images
    from gankit.visual import images

    for name, path, suffix in (("--out", out, ".npy"), ("--grid", grid, ".png")):
        if path is not None and path.suffix.lower() != suffix:
            raise ConfigError(f"{name}: got {path}; expected a {suffix} file")
    opened = load(run, backend, best=best, device=device)
    given = own_images(opened) if pictures is None else pictures
    found, codes = encoded(opened, given, network, skip_bad=skip_bad)
    content = io.BytesIO()
    np.save(content, codes)
    atomic_files.make_folder(out.parent)
    atomic_files.write_file(out, content.getvalue())
    if grid is not None:
        shown = slice(MOST_SHOWN)
        made = images.to_uint8(opened.generator(codes[shown]))
        picture = images.compared(np.asarray(found.images[shown]), made)
        images.write_png(grid, images.enlarged(picture))
    say(f"encoded {counted(len(codes), 'picture')} as rows of {codes.shape[1]} numbers")
    answer(out)
