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
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

from gankit.functional import Inputs

WARMUP_STEPS = 3
"""Steps of a kind that run without a graph, for libraries to choose kernels and to allocate."""
MAX_GRAPHS = 4
"""The most graphs of a trainer."""
MAX_KINDS = 64
"""The most kinds of steps that are counted."""

Work: TypeAlias = Callable[[], list[Tensor]]
RunStep: TypeAlias = Callable[[Sequence[Inputs]], list[Tensor]]
StepKind: TypeAlias = tuple[object, ...]


class Recorder(Protocol):
    """Records work on a device."""

    def warm(self, work: Work) -> list[Tensor]:
        """Do the work before it is recorded."""
        ...

    def record(self, work: Work) -> tuple[list[Tensor], Callable[[], None]]:
        """Record the work without doing it; return its future outputs and a replay function."""
        ...


class CudaRecorder:
    """Records CUDA graphs on one device."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._side_stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._pool = torch.cuda.graph_pool_handle()

    def warm(self, work: Work) -> list[Tensor]:
        """Do the work on a side stream, as PyTorch requires."""
        with torch.cuda.device(self._device):
            main = torch.cuda.current_stream()
            self._side_stream.wait_stream(main)
            with torch.cuda.stream(self._side_stream):
                outputs = work()
            main.wait_stream(self._side_stream)
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
            torch.cuda.graph(graph, pool=self._pool, stream=self._side_stream),
        ):
            outputs = work()
        return outputs, graph.replay


def recorder(device: torch.device) -> Recorder | None:
    """Return the recorder of a device, or None."""
    return CudaRecorder(device) if device.type == "cuda" else None


@dataclass(frozen=True)
class StepGraph:
    """A recorded step, with its batches and losses in its own memory."""

    batches: Sequence[Inputs]
    losses: Sequence[Tensor]
    replay: Callable[[], None]

    def __call__(self, batches: Sequence[Inputs]) -> list[Tensor]:
        """Copy other batches into the graph's memory and run it; return their losses."""
        for own, given in zip(self.batches, batches, strict=True):
            for target, source in zip(_tensors(own), _tensors(given), strict=True):
                target.copy_(source)
        self.replay()
        return [loss.clone() for loss in self.losses]


class GraphedSteps:
    """Runs steps, with graphs for kinds of steps that repeat."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._counts: Counter[StepKind] = Counter()
        self._graphs: dict[StepKind, StepGraph] = {}
        self._can_record = True

    def __call__(self, run: RunStep, batches: Sequence[Inputs]) -> list[Tensor]:
        """Run a step with `run`, which is always the same; return the losses of its updates."""
        kind = _step_kind(batches)
        graph = self._graphs.get(kind) or self._record(kind, run, batches)
        if graph:
            return graph(batches)
        return self._recorder.warm(lambda: run(batches))

    def _record(self, kind: StepKind, run: RunStep, batches: Sequence[Inputs]) -> StepGraph | None:
        """Record a kind of step that has run often enough; return None if it cannot be recorded."""
        if not self._can_record or len(self._graphs) == MAX_GRAPHS:
            return None
        if self._counts[kind] < WARMUP_STEPS:
            if len(self._counts) > MAX_KINDS:
                self._counts.clear()
            self._counts[kind] += 1
            return None
        own = list(map(_cloned, batches))
        try:
            losses, replay = self._recorder.record(lambda: run(own))
        except RuntimeError as error:
            self._can_record = False
            reason = str(error.__context__ or error).splitlines()[0]
            warnings.warn(f"steps are run without CUDA graphs: {reason}", stacklevel=2)
            return None
        self._graphs[kind] = StepGraph(own, losses, replay)
        return self._graphs[kind]


def _step_kind(batches: Sequence[Inputs]) -> StepKind:
    """Return what a graph cannot change: sizes, and the scalars that it was recorded with."""
    scalars = [
        [scalar for scalar in batch.scalars.items() if scalar[0] != "average"] for batch in batches
    ]
    return tuple((batch.noise.shape, *own) for batch, own in zip(batches, scalars, strict=True))


def _tensors(inputs: Inputs) -> list[Tensor]:
    """Return an update's tensors, always in the same order."""
    labels = [] if inputs.labels is None else [inputs.labels]
    masks = inputs.masks.prefetched or {}
    source = [] if isinstance(inputs.source, tuple) else [inputs.source]
    tensors = [inputs.real, inputs.noise, *source, *labels]
    return [*tensors, *inputs.random.values(), *masks.values()]


def _cloned(inputs: Inputs) -> Inputs:
    """Return a copy that shares no memory with the inputs."""
    masks = inputs.masks.prefetched
    return inputs._replace(
        real=_clone(inputs.real),
        noise=_clone(inputs.noise),
        labels=_clone(inputs.labels),
        source=() if isinstance(inputs.source, tuple) else inputs.source.clone(),
        random={name: _clone(tensor) for name, tensor in inputs.random.items()},
        masks=replace(
            inputs.masks, prefetched=masks and {name: _clone(mask) for name, mask in masks.items()}
        ),
    )


def _clone(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.clone()
