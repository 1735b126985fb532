"""A data set of published files, which are found on this machine or downloaded, and verified."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import filelock

from gankit.data import locations
from gankit.data.dataset import Dataset, DownloadProgress, FileCheck, ImageSet
from gankit.data.formats import idx
from gankit.data.published.files import Found, Published, candidates, search
from gankit.data.published.mirrors import Mirrors
from gankit.errors import DataError, StorageError, UnknownName, reason

LOCK_SECONDS = 60.0
"""The longest wait for the download of another process, before starting a second one."""


@dataclass(frozen=True)
class Archive:
    """Published files: images and labels, for training and for testing.

    Attributes
    ----------
    name
        The data set's name, and that of its folder in gankit's cache.
    splits
        For "train" and "test", the files with the images and the labels: one file for each, or one
        for both.
    mirrors
        Addresses of the files, as in `Mirrors`.
    others
        Folders where other libraries store them; a leading `~` is the user's home.
    class_names
        Names of the classes, if they are not numbers.
    """

    name: str
    splits: Mapping[str, tuple[Published, ...]]
    mirrors: tuple[str, ...]
    others: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()

    @property
    def files(self) -> list[Published]:
        """All files, in the order of `splits`, each once."""
        files = [file for split in self.splits.values() for file in split]
        return list({file.name: file for file in files}.values())

    def dataset(
        self, summary: str, shape: tuple[int, int, int] = (28, 28, 1), hub_id: str = ""
    ) -> Dataset:
        """Return the named data set of this archive; the arguments are fields of `Dataset`."""
        functions = self.load, self.fetch, self.verify, self.held_out
        return Dataset(self.name, summary, *functions, shape, hub_id)

    def load(self, data_dir: Path | None) -> ImageSet:
        """Return the training images, as `read` does."""
        return self.read("train", data_dir)

    def held_out(self, data_dir: Path | None) -> ImageSet:
        """Return the test images, as `read` does."""
        return self.read("test", data_dir)

    def read(
        self, split: str, data_dir: Path | None = None, mirrors: Mirrors | None = None
    ) -> ImageSet:
        """Return a split, downloading what is missing into gankit's cache.

        Without `mirrors`, the archive's own are used.

        Raises
        ------
        UnknownName
            If there is no such split.
        DataError
            If a file is neither found nor downloaded; notes name every folder and mirror.
        StorageError
            If a download cannot be stored.
        """
        if split not in self.splits:
            raise UnknownName("split", split, self.splits)
        target = locations.cache() / self.name
        mirrors = mirrors or Mirrors(self.mirrors)
        obtained = [self._obtain(file, data_dir, target, mirrors) for file in self.splits[split]]
        images, labels = (values for found, _ in obtained for values in found.values)
        refused = [message for _, messages in obtained for message in messages]
        source = self._source([found.path for found, _ in obtained], refused)
        return idx.labelled(images, labels, source, self.class_names)

    def fetch(
        self,
        data_dir: Path | None,
        mirrors: Mirrors | None = None,
        *,
        progress: DownloadProgress | None = None,
    ) -> list[Path]:
        """Return a valid path of every file, downloading what is missing.

        Downloads go into a folder in `data_dir`, or, if that is None, into gankit's cache.

        Raises
        ------
        DataError, StorageError
            As `read` does.
        """
        target = (data_dir or locations.cache()) / self.name
        mirrors = mirrors or Mirrors(self.mirrors, progress=progress)
        return [self._obtain(file, data_dir, target, mirrors)[0].path for file in self.files]

    def verify(self, data_dir: Path | None) -> list[FileCheck]:
        """Check every copy of every file on this machine; a missing file gets a row too."""
        return [check for file in self.files for check in self._checks(file, data_dir)]

    def _checks(self, file: Published, data_dir: Path | None) -> Iterator[FileCheck]:
        paths = list(self._candidates(file, data_dir))
        for path in paths:
            found, refused = search(file, [path])
            reasons = [message.removeprefix(f"{path}: ") for message in refused]
            yield FileCheck(file.name, str(path), found is not None, "; ".join(reasons))
        if not paths:
            yield FileCheck(file.name, "", ok=False, reason="not found")

    def _folders(self, data_dir: Path | None) -> list[Path]:
        return locations.folders(self.name, data_dir, self.others)

    def _candidates(self, file: Published, data_dir: Path | None) -> Iterator[Path]:
        return self._copies(file, self._folders(data_dir))

    def _copies(self, file: Published, folders: list[Path]) -> Iterator[Path]:
        return candidates(file, folders, f"{self.name}.npz")

    def _obtain(
        self, file: Published, data_dir: Path | None, target: Path, mirrors: Mirrors
    ) -> tuple[Found, list[str]]:
        """Find or download a file; return it, and the reasons why other copies were refused."""
        found, refused = search(file, self._candidates(file, data_dir))
        if found is None and not locations.offline():
            found = self._downloaded(file, target, mirrors)
        if found is None:
            raise self._missing(file, data_dir, refused, mirrors)
        return found, refused

    def _downloaded(self, file: Published, target: Path, mirrors: Mirrors) -> Found | None:
        with _locked(target):
            # Another process may have downloaded the file meanwhile.
            found, _ = search(file, self._copies(file, [target]))
            if found is None and mirrors.fetch(file, target, sum(f.limit for f in self.files)):
                found, _ = search(file, self._copies(file, [target]))
            return found

    def _missing(
        self, file: Published, data_dir: Path | None, refused: list[str], mirrors: Mirrors
    ) -> DataError:
        """Return the error with the remedies, and a note for each folder and mirror."""
        names = " or ".join(file.names(f"{self.name}.npz"))
        refusals = mirrors.refusals or ["no mirror"]
        if locations.offline():
            refusals = ["no mirror: downloads are off (GANKIT_OFFLINE)"]
        tried = [
            *(f"searched {folder}" for folder in self._folders(data_dir)),
            *(f"refused {reason}" for reason in refused),
            *(f"tried {refusal}" for refusal in refusals),
        ]
        error = DataError(
            f"no {names} for {self.name}: put the files as published into "
            f"{locations.cache() / self.name}, name their folder in GANKIT_DATA, "
            "or use --dataset glyphs"
        )
        for place in tried:
            error.add_note(place)
        return error

    def _source(self, paths: list[Path], refused: list[str]) -> str:
        ignored = f" (ignored {'; '.join(dict.fromkeys(refused))})" if refused else ""
        return f"{self.name} from {', '.join(map(str, dict.fromkeys(paths)))}{ignored}"


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Create `folder`, and hold its lock inside the block, so that one process downloads at a time.

    The lock only avoids repeated downloads. Files appear atomically, so a failed lock is ignored.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = f"cannot make {folder} for downloads: {reason(error)}"
        raise StorageError(f"{why}; set GANKIT_HOME to a folder that can be written") from error
    lock = filelock.FileLock(folder / ".lock")
    with suppress(OSError, NotImplementedError, filelock.Timeout):
        lock.acquire(timeout=LOCK_SECONDS)
    try:
        yield
    finally:
        lock.release()
