"""Steps as CUDA graphs, recorded once and launched as one, without Python's overhead per kernel.

A graph runs the recorded kernels in the same memory. What differs between steps, images and noise
and masks, is therefore copied into the graph's own tensors; scalars, with which Python computes,
select the graph. Most recipes have one or two kinds of step. If scalars differ in every step, as on
a schedule, steps run without graphs. The average of the weights, whose scalar changes at first, is
not part of a graph.
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

WARMUP_STEPS = 3
"""Steps of a kind that run without a graph, for libraries to choose kernels and to allocate."""
MOST_GRAPHS = 4
"""The most graphs of a trainer."""
MOST_KINDS = 64
"""The most kinds of steps that are counted."""

Work: TypeAlias = Callable[[], list[Tensor]]
Run: TypeAlias = Callable[[Sequence[Update]], list[Tensor]]
Kind: TypeAlias = tuple[object, ...]


class Recorder(Protocol):
    """Records work on a device."""

    def warm(self, work: Work) -> list[Tensor]:
        """Do the work before it is recorded."""
        ...

    def record(self, work: Work) -> tuple[list[Tensor], Callable[[], None]]:
        """Record the work without doing it; return its future outputs and a replay function."""
        ...


class Cuda:
    """CUDA graphs of PyTorch, on one device."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._aside = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._pool = torch.cuda.graph_pool_handle()

    def warm(self, work: Work) -> list[Tensor]:
        """Do the work on a side stream, as PyTorch requires."""
        with torch.cuda.device(self._device):
            main = torch.cuda.current_stream()
            self._aside.wait_stream(main)
            with torch.cuda.stream(self._aside):
                outputs = work()
            main.wait_stream(self._aside)
        return outputs

    def record(self, work: Work) -> tuple[list[Tensor], Callable[[], None]]:
        """Record the work.

        Graphs share one memory pool: they run one after the other, and only their losses are read
        later. A failed recording would leave its stream active; the outer context restores the
        previous one.
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
    """Return the recorder of a device, or None."""
    return Cuda(device) if device.type == "cuda" else None


@dataclass(frozen=True)
class Graph:
    """A recorded step: the updates and losses are in its own memory."""

    updates: Sequence[Update]
    losses: Sequence[Tensor]
    replay: Callable[[], None]

    def __call__(self, updates: Sequence[Update]) -> list[Tensor]:
        """Run it with the inputs of other updates."""
        for own, update in zip(self.updates, updates, strict=True):
            for mine, given in zip(own.tensors(), update.tensors(), strict=True):
                mine.copy_(given)
        self.replay()
        return [loss.clone() for loss in self.losses]


class Steps:
    """Runs steps, with graphs for kinds that repeat."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._seen: Counter[Kind] = Counter()
        self._graphs: dict[Kind, Graph] = {}
        self._works = True

    def __call__(self, run: Run, updates: Sequence[Update]) -> list[Tensor]:
        """Run a step with `run`, which is always the same; return the losses of its updates."""
        kind = _kind(updates)
        graph = self._graphs.get(kind) or self._recorded(kind, run, updates)
        if graph:
            return graph(updates)
        return self._recorder.warm(lambda: run(updates))

    def _recorded(self, kind: Kind, run: Run, updates: Sequence[Update]) -> Graph | None:
        """Record a kind of step that was seen often enough, if possible."""
        if not self._works or len(self._graphs) == MOST_GRAPHS:
            return None
        if self._seen[kind] < WARMUP_STEPS:
            if len(self._seen) > MOST_KINDS:
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
    """Return what a graph cannot change: sizes, and the scalars that it was recorded with."""
    rates = [
        [rate for rate in update.scalars.items() if rate[0] != "average"] for update in updates
    ]
    return tuple((update.noise.shape, *found) for update, found in zip(updates, rates, strict=True))
