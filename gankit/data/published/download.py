"""Download one file, limited in time and size, atomically."""

from __future__ import annotations

import queue
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError

from gankit.data.dataset import DownloadProgress
from gankit.data.temporary_files import settle, storing, temporary
from gankit.errors import DataError, reason

CHUNK = 2**16
"""The most bytes per read."""
_WATCHER: ContextVar[DownloadProgress | None] = ContextVar("watcher of downloads", default=None)


class Unreachable(DataError):
    """A host that cannot be reached; other files are not requested from it."""


@dataclass(frozen=True)
class Patience:
    """Time limits in seconds.

    Attributes
    ----------
    answer
        Until a host is found, connected and answers.
    silence
        Until the next bytes.
    whole
        For the complete file.
    """

    answer: float = 5.0
    silence: float = 20.0
    whole: float = 900.0


def download(
    url: str,
    target: Path,
    limit: int,
    check: Callable[[Path], object],
    *,
    patience: Patience | None = None,
    progress: DownloadProgress | None = None,
) -> None:
    """Download `url` to `target`, which appears complete and verified or not at all.

    Parameters
    ----------
    url
        An http or https address; redirections are followed.
    target
        The file to create or replace, in a folder that exists.
    limit
        The most bytes that it may have.
    check
        Called with the complete file, under a temporary name with the same suffix; raises
        DataError to refuse it.
    patience
        How long to wait; by default 5 seconds for an answer.
    progress
        Called after every chunk; by default the function of `watched`, if any.

    Raises
    ------
    DataError
        If the host is Unreachable, answers with an error or stalls, or the file is refused.
    StorageError
        If the file cannot be written.
    """
    told = progress or _WATCHER.get()
    with temporary(target) as part:
        with storing(part), part.open("wb") as file:
            for chunk in _chunks(url, target.name, limit, patience or Patience(), told):
                file.write(chunk)
            settle(file)
        check(part)
        with storing(target):
            part.replace(target)


@contextmanager
def watched(progress: DownloadProgress) -> Iterator[None]:
    """Call `progress` for each download of the block that has no function of its own.

    `Dataset.load` has no `progress` argument, and downloads missing files.
    """
    token = _WATCHER.set(progress)
    try:
        yield
    finally:
        _WATCHER.reset(token)


def _chunks(
    url: str, name: str, limit: int, patience: Patience, progress: DownloadProgress | None
) -> Iterator[bytes]:
    received, started = 0, time.monotonic()
    with _answer(url, patience) as response:
        length = response.length
        while chunk := _next(response):
            received += len(chunk)
            if received > limit:
                raise DataError(f"sends more than the {limit} bytes expected")
            if time.monotonic() - started > patience.whole:
                raise DataError(f"too slow: {received} bytes in {patience.whole:g} s")
            yield chunk
            if progress:
                progress(name, received, length)
    if length is not None and received != length:
        raise DataError(f"ended after {received} of {length} bytes")


def _next(response: HTTPResponse) -> bytes:
    # Read the socket once: `read` would wait for a full chunk, however slowly it arrives.
    try:
        return response.read1(CHUNK)
    except (OSError, HTTPException, ValueError) as error:
        raise DataError(f"broke off: {reason(error)}") from error


def _answer(url: str, patience: Patience) -> HTTPResponse:
    """Open `url`, with one time limit until the first byte.

    The timeout of `urlopen` restarts for each of the host's addresses and does not cover the name
    lookup, so that a silent network could take minutes; hence the thread.
    """
    answers: queue.SimpleQueue[HTTPResponse | Exception] = queue.SimpleQueue()
    threading.Thread(target=_ask, args=(url, patience.silence, answers), daemon=True).start()
    try:
        answer = answers.get(timeout=patience.answer)
    except queue.Empty:
        raise Unreachable(f"no answer within {patience.answer:g} s") from None
    if isinstance(answer, HTTPResponse):
        return answer
    if isinstance(answer, HTTPError):
        answer.close()
        raise DataError(f"answers {answer.code} {answer.reason}") from answer
    inner = answer.reason if isinstance(answer, URLError) else answer
    raise Unreachable(reason(inner) if isinstance(inner, Exception) else inner) from answer


def _ask(url: str, timeout: float, answers: queue.SimpleQueue[HTTPResponse | Exception]) -> None:
    try:
        answers.put(_opener().open(url, timeout=timeout))
    except Exception as error:
        answers.put(error)


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener for http and https; urllib's own would follow a redirection to ftp."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener
