"""`gankit sample`."""

from __future__ import annotations

from typing import Any

import click

from gankit.cli.options import PATH, answer, complete_backends, say
from gankit.cli.options import device as device_option


@click.command("sample")
@click.argument("run", type=PATH)
@click.option("-n", "--number", "count", type=int, help="Images  [25; ways of --interpolate: 1].")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed, the same.")
@click.option("--truncation", type=float, help="Redraw noise that is larger, as 0.7.")
@click.option("--best", is_flag=True, help="The best checkpoint instead of the newest.")
@click.option(
    "--backend",
    shell_complete=complete_backends,
    help="To compute with  [the one that trained the run].",
)
@device_option
@click.option(
    "--out",
    type=PATH,
    help="A .png, .jpg, .npy, .npz file, or a .gif, .webp, .apng that moves  [samples.png].",
)
@click.option("--each", type=PATH, help="A folder, for one PNG an image.")
@click.option("--columns", type=int, help="Of the grid  [as square as can be].")
@click.option("--scale", type=int, help="Pixels for each one, across and down  [1].")
@click.option("--class", "label", metavar="NAME|N", help="Only this class, of a run with classes.")
@click.option("--by-class", is_flag=True, help="A row for each class, -n images in each.")
@click.option("--interpolate", metavar="SEED,SEED,...", help="The ways from seed to seed.")
@click.option("--steps", type=int, help="Images of each way, its ends among them  [8; moving: 16].")
@click.option("--training", is_flag=True, help="The grids through training, moving.")
@click.option("--frames", type=int, help="Grids of --training at most, evenly apart  [100].")
@click.option("--fps", type=float, help="Pictures a second of what moves  [10].")
@click.pass_context
def command(ctx: click.Context, /, **_: Any) -> None:  # noqa: ANN401 - as click gives them.
    """Make images with the run in the folder RUN.

    A grid as PNG, single PNGs with --each, or the numbers in [-1, 1], (n, height, width,
    channels), as .npy or .npz. A run that knows classes makes each in its turn, one of them with
    --class, or a row of each with --by-class.

    With --interpolate a row leads from an image of one seed to that of the next; in a file that
    moves, the whole grid does. --training shows how the run learned, from the grids in its folder.
    """
    from gankit.cli.sampling import Wanted

    wanted = Wanted.of(ctx)
    for line in wanted.write():
        say(line)
    for path in (wanted.out, wanted.each):
        if path:
            answer(path)
