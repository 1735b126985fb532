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
from gankit.data.temporary_files import storing, sync, temporary
from gankit.errors import DataError, reason

CHUNK_BYTES = 2**16
"""The most bytes per read."""
_WATCHER: ContextVar[DownloadProgress | None] = ContextVar("watcher of downloads", default=None)


class Unreachable(DataError):
    """A host cannot be reached; gankit requests no other files from it."""


@dataclass(frozen=True)
class TimeLimits:
    """Time limits in seconds.

    Attributes
    ----------
    answer
        From the request to the first byte, with name lookup and connection.
    silence
        Between two reads.
    total
        For the complete file.
    """

    answer: float = 5.0
    silence: float = 20.0
    total: float = 900.0


def download(
    url: str,
    target: Path,
    limit: int,
    check: Callable[[Path], object],
    *,
    time_limits: TimeLimits | None = None,
    progress: DownloadProgress | None = None,
) -> None:
    """Download `url` to `target`; an incomplete or invalid file is never at `target`.

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
    time_limits
        Time limits; by default 5 seconds for an answer, and those of `TimeLimits`.
    progress
        Called after every chunk; by default the function of `watched`, if any.

    Raises
    ------
    DataError
        If the host is Unreachable, answers with an error or stalls, or `check` refuses the file.
    StorageError
        If the file cannot be written.
    """
    call = progress or _WATCHER.get()
    with temporary(target) as part:
        with storing(target), part.open("wb") as file:
            for chunk in _chunks(url, target.name, limit, time_limits or TimeLimits(), call):
                file.write(chunk)
            sync(file)
        check(part)
        with storing(target):
            part.replace(target)


@contextmanager
def watched(progress: DownloadProgress) -> Iterator[None]:
    """Call `progress` for each download inside the block that has no `progress` function.

    `Dataset.load` downloads missing files, but has no `progress` argument.
    """
    token = _WATCHER.set(progress)
    try:
        yield
    finally:
        _WATCHER.reset(token)


def _chunks(
    url: str, name: str, limit: int, time_limits: TimeLimits, progress: DownloadProgress | None
) -> Iterator[bytes]:
    received, started = 0, time.monotonic()
    with _answer(url, time_limits) as response:
        length = response.length
        while chunk := _next(response):
            received += len(chunk)
            if received > limit:
                raise DataError(f"sends more than the expected {limit} bytes")
            if time.monotonic() - started > time_limits.total:
                raise DataError(f"too slow: {received} bytes in {time_limits.total:g} s")
            yield chunk
            if progress:
                progress(name, received, length)
    if length is not None and received != length:
        raise DataError(f"ended after {received} of {length} bytes")


def _next(response: HTTPResponse) -> bytes:
    # Read the socket once: `read` would wait for a full chunk, however slowly it arrives.
    try:
        return response.read1(CHUNK_BYTES)
    except (OSError, HTTPException, ValueError) as error:
        raise DataError(f"broke off: {reason(error)}") from error


def _answer(url: str, time_limits: TimeLimits) -> HTTPResponse:
    """Open `url` in a thread, with one time limit until the first byte.

    The timeout of `urlopen` restarts for each address of the host and does not include the name
    lookup, so without a thread a silent network could block for minutes.
    """
    answers: queue.SimpleQueue[HTTPResponse | Exception] = queue.SimpleQueue()
    arguments = url, time_limits.silence, answers
    threading.Thread(target=_request, args=arguments, daemon=True).start()
    try:
        answer = answers.get(timeout=time_limits.answer)
    except queue.Empty:
        raise Unreachable(f"no answer within {time_limits.answer:g} s") from None
    if isinstance(answer, HTTPResponse):
        return answer
    if isinstance(answer, HTTPError):
        answer.close()
        raise DataError(f"answers {answer.code} {answer.reason}") from answer
    inner = answer.reason if isinstance(answer, URLError) else answer
    raise Unreachable(reason(inner) if isinstance(inner, Exception) else inner) from answer


def _request(
    url: str, timeout: float, answers: queue.SimpleQueue[HTTPResponse | Exception]
) -> None:
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
