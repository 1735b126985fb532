"""Evaluate the generated images at intervals during training."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias

from gankit._text import counted
from gankit.callbacks.boundaries import at_least_one, next_multiple
from gankit.runs import evaluation_log
from gankit.runs.folder import RunFolder
from gankit.training import Progress
from gankit.visual import images

Evaluate: TypeAlias = Callable[
    [Progress, Sequence[Mapping[str, Any]]], tuple[dict[str, Any], images.Pixels]
]
"""Evaluates a run between two steps. Takes the progress and the earlier evaluations; returns an
evaluation, as in `gankit.runs.evaluation_log`, and a grid of images with their nearest training
images."""


class Evaluations:
    """Evaluates a run at intervals and at its end, records the results, and finds the best step.

    It changes no number of the training. It comes before `Checkpoints`, so that the log has the
    evaluation of every checkpoint. A run that is stopped is not evaluated at the stop, so a resumed
    run has the same evaluations as an uninterrupted one.

    Parameters
    ----------
    folder
        The run's folder; each evaluation adds a line to `evaluations.jsonl` and a grid to
        `nearest`.
    evaluate
        Evaluates a run.
    every
        Steps between evaluations.
    last
        The last step of the run.
    samples
        Images per evaluation.
    tell
        Called with a line for each evaluation.
    patience
        Evaluations without a lower Fréchet distance after which the run is stopped; None, the
        default, never stops it.
    """

    def __init__(
        self,
        folder: RunFolder,
        evaluate: Evaluate,
        every: int,
        last: int,
        samples: int,
        tell: Callable[[str], None] = lambda _: None,
        patience: int | None = None,
    ) -> None:
        at_least_one("every", every)
        self.folder = folder
        self.evaluate = evaluate
        self.every = every
        self.last = last
        self.samples = samples
        self.tell = tell
        self.patience = patience
        self._rows: list[dict[str, Any]] = evaluation_log.read(folder.evaluations)

    def next_boundary(self, step: int, /) -> int:
        """Return the next multiple of `every`."""
        return next_multiple(step, self.every)

    def __call__(self, progress: Progress, /) -> None:
        """Evaluate if it is due."""
        step = progress.step
        if step % self.every and step != self.last:
            return
        row, picture = self.evaluate(progress, self._rows)
        images.write_png(self.folder.nearest_path(step), picture)
        evaluation_log.append(self.folder.evaluations, row)
        self._rows.append(row)
        self.tell(self._line(row))
        if self.patience and self._since_lowest(row) >= self.patience:
            evaluations = counted(self.patience, "evaluation")
            progress.stop(f"no lower Fréchet distance in {evaluations}")

    def best(self, steps: Collection[int]) -> int | None:
        """Return the best of `steps`, the steps that have a checkpoint."""
        row = evaluation_log.best(self._rows, steps, self.samples)
        return None if row is None else int(row["step"])

    def _since_lowest(self, row: Mapping[str, Any]) -> int:
        """Return the number of evaluations since the one with the lowest Fréchet distance."""
        distances = [one["frechet"] for one in self._alike(row)]
        return len(distances) - 1 - distances.index(min(distances))

    def _alike(self, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the evaluations that can be compared with `row`."""
        measure = evaluation_log.measure(row)
        return [one for one in self._rows if evaluation_log.measure(one) == measure]

    def _line(self, row: Mapping[str, Any]) -> str:
        """Return an evaluation as a line of text."""
        step, baseline = row["step"], evaluation_log.baseline_for(self._rows, row)
        alike = self._alike(row)
        lowest = row["frechet"] <= min(one["frechet"] for one in alike)
        return (
            f"step {step:,}: Fréchet distance {row['frechet']:.4g}"
            + (
                f" ({baseline['samples']:,} real images {baseline['frechet']:.3g})"
                if baseline
                else ""
            )
            + (", the lowest so far" if lowest and len(alike) > 1 else "")
            + f"; {row['features']}, {counted(row['samples'], 'image')}"
        )
