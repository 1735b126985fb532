"""Serve a report on the loopback address alone, and renew it while its runs train.

The server only reads: it answers GET for the page and for a mark of the runs' files. It refuses
names other than those of this machine, so that a page of another site cannot read it by a name
that leads here.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any

from gankit.errors import ConfigError, GankitError
from gankit.report.page import render
from gankit.runs import RunFolder

HOST = "127.0.0.1"
NAMES = (HOST, "localhost")
"""The names by which the page may be asked for."""


class WatchedReport:
    """A report that is rendered again when the files of its runs have changed.

    Parameters
    ----------
    folders
        The folders of the runs.
    title
        The heading; by default the runs' names.
    """

    def __init__(self, folders: Sequence[Path], title: str = "") -> None:
        self.folders, self.title = folders, title
        self._lock, self._mark, self._page = Lock(), "", b""

    def mark(self) -> str:
        """Return a digest of the names, sizes and times of all files that the page shows."""
        found = sorted(line for folder in self.folders for line in _files(folder))
        return hashlib.sha256("\n".join(found).encode("utf-8", "replace")).hexdigest()[:16]

    def page(self) -> bytes:
        """Return the page of the files' present state; CheckpointError if a run is gone."""
        with self._lock:
            if (mark := self.mark()) != self._mark:
                self._page = render(self.folders, title=self.title, watched=mark).encode()
                self._mark = mark
            return self._page


class Server(ThreadingHTTPServer):
    """A server of one report; `server_port` is its port."""

    daemon_threads = True

    def __init__(self, report: WatchedReport, port: int = 0) -> None:
        """Listen on the loopback address; ConfigError if the port is taken.

        Parameters
        ----------
        report
            The report.
        port
            The port; 0, the default, takes a free one.
        """
        self.report = report
        try:
            super().__init__((HOST, port), _Answer)
        except (OSError, OverflowError) as error:
            raise ConfigError(f"port: got {port}, which cannot be used: {error}") from None

    @property
    def address(self) -> str:
        """The page's address."""
        return f"http://{HOST}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Print the traceback of an error, unless the reader has closed the page."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Answer(BaseHTTPRequestHandler):
    """The answer to one request."""

    server: Server

    def do_GET(self) -> None:
        """Answer with the page or the mark."""
        name, _, port = self.headers.get("Host", "").partition(":")
        if name not in NAMES or port != str(self.server.server_port):
            self._send("this page is for this machine alone", HTTPStatus.FORBIDDEN)
        elif self.path == "/mark":
            self._send(self.server.report.mark())
        elif self.path == "/":
            try:
                self._send(self.server.report.page(), kind="text/html")
            except GankitError as error:
                self._send(str(error), HTTPStatus.SERVICE_UNAVAILABLE)
        else:
            self._send("there is only /", HTTPStatus.NOT_FOUND)

    def log_message(self, *_arguments: object) -> None:
        """Print nothing for a request."""

    def _send(
        self,
        content: str | bytes,
        status: HTTPStatus = HTTPStatus.OK,
        kind: str = "text/plain",
    ) -> None:
        body = content.encode() if isinstance(content, str) else content
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.end_headers()
        self.wfile.write(body)


def _files(path: Path) -> Iterator[str]:
    """Yield a line for each file of a run that the page shows."""
    folder = RunFolder(path)
    for file in (folder.config, folder.environment, folder.classes, folder.losses,
                 folder.evaluations, folder.warnings):  # fmt: skip
        yield from _line(file)
    for place in (folder.samples, folder.nearest):
        with suppress(OSError), os.scandir(place) as entries:
            for entry in entries:
                yield from _line(Path(entry.path))


def _line(file: Path) -> Iterator[str]:
    with suppress(OSError):
        status = file.stat()
        yield f"{file} {status.st_size} {status.st_mtime_ns}"
