"""Steps as CUDA graphs: recorded once and then launched whole, so that no kernel waits for Python.

A graph runs the kernels that it was recorded with, in the same memory. What differs from step to
step, images and noise and masks, is therefore copied into tensors of the graph's own; and rates,
which Python computes with, tell which graph it is. Most recipes have one or two kinds of step.
Where rates differ in every step, as on a schedule, steps are run as they come. The average of the
weights, whose rate does so while it is young, is no part of a graph.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

from gankit_torch.feeds import Update

WARM = 3
"""Steps of a kind that are run as they come, for libraries to choose and to allocate."""
MOST = 4
"""Graphs of a trainer."""
KNOWN = 64
"""Kinds of steps that are counted."""

Work: TypeAlias = Callable[[], list[Tensor]]
Run: TypeAlias = Callable[[Sequence[Update]], list[Tensor]]
Kind: TypeAlias = tuple[object, ...]


class Recorder(Protocol):
    """What a device has for it."""

    def warm(self, work: Work) -> list[Tensor]:
        """Do the work before it is recorded."""
        ...

    def record(self, work: Work) -> tuple[list[Tensor], Callable[[], None]]:
        """Return what the work's outputs will be, and what does the work; it is not done yet."""
        ...


class Cuda:
    """CUDA's graphs, as PyTorch offers them, on one device."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._aside = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._pool = torch.cuda.graph_pool_handle()

    def warm(self, work: Work) -> list[Tensor]:
        """Do the work on a stream aside, as PyTorch asks for."""
        with torch.cuda.device(self._device):
            main = torch.cuda.current_stream()
            self._aside.wait_stream(main)
            with torch.cuda.stream(self._aside):
                outputs = work()
            main.wait_stream(self._aside)
        return outputs

    def record(self, work: Work) -> tuple[list[Tensor], Callable[[], None]]:
        """Record it.

        Graphs share one pool of memory: they run one after the other, and only their losses are
        looked at later. A recording that fails would leave its stream in place; the outer context
        brings back the one before.
        """
        graph = torch.cuda.CUDAGraph()
        with (
            torch.cuda.device(self._device),
            torch.cuda.stream(torch.cuda.current_stream()),
            torch.cuda.graph(graph, pool=self._pool, stream=self._aside),
        ):
            outputs = work()
        return outputs, graph.replay


def recorder(device: torch.device) -> Recorder | None:
    """Return what records work of a device; None where nothing does."""
    return Cuda(device) if device.type == "cuda" else None


@dataclass(frozen=True)
class Graph:
    """A step that was recorded: the updates and losses are in its own memory."""

    updates: Sequence[Update]
    losses: Sequence[Tensor]
    replay: Callable[[], None]

    def __call__(self, updates: Sequence[Update]) -> list[Tensor]:
        """Run it on the numbers of other updates."""
        for own, update in zip(self.updates, updates, strict=True):
            for mine, given in zip(own.tensors(), update.tensors(), strict=True):
                mine.copy_(given)
        self.replay()
        return [loss.clone() for loss in self.losses]


class Steps:
    """Runs steps, by graphs where some of a kind come again and again."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._seen: Counter[Kind] = Counter()
        self._graphs: dict[Kind, Graph] = {}
        self._works = True

    def __call__(self, run: Run, updates: Sequence[Update]) -> list[Tensor]:
        """Run a step by `run`, which is the same each time; return the losses of its updates."""
        kind = _kind(updates)
        graph = self._graphs.get(kind) or self._recorded(kind, run, updates)
        if graph:
            return graph(updates)
        return self._recorder.warm(lambda: run(updates))

    def _recorded(self, kind: Kind, run: Run, updates: Sequence[Update]) -> Graph | None:
        """Record a kind of step that was seen often enough, if that can be."""
        if not self._works or len(self._graphs) == MOST:
            return None
        if self._seen[kind] < WARM:
            if len(self._seen) > KNOWN:
                self._seen.clear()
            self._seen[kind] += 1
            return None
        own = [update.clone() for update in updates]
        try:
            losses, replay = self._recorder.record(lambda: run(own))
        except RuntimeError as error:
            self._works = False
            reason = str(error.__context__ or error).splitlines()[0]
            warnings.warn(f"steps are run without CUDA graphs: {reason}", stacklevel=2)
            return None
        self._graphs[kind] = Graph(own, losses, replay)
        return self._graphs[kind]


def _kind(updates: Sequence[Update]) -> Kind:
    """Return what a graph cannot change: sizes, and the rates that it was recorded with."""
    rates = [
        [rate for rate in update.scalars.items() if rate[0] != "average"] for update in updates
    ]
    return tuple((update.noise.shape, *found) for update, found in zip(updates, rates, strict=True))
