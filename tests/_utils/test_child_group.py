"""Child processes that train together: who starts them, and the threads of each."""

from __future__ import annotations

import signal

import pytest

from gankit._utils import child_group
from gankit.errors import ConfigError, ExitCode

STARTED = {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"}


def test_a_process_that_was_not_started_by_another_starts_several():
    assert [child_group.is_launcher(n) for n in (1, 2, 1024)] == [False, True, True]


def test_a_process_that_was_started_with_others_starts_none(monkeypatch):
    for name, value in STARTED.items():
        monkeypatch.setenv(name, value)
    assert not child_group.is_launcher(2)
    assert not child_group.is_launcher(1)
    with pytest.raises(ConfigError, match="processes: got 3 in one of 2 processes"):
        child_group.is_launcher(3)


@pytest.mark.parametrize("wrong", [0, -1, 1025, True, 2.0, "2", None])
def test_an_impossible_number_of_processes_is_refused(wrong):
    with pytest.raises(ConfigError, match="expected a whole number from 1 to 1024"):
        child_group.is_launcher(wrong)


def test_each_process_learns_its_rank_and_shares_the_threads():
    given = {"OMP_NUM_THREADS": "7", "TF_NUM_INTRAOP_THREADS": "3", "HOME": "/h"}
    first, second, third = child_group._variables(3, given)
    assert [each["RANK"] for each in (first, second, third)] == ["0", "1", "2"]
    assert {key for key in first if first[key] != second[key]} == {"RANK", "LOCAL_RANK"}
    assert (first["WORLD_SIZE"], first["HOME"]) == ("3", "/h")
    assert (first["OMP_NUM_THREADS"], first["TF_NUM_INTRAOP_THREADS"]) == ("2", "1")


def test_processes_of_one_process_of_torchrun_do_not_use_its_store():
    given = {"WORLD_SIZE": "1", "TORCHELASTIC_USE_AGENT_STORE": "True", "MASTER_PORT": "1"}
    for each in child_group._variables(2, given):
        assert not [name for name in each if name.startswith("TORCHELASTIC")]
        assert (each["WORLD_SIZE"], each["MASTER_PORT"] != "1") == ("2", True)


def test_threads_that_the_user_chose_are_those_of_each_process():
    (only, _) = child_group._variables(2, {"GANKIT_THREADS": "4", "OMP_NUM_THREADS": "8"})
    assert only["OMP_NUM_THREADS"] == "8"


class Child:
    """A process that has ended, or ends by a signal."""

    pid = 0

    def __init__(self, code=None):
        self.code, self.signals = code, []

    def poll(self):
        return self.code

    def send_signal(self, number):
        self.signals.append(number)

    def kill(self):
        self.code = -signal.SIGKILL


@pytest.fixture
def children(monkeypatch):
    """Return a function that makes these the next child processes."""

    def start(*chosen):
        ones = iter(chosen)
        monkeypatch.setattr(child_group.child_process, "start", lambda *_, **__: next(ones))

    monkeypatch.setattr(child_group.child_process, "kill", lambda _: None)
    return start


@pytest.mark.parametrize(
    ("codes", "expected"), [((0, 0), 0), ((8, 3), 3), ((8, -9), 8), ((-15, 8), 8), ((0, 1), 1)]
)
def test_the_exit_code_is_that_of_the_process_that_failed_itself(children, codes, expected):
    told = []
    children(*map(Child, codes))
    code = child_group.run_group(2, "x", [], told.append)
    assert code == expected
    assert told == [
        f"process {rank + 1} of 2 was ended by {name}"
        for rank, number in enumerate(codes)
        for name in {-9: ["SIGKILL"], -15: ["SIGTERM"]}.get(number, [])
    ]


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_the_second_signal_kills_all_processes(children, monkeypatch, second):
    first, other = Child(), Child()
    children(first, other)
    told, strikes = [], [second, signal.SIGHUP, signal.SIGTERM]

    def strike(_seconds):
        if strikes:
            signal.raise_signal(strikes.pop())

    monkeypatch.setattr(child_group.time, "sleep", strike)
    assert child_group.run_group(2, "x", [], told.append) == 128 + signal.SIGTERM
    assert first.signals == other.signals == [signal.SIGTERM]
    assert told == []


def test_a_signal_during_the_start_stops_all_processes_without_a_traceback(monkeypatch, capfd):
    start, found = child_group.child_process.start, []

    def started(*words, **options):
        process = start(*words, **options)
        if not found:
            signal.raise_signal(signal.SIGINT)
        found.append(process)
        return process

    monkeypatch.setattr(child_group.child_process, "start", started)
    code = child_group.run_group(2, "gankit", ["train", "--help"], print)
    assert code == ExitCode.INTERRUPTED
    assert [process.returncode for process in found] == [code, code]
    printed, errors = capfd.readouterr()
    assert (printed, errors) == ("", "gankit: stopped\n")
