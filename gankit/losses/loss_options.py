"""The numbers of a loss that settings can change, such as a margin."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from gankit.errors import ConfigError, UnknownName
from gankit.losses.loss import Loss


def with_options(loss: Loss, options: Mapping[str, float]) -> Loss:
    """Return `loss` with other numbers: `{"margin": 0.5}` for "ebgan".

    Parameters
    ----------
    loss
        The loss.
    options
        Arguments of `loss.options`; empty returns `loss` itself.

    Raises
    ------
    ConfigError
        The loss has no options, or a number is out of range.
    UnknownName
        The loss has other options.
    """
    if not options:
        return loss
    if loss.options is None:
        raise ConfigError(
            f"loss_options: got {', '.join(options)} for loss {loss.name!r}, which has no options; "
            "leave them out"
        )
    known = inspect.signature(loss.options).parameters
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values()):
        for name in options:
            if name not in known:
                raise UnknownName(f"option of loss {loss.name!r}", name, known)
    try:
        return loss.options(**options)
    except ConfigError as error:
        raise ConfigError(f"loss_options.{error}") from None
