"""Options by which a TCP connection notices that the other machine does not answer."""

from __future__ import annotations

import socket

from gankit._utils.lost_links import SECONDS, lost_links_noticed
from gankit._utils.system import OPEN_FILES


def connected():
    """Return the two ends of a connection of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = socket.create_connection(server.getsockname())
        return one, server.accept()[0]


def keeps_alive(connection):
    return bool(connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))


def test_connections_that_are_opened_inside_the_block_notice_a_lost_link():
    before = connected()
    with lost_links_noticed():
        inside = connected()
        pair = socket.socketpair()
        listening = socket.create_server(("127.0.0.1", 0))
    after = connected()
    assert [keeps_alive(each) for each in inside] == [True, True]
    assert not any(keeps_alive(each) for each in (*before, *after, listening))
    for each in inside:
        times = [
            each.getsockopt(socket.IPPROTO_TCP, option)
            for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        ]
        assert times[0] + times[1] * times[2] == SECONDS
        assert each.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 1000 * SECONDS
    for each in (*before, *inside, *after, *pair, listening):
        each.close()


def test_the_connections_stay_open_and_no_file_is_left():
    with lost_links_noticed():
        one, other = connected()
        files = set(OPEN_FILES.iterdir())
    assert set(OPEN_FILES.iterdir()) == files
    one.sendall(b"still there")
    assert other.recv(20) == b"still there"
    one.close()
    other.close()
