"""The bar of a run in a terminal or a notebook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from gankit.callbacks import Bar
from gankit.launch.resolved_plan import ResolvedPlan
from gankit.training import Callback


@contextmanager
def with_bar(
    progress: bool, plan: ResolvedPlan, called: Sequence[Callback]
) -> Iterator[Sequence[Callback]]:
    """Yield the callbacks, with a bar if `progress` is True; close the bar after the block."""
    if not progress or any(isinstance(callback, Bar) for callback in called):
        yield called
        return
    with closing(Bar(plan.steps, minutes=plan.config.minutes)) as bar:
        yield [*called, bar]
