"""A writer of YAML for text of any kind: every string is quoted, so none is read as another type.

Written and not imported: gankit needs no YAML otherwise, and reads none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from gankit._text import printable

Value: TypeAlias = "str | int | float | Sequence[Value] | Mapping[str, Value]"


def yaml_block(fields: Mapping[str, Value]) -> str:
    """Return fields as YAML; mappings of scalars below the first level take one line each.

    >>> print(yaml_block({"license": "no", "tags": ["gan"], "a": [{"b": [{"c": 1e-05}]}]}))
    license: "no"
    tags:
      - "gan"
    a:
      - b:
          - {c: 1.0e-05}
    """
    return "\n".join(_fields(fields))


def _fields(fields: Mapping[str, Value]) -> Iterator[str]:
    for key, value in fields.items():
        if _is_short(value):
            yield f"{key}: {_short(value)}"
            continue
        yield f"{key}:"
        yield from (f"  {line}" for line in _lines(value))


def _lines(value: Value) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from _fields(value)
        return
    assert isinstance(value, Sequence)  # noqa: S101 - a scalar is short.
    for each in value:
        first, *others = [_short(each)] if _is_short(each) else _lines(each)
        yield f"- {first}"
        yield from (f"  {line}" for line in others)


def _is_short(value: Value) -> bool:
    """Return whether a value takes one line."""
    if isinstance(value, Mapping):
        return all(isinstance(each, str | int | float) for each in value.values())
    return isinstance(value, str | int | float)


def _short(value: Value) -> str:
    """Return a scalar, or a mapping of scalars in braces."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_short(each)}' for key, each in value.items())}}}"
    if isinstance(value, str):
        # A string of JSON is one of YAML, but for escapes of characters beyond 16 bits.
        return json.dumps(printable(value), ensure_ascii=False)
    text = repr(value)
    # Without a point, readers of YAML 1.1 take 1e-05 for text.
    return text if "." in text else text.replace("e", ".0e")
