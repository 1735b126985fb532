"""Handle signals that the parent process ignored."""

from __future__ import annotations

import signal

USUAL = {"SIGINT": signal.default_int_handler, "SIGTERM": signal.SIG_DFL, "SIGHUP": signal.SIG_DFL}
"""How a process handles them that a person starts in a terminal."""


def take_back():
    """Handle ignored signals as usual; `nohup`, cron and services ignore some.

    Processes inherit what is ignored, and tests send these signals to processes of their own.
    """
    for name, handler in USUAL.items():
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)
