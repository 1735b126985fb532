"""Other processes of this machine."""

from __future__ import annotations

import os


def may_run(process: int) -> bool:
    """Return whether a process may be running; True if the system cannot say."""
    if os.name != "posix":  # On Windows, signal 0 would end the process.
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True
