"""Memory that a process frees stays with it, unless the user chose otherwise."""

import os
import subprocess
import sys

import pytest

from gankit._utils.freed_memory import VARIABLES

COUNT = """
import resource
import sys
import numpy as np
from gankit._utils.freed_memory import keep_freed_memory
kept = sys.argv[1] == "kept" and keep_freed_memory()
for _ in range(2):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        [np.ones(3 * 2**20) for _ in range(4)]
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how, **given):
    """Return whether memory is kept, and the pages that five times four arrays of 24 MiB needed."""
    clean = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    command = [sys.executable, "-c", COUNT, how]
    kept, pages = subprocess.check_output(
        command, env=clean | given, text=True, timeout=120
    ).split()
    return kept == "True", int(pages)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is Linux's")
def test_pages_are_requested_once():
    kept, pages = faults("kept")
    if not kept:
        pytest.skip("this C library has no mallopt")
    assert pages < 100 < faults("free")[1]


@pytest.mark.parametrize("name", VARIABLES)
def test_the_environment_comes_first(name):
    assert faults("kept", **{name: ""})[0] is False
