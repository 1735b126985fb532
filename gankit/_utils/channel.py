"""Messages from a child process to its parent: lines of JSON on the original standard output."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from gankit._utils.processes import heed_debug

Send: TypeAlias = Callable[[Mapping[str, Any]], None]


def channel() -> Send:
    """Reserve standard output for messages, redirect other output to standard error."""
    heed_debug()
    mine = os.dup(1)
    os.dup2(2, 1)

    def send(message: Mapping[str, Any]) -> None:
        os.write(mine, f"{json.dumps(message)}\n".encode())

    return send
