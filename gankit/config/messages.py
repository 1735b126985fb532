"""What is wrong with a configuration, in words: where, what was found, what was likely meant."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

from gankit.errors import UnknownName, did_you_mean
from gankit.layers import LAYERS
from gankit.optimizers import OPTIMIZERS

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

FAULTS = 20
"""How many of the things that are wrong with a configuration an error names."""


def in_words(error: ValidationError, parts: tuple[Any, ...]) -> str:
    """Say in one line what is wrong, in all places or the first few.

    Parameters
    ----------
    parts
        The dataclasses that a configuration is made of, whose fields are its keys.
    """
    keys = {field.name for part in parts for field in dataclasses.fields(part)}
    faults = _of_one_kind(error.errors(include_url=False))
    more = [f"and {len(faults) - FAULTS} more"] if len(faults) > FAULTS else []
    return "; ".join([*(_describe(fault, keys) for fault in faults[:FAULTS]), *more])


def _of_one_kind(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Keep, of what may be a number or a schedule, the faults of what it was meant to be."""

    def whole(error: ErrorDetails) -> bool:
        """Tell whether it is said of a value that is no table at all."""
        return error["loc"][-1:] == ("Schedule",) and error["type"] == "dataclass_type"

    of_tables = [e["loc"] for e in errors if "Schedule" in e["loc"] and not whole(e)]
    tables = {loc[: loc.index("Schedule")] for loc in of_tables}
    return [
        error
        for error in errors
        if not whole(error)
        and not (error["loc"][-1:] == ("float",) and error["loc"][:-1] in tables)
    ]


def _describe(error: ErrorDetails, keys: set[str]) -> str:
    """Say where and what is wrong: `generator.layers.2.units: ...`."""
    place, kind = _place(error["loc"]), error["type"]
    name = str(error["loc"][-1]) if error["loc"] else ""
    if kind in {"unexpected_keyword_argument", "extra_forbidden"}:
        return f"unknown key {place!r}{did_you_mean(name, keys - {name})}"
    if kind in {"union_tag_invalid", "literal_error"}:
        return f"{place}: {_unknown(name, error)}"
    if kind == "missing":
        return f"{place!r} is missing"
    return f"{place}: {error['msg'].removeprefix('Value error, ')}".removeprefix(": ")


def _unknown(name: str, error: ErrorDetails) -> UnknownName:
    """Say which word is none of those that stand here: a layer's, an optimizer's, a choice."""
    context = error.get("ctx", {})
    word = context.get("tag", error["input"])
    known = re.findall(r"'([^']+)'", str(context.get("expected_tags", context.get("expected"))))
    kind = str(context.get("discriminator", name)).strip("'")
    return UnknownName(kind, str(word), known)


def _place(location: tuple[int | str, ...]) -> str:
    """Return a dotted path, without the tags of unions that pydantic puts between."""
    tags = {_tag(part) for part in (*LAYERS, *OPTIMIZERS)} | {"float", "Schedule"}
    return ".".join(str(part) for part in location if part not in tags)


def _tag(part: type) -> str:
    return str(dataclasses.fields(part)[-1].default)
