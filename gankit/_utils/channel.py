"""How a process tells its parent what it finds: lines of JSON on what was standard output."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from gankit._utils.processes import heed_debug

Tell: TypeAlias = Callable[[Mapping[str, Any]], None]


def channel() -> Tell:
    """Keep standard output for what is told, alone; what else is printed goes to the error's."""
    heed_debug()
    mine = os.dup(1)
    os.dup2(2, 1)

    def tell(word: Mapping[str, Any]) -> None:
        os.write(mine, f"{json.dumps(word)}\n".encode())

    return tell
