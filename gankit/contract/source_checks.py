"""Whether networks take values that they can take, and a problem's sources fit it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from gankit.contract.network_inputs import NOISE, REAL, SEES, SOURCE
from gankit.contract.specification import Specification
from gankit.errors import ConfigError
from gankit.layers import Concat, Spec
from gankit.layers.specs import flat
from gankit.passes import parsed
from gankit.terms import FAKE


def check_inputs(inputs: tuple[str, ...], sees: Any) -> None:  # noqa: ANN401 - users pass it.
    """Raise ConfigError unless these are values that a generator and a discriminator can take."""
    if not inputs or len(set(inputs)) < len(inputs) or not {*inputs} <= {NOISE, SOURCE}:
        raise ConfigError(
            f"generator.inputs: got {_text(list(inputs))}; expected 'noise', 'source' or both"
        )
    fits = isinstance(sees, Mapping) and sees.keys() == SEES.keys()
    if not fits or not all(sees.values()) or len(set(map(len, sees.values()))) > 1:
        raise ConfigError(
            f"discriminator.sees: got {_seen_text(sees)}; expected as many values of each half, "
            "such as real = ['real', 'source'] and fake = ['fake', 'source']"
        )


def _seen_text(sees: Any) -> str:  # noqa: ANN401 - users pass it.
    if not isinstance(sees, Mapping):
        return _text(sees)
    return _text({half: list(each) for half, each in sees.items()})


def check_sources(problem: Specification) -> None:
    """Raise ConfigError, in one line, unless sources, networks and terms fit together."""
    takes = SOURCE in problem.inputs or problem.sees_source or _passes_take_source(problem)
    # Of generated images: reconstructions and other values may be compared with real ones.
    terms = [term for term in problem.terms if term.of == FAKE or term.to == SOURCE]
    if problem.source is None:
        if takes or terms:
            raise ConfigError(
                "source: got none, but a network or a term uses sources; expected 'paired' or "
                "'unpaired'"
            )
        return
    if SOURCE not in problem.inputs:
        raise ConfigError(
            f"generator.inputs: got {list(problem.inputs)} with {problem.source} sources; "
            "expected 'source' among them"
        )
    _check_shape(problem)
    for name in ("generator", "discriminator"):
        if isinstance(spec := getattr(problem, name), tuple):
            _check_taken(name, spec, problem.input_names(name))
    if problem.codes and NOISE not in problem.inputs:
        raise ConfigError("codes: got codes, but the generator takes no noise; add 'noise'")
    if problem.source == "unpaired":
        if problem.sees_source:
            raise ConfigError(
                "discriminator.sees: got 'source' with unpaired sources; expected paired ones"
            )
        if any((term.of, term.to) == (FAKE, REAL) for term in terms):
            raise ConfigError("term.to: got 'real' with unpaired sources; expected paired ones")


def _passes_take_source(problem: Specification) -> bool:
    calls = (parsed(name, text) for name, text in problem.passes.items())
    return any(SOURCE in call.inputs for call in calls)


def _check_taken(name: str, spec: Spec, values: tuple[str, ...]) -> None:
    """Raise ConfigError if no layer takes a network's second input."""
    taken = (layer.input for layer in flat(spec) if isinstance(layer, Concat))
    if len(values) > 1 and not any(isinstance(given, int) for given in taken):
        raise ConfigError(
            f"{name}: got no layer that takes the {values[1]}, its second input; add Concat(1)"
        )


def _text(value: object) -> str:
    """Return names as they were given, cut to 100 characters."""
    return textwrap.shorten(str(value), 100, placeholder="...")


def _check_shape(problem: Specification) -> None:
    shape = problem.source_shape
    if shape is None or len(shape) != 3 or min(shape) < 1:
        raise ConfigError(f"source_shape: got {shape}; expected (height, width, channels)")
