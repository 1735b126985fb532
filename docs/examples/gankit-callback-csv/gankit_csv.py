"""A table of losses as CSV, a row every few steps, for a spreadsheet that is watching."""

from __future__ import annotations

from pathlib import Path

from gankit import hookimpl
from gankit.errors import ConfigError
from gankit.training import Progress

HEAD = "step,discriminator,generator"


@hookimpl
def gankit_callbacks(folder: Path | None) -> list[CsvLog]:
    """Offer a log to every run that has a folder, `losses.csv` in it."""
    return [CsvLog(folder / "losses.csv")] if folder else []


class CsvLog:
    """Writes the losses of every tenth step, or as often as `steps` says.

    A run that is resumed goes on in its file: rows of steps that it has to do again are dropped,
    so that each step stands there once.

    Parameters
    ----------
    path
        The file; each run needs its own.
    steps
        From one row to the next.
    """

    def __init__(self, path: Path, steps: int = 10) -> None:
        self.path, self.steps = path, steps
        self.begun = False

    def next_boundary(self, step: int, /) -> int:
        """Return the next step that gets a row, so that a block ends there."""
        return (step // self.steps + 1) * self.steps

    def __call__(self, progress: Progress, /) -> None:
        """Write a row if it is due; blocks end at the edges of other callbacks too."""
        if not self.begun:
            self._begin(progress.step - len(progress.losses))
        if progress.step % self.steps == 0:
            discriminator, generator = progress.losses[-1].tolist()
            with self.path.open("a", encoding="utf-8") as file:
                file.write(f"{progress.step},{discriminator!r},{generator!r}\n")

    def _begin(self, start: int) -> None:
        """Keep of an older file the rows of the `start` steps that are done."""
        text = self.path.read_text("utf-8", "replace") if self.path.exists() else ""
        head, *rows = text.rpartition("\n")[0].split("\n")  # A killed run may leave half a row.
        steps = [row.partition(",")[0] for row in rows]
        if head not in ("", HEAD) or not all(map(str.isdecimal, steps)):
            raise ConfigError(f"{self.path} is no log of losses; move it away")
        kept = [row for row, done in zip(rows, steps, strict=True) if int(done) <= start]
        beside = self.path.with_suffix(".tmp")
        beside.write_text("\n".join([HEAD, *kept, ""]), "utf-8")
        beside.replace(self.path)  # Whole or not at all, so that a kill here loses no row.
        self.begun = True
