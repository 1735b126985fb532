"""The signals that stop a process that trains."""

from __future__ import annotations

import signal

import pytest

from gankit._utils import stop_signals, system
from gankit._utils.start_variables import LAUNCHER, TORCHRUN


@pytest.fixture(autouse=True)
def handlers(monkeypatch):
    """Give the test no launcher, and restore the handlers of signals."""
    for name in (LAUNCHER, TORCHRUN):
        monkeypatch.delenv(name, raising=False)
    before = {number: signal.getsignal(number) for number in system.STOP_SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("launcher", "second"),
    [(None, signal.SIG_DFL), (LAUNCHER, signal.SIG_IGN), (TORCHRUN, signal.SIG_IGN)],
)
def test_a_process_with_a_launcher_ignores_the_second_signal(monkeypatch, capfd, launcher, second):
    if launcher:
        monkeypatch.setenv(launcher, "1")
    stop = stop_signals.Stop.in_process(prints=True)
    with stop_signals.taken(stop.receive):
        signal.raise_signal(signal.SIGTERM)
        assert stop.received == signal.SIGTERM
        assert signal.getsignal(signal.SIGTERM) == signal.getsignal(signal.SIGINT) == second
    said = capfd.readouterr().err
    assert said.startswith("stopping after this block")
    assert ("again stops at once" in said) == (launcher is None)


@pytest.mark.parametrize("launcher", ["", "1"])
def test_only_the_chief_says_that_it_stops(monkeypatch, capfd, launcher):
    monkeypatch.setenv(LAUNCHER, launcher)
    stop = stop_signals.Stop.in_process(prints=False)
    with stop_signals.taken(stop.receive):
        signal.raise_signal(signal.SIGINT)
    assert stop()
    assert capfd.readouterr().err == ""
