r"""Text that a person reads, and text that goes into a file, whatever a name is made of.

The name of a file may have any byte but two: line breaks, codes that steer a terminal, bytes that
are not UTF-8. Python holds such a byte as a surrogate, which no file in UTF-8 can hold.

>>> print(printable("a\x1b[2Jb\nc\udcff"))
a\x1b[2Jb\nc\udcff
>>> restored(storable("faces\udcff")) == "faces\udcff"
True
"""

from __future__ import annotations

import re

_SURROGATE = re.compile("[\udc80-\udcff]")
_STORED = re.compile("\0([0-9a-f]{2})")


def printable(text: object) -> str:
    """Return text on one line; each character that cannot be seen is written as Python writes it.

    This is the one place that cleans what a terminal, a page, a card or a log shows.
    """
    said = str(text)
    if said.isprintable():
        return said
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in said)


def one_line(text: object) -> str:
    r"""Return text of several lines as a single printable one.

    >>> one_line("no\n  such\tfile")
    'no such file'
    """
    return printable(" ".join(str(text).split()))


def printable_lines(text: object) -> str:
    """Return text of several lines, each of them printable."""
    return "\n".join(map(printable, str(text).split("\n")))


def storable(text: str) -> str:
    r"""Return text that UTF-8 can encode: a byte of a name that is not text becomes `\0` and hex.

    No name has a zero byte, so `restored` returns the same name.
    """
    return _SURROGATE.sub(lambda found: f"\0{ord(found[0]) - 0xDC00:02x}", text)


def restored(text: str) -> str:
    """Return the text that `storable` was given."""
    return _STORED.sub(lambda found: chr(0xDC00 + int(found[1], 16)), text)
