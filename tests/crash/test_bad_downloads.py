"""Downloads from faulty mirrors end with the right bytes or an error that names the mirror."""

from __future__ import annotations

import functools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import gankit.data
from gankit.data.published.download import TimeLimits
from gankit.data.published.mirrors import Mirrors
from gankit.errors import ExitCode
from tests.crash import fetching
from tests.crash.repetitions import record, short_or_full
from tests.paths import ROOT
from tests.server import begin, redirecting, serving
from tests.waiting import ended, wait_for

FILES = fetching.packed()
FIRST, BODY = next(iter(FILES.items()))
SHORT = TimeLimits(answer=0.4, silence=0.3, total=0.8)
STATUSES = [204, 206, 301, 304, 400, 401, 403, 404, 407, 410, 416, 429, 500, 502, 503, 599]


@pytest.fixture
def server():
    with serving() as running:
        yield running


@pytest.fixture
def good(server):
    """Serve the four files; return the mirror's address."""
    for name, content in FILES.items():
        server.serve(f"good/{name}", content)
    return f"{server.url}good/"


@pytest.fixture
def fetch(machine, command, monkeypatch):
    """Return a function that runs `gankit data fetch mnist` with mirrors and short timeouts."""
    monkeypatch.delenv("GANKIT_OFFLINE")
    assert Path.cwd() == machine
    monkeypatch.setattr(
        "gankit.data.published.archive.Mirrors", functools.partial(Mirrors, time_limits=SHORT)
    )

    def fetch(*mirrors):
        monkeypatch.setattr(gankit.data, "BUILTIN", (fetching.dataset(*mirrors),))
        return command("data", "fetch", "mnist")

    return fetch


def cached(machine):
    """Return the files in gankit's cache of the data set, by name."""
    folder = machine.parent / "cache" / "mnist"
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


# The ways in which a mirror can fail at the first file.


def stalls(request):
    request.server.closing.wait(2)


def stalls_midway(request):
    begin(request, len(BODY))
    request.wfile.write(BODY[:1000])
    request.wfile.flush()
    request.server.closing.wait(2)


def trickles(request):
    begin(request, len(BODY))
    for place in range(0, len(BODY), 100):
        request.wfile.write(BODY[place : place + 100])
        if request.server.closing.wait(0.02):
            return


def drops(request):
    begin(request, len(BODY))
    request.wfile.write(BODY[:1000])
    request.connection.shutdown(socket.SHUT_RDWR)


def resets(request):
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    request.connection.close()


def ends_early_and_says_nothing(request):
    begin(request, None)
    request.wfile.write(BODY[:1000])


def lies(request):
    begin(request, len(BODY))
    request.wfile.write(BODY[::-1])


def changes_a_bit(request):
    begin(request, len(BODY))
    request.wfile.write(BODY[:5000] + bytes([BODY[5000] ^ 1]) + BODY[5001:])


def sends_another_file(request):
    other = FILES["t10k-images-idx3-ubyte.gz"]
    begin(request, len(other))
    request.wfile.write(other)


def asks_to_sign_in(request):
    begin(request, 36)
    request.wfile.write(b"<html>sign in to this network</html>")


def sends_nothing(request):
    begin(request, 0)


def never_ends(request):
    begin(request, None)
    while not request.server.closing.is_set():
        request.wfile.write(bytes(2**16))


def speaks_another_language(request):
    request.wfile.write(b"220 welcome to this mail server\r\n")


def breaks_its_chunks(request):
    request.send_response(200)
    request.send_header("Transfer-Encoding", "chunked")
    request.end_headers()
    request.wfile.write(b"zz\r\nhello\r\n")


def sends_headers_without_end(request):
    request.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 1000 + b"\r\n")


def has_an_impossible_length(request):
    request.send_response(200)
    request.send_header("Content-Length", "-5")
    request.end_headers()


def has_status(status):
    def answer(request):
        request.send_response(status)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


