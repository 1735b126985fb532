"""Images that differ in one code or one condition alone: a row for each seed's image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gankit.cli.sampling.classes import arrangement
from gankit.cli.sampling.code_choice import CodeChoice
from gankit.cli.sampling.options import SampleOptions
from gankit.cli.sampling.paths import ANIMATED_STEPS, STEPS, write_paths
from gankit.cli.sampling.training import MOST_FRAMES
from gankit.errors import ConfigError, UnknownName

if TYPE_CHECKING:
    from gankit.contract import Problem

ROWS = 10


@dataclass(frozen=True)
class VariedCodeRequest:
    """A request for rows along which a code varies."""

    options: SampleOptions
    code: CodeChoice

    def check(self) -> None:
        """Raise ConfigError for options of the other requests."""
        options = self.options
        if not options.animates and options.columns is not None:
            raise ConfigError("--code NAME=A..B makes rows of --steps images; remove --columns")
        if options.steps is not None and not 2 <= options.steps <= MOST_FRAMES:
            raise ConfigError(f"--steps: got {options.steps}; expected 2 to {MOST_FRAMES:,}")

    def write(self) -> Iterator[str]:
        """Write the images, and yield messages about them."""
        from gankit.api import load

        options = self.options
        run = load(options.run, options.backend, best=options.best, device=options.device)
        values = self._values(run.problem)
        labels, count, columns, _ = arrangement(options, run, options.count or ROWS)
        rows = run.sweep(
            self.code.name, values, count, options.seed, labels,
            truncation=options.truncation, codes=options.fixed_codes or None,
        )  # fmt: skip
        yield from write_paths(options, rows[:, np.newaxis], columns)

    def _values(self, problem: Problem) -> list[float]:
        """Return the values of the code: every category, or equal steps from end to end."""
        from gankit.launch.run.class_labels import NO_CONDITIONS

        kinds: dict[str, str] = {code.name: code.kind for code in problem.codes}
        what = "code"
        if self.code in self.options.conditions:
            if not problem.generator_labels.columns:
                raise ConfigError(NO_CONDITIONS)
            kinds, what = {condition.name: "real" for condition in problem.conditions}, "condition"
        if self.code.name not in kinds:
            raise UnknownName(what, self.code.name, sorted(kinds))
        first, last = self.code.first, self.code.last
        assert last is not None  # noqa: S101 - for mypy: this code varies.
        if kinds[self.code.name] != "categorical":
            count = self.options.steps or (ANIMATED_STEPS if self.options.animates else STEPS)
            return [float(value) for value in np.linspace(first, last, count)]
        if self.options.steps is not None:
            raise ConfigError(
                f"--steps: got {self.options.steps} for the categories of {self.code.name!r}; "
                "leave it out"
            )
        step = 1 if last >= first else -1
        return [float(value) for value in np.arange(first, last + step / 2, step)]
