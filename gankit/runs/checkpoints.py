"""Checkpoints: a trainer's complete state, each in a folder that is written atomically.

A checkpoint contains safetensors files and a manifest, and no code. gankit verifies every file by
the manifest before use, because safetensors has no checksums and would load a flipped bit.
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
"""Key of the run's mark in the `info` of a manifest."""
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
        "run" (its mark), "settings" (those that must not change), "data_digest" and "data_sample"
        (digests of its images), "image_shape", "init_from" (the checkpoint that it began with, if
        any), and "log" (the digest of its log at that step).
    path
        The folder of the checkpoint.
    digest
        The SHA-256 in its manifest, which covers the digest of every file; 64 hexadecimal digits.
    """

    step: int
    state: State
    info: Mapping[str, Json]
    path: Path
    digest: str = ""


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read and verify the checkpoint in the folder `path`.

    Raises
    ------
    CheckpointError
        The checkpoint is missing, incomplete or differs from its manifest; the message names the
        file.
    """
    path = given(path, "the folder of a checkpoint")
    found, state = _read(path)
    return Checkpoint(found.step, state, found.info, path, found.digest)


class _Vanished(Exception):
    """A listed checkpoint was removed or replaced while it was read."""


class CheckpointStore:
    """The checkpoints of one run, by step; the folder's listing is the only index.

    Only one process may write at a time, which `RunFolder.lock` ensures; any number may read.

    Parameters
    ----------
    folder
        The parent folder of the checkpoints; created by the first `save`.
    mark
        The mark of the run (`RunFolder.mark`), which `save` writes into each manifest. A checkpoint
        with another mark is not listed, loaded, counted or removed. A checkpoint without a mark, or
        with a damaged manifest, belongs to this run. If `mark` is empty, every checkpoint in the
        folder belongs to the run.
    """

    def __init__(self, folder: str | os.PathLike[str], mark: str = "") -> None:
        self.folder = given(folder, "the folder of checkpoints")
        self.mark = mark
        self._identity: locked_folders.Identity | None = None

    def save(self, step: int, state: State, info: Mapping[str, Json] | None = None) -> Path:
        """Save a state and return its folder, which is on disk when this returns.

        A checkpoint of this step with the same state and info is left unchanged. Any other one is
        replaced after the new one is complete; between the two renames neither exists.

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
            The checkpoint could not be written; all earlier ones are unchanged.
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
        written = Manifest(step, gankit.__version__, created, info, files)
        self._make_folder()
        atomic_files.sweep(self.folder)
        atomic_files.write_folder(path, contents | {manifest.NAME: written.encode()})
        return path

    def _make_folder(self) -> None:
        """Make the folder for the first save; StorageError if it was moved or removed since."""
        if self._identity:
            locked_folders.require_same(self.folder, self._identity)
        atomic_files.make_folder(self.folder)
        self._identity = locked_folders.identity(self.folder)

    def load(self, step: int | str | os.PathLike[str]) -> Checkpoint:
        """Read and verify the checkpoint of `step`, or in a folder; CheckpointError on failure."""
        if not isinstance(step, int):
            return read_checkpoint(step)
        steps = self.steps()
        if step not in steps:
            available = ", ".join(map(str, steps)) or "none"
            raise CheckpointError(
                f"no checkpoint of step {step} in {self.folder}; available: {available}"
            )
        return read_checkpoint(self.path(step))

    def steps(self, complain: Callable[[str], None] = lambda _: None) -> list[int]:
        """Return the steps of this run that have a folder, in ascending order, valid or not.

        Parameters
        ----------
        complain
            Called with one line for each checkpoint of another run, which is left out.
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
            mark = read_manifest(self.path(step)).info.get(RUN)
        except CheckpointError:  # `load` reports the error.
            return None
        return not mark or mark == self.mark

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
            Called with one line for each newer checkpoint that was refused, and for each
            checkpoint of another run.
        check
            Raises CheckpointError to refuse a valid checkpoint.

        Raises
        ------
        OtherFormat
            Another version of gankit wrote a checkpoint. It is an error, because skipping it could
            replace it later.
        """
        reported: set[str] = set()

        def once(line: str) -> None:
            if line not in reported:
                reported.add(line)
                complain(line)

        while True:
            try:
                return self._newest_valid(once, check)
            except _Vanished:  # Another process saved a newer one, and pruned this one.
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

        A checkpoint whose manifest cannot be read is neither counted nor removed.

        Parameters
        ----------
        keep
            Number of checkpoints to keep, at least 1.
        newest
            The last step that counts, by default the newest. Later checkpoints are neither counted
            nor removed: they are damaged, or the run would have resumed from them.
        spared
            The best step, which is not removed.
        """
        if keep < 1:
            raise ConfigError(f"keep: got {keep}; expected at least 1")
        steps = [step for step in self._listed() if newest is None or step <= newest]
        steps = [step for step in steps if self._is_own(step)]
        for step in steps[:-keep]:
            if step != spared:
                atomic_files.remove(self.path(step))

    def path(self, step: int) -> Path:
        """Return the folder of the checkpoint of `step`, which need not exist."""
        if step < 0:
            raise ConfigError(f"step: got {step}; expected at least 0")
        return self.folder / f"{step:06d}"


def read_manifest(path: Path) -> Manifest:
    """Read the manifest in a checkpoint's folder; CheckpointError if it is invalid."""
    file = path / manifest.NAME
    try:
        found = manifest.parse(read_plain(file, manifest.MOST_BYTES))
    except CheckpointError as error:
        raise _naming(file, error) from error
    if _STEP.fullmatch(path.name) and int(path.name) != found.step:
        raise CheckpointError(f"{file} is of step {found.step}, not {int(path.name)}")
    return found


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
        found, _ = _read(path)
    except CheckpointError:
        return False
    return found.files == files and found.info == info


def _read(path: Path) -> tuple[Manifest, State]:
    if path.is_symlink():
        raise CheckpointError(f"{path} is a symbolic link; give the folder itself")
    found = read_manifest(path)
    state: State = {}
    for name, entry in found.files.items():
        state |= _read_arrays(path / name, entry)
    return found, state


def _read_arrays(path: Path, entry: FileEntry) -> State:
    content = read_plain(path, entry.bytes)
    if len(content) != entry.bytes:
        raise CheckpointError(f"{path}: got {len(content)} bytes; expected {entry.bytes}")
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise CheckpointError(f"{path} is damaged: its digest differs from the manifest's")
    try:
        arrays = tensors.decode(content)
        _check(arrays, entry)
    except CheckpointError as error:
        raise _naming(path, error) from error
    return arrays


def _check(arrays: State, entry: FileEntry) -> None:
    """Raise CheckpointError unless the arrays of a file are those of its entry."""
    if different := arrays.keys() ^ entry.arrays.keys():
        raise CheckpointError(f"only one of the file and the manifest has {min(different)!r}")
    for name, array in arrays.items():
        if manifest.entry(array) != entry.arrays[name]:
            raise CheckpointError(
                f"{name!r} is {array.dtype}{array.shape}, which differs from the manifest"
            )
    if found := tensors.not_finite(arrays):
        raise CheckpointError(found)


def _naming(path: Path, error: CheckpointError) -> CheckpointError:
    """Return the error with the file's path, unless its message has it already."""
    message = str(error)
    return error if str(path) in message else type(error)(f"{path}: {message}")
