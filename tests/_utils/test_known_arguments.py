"""Unknown keywords and flags of another type are refused."""

from __future__ import annotations

import numpy as np
import pytest

from gankit._utils.known_arguments import known_arguments
from gankit.errors import ConfigError, UnknownArgument


def test_the_name_of_further_keywords_is_no_keyword():
    @known_arguments(["colour"])
    def paint(size, **options): ...

    with pytest.raises(UnknownArgument, match=r"it takes: colour, size$"):
        paint(options=1)


@known_arguments()
def switched(*, on: bool = False, anything: bool | str = True) -> bool:
    return on and bool(anything)


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_a_flag_of_another_type_is_refused(value):
    with pytest.raises(ConfigError, match=r"on: got .*; expected True or False$"):
        switched(on=value)


def test_flags_may_be_of_numpy_and_other_arguments_anything():
    assert switched(on=np.bool_(True), anything="yes")
