"""A machine without data, a small stand-in for MNIST, and a server that can misbehave."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from gankit.data import ImageSet, glyphs, idx
from gankit.data.archive import Archive
from gankit.data.checksum import Checksum
from gankit.data.published import PublishedFile

Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture(scope="session")
def small_glyphs():
    return ImageSet(*glyphs.draw(200, seed=1), source="200 glyphs of seed 1")


@pytest.fixture
def bare_machine(tmp_path, monkeypatch):
    """Give the test an empty home, cache and working folder, all below the one returned."""
    for name in ("home", "cache", "work"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GANKIT_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GANKIT_DATA", raising=False)
    monkeypatch.delenv("GANKIT_OFFLINE", raising=False)
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


@pytest.fixture
def contents(small_glyphs):
    """Return the four files of the stand-in, IDX bytes by name."""
    images, labels = small_glyphs.images[..., 0], small_glyphs.labels.astype(np.uint8)
    return {
        "train-images-idx3-ubyte": idx.encode(images[:150]),
        "train-labels-idx1-ubyte": idx.encode(labels[:150]),
        "t10k-images-idx3-ubyte": idx.encode(images[150:]),
        "t10k-labels-idx1-ubyte": idx.encode(labels[150:]),
    }


@pytest.fixture(scope="session")
def checksum():
    """Return a function from bytes to their sum, as somebody publishes it."""
    return lambda content, untried="": Checksum(hashlib.sha256(content).hexdigest(), untried)


@pytest.fixture
def archive(contents, checksum):
    """Return a published data set like MNIST, but small, with its own sums and no mirrors."""
    members = ("x_train", "y_train", "x_test", "y_test")
    files = [
        PublishedFile(name, member, idx.decode(content, name).shape, checksum(content))
        for member, (name, content) in zip(members, contents.items(), strict=True)
    ]
    splits = {"train": (files[0], files[1]), "test": (files[2], files[3])}
    return Archive("mnist", splits, (), ("~/.keras/datasets", "data/MNIST/raw"))


class Server(ThreadingHTTPServer):
    """Answers each path as its entry in `answers` says, any other with 404."""

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
        """Answer `path` with `content`, perhaps claiming another length; return its address."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(200)
            request.send_header("Content-Length", str(claimed or len(content)))
            request.end_headers()
            request.wfile.write(content)

        self.answers[path] = answer
        return self.url + path


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        path = self.path.lstrip("/")
        self.server.asked.append(path)
        self.server.answers.get(path, lambda request: request.send_error(404))(self)

    def log_message(self, *_: object) -> None:
        """Say nothing: the tests look at `asked`."""


@pytest.fixture
def server():
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.closing.set()
        running.shutdown()
        thread.join()
