"""How good the images are, now and then while a run is trained."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias

from gankit.callbacks.boundaries import at_least_one, next_multiple
from gankit.runs import evaluation_log
from gankit.runs.folder import RunFolder
from gankit.training import Progress
from gankit.visual import images

Examine: TypeAlias = Callable[
    [Progress, Sequence[Mapping[str, Any]]], tuple[dict[str, Any], images.Pixels]
]
"""Takes a run between two steps and the evaluations before; returns one, as
`gankit.runs.evaluation_log` has it, and a picture of images with the training images nearest."""


class Evaluations:
    """Evaluates a run at intervals and at its end, keeps what is found, and knows the best step.

    It changes no number, and goes before `Checkpoints`, so that none is ahead of the log. A run
    that is asked to stop is not evaluated there: resumed, it leaves what it would have left.

    Parameters
    ----------
    folder
        Its `evaluations.jsonl` gets a line, and `nearest` a picture, for each evaluation.
    examine
        Evaluates.
    every
        Steps from one evaluation to the next.
    last
        The last step of the run.
    samples
        Images of an evaluation.
    tell
        Takes a line for each evaluation.
    """

    def __init__(
        self,
        folder: RunFolder,
        examine: Examine,
        every: int,
        last: int,
        samples: int,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        at_least_one("every", every)
        self.folder = folder
        self.examine = examine
        self.every = every
        self.last = last
        self.samples = samples
        self.tell = tell
        self._rows: list[dict[str, Any]] = evaluation_log.read(folder.evaluations)

    def next_boundary(self, step: int, /) -> int:
        """Return the next multiple."""
        return next_multiple(step, self.every)

    def __call__(self, progress: Progress, /) -> None:
        """Evaluate, where that is due."""
        step = progress.step
        if step % self.every and step != self.last:
            return
        row, picture = self.examine(progress, self._rows)
        images.write_png(self.folder.nearest_path(step), picture)
        evaluation_log.append(self.folder.evaluations, row)
        self._rows.append(row)
        self.tell(self._line(row))

    def best(self, steps: Collection[int]) -> int | None:
        """Return which of the steps that have a checkpoint, `steps`, is the best so far."""
        row = evaluation_log.best(self._rows, steps, self.samples)
        return None if row is None else int(row["step"])

    def _line(self, row: Mapping[str, Any]) -> str:
        step, baseline = row["step"], evaluation_log.baseline_for(self._rows, row)
        alike = [
            one for one in self._rows if evaluation_log.measure(one) == evaluation_log.measure(row)
        ]
        lowest = row["frechet"] <= min(one["frechet"] for one in alike)
        return (
            f"step {step:,}: Fréchet distance {row['frechet']:.4g}"
            + (
                f" ({baseline['samples']:,} real images {baseline['frechet']:.3g})"
                if baseline
                else ""
            )
            + (", the lowest so far" if lowest and len(alike) > 1 else "")
            + f"; {row['features']}, {row['samples']:,} images"
        )
