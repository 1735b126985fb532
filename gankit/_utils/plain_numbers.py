"""Numbers of NumPy as Python's own: a scalar, or an array of no dimension.

They come from a mean or a file, and behave otherwise than floats: `(a > 0) - (b > 0)` of two is an
error, and one that overflows warns. What takes a number makes it Python's own first.
"""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

Kind = TypeVar("Kind", bound=type)


def number(value: Any) -> Any:  # noqa: ANN401 - whatever may be a number.
    """Return a number of NumPy (or a tensor of no dimension) as Python's own, else the value.

    >>> import numpy as np
    >>> number(np.float64(0.5)), number(np.asarray(3)), number("three")
    (0.5, 3, 'three')
    """
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        return value.item()
    return tuple(map(number, value)) if type(value) is tuple else value


def plain_numbers(kind: Kind) -> Kind:
    """Let a dataclass hold Python's own numbers, whatever it is given; stands below `@dataclass`.

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
