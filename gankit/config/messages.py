"""Error messages of an invalid configuration: the key, the value, the likely intent."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

from gankit.config import learning_rates
from gankit.data import ImageOptions
from gankit.errors import UnknownName, did_you_mean, shown
from gankit.layers import LAYERS
from gankit.optimizers import OPTIMIZERS

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

EXPECTED = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "bool": "true or false",
    "string": "text",
    "tuple": "a list",
    "list": "a list",
    "dict": "a table",
    "dataclass": "a table",
}
"""What a setting of each of pydantic's types expects, by the first word of an error's type."""
WRONG_TYPE = ("_type", "_parsing", "_from_float", "finite_number")
"""Ends of pydantic's error types for a value of a wrong type."""
WHERE = "; 'gankit train --print-config' lists keys"
"""Where the keys are, for one that is like none of them."""
MOST_ERRORS = 20
"""The most errors that one message lists."""


def in_words(error: ValidationError, parts: tuple[Any, ...]) -> str:
    """Return a one-line message with all errors, or the first few.

    Parameters
    ----------
    parts
        The dataclasses of a configuration, whose fields are its keys.
    """
    keys = {field.name for part in parts for field in dataclasses.fields(part)}
    errors = _of_one_kind(error.errors(include_url=False))
    more = [f"and {len(errors) - MOST_ERRORS} more"] if len(errors) > MOST_ERRORS else []
    return "; ".join([*(_describe(one, keys) for one in errors[:MOST_ERRORS]), *more])


def _of_one_kind(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Drop, of a value that may be a number or a schedule, the errors of the other type."""

    def not_a_table(error: ErrorDetails) -> bool:
        """Return whether the value is not a table."""
        return error["loc"][-1:] == ("Schedule",) and error["type"] == "dataclass_type"

    of_tables = [e["loc"] for e in errors if "Schedule" in e["loc"] and not not_a_table(e)]
    tables = {loc[: loc.index("Schedule")] for loc in of_tables}
    return [
        error
        for error in errors
        if not not_a_table(error)
        and not (error["loc"][-1:] == ("float",) and error["loc"][:-1] in tables)
    ]


IMAGE_OPTIONS = [field.name for field in dataclasses.fields(ImageOptions)]
REMEDIES = {
    **learning_rates.remedies("'{}.optimizer.learning_rate'"),
    **{name: f"'images.{name}'" for name in IMAGE_OPTIONS},
}
"""What to write for settings that belong into a table."""


def _describe(error: ErrorDetails, keys: set[str]) -> str:
    """Return where and what is wrong: `generator.layers.2.units: ...`."""
    place, kind = _place(error["loc"]), error["type"]
    name = str(error["loc"][-1]) if error["loc"] else ""
    if kind in {"unexpected_keyword_argument", "extra_forbidden"}:
        above = _place(error["loc"][:-1])
        remedies = {} if above else REMEDIES
        key = f"{above}.{name}" if above else name
        hint = did_you_mean(name, keys - {name}, remedies)
        return f"unknown key {key!r}{hint or WHERE}"
    if kind in {"union_tag_invalid", "literal_error"}:
        names = [part for part in error["loc"] if isinstance(part, str)]
        return f"{place}: {_unknown(names[-1], error)}"
    if kind == "missing":
        return f"{place!r} is missing"
    if (expected := EXPECTED.get(kind.partition("_")[0])) and kind.endswith(WRONG_TYPE):
        return f"{place}: got {shown(error['input'])}; expected {expected}"
    return f"{place}: {error['msg'].removeprefix('Value error, ')}".removeprefix(": ")


def _unknown(name: str, error: ErrorDetails) -> UnknownName:
    """Return the error for an unknown layer, optimizer or choice."""
    context = error.get("ctx", {})
    word = context.get("tag", error["input"])
    known = re.findall(r"'([^']+)'", str(context.get("expected_tags", context.get("expected"))))
    kind = str(context.get("discriminator", name)).strip("'")
    return UnknownName(kind, str(word), known)


def _place(location: tuple[int | str, ...]) -> str:
    """Return a dotted path, without pydantic's tags of unions."""
    tags = {_tag(part) for part in (*LAYERS, *OPTIMIZERS)} | {"float", "Schedule"}
    return ".".join(str(part) for part in location if part not in tags)


def _tag(part: type) -> str:
    return str(dataclasses.fields(part)[-1].default)
