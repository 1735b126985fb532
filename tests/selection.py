"""Which backends this run of the tests may use."""

from __future__ import annotations

import os

from gankit import plugins


def selected(name):
    """Tell whether a backend is there and, if the environment names some, named."""
    named = os.environ.get("GANKIT_TEST_BACKENDS")
    known = plugins.backends()
    return (
        name in known
        and not plugins.missing_modules(known[name])
        and (not named or name in named.split(","))
    )
