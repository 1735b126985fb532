"""Check that the fields of a dataclass have values of their declared types."""

from __future__ import annotations

import functools
import numbers
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any, Literal, Union

import numpy as np

from gankit.errors import ConfigError, UnknownName, shown

KINDS: dict[object, tuple[type, str]] = {
    int: (numbers.Integral, "a whole number"),
    float: (numbers.Real, "a number"),
    str: (str, "a text"),
}
"""The types of plain fields, NumPy scalars included, and their names in messages."""


def check_fields(thing: Any, name: str = "") -> None:  # noqa: ANN401 - any dataclass.
    """Raise ConfigError unless every field of a dataclass has a value of its declared type.

    Parameters
    ----------
    thing
        The instance. Only fields declared as whole numbers, numbers, texts, flags, choices, tuples
        and classes are checked.
    name
        Its name in the message, before the field: "dense" for "dense.units".
    """
    for field, hint in _hints(type(thing)).items():  # type: ignore[arg-type]
        value = getattr(thing, field)
        if fits(value, hint):
            continue
        place = f"{name}.{field}" if name else field
        if typing.get_origin(hint) is Literal and isinstance(value, str):
            raise UnknownName(field, value, typing.get_args(hint))
        if typing.get_origin(hint) is tuple and isinstance(value, tuple):
            item_hint = typing.get_args(hint)[0]
            wrong = next(item for item in value if not fits(item, item_hint))
            raise ConfigError(f"{place}: got {shown(wrong)}; expected {words(item_hint)}")
        raise ConfigError(f"{place}: got {shown(value)}; expected {words(hint)}")


def as_tuple(given: Any) -> tuple[Any, ...]:  # noqa: ANN401 - one thing, or several.
    """Return a list as a tuple, and any value that is not a collection as a tuple of one.

    >>> as_tuple([1, 2]), as_tuple("one"), as_tuple(None)
    ((1, 2), ('one',), (None,))
    """
    if isinstance(given, tuple | list | Iterator):
        return tuple(given)
    return (given,)


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def fits(value: object, hint: Any) -> bool:  # noqa: ANN401 - any annotation.
    """Return whether a value is of the annotated type; True for annotations that are not checked.

    >>> fits(3, float), fits(True, int), fits((1, "a"), tuple[int, ...])
    (True, False, False)
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {Union, types.UnionType}:
        return any(fits(value, one) for one in arguments)
    if origin is Literal:
        plain = isinstance(value, str | int) and not isinstance(value, bool)
        return plain and value in arguments
    if origin is tuple:
        return isinstance(value, tuple) and all(fits(item, arguments[0]) for item in value)
    if origin is Callable or hint is Callable:
        return callable(value)
    if hint in KINDS:
        return isinstance(value, KINDS[hint][0]) and not isinstance(value, bool)
    if hint is bool:
        return isinstance(value, bool | np.bool_)
    if hint is types.NoneType:
        return value is None
    if hint is Any:
        return True
    return isinstance(value, hint) if isinstance(hint, type) else True


def words(hint: Any) -> str:  # noqa: ANN401 - any annotation.
    """Return a text that describes the values of an annotation, for messages.

    >>> words(float | None), words(Literal["real", "fake"]), words(tuple[int, ...])
    ('a number or None', "'real' or 'fake'", 'a tuple, each item a whole number')
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {Union, types.UnionType}:
        return " or ".join(map(words, arguments))
    if origin is Literal:
        return " or ".join(map(repr, arguments))
    if origin is tuple:
        return f"a tuple, each item {words(arguments[0])}"
    if origin is Callable or hint is Callable:
        return "a function"
    if hint in KINDS:
        return KINDS[hint][1]
    if hint is bool:
        return "True or False"
    return "None" if hint is types.NoneType else f"{hint.__module__}.{hint.__name__}"
