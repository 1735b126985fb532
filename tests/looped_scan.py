"""A scan that is a loop, for frameworks of `gankit.functional` without a compiled one."""

from __future__ import annotations


class LoopedScan:
    """The scan of a framework, as a loop over its rows."""

    def scan(self, step, state, inputs):
        outputs = []
        for number in range(length(inputs)):
            state, made = step(state, mapped(lambda rows, i=number: rows[i], inputs))
            outputs.append(made)
        return state, self.stacked(outputs)

    def stacked(self, outputs):
        """Return the outputs of each step as nested arrays, without rows if there was no step."""
        if not outputs:
            return self.array([])
        if isinstance(outputs[0], tuple):
            return tuple(self.stacked(each) for each in zip(*outputs, strict=True))
        return self.xp.concatenate([each[None] for each in outputs], axis=0)


def mapped(f, tree):
    """Return nested tuples, named tuples and dictionaries with `f` of every array."""
    if isinstance(tree, dict):
        return {name: mapped(f, value) for name, value in tree.items()}
    if isinstance(tree, tuple):
        values = [mapped(f, value) for value in tree]
        return type(tree)(*values) if hasattr(tree, "_fields") else tuple(values)
    return None if tree is None else f(tree)


def length(tree):
    """Return the number of rows of nested arrays."""
    found = []
    mapped(lambda rows: found.append(len(rows)), tree)
    assert len(set(found)) == 1
    return found[0]
