"""The classes of the images, and with them how many images there are and how they are arranged."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gankit.cli.sampling.options import SampleOptions
    from gankit.launch.run import Run
    from gankit.launch.run.class_labels import LabelChoice


class Arrangement(NamedTuple):
    """The classes of the images, or of the paths of an interpolation.

    Attributes
    ----------
    labels
        As in `Run.sample`.
    number
        Number of images or paths.
    columns
        Columns of a grid; None for as square as possible.
    rows
        The class name of each row of the grid; empty if rows have no names.
    """

    labels: LabelChoice | None
    number: int
    columns: int | None
    rows: tuple[str, ...]


def arrangement(options: SampleOptions, run: Run, count: int) -> Arrangement:
    """Return the arrangement of `count` images; with --by-class, of `count` of each class."""
    from gankit.launch.run.class_labels import classes_of

    if not options.by_class:
        given = options.fixed_conditions if options.label is None else options.label
        return Arrangement(given, count, options.columns, ())
    labels, classes = run.each_class(count), classes_of(run)
    return Arrangement(labels, len(labels), count, () if classes.plain else classes.names)
