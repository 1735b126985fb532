"""Signals: the first ends a run after saving it, the second ends it at once."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import threading
from pathlib import Path

import pytest

from gankit.cli import main
from tests.crash import phases, runs
from tests.crash.children import in_child
from tests.crash.repetitions import record

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
LONG = 48
"""Steps of a run that is struck more than once."""
BEFORE_TRAINING = {"data"}
BLOWS = [
    ("block", "SIGINT", 1),
    ("save", "SIGTERM", 1),
    ("picture", "SIGHUP", 1),
    ("building", "SIGTERM", 1),
    ("block", "SIGTERM", 2),
    ("save", "SIGINT", 2),
]
"""What strikes a framework's run, one after the other."""
CODES = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Return the folder of a run without faults, on the reference."""
    place = tmp_path_factory.mktemp("undisturbed")
    runs.prepare(place)
    with contextlib.chdir(place):
        finish()
    return place / "run"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Give the test a folder with a run to start."""
    monkeypatch.chdir(tmp_path)
    runs.prepare(tmp_path)
    return tmp_path


def finish():
    """Train until the end, on the reference."""
    with pytest.raises(SystemExit) as ended:
        main(runs.train("run"))
    assert ended.value.code == 0


def struck_in_child(phase, name, times):
    log = Path("run/metrics.jsonl")
    phases.strike_at(phase, phases.send(signal.Signals[name], times, "notes.json", log))
    main(runs.train("run"))


@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("phase", phases.PHASES)
@pytest.mark.usefixtures("place")
def test_the_reference_stops_in_any_phase_and_resumes(undisturbed, phase, name, times):
    ended = in_child(struck_in_child, phase, name, times)
    assert_ended_rightly(phase, name, times, ended.signal or ended.exit)
    finish()
    runs.assert_same("run", undisturbed)


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("backend", ["torch", "keras"])
def test_a_framework_is_stopped_repeatedly_and_resumes(backend, forked):
    for phase, name, times in BLOWS:
        Path("notes.json").unlink(missing_ok=True)
        words = [phase, name, str(times), "notes.json", *runs.train("run", backend, LONG)]
        assert_ended_rightly(phase, name, times, abs(forked.ended(forked.start(words))))
    for out in ("run", "undisturbed"):
        forked.finished(runs.train(out, backend, LONG))
    runs.assert_same("run", "undisturbed")
    record("signals", f"{len(BLOWS)} of 6 on {backend}, the same bits at the end")


def assert_ended_rightly(phase, name, times, code):
    """Fail unless the signal arrived and the run ended by it with all its steps saved."""
    struck = json.loads(Path("notes.json").read_text())["struck at"]
    if phase in BEFORE_TRAINING:
        assert code == CODES[name]
        assert not Path("run").exists()
        return
    if times == 2 and name != "SIGHUP":  # A closed terminal may send two of that.
        assert code == signal.Signals[name]
        runs.newest("run")
        return
    assert code == CODES[name]
    stopped = runs.newest("run").step
    logged = Path("run/metrics.jsonl").read_text().splitlines()
    assert stopped == len(logged)
    assert max(struck, 1) <= stopped <= struck + 4, "one block, and one more with its save"


def test_the_results_are_recorded():
    struck = len(SIGNALS) * len(phases.PHASES) * 2
    record("signals", f"{struck} of {struck} on the reference, each with the same bits at the end")


@pytest.mark.usefixtures("place")
def test_an_ignored_signal_is_still_ignored():
    def nohup():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        struck_in_child("block", "SIGHUP", 1)

    ended = in_child(nohup)
    assert ended.exit == 0
    assert runs.newest("run").step == runs.STEPS


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("words", [["backends"], runs.train("run", steps=1)], ids=lambda w: w[0])
def test_the_callers_signal_handlers_are_restored(words):
    before = [signal.getsignal(signal.Signals[name]) for name in SIGNALS]
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0
    assert [signal.getsignal(signal.Signals[name]) for name in SIGNALS] == before


@pytest.mark.usefixtures("place")
def test_in_another_thread_the_command_installs_no_signal_handlers():
    def elsewhere():
        with pytest.raises(SystemExit) as ended:
            main(runs.train("run", steps=1))
        codes.append(ended.value.code)

    codes = []
    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert codes == [0]
