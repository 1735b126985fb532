"""Checkpoints: a trainer's whole state, each in a folder of its own that is there whole or not.

A checkpoint holds safetensors files and a manifest, and nothing in it is ever run. What a
manifest promises is proved before a number is handed on: safetensors has no checksum of its own,
so a flipped bit would load.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import gankit
from gankit._utils import atomic_files, locked_folders
from gankit._utils.paths import given
from gankit._utils.state import State
from gankit._utils.storage import read_plain, writing
from gankit.errors import CheckpointError, ConfigError, Diverged, OtherFormat
from gankit.runs import manifest, tensors
from gankit.runs.manifest import FileEntry, Json, Manifest, as_json

RUN = "run"
"""The key of a manifest's `info` that holds the mark of the run."""
_STEP = re.compile(r"[0-9]{6,18}")


@dataclass(frozen=True)
class Checkpoint:
    """A trainer's state after a number of steps, as it was read and proved.

    Attributes
    ----------
    step
        Steps done.
    state
        Arrays by name: "generator/0.kernel", "step", ...
    info
        What the writer had to say. A run says "backend", "recipe", "dataset", "libraries", as
        "run" its mark, as "settings" those that must stay, as "data_digest" and "data_sample" the
        digests of its images, and as "log" what its log held by then.
    path
        The folder it was read from.
    """

    step: int
    state: State
    info: Mapping[str, Json]
    path: Path


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read the folder of a checkpoint, `path`, and prove it whole.

    Raises
    ------
    CheckpointError
        It is missing, incomplete or not what its manifest says; the message names the file.
    """
    path = given(path, "the folder of a checkpoint")
    said, state = _read(path)
    return Checkpoint(said.step, state, said.info, path)


class _Vanished(Exception):
    """A checkpoint that was listed has gone, or another has taken its place, while it was read."""


class CheckpointStore:
    """The checkpoints of one run, by their step; the newest is found by looking.

    One process may write at a time (`RunFolder.lock` sees to it); any number may read.

    Parameters
    ----------
    folder
        Where the checkpoints' folders are; made by the first `save`.
    mark
        The mark of the run (`RunFolder.mark`). `save` writes it into each manifest, and a
        checkpoint with the mark of another run is not listed, loaded, counted or removed. Without a
        mark, every checkpoint in the folder belongs to the run. A checkpoint without a mark, or one
        whose manifest is damaged, belongs to the run of the folder.
    """

    def __init__(self, folder: str | os.PathLike[str], mark: str = "") -> None:
        self.folder = given(folder, "the folder of checkpoints")
        self.mark = mark

    def save(self, step: int, state: State, info: Mapping[str, Json] | None = None) -> Path:
        """Save a state and return its folder, which is there to stay when this returns.

        A step that already holds the same state and info of the same run is left alone. Another
        state, or a damaged one, gives way once the new one is whole; for the moment between two
        renames it has neither.

        Parameters
        ----------
        step
            Steps done.
        state
            Arrays by name; "a/b" goes into the file `a.safetensors`.
        info
            What else to keep with it; values as in JSON.

        Raises
        ------
        Diverged
            An array has a number that is not finite; nothing was written.
        StorageError
            It could not be written; every earlier checkpoint is as it was.
        """
        path = self.path(step)
        info = as_json({**(info or {}), **({RUN: self.mark} if self.mark else {})})
        if found := tensors.not_finite(state):
            raise Diverged(f"{found} after step {step}, which was not saved")
        arrays = tensors.split(state)
        contents = {name: tensors.encode(part) for name, part in arrays.items()}
        files = {name: manifest.describe(contents[name], arrays[name]) for name in contents}
        if _holds(path, files, info):
            with writing(path):  # An earlier save may have failed at just this.
                atomic_files.sync_folder(self.folder)
            return path
        created = datetime.now(UTC).isoformat(timespec="seconds")
        said = Manifest(step, gankit.__version__, created, info, files)
        atomic_files.make_folder(self.folder)
        atomic_files.sweep(self.folder)
        atomic_files.write_folder(path, contents | {manifest.NAME: said.encode()})
        return path

    def load(self, step: int | str | os.PathLike[str]) -> Checkpoint:
        """Read and prove the checkpoint of a `step`, or of that folder; CheckpointError."""
        if not isinstance(step, int):
            return read_checkpoint(step)
        steps = self.steps()
        if step not in steps:
            there = ", ".join(map(str, steps)) or "none"
            raise CheckpointError(f"no checkpoint of step {step} in {self.folder}; there: {there}")
        return read_checkpoint(self.path(step))

    def steps(self, complain: Callable[[str], None] = lambda _: None) -> list[int]:
        """Return the steps of this run that have a folder, in ascending order, valid or not.

        Parameters
        ----------
        complain
            Is given one line for each checkpoint of another run, which does not count.
        """
        own = []
        for step in self._listed():
            if self._is_own(step) is False:
                complain(f"{self.path(step)} is of another run")
            else:
                own.append(step)
        return own

    def _listed(self) -> list[int]:
        """Return the steps that have a folder, of whichever run, in ascending order."""
        try:
            names = {path.name for path in self.folder.iterdir()}
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise CheckpointError(f"cannot list {self.folder}: {error.strerror}") from error
        steps = {int(name) for name in names if _STEP.fullmatch(name)}
        return sorted(step for step in steps if self.path(step).name in names)

    def _is_own(self, step: int) -> bool | None:
        """Return whether a checkpoint is of this run; None where its manifest cannot be read."""
        if not self.mark:
            return True
        try:
            theirs = read_manifest(self.path(step)).info.get(RUN)
        except CheckpointError:  # `load` says what is wrong with it.
            return None
        return not theirs or theirs == self.mark

    def newest_valid(
        self,
        complain: Callable[[str], None] = lambda _: None,
        check: Callable[[Checkpoint], None] = lambda _: None,
    ) -> Checkpoint | None:
        """Return the newest checkpoint that can be proved whole, or None.

        Another process may save and prune meanwhile. What it removes while it is read is not
        damaged: the checkpoints are listed again.

        Parameters
        ----------
        complain
            Is given one line for each newer one that was refused, and for each of another run.
        check
            Raises CheckpointError to refuse one that is whole.

        Raises
        ------
        OtherFormat
            Another version of gankit wrote one: it is not passed over, and then replaced.
        """
        told: set[str] = set()

        def once(line: str) -> None:
            if line not in told:
                told.add(line)
                complain(line)

        while True:
            try:
                return self._newest_valid(once, check)
            except _Vanished:  # A writer beside has saved a newer one, and pruned this.
                continue

    def _newest_valid(
        self, complain: Callable[[str], None], check: Callable[[Checkpoint], None]
    ) -> Checkpoint | None:
        """Look once; _Vanished if a checkpoint that was listed has gone or was replaced."""
        for step in reversed(self.steps(complain)):
            path = self.path(step)
            before = locked_folders.identity(path)
            try:
                checkpoint = read_checkpoint(path)
                check(checkpoint)
            except OtherFormat:
                raise
            except CheckpointError as error:
                if locked_folders.identity(path) != before or step not in self._listed():
                    raise _Vanished from error
                complain(str(error))
            else:
                return checkpoint
        return None

    def prune(self, keep: int, newest: int | None = None, spared: int | None = None) -> None:
        """Remove all but `keep` checkpoints of this run, the oldest first.

        One whose manifest cannot be read counts for nothing, and is left alone.

        Parameters
        ----------
        keep
            At least 1.
        newest
            The last step that counts, by default the last there is. What lies after it is damaged,
            or it would have been resumed from: it is left alone, and no whole one gives way to it.
        spared
            A step that stays too, and takes the place of no other: the best.
        """
        if keep < 1:
            raise ConfigError(f"keep is {keep}; at least 1 checkpoint must be kept")
        steps = [step for step in self._listed() if newest is None or step <= newest]
        steps = [step for step in steps if self._is_own(step)]
        for step in steps[:-keep]:
            if step != spared:
                atomic_files.remove(self.path(step))

    def path(self, step: int) -> Path:
        """Return the folder of the checkpoint of `step`, which need not exist."""
        if step < 0:
            raise ConfigError(f"step is {step}; it must not be negative")
        return self.folder / f"{step:06d}"


def read_manifest(path: Path) -> Manifest:
    """Read the manifest of the checkpoint in a folder, and none of its arrays; CheckpointError."""
    file = path / manifest.NAME
    try:
        said = manifest.parse(read_plain(file, manifest.LIMIT))
    except CheckpointError as error:
        raise _naming(file, error) from error
    if _STEP.fullmatch(path.name) and int(path.name) != said.step:
        raise CheckpointError(f"{file} is of step {said.step}, not {int(path.name)}")
    return said


def marks_in(folder: Path) -> set[str]:
    """Return the marks of runs in the manifests of a folder of checkpoints that can be read."""
    store, marks = CheckpointStore(folder), set()
    for step in store.steps():
        with suppress(CheckpointError):
            marks.add(read_manifest(store.path(step)).info.get(RUN))
    return {mark for mark in marks if mark and isinstance(mark, str)}


def _holds(path: Path, files: Mapping[str, FileEntry], info: Mapping[str, Json]) -> bool:
    """Return whether `path` is a whole checkpoint with just these files and this info."""
    if not os.path.lexists(path):
        return False
    try:
        said, _ = _read(path)
    except CheckpointError:
        return False
    return said.files == files and said.info == info


def _read(path: Path) -> tuple[Manifest, State]:
    if path.is_symlink():
        raise CheckpointError(f"{path} is a symbolic link; name the folder itself")
    said = read_manifest(path)
    state: State = {}
    for name, promised in said.files.items():
        state |= _read_arrays(path / name, promised)
    return said, state


def _read_arrays(path: Path, promised: FileEntry) -> State:
    content = read_plain(path, promised.bytes)
    if len(content) != promised.bytes:
        raise CheckpointError(f"{path} has {len(content)} bytes; it must have {promised.bytes}")
    if hashlib.sha256(content).hexdigest() != promised.sha256:
        raise CheckpointError(f"{path} is damaged: its digest is not the manifest's")
    try:
        arrays = tensors.decode(content)
        _check(arrays, promised)
    except CheckpointError as error:
        raise _naming(path, error) from error
    return arrays


def _check(arrays: State, promised: FileEntry) -> None:
    """Raise CheckpointError unless a file holds the arrays that the manifest says."""
    if odd := arrays.keys() ^ promised.arrays.keys():
        raise CheckpointError(f"it and the manifest disagree about {min(odd)!r}")
    for name, array in arrays.items():
        if manifest.entry(array) != promised.arrays[name]:
            raise CheckpointError(
                f"{name!r} is {array.dtype}{array.shape}, not as the manifest says"
            )
    if found := tensors.not_finite(arrays):
        raise CheckpointError(found)


def _naming(path: Path, error: CheckpointError) -> CheckpointError:
    """Return the error with the file's name, where it has none yet."""
    message = str(error)
    return error if str(path) in message else type(error)(f"{path}: {message}")
