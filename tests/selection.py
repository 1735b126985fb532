"""The backends under test."""

from __future__ import annotations

import os

from gankit import plugins


def selected(name):
    """Return whether a backend is installed and under test."""
    named = os.environ.get("GANKIT_TEST_BACKENDS")
    known = plugins.backends()
    return (
        name in known
        and not plugins.missing_modules(known[name])
        and (not named or name in named.split(","))
    )
