"""A replacement of CUDA graphs on a CPU: it records PyTorch's operations and repeats them.

As a graph does, it works in the memory that it was recorded with, knows nothing of Python's
decisions, and refuses to look at a number while it is recorded. What is recorded is done, as there
is no other way to know the outputs' shapes; then all that it wrote to is put back as it was.
"""

from __future__ import annotations

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

LOOKS = ("aten::_local_scalar_dense", "aten::nonzero", "aten::is_nonzero", "aten::item")


class Recorder:
    """A `gankit_torch.cuda_graphs.Recorder` that counts its calls."""

    def __init__(self):
        self.warmed = self.recorded = self.replayed = 0

    def warm(self, work):
        self.warmed += 1
        return work()

    def record(self, work):
        self.recorded += 1
        tape = Tape()
        try:
            with tape:
                outputs = work()
        finally:
            tape.put_back()

        def replay():
            self.replayed += 1
            tape.play()

        return outputs, replay


class Tape(TorchDispatchMode):
    """The operations of a region, with their tensors."""

    def __init__(self):
        super().__init__()
        self.operations, self.before, self.own = [], {}, set()

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if operation._schema.name in LOOKS:
            raise RuntimeError(f"{operation} looks at a number while it is recorded")
        for tensor in written(operation, args, kwargs):
            if storage(tensor) not in self.own | self.before.keys():
                whole = torch.empty(0, dtype=tensor.dtype).set_(tensor.untyped_storage())
                self.before[storage(tensor)] = whole, whole.clone()
        given = {storage(t) for t in tensors((args, kwargs))}
        outputs = operation(*args, **kwargs)
        self.own |= {storage(t) for t in tensors(outputs)} - given
        self.operations.append((operation, args, kwargs, outputs))
        return outputs

    @torch.no_grad()
    def put_back(self):
        for tensor, was in self.before.values():
            tensor.copy_(was)

    @torch.no_grad()
    def play(self):
        for operation, args, kwargs, outputs in self.operations:
            given = {storage(t) for t in tensors((args, kwargs))}
            made = operation(*args, **kwargs)
            for mine, new in zip(tensors(outputs), tensors(made), strict=True):
                if storage(mine) not in given:
                    mine.copy_(new)


def storage(tensor):
    return tensor.untyped_storage().data_ptr()


def tensors(tree):
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def written(operation, args, kwargs):
    """Return the tensors that an operation declares to write."""
    named = {argument.name: argument for argument in operation._schema.arguments}
    given = dict(zip(named, args, strict=False)) | kwargs
    marked = [n for n in given if named[n].alias_info and named[n].alias_info.is_write]
    return tensors([given[name] for name in marked])
