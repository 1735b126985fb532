"""Write the losses of a run to a CSV file during training, a row every few steps."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gankit import hookimpl
from gankit.errors import ConfigError
from gankit.training import Progress

HEAD = "step,discriminator,generator"


@hookimpl
def gankit_callbacks(folder: Path | None, settings: Mapping[str, Any]) -> list[CsvLog]:
    """Return a log in the file `losses.csv` for every run with a folder.

    The settings are the table `[plugins.csv]` of the run: `steps`, 10 by default.
    """
    steps = settings.get("steps", 10)
    if settings.keys() - {"steps"} or type(steps) is not int or steps < 1:
        raise ConfigError(f"plugins.csv: got {settings}; expected steps, from 1 on")
    return [CsvLog(folder / "losses.csv", steps)] if folder else []


class CsvLog:
    """Writes a row with the losses of every `steps`-th step.

    A resumed run continues the file. Rows after the step at which it resumes are removed, so that
    each step has one row.

    Parameters
    ----------
    path
        The file; each run needs its own.
    steps
        Steps between two rows.
    """

    def __init__(self, path: Path, steps: int = 10) -> None:
        self.path, self.steps = path, steps
        self.begun = False

    def next_boundary(self, step: int, /) -> int:
        """Return the step of the next row, so that a block ends there."""
        return (step // self.steps + 1) * self.steps

    def __call__(self, progress: Progress, /) -> None:
        """Write a row if it is due; blocks also end at the boundaries of other callbacks."""
        if not self.begun:
            self._begin(progress.step - len(progress.losses))
        if progress.step % self.steps == 0:
            discriminator, generator = progress.losses[-1].tolist()
            with self.path.open("a", encoding="utf-8") as file:
                file.write(f"{progress.step},{discriminator!r},{generator!r}\n")

    def _begin(self, start: int) -> None:
        """Remove the rows after step `start` from an existing file."""
        text = self.path.read_text("utf-8", "replace") if self.path.exists() else ""
        head, *rows = text.rpartition("\n")[0].split("\n")  # A killed run may leave half a row.
        steps = [row.partition(",")[0] for row in rows]
        if head not in ("", HEAD) or not all(map(str.isdecimal, steps)):
            raise ConfigError(f"{self.path} is not a log of losses; move it away")
        remaining = [row for row, done in zip(rows, steps, strict=True) if int(done) <= start]
        temporary = self.path.with_suffix(".tmp")
        temporary.write_text("\n".join([HEAD, *remaining, ""]), "utf-8")
        temporary.replace(self.path)  # Atomic, so that a killed process loses no row.
        self.begun = True