FAULTS = (
    {
        answer.__name__.replace("_", " "): answer
        for answer in (
            stalls,
            stalls_midway,
            trickles,
            drops,
            resets,
            ends_early_and_says_nothing,
            lies,
            changes_a_bit,
            sends_another_file,
            asks_to_sign_in,
            sends_nothing,
            never_ends,
            speaks_another_language,
            breaks_its_chunks,
            sends_headers_without_end,
            has_an_impossible_length,
        )
    }
    | {f"answers {status}": has_status(status) for status in STATUSES}
    | {
        "points to itself": redirecting(f"/bad/{FIRST}"),
        "points step in a circle": redirecting("/circle"),
        "points nowhere": redirecting(None),
        "points to a file": redirecting("file:///etc/passwd"),
        "points to data": redirecting("data:text/plain,hello"),
        "points to another scheme": redirecting("gopher://127.0.0.1/"),
        "points to a closed port": redirecting("http://127.0.0.1:1/"),
        "points to no address": redirecting("http://[::1/"),
    }
)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_faulty_mirror_is_named_and_the_next_one_is_used(machine, server, good, fetch, fault):
    server.answers |= {f"{name}/{FIRST}": fault for name in ("bad", "worse")}
    server.answers["circle"] = redirecting(f"/bad/{FIRST}")
    # Another name for the host: one that was silent is asked no more in the same attempt.
    bad, worse = (f"http://localhost:{server.server_port}/{name}/" for name in ("bad", "worse"))
    ended = fetch(bad, worse)
    assert ended.code == ExitCode.DATA, ended.err
    assert sum(line.startswith("gankit: ") for line in ended.err.splitlines()) == 1
    for mirror in (bad, worse):
        assert f"{mirror}{FIRST} (" in ended.err
    assert f"bad/{FIRST}" in server.asked
    assert cached(machine) == {}
    assert fetch(bad, good).code == ExitCode.OK
    assert cached(machine) == FILES


def test_a_redirection_to_ftp_is_not_followed(server, fetch):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        server.answers[f"bad/{FIRST}"] = redirecting(f"ftp://127.0.0.1:{port}/{FIRST}")
        ended = fetch(f"{server.url}bad/")
        listening.settimeout(0.1)
        with pytest.raises(TimeoutError):
            listening.accept()
    assert ended.code == ExitCode.DATA
    assert "ftp" in ended.err


# In processes of their own.


@pytest.fixture
def started():
    """Return a function that starts a fetch into a folder, ended with the test."""
    processes = []

    def start(folder, *mirrors):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GANKIT_")}
        environment |= {"GANKIT_HOME": str(folder), "HOME": str(folder)}
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.fetching", *mirrors],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
            ended(process, "a fetch that was killed")


def finals(folder):
    """Return the files that have their final names, by name."""
    there = (folder / "mnist").iterdir() if (folder / "mnist").is_dir() else ()
    return {p.name: p.read_bytes() for p in there if not p.name.startswith(".")}


def test_eight_concurrent_fetches_get_the_right_bytes(tmp_path, server, good, started):
    processes = [started(tmp_path, good) for _ in range(8)]
    told = [ended(process, "a fetch beside seven others", 120) for process in processes]
    assert [process.returncode for process in processes] == [0] * 8, told
    wanted = "".join(f"{tmp_path / 'mnist' / name}\n" for name in FILES)
    assert [out for out, _ in told] == [wanted] * 8
    assert finals(tmp_path) == FILES
    assert sorted(server.asked) == sorted(f"good/{name}" for name in FILES)


KILLS = short_or_full(5, 20)


class Halting:
    """Sends a file's bytes up to an offset, and then waits until the client has gone."""

    def __init__(self, content, place):
        self.content, self.place = content, place
        self.reached = threading.Event()
        self.gone = threading.Event()

    def __call__(self, request):
        begin(request, len(self.content))
        request.wfile.write(self.content[: self.place])
        request.wfile.flush()
        self.reached.set()
        self.gone.wait(30)


@pytest.mark.parametrize("kill", range(KILLS))
def test_a_killed_fetch_leaves_no_partial_file_and_the_next_one_succeeds(
    tmp_path, server, good, started, kill
):
    random = np.random.default_rng(kill)
    name, content = list(FILES.items())[kill % len(FILES)]
    late = kill % 5 == 4  # After the last byte: during verification and renaming.
    halting = Halting(content, len(content) if late else int(random.integers(1, len(content))))
    server.answers[f"good/{name}"] = halting
    process = started(tmp_path, good)
    wait_for(halting.reached.is_set, "the fetch to come to the place where it is killed")
    if late:
        time.sleep(random.uniform(0, 0.02))
    else:
        part = f".*.part.{name}"
        wait_for(lambda: list((tmp_path / "mnist").glob(part)), "the download's temporary file", 10)
    process.send_signal(signal.SIGKILL)
    ended(process, "the fetch that was killed")
    halting.gone.set()
    assert process.returncode == -signal.SIGKILL
    left = finals(tmp_path)
    assert left.items() <= FILES.items()
    assert late or name not in left
    server.serve(f"good/{name}", content)
    again = started(tmp_path, good)
    _, told = ended(again, "the fetch after it")
    assert again.returncode == 0, told
    assert finals(tmp_path) == FILES


def test_the_results_are_recorded():
    record(
        "downloads",
        f"{len(FAULTS)} faults, each mirror named; 8 processes at once; {KILLS} SIGKILLs in "
        "mid-download, no partial file, the next download succeeds",
    )
