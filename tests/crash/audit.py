"""An audit hook that records what could mean that a process executed data."""

from __future__ import annotations

import os
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

STARTING = {
    "ctypes.dlopen",
    "ctypes.dlsym",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.startfile",
    "os.system",
    "pty.spawn",
    "shutil.unpack_archive",
    "subprocess.Popen",
    "webbrowser.open",
}
UNPICKLING = {"marshal.load", "marshal.loads", "pickle.find_class"}
MAKING = {"code.__new__", "exec", "function.__new__", "import"}
WATCHED = STARTING | UNPICKLING | MAKING
CHANGING = {
    "os.chmod",
    "os.chown",
    "os.link",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.symlink",
    "os.truncate",
    "shutil.copyfile",
    "shutil.copytree",
    "shutil.move",
    "shutil.rmtree",
}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
IMPORTS = "<frozen importlib."
LIBRARY = sysconfig.get_path("stdlib")
DEFINING = ("/dataclasses.py", "/collections/__init__.py", "/enum.py", "/typing.py", "/inspect.py")
"""Of the standard library, what writes the source of classes and runs it: its own, not data's."""


@dataclass(frozen=True)
class Event:
    """An audit event: its name, its subject, and the file that caused it."""

    name: str
    what: str
    by: str

    def __str__(self):
        return f"{self.name} of {self.what} by {self.by}"


@dataclass
class Watch:
    """A context manager that records the events in its block.

    Attributes
    ----------
    events
        Events that could mean that data was executed, or a module imported.
    written
        Every path that was opened for writing, made, renamed or removed.
    opened
        Every path that was opened.
    """

    events: list[Event] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    watching: bool = False

    def __post_init__(self):
        # A hook stays as long as its process: make a Watch only in one that soon ends.
        sys.addaudithook(self._hear)

    def __enter__(self):
        self.watching = True
        return self

    def __exit__(self, *_):
        self.watching = False

    def _hear(self, name, arguments):
        if not self.watching:
            return
        if name in WATCHED:
            self._keep(name, arguments)
        elif name in CHANGING:
            self.written += [os.fspath(a) for a in arguments if isinstance(a, str | os.PathLike)]
        elif name == "open" and not _caller().startswith(IMPORTS):  # Python's own caches.
            path, mode, flags = arguments
            self.opened.append(str(path))
            if _writes(mode, flags):
                self.written.append(str(path))

    def _keep(self, name, arguments):
        what = arguments[0] if arguments else ""
        if name == "pickle.find_class":
            what = f"{what}.{arguments[1]}"
        self.events.append(Event(name, getattr(what, "co_filename", str(what)[:80]), _caller()))

    def executed(self):
        """Return the events that Python itself did not cause, as text."""
        return [str(event) for event in self.events if event.name != "import" and not own(event)]

    def imported(self):
        """Return the modules of import events."""
        return [event.what for event in self.events if event.name == "import"]


def own(event):
    """Return whether Python itself caused it: importing a module, or defining a class."""
    defining = event.by.startswith(LIBRARY) and event.by.endswith(DEFINING)
    return event.by.startswith(IMPORTS) or (event.name in MAKING and defining)


def outside(paths, folder):
    """Return the paths that are outside a folder."""
    folder = Path(folder).resolve()
    found = {Path(os.path.realpath(path)) for path in paths}
    return sorted(str(path) for path in found if not path.is_relative_to(folder))


def _writes(mode, flags):
    return bool((isinstance(mode, str) and set(mode) & set("wax+")) or (flags or 0) & WRITING)


def _caller():
    """Return the file of the code that called the hook."""
    frame = sys._getframe(1)
    while frame and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    return frame.f_code.co_filename if frame else "?"
