"""Several commands in one process, each as if it were the first; the outputs as JSON.

python -m tests.crash.commands '[["--help"], ["backends"]]'
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import warnings

from gankit import plugins
from gankit.cli import main
from gankit.plugins import loader


def say(line):
    """Run one command; return its exit code, standard output and standard error."""
    plugins.manager.cache_clear()
    loader._discover.cache_clear()
    warnings.simplefilter("default")  # What was warned of once is warned of again.
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(line)
        except SystemExit as ended:
            return int(ended.code), out.getvalue(), err.getvalue()


def say_all(lines):
    """Run several commands, one after the other."""
    return [say(line) for line in lines]


if __name__ == "__main__":
    print(json.dumps(say_all(json.loads(sys.argv[1]))))
