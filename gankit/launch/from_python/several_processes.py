"""Train a recipe from Python in several processes on this machine."""

from __future__ import annotations

import dataclasses
import json
import signal
import tempfile
from pathlib import Path
from typing import Any

from gankit import errors
from gankit._utils.child_group import run_group
from gankit._utils.system import STOP_SIGNALS
from gankit.callbacks.display import Screen
from gankit.config import TrainConfig
from gankit.errors import ConfigError, ExitCode, GankitError, PeerLost, shown
from gankit.launch.from_python.interruption import interrupt
from gankit.launch.from_python.load_run import load_run
from gankit.launch.from_python.named_settings import NamedSettings
from gankit.launch.run import Run
from gankit.launch.several_processes import check_processes
from gankit.launch.warm_start.init_from import InitFrom
from gankit.runs import RunFolder
from gankit.training import Callbacks

MODULE = "gankit.launch.from_python.train_subprocess"
SIGNALLED = 128
"""The exit code of a process that a signal ended is this and the number of the signal."""


def check_arguments(
    processes: int, out: Path | None, named: NamedSettings, callbacks: Callbacks | None
) -> None:
    """Raise ConfigError for arguments that other processes cannot get."""
    objects = {
        "callbacks": callbacks,
        "loss": named.loss,
        "backend": named.backend,
        "dataset": named.images,
    }
    for name, given in objects.items():
        if given is not None:
            raise ConfigError(
                f"{name}: got {shown(given)} with processes={processes}, which start without it; "
                "register it in a plugin, or start this program with torchrun"
            )
    if out is None:
        raise ConfigError(
            f"processes: got {processes} without out, the folder that the run is loaded from; "
            "give out=..."
        )


def train_in_processes(
    processes: int,
    config: TrainConfig,
    out: Path,
    data_dir: Path | None,
    warm: InitFrom | None,
    *,
    resume: bool,
    progress: bool,
    resuming_call: str,
) -> Run:
    """Train in processes of this machine, and return the run, loaded.

    Raises
    ------
    GankitError
        The error of a process.
    KeyboardInterrupt
        Ctrl-C was pressed; the error has the run as `.run`, if anything was saved.
    """
    check_processes(config, processes)
    started_with = None if warm is None else dataclasses.asdict(warm) | {"run": str(warm.run)}
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with tempfile.TemporaryDirectory() as reports:
        request = {
            "settings": config.settings(),
            "out": str(out),
            "data_dir": data_dir and str(data_dir),
            "warm": started_with,
            "resume": resume,
            "progress": progress,
            "reports": reports,
        }
        code = run_group(
            processes,
            MODULE,
            [json.dumps(request)],
            Screen(plain=True).write,
            [number for number in STOP_SIGNALS if number == signal.SIGINT and ours],
        )
        if code not in (ExitCode.OK, ExitCode.INTERRUPTED):
            raise _error(Path(reports), code)
    if code == ExitCode.INTERRUPTED and not RunFolder(out).checkpoints.steps():
        raise KeyboardInterrupt
    run = load_run(out, None, best=False, device=None)
    if code == ExitCode.INTERRUPTED:
        interrupt(run, f"stopped after step {run.step:,}", resuming_call)
    return run


def _error(reports: Path, code: int) -> GankitError:
    """Return the error of the first process that ended with the exit code of the run."""
    for path in sorted(reports.iterdir()):
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if found["code"] == code:
            kind: type[GankitError] = getattr(errors, found["kind"], GankitError)
            error = kind.__new__(kind)  # Some have other arguments than a message.
            error.args = (found["message"],)
            return error
    if code == ExitCode.PEER or code > SIGNALLED:
        return PeerLost("a process of this run was ended by a signal; resume the run")
    return GankitError(f"a process of this run ended with exit code {code}; its message is above")
