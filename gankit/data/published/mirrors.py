"""Download files from mirrors, tried one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from gankit.data.dataset import DownloadProgress
from gankit.data.published.download import TimeLimits, Unreachable, download
from gankit.data.published.files import Published
from gankit.errors import DataError


@dataclass
class Mirrors:
    """The mirrors of one data set, during one attempt to fetch it.

    Attributes
    ----------
    addresses
        An address that ends in a slash is a folder with each file as published; any other is an
        npz file with all of them.
    time_limits
        Time limits of each download.
    progress
        Called as bytes arrive.
    refusals
        The failure of each address, for the last file.
    """

    addresses: tuple[str, ...]
    time_limits: TimeLimits = field(default_factory=TimeLimits)
    progress: DownloadProgress | None = None
    refusals: list[str] = field(default_factory=list)
    _unreachable: dict[str, str] = field(default_factory=dict)

    def fetch(self, file: Published, folder: Path, npz_limit: int) -> bool:
        """Download `file` into `folder` from the first mirror with the published content.

        Parameters
        ----------
        file
            The file to download.
        folder
            Target folder, which exists.
        npz_limit
            The most bytes of an npz file with all files of the data set.

        Returns
        -------
        bool
            Whether a download succeeded; if not, `refusals` contains the reasons.

        Raises
        ------
        StorageError
            If it cannot be written.
        """
        self.refusals.clear()
        for address in self.addresses:
            single = address.endswith("/")
            url = f"{address}{file.download}" if single else address
            try:
                self._download(url, folder, file.limit if single else npz_limit, file)
            except DataError as error:
                self.refusals.append(f"{url} ({_without_path(error, folder)})")
            else:
                return True
        return False

    def _download(self, url: str, folder: Path, limit: int, file: Published) -> None:
        address = urlsplit(url)
        if address.netloc in self._unreachable:
            raise DataError(self._unreachable[address.netloc])
        target = folder / Path(address.path).name
        try:
            download(
                url,
                target,
                limit,
                file.read,
                time_limits=self.time_limits,
                progress=self.progress,
            )
        except Unreachable as error:
            self._unreachable[address.netloc] = str(error)
            raise


def _without_path(error: DataError, folder: Path) -> str:
    """Return the message of an error without the path of the temporary file."""
    message = str(error)
    return message.partition(": ")[2] if message.startswith(str(folder)) else message
