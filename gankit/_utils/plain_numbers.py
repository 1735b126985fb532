"""Convert NumPy scalars and 0-d arrays to Python numbers.

They come from a mean or a file, and differ from floats: `(a > 0) - (b > 0)` of two is an error, and
an overflow warns. Functions that take numbers convert them first.
"""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

Kind = TypeVar("Kind", bound=type)


def number(value: Any) -> Any:  # noqa: ANN401 - any value.
    """Return a NumPy scalar (or a 0-d tensor) as a Python number, any other value unchanged.

    >>> import numpy as np
    >>> number(np.float64(0.5)), number(np.asarray(3)), number("three")
    (0.5, 3, 'three')
    """
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        return value.item()
    return tuple(map(number, value)) if type(value) is tuple else value


def plain_numbers(kind: Kind) -> Kind:
    """Make a dataclass convert its numbers to Python's own; goes below `@dataclass`.

    >>> import numpy as np
    >>> @dataclasses.dataclass(frozen=True)
    ... @plain_numbers
    ... class Step:
    ...     size: float
    >>> Step(np.float64(0.5))
    Step(size=0.5)
    """
    check = getattr(kind, "__post_init__", None)

    def settle(self: Any) -> None:  # noqa: ANN401 - an instance of the class.
        for field in dataclasses.fields(self):
            given = getattr(self, field.name)
            if (plain := number(given)) is not given:
                object.__setattr__(self, field.name, plain)
        if check is not None:
            check(self)

    kind.__post_init__ = settle  # type: ignore[attr-defined]
    return kind
