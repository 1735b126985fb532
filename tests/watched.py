"""A watched report of a run, served in the test's own process."""

from __future__ import annotations

import contextlib
import threading

from gankit.report.watch import Server, WatchedReport


@contextlib.contextmanager
def served(run):
    """Yield the server of a run's report; end it afterwards."""
    with Server(WatchedReport([run.path])) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
