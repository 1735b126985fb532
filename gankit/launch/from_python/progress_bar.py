"""The bar of a run in a terminal or a notebook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from gankit.callbacks import Bar
from gankit.training import Callback


@contextmanager
def with_bar(
    progress: bool, steps: int, called: Sequence[Callback]
) -> Iterator[Sequence[Callback]]:
    """Yield the callbacks, with a bar if `progress` is True; close the bar after the block."""
    if not progress or any(isinstance(callback, Bar) for callback in called):
        yield called
        return
    with closing(Bar(steps)) as bar:
        yield [*called, bar]
