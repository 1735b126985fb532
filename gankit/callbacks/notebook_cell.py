"""The cell of a notebook that is running."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def cell() -> Callable[[str], None] | None:
    """Return what shows HTML in this notebook's cell, again and again; None outside of one."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if getattr(shell, "kernel", None) is None:
        return None
    import IPython.display

    module: Any = IPython.display  # Its functions say nothing of their types.
    handle = module.display(module.HTML(""), display_id=True)

    def show(html: str) -> None:
        handle.update(module.HTML(html))

    return show
