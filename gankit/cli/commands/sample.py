"""`gankit sample`."""

from __future__ import annotations

from typing import Any

import click

from gankit.cli.options import PATH, answer, say
from gankit.cli.options import backend as backend_option
from gankit.cli.options import best as best_option
from gankit.cli.options import device as device_option
from gankit.pretrained import NAMES


@click.command("sample")
@click.argument("run", type=PATH, required=False)
@click.option("--pretrained", type=click.Choice(NAMES), help="Use a generator that gankit ships.")
@click.option(
    "-n",
    "--number",
    "count",
    type=int,
    help="Images  [25; rows of --interpolate: 1, of --code or --label A..B: 10].",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Random seed.")
@click.option("--truncation", type=float, help="Redraw noise above this, such as 0.7.")
@best_option
@backend_option
@device_option
@click.option(
    "--out",
    type=PATH,
    help="A .png, .jpg, .npy, .npz file, or an animated .gif, .webp, .apng, .mp4  [samples.png].",
)
@click.option("--each", type=PATH, help="Folder for one PNG file per image.")
@click.option("--columns", type=int, help="Columns of the grid  [as square as possible].")
@click.option("--scale", type=int, help="Enlarge each pixel by this factor  [grid: to 400 wide].")
@click.option("--class", "label", metavar="NAME|N", help="Generate only this class.")
@click.option("--by-class", is_flag=True, help="Generate a row of -n images for each class.")
@click.option(
    "--code", "codes", multiple=True, metavar="NAME=VALUE|A..B", help="Set a code, or vary it."
)
@click.option(
    "--label",
    "conditions",
    multiple=True,
    metavar="NAME=VALUE|A..B",
    help="Set a column of labels that are vectors, or vary it.",
)
@click.option("--interpolate", metavar="SEED,SEED,...", help="Interpolate from seed to seed.")
@click.option("--steps", type=int, help="Images from end to end, both included  [8; animated: 16].")
@click.option("--training", is_flag=True, help="Animate the sample grids of the training.")
@click.option("--frames", type=int, help="Most grids of --training, evenly spaced  [100].")
@click.option("--fps", type=float, help="Frames per second of an animation  [10].")
@click.pass_context
def command(ctx: click.Context, /, **_: Any) -> None:  # noqa: ANN401 - as click gives them.
    """Generate images with the run in the folder RUN, or with --pretrained NAME.

    Writes a grid as PNG, single PNG files with --each, or an array as .npy or .npz: (n, height,
    width, channels) in [-1, 1]. A class-conditional run generates each class in turn, one class
    with --class, or a row of each class with --by-class.

    With --code NAME=A..B, the images of a row differ only in that code of the noise, which goes
    from A to B; --code NAME=VALUE sets one in all images. --label does the same with a column of
    labels that are vectors, such as --label angle=30.

    With --interpolate, each row goes from the image of one seed to that of the next; an
    animation does so with the complete grid. --training animates the grids saved during
    training.
    """
    from gankit.cli.sampling import sample_request

    request = sample_request(ctx)
    for line in request.write():
        say(line)
    for path in (request.options.out, request.options.each):
        if path:
            answer(path)
