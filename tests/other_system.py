"""Train, resume and sample where gankit finds no name that Linux, macOS or Windows lacks.

    python -m tests.other_system FOLDER

The names are hidden from gankit and its reference alone: its dependencies have to work on each
system by themselves. `os.name` is that of Windows.
"""

from __future__ import annotations

import builtins
import os
import signal
import sys
from contextlib import suppress

from tests.system_names import MODULES, PROBED, lacked

HIDDEN_FROM = {"gankit", "gankit_numpy"}
INSTEAD = {("os", "name"): "nt", ("sys", "platform"): "win32"}


class Limited:
    """A module of the standard library without the names that some system lacks."""

    def __init__(self, module: object, name: str) -> None:
        self.__dict__.update(_module=module, _name=name, _hidden=lacked(name))

    def __getattr__(self, name: str) -> object:
        if name in self._hidden:
            raise AttributeError(f"module {self._name!r} has no attribute {name!r}")
        return INSTEAD.get((self._name, name)) or getattr(self._module, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._module, name, value)


def hide() -> None:
    """Let gankit import `Limited` modules, and none of `MODULES`."""
    limited = {name: Limited(__import__(name), name) for name in PROBED}
    everywhere = builtins.__import__

    def limited_import(name, globals=None, locals=None, fromlist=(), level=0):  # noqa: A002
        importer = (globals or {}).get("__name__", "").partition(".")[0]
        top = name.partition(".")[0]
        if importer in HIDDEN_FROM and level == 0 and top in MODULES:
            raise ImportError(f"No module named {name!r}", name=name)
        found = everywhere(name, globals, locals, fromlist, level)
        return limited.get(name if fromlist else top, found) if importer in HIDDEN_FROM else found

    builtins.__import__ = limited_import


def train() -> None:
    """Train a run on a file, resume it, and sample from it."""
    import numpy as np

    import gankit
    from gankit.cli import main as command
    from gankit.layers import Dense, Flatten, Reshape, Tanh

    np.save("rows.npy", np.random.default_rng(0).integers(0, 256, (20, 3, 2, 1), np.uint8))
    given = {
        "generator": {"layers": [Dense(6), Tanh(), Reshape((3, 2, 1))]},
        "discriminator": {"layers": [Flatten(), Dense(1)]},
        "dataset": "rows.npy", "latent": 3, "batch": 4,
        "backend": "numpy", "out": "run", "progress": False,
    }  # fmt: skip
    gankit.train(steps=3, **given)
    assert gankit.train(steps=6, resume=True, **given).step == 6
    with suppress(SystemExit):
        command(["sample", "run", "-n", "4", "--out", "new.npy"])
    assert np.load("new.npy").shape == (4, 3, 2, 1)


def use_processes() -> None:
    """Run a child process, stop one, and kill one."""
    from gankit._utils import child_process, system
    from gankit._utils.lost_links import lost_links_noticed

    assert child_process.run_in_terminal("this") == 0
    sleeping = "timeit", ["-n1", "-r1", "import time; time.sleep(20)"]
    stopped, killed = (child_process.start(*sleeping, errors=2) for _ in range(2))
    with system.held(), lost_links_noticed():
        system.release()
        system.pass_on(stopped, signal.SIGINT)
        assert stopped.poll() is None
        system.pass_on(stopped, signal.SIGTERM)
    assert stopped.wait(60)
    child_process.kill(killed)
    assert killed.returncode


def main() -> None:
    """Do all of it in the working folder."""
    hide()
    from gankit._utils import system
    from gankit.cli.doctor.machine import machine

    assert (system.fcntl, system.HANGUP, system.read_at) == (None, None, system.seek_and_read)
    train()
    use_processes()
    assert machine().cpus


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    main()
