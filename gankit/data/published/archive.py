"""A data set of published files: found on this machine, or downloaded, and verified either way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import filelock

from gankit.data import locations
from gankit.data.dataset import Dataset, FileCheck, ImageSet, Progress
from gankit.data.formats import idx
from gankit.data.formats.containers import reason
from gankit.data.published.files import Found, Published, candidates, search
from gankit.data.published.mirrors import Mirrors
from gankit.errors import DataError, StorageError, UnknownName

LOCK_TIMEOUT = 60.0
"""Seconds to wait for another process's download before starting one's own."""


@dataclass(frozen=True)
class Archive:
    """Published files: images and labels, for training and for testing.

    Attributes
    ----------
    name
        The data set's name, and that of its folder in gankit's cache.
    splits
        For "train" and "test", the files that hold first the images and then the labels: one
        file each, or one of both.
    mirrors
        Addresses of the files, as `Mirrors` takes them.
    others
        Folders where other libraries keep them; a leading `~` is the user's home.
    class_names
        What the labels stand for, if that needs saying.
    """

    name: str
    splits: Mapping[str, tuple[Published, ...]]
    mirrors: tuple[str, ...]
    others: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()

    @property
    def files(self) -> list[Published]:
        """All the files, in the order of `splits`, each once."""
        files = [file for split in self.splits.values() for file in split]
        return list({file.name: file for file in files}.values())

    def dataset(self, summary: str) -> Dataset:
        """Return the data set that can be asked for by this archive's name."""
        return Dataset(self.name, summary, self.load, self.fetch, self.verify, self.held_out)

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

        Without `mirrors`, the archive's own are asked.

        Raises
        ------
        UnknownName
            If there is no such split.
        DataError
            If a file can neither be found nor fetched, naming every place and every mirror.
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
        progress: Progress | None = None,
    ) -> list[Path]:
        """Return a valid path of every file, downloading what is missing.

        Downloads go into a folder in `data_dir`, or where that is None into gankit's cache.

        Raises
        ------
        DataError, StorageError
            As `read` does.
        """
        target = (data_dir or locations.cache()) / self.name
        mirrors = mirrors or Mirrors(self.mirrors, progress=progress)
        return [self._obtain(file, data_dir, target, mirrors)[0].path for file in self.files]

    def verify(self, data_dir: Path | None) -> list[FileCheck]:
        """Check every copy of every file on this machine; a file with none gets a row as well."""
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
        """Find or download a file; return it, and why files found before it were refused."""
        found, refused = search(file, self._candidates(file, data_dir))
        if found is None and not locations.offline():
            found = self._downloaded(file, target, mirrors)
        if found is None:
            raise DataError(self._missing(file, data_dir, refused, mirrors))
        return found, refused

    def _downloaded(self, file: Published, target: Path, mirrors: Mirrors) -> Found | None:
        with _locked(target):
            # Whoever held the lock before may have left the file here.
            found, _ = search(file, self._copies(file, [target]))
            if found is None and mirrors.fetch(file, target, sum(f.limit for f in self.files)):
                found, _ = search(file, self._copies(file, [target]))
            return found

    def _missing(
        self, file: Published, data_dir: Path | None, refused: list[str], mirrors: Mirrors
    ) -> str:
        looked = ", ".join(map(str, self._folders(data_dir)))
        names = " or ".join(file.names(f"{self.name}.npz"))
        found = f"; refused {'; '.join(refused)}" if refused else ""
        asked = f"; asked {'; '.join(mirrors.refusals) or 'no mirror'}"
        if locations.offline():
            asked = "; downloads are off (GANKIT_OFFLINE)"
        return (
            f"no {names} for {self.name}: looked in {looked}{found}{asked}; "
            f"put the files as published into {locations.cache() / self.name}, "
            "name their folder in GANKIT_DATA, or use --dataset glyphs"
        )

    def _source(self, paths: list[Path], refused: list[str]) -> str:
        passed = f" (passed over {'; '.join(dict.fromkeys(refused))})" if refused else ""
        return f"{self.name} from {', '.join(map(str, dict.fromkeys(paths)))}{passed}"


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Make `folder`, and let one process at a time download into it.

    The lock only saves work: files appear whole or not at all, so that where it cannot be had
    the download goes on without.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = f"cannot make {folder} for downloads: {reason(error)}"
        raise StorageError(f"{why}; set GANKIT_HOME to a folder that can be written") from error
    lock = filelock.FileLock(folder / ".lock")
    with suppress(OSError, NotImplementedError, filelock.Timeout):
        lock.acquire(timeout=LOCK_TIMEOUT)
    try:
        yield
    finally:
        lock.release()
