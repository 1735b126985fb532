"""The callback protocol, and what a callback receives after each block of a run."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, runtime_checkable

from gankit.contract import Array, Problem, Trainer
from gankit.errors import ConfigError, shown


@dataclass
class StopRequest:
    """The request of a callback to end the run.

    Attributes
    ----------
    reason
        The first reason that was given, in one line; empty if no callback asked.
    """

    reason: str = ""


@dataclass(frozen=True)
class Progress:
    """What a callback receives after a block.

    Attributes
    ----------
    step
        Number of steps done.
    losses
        `(K, 2)` float64, discriminator and generator losses of the block's steps.
    trainer
        The trainer, between two steps.
    done
        Whether this is the last call: all steps are done, or the run was asked to stop.
    problem
        The problem that the trainer was built for, with the latent width and the classes.
    request
        What `stop` fills in.
    seconds
        How long the trainer took for the block, without callbacks; 0 if that is not known.
    terms
        The values of the terms in the block's steps, `(K,)` float64 by the names that
        `problem.loss_columns` has after the first two: "generator/fake/digit".
    """

    step: int
    losses: Array = field(repr=False)
    trainer: Trainer = field(repr=False)
    done: bool
    problem: Problem | None = field(default=None, repr=False)
    request: StopRequest = field(default_factory=StopRequest, repr=False, compare=False)
    seconds: float = field(default=0.0, repr=False, compare=False)
    terms: Mapping[str, Array] = field(default_factory=dict, repr=False, compare=False)

    def stop(self, reason: str) -> None:
        """End the run after this step: it is saved, and its log has the reason.

        Parameters
        ----------
        reason
            Why, in one line, such as "the figure is good enough". If several callbacks stop the
            run, the first reason counts.

        Raises
        ------
        ConfigError
            The reason is not a text of one line.
        """
        if not isinstance(reason, str) or not reason.strip() or len(reason.splitlines()) != 1:
            raise ConfigError(f"reason: got {shown(reason)}; expected a text of one line")
        self.request.reason = self.request.reason or reason.strip()


class Callback(Protocol):
    """Work between blocks; `as_callbacks` also accepts a plain function."""

    def next_boundary(self, step: int, /) -> int:
        """Return the first step after `step` at which a block must end for this callback."""
        ...

    def __call__(self, progress: Progress, /) -> None:
        """Handle `progress`; called after every block, at a boundary or not."""
        ...


@runtime_checkable
class FinishingCallback(Callback, Protocol):
    """A callback that also learns that another one stopped the run."""

    def finish(self, progress: Progress, /) -> None:
        """Handle the end of the run, after `progress.stop`.

        It is called once, with `progress.done`, after all callbacks were called with the block.
        """
        ...


@dataclass(frozen=True)
class EachStep:
    """Calls a plain function after every step: blocks are one step long, which is slower."""

    function: Callable[[Progress], object]

    def next_boundary(self, step: int, /) -> int:
        """Return the next step."""
        return step + 1

    def __call__(self, progress: Progress, /) -> None:
        """Call the function."""
        self.function(progress)


_Called: TypeAlias = Callback | Callable[[Progress], object]
Callbacks: TypeAlias = _Called | Iterable[_Called]
"""One callback, one function of a `Progress`, or several of them."""


def as_callbacks(given: Callbacks) -> list[Callback]:
    """Return callbacks as a list; plain functions are called after every step.

    Raises
    ------
    ConfigError
        A value is neither a callback nor a function.
    """
    several = isinstance(given, Iterable) and not callable(given)
    return [_as_callback(one) for one in (given if several else [given])]  # type: ignore[union-attr]


def _as_callback(given: Any) -> Callback:  # noqa: ANN401 - users pass many types.
    check_function("callbacks", given)
    return given if callable(getattr(given, "next_boundary", None)) else EachStep(given)


def check_function(name: str, given: object) -> None:
    """Raise ConfigError unless `given` can be called with one argument, the progress.

    `name` is its name in the message.
    """
    if isinstance(given, type):
        raise ConfigError(f"{name}: got {shown(given)}; write {given.__name__}(...)")
    if not callable(given):
        raise ConfigError(
            f"{name}: got {shown(given)}; expected a function of one argument, or one of "
            "gankit.callbacks"
        )
    if _only_starts(given) or _only_starts(type(given).__call__):
        raise ConfigError(
            f"{name}: got {shown(given)}, an async function or one with yield, whose body a call "
            "does not run; expected a plain function"
        )
    try:
        signature = inspect.signature(given)
    except (TypeError, ValueError):  # Functions written in C may have no signature.
        return
    try:
        signature.bind("progress")
    except TypeError:
        found = ", ".join(signature.parameters)
        raise ConfigError(
            f"{name}: got {shown(given)} of ({found}); expected one parameter, the progress"
        ) from None


def _only_starts(called: object) -> bool:
    """Return whether a call makes a coroutine or a generator, and runs nothing."""
    kinds = inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction
    return any(is_kind(called) for is_kind in kinds)
