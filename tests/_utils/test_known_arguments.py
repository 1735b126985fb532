"""Unknown keywords are refused; the message lists the known ones."""

from __future__ import annotations

import pytest

from gankit._utils.known_arguments import known_arguments
from gankit.errors import UnknownArgument


def test_the_name_of_further_keywords_is_no_keyword():
    @known_arguments(["colour"])
    def paint(size, **options): ...

    with pytest.raises(UnknownArgument, match=r"it takes: colour, size$"):
        paint(options=1)
