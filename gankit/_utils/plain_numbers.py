"""Convert NumPy scalars and 0-d arrays to Python numbers.

NumPy returns such scalars from a mean or a file. They differ from floats: `(a > 0) - (b > 0)` is an
error, and an overflow warns. Functions convert their numbers first.
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
    """Make a dataclass convert its numbers to Python's own; apply it below `@dataclass`.

    >>> import numpy as np
    >>> @dataclasses.dataclass(frozen=True)
    ... @plain_numbers
    ... class Step:
    ...     size: float
    >>> Step(np.float64(0.5))
    Step(size=0.5)
    """
    check = getattr(kind, "__post_init__", None)

    def convert(self: Any) -> None:  # noqa: ANN401 - an instance of the class.
        for field in dataclasses.fields(self):
            given = getattr(self, field.name)
            if (plain := number(given)) is not given:
                object.__setattr__(self, field.name, plain)
        if check is not None:
            check(self)

    kind.__post_init__ = convert  # type: ignore[attr-defined]
    return kind
