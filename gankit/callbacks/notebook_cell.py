"""Output in the cell of a running notebook."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def cell() -> Callable[[str], None] | None:
    """Return a function that replaces the cell's HTML; None outside a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if getattr(shell, "kernel", None) is None:
        return None
    import IPython.display

    module: Any = IPython.display  # Its functions have no types.
    handle = module.display(module.HTML(""), display_id=True)

    def show(html: str) -> None:
        handle.update(module.HTML(html))

    return show
