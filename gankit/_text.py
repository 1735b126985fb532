r"""Escape text for a terminal (`printable`) and for a UTF-8 file (`storable`); count nouns.

A file name may contain any byte except two, so also line breaks, terminal control codes and bytes
that are not UTF-8. Python represents the latter as surrogates, which UTF-8 cannot encode.

>>> print(printable("a\x1b[2Jb\nc\udcff"))
a\x1b[2Jb\nc\udcff
>>> restored(storable("faces\udcff")) == "faces\udcff"
True
"""

from __future__ import annotations

import re

_SURROGATE = re.compile("[\udc80-\udcff]")
_STORED = re.compile("\0([0-9a-f]{2})")


def counted(count: int, one: str, many: str = "") -> str:
    """Return a count and its noun, in the singular or the plural.

    >>> counted(1, "image"), counted(2000, "image"), counted(2, "class", "classes")
    ('1 image', '2,000 images', '2 classes')
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def printable(text: object) -> str:
    """Return text on one line, with unprintable characters escaped as in Python's `repr`.

    All text for a terminal, a page, a model card or a log is escaped by this function.
    """
    string = str(text)
    if string.isprintable():
        return string
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in string)


def one_line(text: object) -> str:
    r"""Return text of several lines as a single printable one.

    >>> one_line("no\n  such\tfile")
    'no such file'
    """
    return printable(" ".join(str(text).split()))


def plain(text: object, limit: int = 300) -> str:
    r"""Return at most `limit` characters of text on one line, without terminal control codes.

    >>> plain("a\x1b[31mb\nc")
    'a\\x1b[31mb c'
    """
    line = one_line(text)
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def printable_lines(text: object) -> str:
    """Return text of several lines, with unprintable characters escaped in each."""
    return "\n".join(map(printable, str(text).split("\n")))


def storable(text: str) -> str:
    r"""Return text that UTF-8 can encode: each surrogate becomes `\0` and two hex digits.

    No file name contains a zero byte, so `restored` returns the same name.
    """
    return _SURROGATE.sub(lambda found: f"\0{ord(found[0]) - 0xDC00:02x}", text)


def restored(text: str) -> str:
    """Return the text that was passed to `storable`."""
    return _STORED.sub(lambda found: chr(0xDC00 + int(found[1], 16)), text)
