"""Name the argument that is meant, and refuse flags of another type."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from gankit._utils.field_types import fits, words
from gankit.errors import ConfigError, UnknownArgument, shown

Function = TypeVar("Function", bound=Callable[..., Any])


def known_arguments(
    more: Iterable[str] = (), remedies: Mapping[str, str] | None = None
) -> Callable[[Function], Function]:
    """Make a function, or a dataclass, raise UnknownArgument for keywords that it does not take.

    A function also raises ConfigError for keywords declared as `bool` that are neither True nor
    False; a dataclass has `check_fields`.

    Parameters
    ----------
    more
        Keywords that it takes in addition to those of its signature.
    remedies
        As in `gankit.errors.did_you_mean`.

    >>> @known_arguments()
    ... def move(learning_rate): ...
    >>> move(lr=0.1)
    Traceback (most recent call last):
    gankit.errors.UnknownArgument: move: unknown argument 'lr' (did you mean 'learning_rate'?)
    """

    def decorate(function: Function) -> Function:
        own = inspect.signature(function).parameters.values()
        known = {*(one.name for one in own if one.kind != one.VAR_KEYWORD), *more}
        thing: Any = function
        called = thing.__init__ if isinstance(thing, type) else thing  # type: ignore[misc]
        flags = {one.name for one in own if one.annotation == "bool" and called is thing}

        @functools.wraps(called)
        def checked(*arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401 - those of `function`.
            for name, value in keywords.items():
                if name not in known:
                    raise UnknownArgument(function.__name__, name, known, remedies)
                if name in flags and not fits(value, bool):
                    raise ConfigError(f"{name}: got {shown(value)}; expected {words(bool)}")
            return called(*arguments, **keywords)

        if not isinstance(thing, type):
            return checked  # type: ignore[return-value]
        thing.__init__ = checked  # type: ignore[misc]
        return function

    return decorate
