"""A run's folder: all files of a run, at fixed paths.

```
config.toml          the run's configuration, written before anything starts
environment.json     versions, platform, command line
metrics.jsonl         both losses of every step, and the values of terms
evaluations.jsonl    quality of the generated images, a line for each evaluation
classes.json         names of the classes 0, 1, ..., if there are any
warnings.jsonl       the run's warnings, one per line
times.jsonl          after which step how many seconds of training had passed
samples/001280.png   sample grids, by step
nearest/001280.png   generated images, each above its nearest training image
checkpoints/001280/  states, by step
```
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gankit._utils import atomic_files, locked_folders
from gankit._utils.paths import given, is_file, is_folder, is_pretrained, no_folder
from gankit._utils.storage import read_plain
from gankit.errors import CheckpointError, ConfigError, GankitError, StorageError
from gankit.runs.checkpoints import RUN, CheckpointStore, marks_in
from gankit.runs.leftovers import at_file, at_folder, pictures_in
from gankit.runs.lock import LOCK, locked

_CHECKPOINTS = "checkpoints"
_MOST_FACTS_BYTES = 2**20  # The most bytes of environment.json.


class RunFolder:
    """The folder of one run.

    Attributes
    ----------
    path
        The folder.
    config, environment, losses
        The files `config.toml`, `environment.json` and `metrics.jsonl`.
    classes
        The file `classes.json`, which `gankit.runs.class_names` reads and writes.
    evaluations
        The file `evaluations.jsonl`, which `gankit.runs.evaluation_log` reads and appends to.
    warnings
        The file `warnings.jsonl`, which `gankit.runs.warning_log` reads and appends to.
    times
        The file `times.jsonl`, which `gankit.runs.time_log` reads and appends to.
    samples, nearest
        The folders of sample grids and nearest-image grids.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = given(path, "the folder of a run")
        self.config = self.path / "config.toml"
        self.environment = self.path / "environment.json"
        self.classes = self.path / "classes.json"
        self.losses = self.path / "metrics.jsonl"
        self.evaluations = self.path / "evaluations.jsonl"
        self.warnings = self.path / "warnings.jsonl"
        self.times = self.path / "times.jsonl"
        self.samples = self.path / "samples"
        self.nearest = self.path / "nearest"

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> RunFolder:
        """Open the folder of an existing run.

        Raises
        ------
        CheckpointError
            There is none; the message names what is missing.
        ConfigError
            The text names a generator that gankit ships.
        """
        folder = cls(path)
        if is_pretrained(folder.path):
            raise ConfigError(
                f"{folder.path} is a generator, and this needs the folder of a run; gankit sample, "
                "gankit invert, gankit.load and gankit train --init-from take it"
            )
        if not folder.exists():
            present = is_folder(folder.path)
            missing = f"it has no {folder.config.name}" if present else no_folder(folder.path)
            raise CheckpointError(
                f"no run folder at {str(folder.path)!r}: {missing}; give the folder of a run"
            )
        return folder

    def exists(self) -> bool:
        """Return whether this folder contains a run: a readable `config.toml`."""
        return is_file(self.config)

    def facts(self) -> dict[str, Any]:
        """Return the content of `environment.json`; empty if it cannot be read."""
        try:
            return read_facts(self)
        except CheckpointError:
            return {}

    @property
    def mark(self) -> str:
        """The mark of this run's checkpoints; empty if it has none yet.

        If `environment.json` is missing or damaged, it is the mark that all checkpoints have.

        Raises
        ------
        CheckpointError
            `environment.json` is missing or damaged, and the checkpoints have several marks.
        """
        mark = self.facts().get(RUN)
        if mark and isinstance(mark, str):
            return mark
        marks = marks_in(self.path / _CHECKPOINTS)
        if len(marks) > 1:
            raise CheckpointError(
                f"{self.path / _CHECKPOINTS} contains checkpoints of {len(marks)} runs, and "
                f"{self.environment} does not identify this run; restore that file, or move "
                "the checkpoints of other runs away"
            )
        return next(iter(marks), "")

    @property
    def checkpoints(self) -> CheckpointStore:
        """The checkpoints of this run, without those of other runs in the same folder."""
        return CheckpointStore(self.path / _CHECKPOINTS, self.mark)

    def create(self, config_toml: str, environment: Mapping[str, Any]) -> None:
        """Create the folder of a new run.

        Parameters
        ----------
        config_toml
            The text of `config.toml`, which is written last: a folder with this file is complete.
        environment
            The result of `gankit.runs.environment.environment`.

        Raises
        ------
        StorageError
            The folder contains a run, files of one or pictures, or cannot be written; incomplete
            files are removed.
        """
        if self.exists():
            raise StorageError(
                f"{self.path} contains a run already; resume it, or name another folder"
            )
        if obstacle := in_the_way(self):
            raise StorageError(f"{self.path} cannot be used for a new run: {obstacle}")
        created = not self.path.exists()
        try:
            atomic_files.make_folder(self.path)
            self.write_facts(environment)
            self.write_config(config_toml)
        except BaseException:
            self._undo(created)
            raise

    def write_facts(self, environment: Mapping[str, Any]) -> None:
        """Write `environment.json` atomically; StorageError on failure."""
        text = json.dumps(environment, indent=1, sort_keys=True) + "\n"
        atomic_files.write_file(self.environment, text.encode())

    def write_config(self, text: str) -> None:
        """Write `text` to `config.toml` atomically; StorageError on failure."""
        atomic_files.write_file(self.config, text.encode())
        locked_folders.expect(self.config)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder's lock inside the block.

        Unfinished files of killed processes are removed first.

        Raises
        ------
        StorageError
            Another process is writing there, or the folder cannot be written. Or it was moved or
            removed inside the block: the message names its last checkpoint, and the folder is not
            created again.
        """
        atomic_files.make_folder(self.path)
        with locked(self.path) as folder:
            try:
                # Commands that do not hold the lock may write into these.
                for path in (self.path, self.samples, self.nearest):
                    atomic_files.sweep(path)
                atomic_files.sweep(self.path / _CHECKPOINTS, alone=True)
                yield
                locked_folders.require(self.path)
            except locked_folders.Lost as error:
                raise StorageError(f"{error}; {_last(folder.place())}") from error

    def sample_path(self, step: int) -> Path:
        """Return the path of the sample grid after `step` steps."""
        return self.samples / f"{step:06d}.png"

    def nearest_path(self, step: int) -> Path:
        """Return the path of the nearest-image grid after `step` steps."""
        return self.nearest / f"{step:06d}.png"

    def _undo(self, created: bool) -> None:
        """Remove the files of `create`, and the folder if `create` made it and it is empty."""
        with suppress(OSError):
            self.config.unlink(missing_ok=True)
            self.environment.unlink(missing_ok=True)
            if created:
                self.path.rmdir()


def read_facts(folder: RunFolder) -> dict[str, Any]:
    """Return the content of `environment.json`; CheckpointError if it is missing or damaged."""
    try:
        facts = json.loads(read_plain(folder.environment, _MOST_FACTS_BYTES))
    except (ValueError, RecursionError):
        facts = None
    if not isinstance(facts, dict):
        raise CheckpointError(f"{folder.environment} is damaged: it is not a JSON object")
    if not isinstance(facts.get("run"), str):
        raise CheckpointError(f"{folder.environment} is damaged: it lacks the mark of the run")
    return facts


def in_the_way(run: RunFolder) -> str:
    """Return a text about what prevents a run from writing in its folder; empty if nothing does.

    A new run needs a folder without a log, grids or checkpoints, and without pictures, because a
    data set would gain the run's grids; `environment.json` may exist, because a process that is
    killed at the start leaves it. A resumed run needs regular files at the paths of its files, and
    folders or links to folders at the paths of its folders and of itself.
    """
    exists = run.exists()
    files = (run.config, run.losses, run.evaluations, run.warnings, run.times, run.classes)
    folders = (run.samples, run.nearest, run.path / _CHECKPOINTS)
    found = [
        at_folder(run.path, may_exist=True),
        *(at_file(path, may_exist=True) for path in (run.environment, run.path / LOCK)),
        *(at_file(path, may_exist=exists) for path in files),
        *(at_folder(path, may_exist=exists) for path in folders),
        "" if exists else pictures_in(run.path),
    ]
    return next(filter(None, found), "")


def _last(path: Path | None) -> str:
    """Return a text about the last checkpoint of a run whose folder is now at `path`."""
    if path is None:
        return "its checkpoints were moved or removed with it"
    try:
        last = RunFolder(path).checkpoints.newest_valid()
    except GankitError as error:  # The move is the main error.
        return f"its last checkpoint cannot be read: {error}"
    if last is None:
        return f"{path} has no checkpoint"
    return f"its last checkpoint is {last.path}; to continue, resume {path}"
