"""Checkpoints: a trainer's complete state, each in a folder that is written atomically.

A checkpoint contains safetensors files and a manifest, and nothing in it is executed. Everything is
verified against the manifest before use: safetensors has no checksum, so a flipped bit would load.
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
"""The key of a manifest's `info` with the mark of the run."""
_STEP = re.compile(r"[0-9]{6,18}")


@dataclass(frozen=True)
class Checkpoint:
    """A trainer's state after a number of steps, verified on reading.

    Attributes
    ----------
    step
        Steps done.
    state
        Arrays by name: "generator/0.kernel", "step", ...
    info
        Additional values of the writer. A run writes "backend", "recipe", "dataset", "libraries",
        "run" (its mark), "settings" (those that must stay the same), "data_digest" and
        "data_sample" (digests of its images), and "log" (the digest of its log at that step).
    path
        The folder that it was read from.
    """

    step: int
    state: State
    info: Mapping[str, Json]
    path: Path


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read and verify the checkpoint in the folder `path`.

    Raises
    ------
    CheckpointError
        It is missing, incomplete or not what its manifest says; the message names the file.
    """
    path = given(path, "the folder of a checkpoint")
    said, state = _read(path)
    return Checkpoint(said.step, state, said.info, path)


class _Vanished(Exception):
    """A listed checkpoint was removed or replaced while it was read."""


class CheckpointStore:
    """The checkpoints of one run, by their step; the newest is found by listing the folder.

    Only one process may write at a time (`RunFolder.lock` ensures it); any number may read.

    Parameters
    ----------
    folder
        The parent folder of the checkpoints; created by the first `save`.
    mark
        The mark of the run (`RunFolder.mark`), which `save` writes into each manifest. A checkpoint
        with another mark is not listed, loaded, counted or removed. Without a mark, every
        checkpoint in the folder belongs to the run. A checkpoint without a mark, or with a damaged
        manifest, belongs to the run of the folder.
    """

    def __init__(self, folder: str | os.PathLike[str], mark: str = "") -> None:
        self.folder = given(folder, "the folder of checkpoints")
        self.mark = mark

    def save(self, step: int, state: State, info: Mapping[str, Json] | None = None) -> Path:
        """Save a state and return its folder, which is on disk when this returns.

        A step that already has the same state and info of the same run is left unchanged. Another
        or a damaged one is replaced when the new one is complete; between the two renames neither
        exists.

        Parameters
        ----------
        step
            Steps done.
        state
            Arrays by name; "a/b" goes into the file `a.safetensors`.
        info
            Additional values to save, as in JSON.

        Raises
        ------
        Diverged
            An array contains a number that is not finite; nothing was written.
        StorageError
            It could not be written; every earlier checkpoint is unchanged.
        """
        path = self.path(step)
        info = as_json({**(info or {}), **({RUN: self.mark} if self.mark else {})})
        if found := tensors.not_finite(state):
            raise Diverged(f"{found} after step {step}, which was not saved")
        arrays = tensors.split(state)
        contents = {name: tensors.encode(part) for name, part in arrays.items()}
        files = {name: manifest.describe(contents[name], arrays[name]) for name in contents}
        if _holds(path, files, info):
            with writing(path):  # An earlier save may have failed here.
                atomic_files.sync_folder(self.folder)
            return path
        created = datetime.now(UTC).isoformat(timespec="seconds")
        said = Manifest(step, gankit.__version__, created, info, files)
        atomic_files.make_folder(self.folder)
        atomic_files.sweep(self.folder)
        atomic_files.write_folder(path, contents | {manifest.NAME: said.encode()})
        return path

    def load(self, step: int | str | os.PathLike[str]) -> Checkpoint:
        """Read and verify the checkpoint of a `step`, or in that folder; CheckpointError."""
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
            Called with one line for each checkpoint of another run, which does not count.
        """
        own = []
        for step in self._listed():
            if self._is_own(step) is False:
                complain(f"{self.path(step)} is of another run")
            else:
                own.append(step)
        return own

    def _listed(self) -> list[int]:
        """Return the steps that have a folder, of any run, in ascending order."""
        try:
            names = {path.name for path in self.folder.iterdir()}
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise CheckpointError(f"cannot list {self.folder}: {error.strerror}") from error
        steps = {int(name) for name in names if _STEP.fullmatch(name)}
        return sorted(step for step in steps if self.path(step).name in names)

    def _is_own(self, step: int) -> bool | None:
        """Return whether a checkpoint is of this run; None if its manifest cannot be read."""
        if not self.mark:
            return True
        try:
            theirs = read_manifest(self.path(step)).info.get(RUN)
        except CheckpointError:  # `load` reports what is wrong.
            return None
        return not theirs or theirs == self.mark

    def newest_valid(
        self,
        complain: Callable[[str], None] = lambda _: None,
        check: Callable[[Checkpoint], None] = lambda _: None,
    ) -> Checkpoint | None:
        """Return the newest checkpoint that passes verification, or None.

        Another process may save and prune meanwhile. A checkpoint that it removes during the read
        is not damaged: the checkpoints are listed again.

        Parameters
        ----------
        complain
            Called with one line for each newer one that was refused, and for each of another run.
        check
            Raises CheckpointError to refuse a valid checkpoint.

        Raises
        ------
        OtherFormat
            Another version of gankit wrote one: it must not be skipped and later replaced.
        """
        told: set[str] = set()

        def once(line: str) -> None:
            if line not in told:
                told.add(line)
                complain(line)

        while True:
            try:
                return self._newest_valid(once, check)
            except _Vanished:  # Another process saved a newer one, and pruned this.
                continue

    def _newest_valid(
        self, complain: Callable[[str], None], check: Callable[[Checkpoint], None]
    ) -> Checkpoint | None:
        """Search once; _Vanished if a listed checkpoint was removed or replaced."""
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
        """Remove all but the newest `keep` checkpoints of this run.

        One whose manifest cannot be read is not counted, and is not removed.

        Parameters
        ----------
        keep
            At least 1.
        newest
            The last step that counts, by default the newest. Later checkpoints are damaged, or the
            run would have resumed from them: they do not count, and are not removed.
        spared
            The best step, which is kept in addition.
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
    """Read the manifest of the checkpoint in a folder, without its arrays; CheckpointError."""
    file = path / manifest.NAME
    try:
        said = manifest.parse(read_plain(file, manifest.MOST_BYTES))
    except CheckpointError as error:
        raise _naming(file, error) from error
    if _STEP.fullmatch(path.name) and int(path.name) != said.step:
        raise CheckpointError(f"{file} is of step {said.step}, not {int(path.name)}")
    return said


def marks_in(folder: Path) -> set[str]:
    """Return the runs' marks in the readable manifests of a folder of checkpoints."""
    store, marks = CheckpointStore(folder), set()
    for step in store.steps():
        with suppress(CheckpointError):
            marks.add(read_manifest(store.path(step)).info.get(RUN))
    return {mark for mark in marks if mark and isinstance(mark, str)}


def _holds(path: Path, files: Mapping[str, FileEntry], info: Mapping[str, Json]) -> bool:
    """Return whether `path` is a valid checkpoint with exactly these files and this info."""
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
    """Raise CheckpointError unless a file contains the arrays of the manifest."""
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
    """Return the error with the file's name, unless it names one already."""
    message = str(error)
    return error if str(path) in message else type(error)(f"{path}: {message}")
