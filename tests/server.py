"""A local server for tests of downloads, which can misbehave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server(ThreadingHTTPServer):
    """Answers each path by its entry in `answers`, any other with 404."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def serve(self, path: str, content: bytes, claimed: int | None = None) -> str:
        """Answer `path` with `content`, optionally with another length; return its address."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            begin(request, claimed or len(content))
            request.wfile.write(content)

        self.answers[path] = answer
        return self.url + path

    def handle_error(self, *_: object) -> None:
        """Ignore clients that hang up or are killed."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        path = self.path.lstrip("/")
        self.server.asked.append(path)
        self.server.answers.get(path, lambda request: request.send_error(404))(self)

    def log_message(self, *_: object) -> None:
        """Print nothing: the tests use `asked`."""


def begin(request: BaseHTTPRequestHandler, length: int | None) -> None:
    """Answer 200, optionally with a length."""
    request.send_response(200)
    if length is not None:
        request.send_header("Content-Length", str(length))
    request.end_headers()


def redirecting(location: str | None, status: int = 302) -> Answer:
    """Return an answer that redirects, with or without an address."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        if location is not None:
            request.send_header("Location", location)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


@contextmanager
def serving() -> Iterator[Server]:
    """Run a server inside the block."""
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield running
        finally:
            running.closing.set()
            running.shutdown()
            thread.join()
