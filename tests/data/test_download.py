import errno
import os
import socket
import time
from pathlib import Path

import pytest

from gankit._utils.unfinished_files import created_locked
from gankit.data.published.download import TimeLimits, Unreachable, download, watched
from gankit.errors import DataError, StorageError
from tests.server import begin, redirecting

CONTENT = bytes(range(256)) * 1000
SIZE = len(CONTENT)
SHORT = TimeLimits(answer=0.4, silence=0.3, total=30)


def check(path):
    """Refuse wrong content."""
    if path.read_bytes() != CONTENT:
        raise DataError("wrong bytes")


@pytest.fixture
def get(tmp_path):
    """Download into an empty folder; assert that it then has at most a complete file."""

    def get(url, *, limit=SIZE, time_limits=SHORT, progress=None):
        target = tmp_path / "file.gz"
        try:
            download(url, target, limit, check, time_limits=time_limits, progress=progress)
        finally:
            assert {path.name for path in tmp_path.iterdir()} <= {"file.gz"}
            assert not target.exists() or target.read_bytes() == CONTENT
        return target

    return get


def test_the_right_bytes_arrive(server, get):
    assert get(server.serve("file.gz", CONTENT)).read_bytes() == CONTENT


def test_an_existing_file_is_replaced(server, get, tmp_path):
    (tmp_path / "file.gz").write_bytes(b"old")
    assert get(server.serve("file.gz", CONTENT)).read_bytes() == CONTENT


def test_a_redirection_is_followed(server, get):
    server.answers["here.gz"] = redirecting(server.serve("there.gz", CONTENT))
    assert get(server.url + "here.gz").read_bytes() == CONTENT
    assert server.asked == ["here.gz", "there.gz"]


def test_progress_ends_at_the_total(server, get):
    told = []
    get(server.serve("file.gz", CONTENT), progress=lambda *now: told.append(now))
    assert told[-1] == ("file.gz", SIZE, SIZE)
    assert told == sorted(told)


def test_a_download_reports_to_the_watcher_of_its_block(server, get):
    told, own = [], []
    address = server.serve("file.gz", CONTENT)
    with watched(lambda *now: told.append(now)):
        get(address, progress=lambda *now: own.append(now))
        assert told == []
        get(address)
    assert told[-1] == own[-1] == ("file.gz", SIZE, SIZE)
    before = len(told)
    get(address)
    assert len(told) == before


def test_wrong_bytes_are_refused(server, get):
    with pytest.raises(DataError, match="wrong bytes"):
        get(server.serve("file.gz", CONTENT[::-1]))


def test_a_file_cut_short_is_refused(server, get):
    url = server.serve("file.gz", CONTENT[:1000], claimed=SIZE)
    with pytest.raises(DataError, match=f"ended after 1000 of {SIZE} bytes"):
        get(url)


def test_a_file_too_large_is_refused_before_it_ends(server, get):
    told = []
    with pytest.raises(DataError, match="sends more than the expected 1000 bytes"):
        get(server.serve("file.gz", CONTENT), limit=1000, progress=lambda *now: told.append(now))
    assert told == []


def stalling(server, *, headers, first=b""):
    """Send headers and the first bytes, or nothing, and then stop."""

    def answer(request):
        if headers:
            begin(request, SIZE)
            request.wfile.write(first)
            request.wfile.flush()
        server.closing.wait(10)

    server.answers["file.gz"] = answer
    return server.url + "file.gz"


@pytest.mark.parametrize(
    ("headers", "first", "said"),
    [(False, b"", "no answer|timed out"), (True, b"", "timed out"), (True, b"abc", "timed out")],
)
def test_a_silent_server_times_out(server, get, headers, first, said):
    started = time.monotonic()
    with pytest.raises(DataError, match=said):
        get(stalling(server, headers=headers, first=first))
    assert 0.2 < time.monotonic() - started < 3


def test_a_very_slow_server_times_out(server, get):
    def trickle(request):
        begin(request, None)
        while not server.closing.wait(0.02):
            request.wfile.write(b"x")

    server.answers["file.gz"] = trickle
    started = time.monotonic()
    with pytest.raises(DataError, match=r"too slow: \d+ bytes in 0.5 s"):
        get(server.url + "file.gz", time_limits=TimeLimits(answer=2, silence=2, total=0.5))
    assert time.monotonic() - started < 2


def test_a_dropped_connection_is_reported(server, get):
    def drop(request):
        begin(request, SIZE)
        request.wfile.write(CONTENT[:10])
        request.connection.shutdown(socket.SHUT_RDWR)

    server.answers["file.gz"] = drop
    with pytest.raises(DataError, match=r"ended after 10|broke off"):
        get(server.url + "file.gz")


def test_a_closed_port_is_unreachable(get):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(Unreachable, match="connection refused"):
        get(f"http://127.0.0.1:{port}/file.gz")


def test_a_slow_name_lookup_times_out(get, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: time.sleep(1.5))
    started = time.monotonic()
    with pytest.raises(Unreachable, match=r"no answer within 0\.4 s"):
        get("http://slow.invalid/file.gz")
    assert time.monotonic() - started < 1.2


def test_a_full_disk_is_a_storage_error_and_leaves_no_file(server, get, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="no space left on device"):
        get(server.serve("file.gz", CONTENT))


def test_a_missing_folder_is_a_storage_error(server):
    url = server.serve("file.gz", CONTENT)
    with pytest.raises(StorageError, match="cannot write"):
        download(url, Path("missing", "file.gz"), SIZE, check)


def test_files_of_a_killed_download_are_removed(server, get, tmp_path):
    left = tmp_path / ".0.part.file.gz"
    left.write_bytes(b"half")
    get(server.serve("file.gz", CONTENT))


def test_files_of_a_running_download_are_not_removed(server, tmp_path):
    other = tmp_path / ".0.part.file.gz"
    with created_locked(other):
        download(server.serve("file.gz", CONTENT), tmp_path / "file.gz", SIZE, check)
        assert other.exists()
