"""`gankit report --watch` serves a page on this machine alone, and ends with Ctrl-C."""

from __future__ import annotations

import http.client
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import urllib.request

import pytest

from gankit.errors import ConfigError, ExitCode
from gankit.report.watch import HOST, Server, WatchedReport
from gankit.runs import LossLog
from gankit.visual import images
from tests.report_runs import make_run, picture, uri
from tests.waiting import ended
from tests.watched import served


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "mine")


@pytest.fixture
def server(run):
    with served(run) as server:
        yield server


def asked(server, path="/", method="GET", **headers):
    """Return the status and the text of an answer."""
    connection = http.client.HTTPConnection(HOST, server.server_port, timeout=30)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_only_this_machine_can_reach_it(server):
    assert server.socket.getsockname()[0] == "127.0.0.1"


def test_the_page_is_that_of_the_files_and_new_when_they_change(server, run):
    status, page = asked(server)
    mark = asked(server, "/mark")[1]
    assert status == 200
    assert f'data-mark="{mark}"' in page
    assert uri(run, 30) in page
    assert asked(server) == (200, page)
    images.write_png(run.sample_path(40), picture(40))
    assert asked(server, "/mark")[1] != mark
    assert uri(run, 40) in asked(server)[1]


def test_it_writes_nothing(server, run):
    before = sorted((path, path.stat().st_mtime_ns) for path in run.path.rglob("*"))
    asked(server)
    asked(server, "/mark")
    assert sorted((path, path.stat().st_mtime_ns) for path in run.path.rglob("*")) == before


@pytest.mark.parametrize("host", ["gankit.example", "gankit.example:{port}", "127.0.0.1:1", ""])
def test_a_page_of_another_site_cannot_read_it(server, host):
    named = host.format(port=server.server_port)
    status, text = asked(server, Host=named)
    assert (status, text) == (403, "this page is for this machine alone")


def test_it_answers_to_localhost(server):
    assert asked(server, Host=f"localhost:{server.server_port}")[0] == 200


@pytest.mark.parametrize(("path", "method", "status"), [
    ("/config.toml", "GET", 404), ("/../mine/config.toml", "GET", 404), ("/", "POST", 501),
    ("/", "DELETE", 501),
])  # fmt: skip
def test_it_shows_nothing_else(server, path, method, status):
    assert asked(server, path, method)[0] == status


def test_a_removed_run_is_named(server, run):
    asked(server)
    shutil.rmtree(run.path)
    status, text = asked(server)
    assert status == 503
    assert "no run folder at" in text


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\n", b"GET /mark HTTP/1.1\r\n\r\n"])
def test_a_reader_that_leaves_prints_no_traceback(server, capfd, sent):
    with socket.create_connection((HOST, server.server_port)) as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        reader.sendall(sent)
    asked(server)  # The server accepts connections in their order.
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(30)
    assert capfd.readouterr().err == ""


def test_a_port_that_is_taken_is_refused(server, run):
    with pytest.raises(ConfigError, match=f"port: got {server.server_port}, which cannot be used"):
        Server(WatchedReport([run.path]), server.server_port)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--out", "page.html"], "--out: got it with --watch"),
        (["--explore"], "--explore: got it with --watch"),
    ],
)
def test_options_of_a_file_are_refused(command, run, options, told):
    refused = command("report", run.path, "--watch", *options)
    assert refused.code == ExitCode.USAGE
    assert told in refused.err


def test_a_port_without_watching_is_refused(command, run):
    assert "--port needs --watch" in command("report", run.path, "--port", "80").err


def test_ctrl_c_ends_the_command_as_usual(run):
    words = [sys.executable, "-m", "gankit", "report", "--watch", str(run.path)]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )
    line = process.stdout.readline()
    port = int(line.split("/")[2].rpartition(":")[2])
    with urllib.request.urlopen(f"http://{HOST}:{port}/mark", timeout=30) as answer:
        assert answer.status == 200
    process.send_signal(signal.SIGINT)
    assert ended(process, "the command") == ("", "")
    assert process.returncode == 0
    assert "only on this machine; Ctrl-C ends it" in line


def test_a_run_may_be_written_meanwhile(server, run):
    """A page is complete while losses are appended."""
    log = LossLog(run.losses)
    for step in range(30, 60):
        log.append(step, [[1.0, 2.0]])
        assert "</html>" in asked(server)[1]
    log.close()
