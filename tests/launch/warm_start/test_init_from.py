"""What RUN, RUN@STEP and RUN@best mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from gankit.errors import ConfigError, UnknownName
from gankit.launch.warm_start.init_from import InitFrom, init_request


@pytest.mark.parametrize(
    ("text", "run", "checkpoint"),
    [
        ("runs/a", "runs/a", "newest"),
        ("runs/a@640", "runs/a", "640"),
        ("runs/a@000640", "runs/a", "640"),
        ("runs/a@best", "runs/a", "best"),
        ("me@home/a", "me@home/a", "newest"),
        ("a@b@best", "a@b", "best"),
        ("a@newer", "a@newer", "newest"),
        ("@best", "@best", "newest"),
    ],
)
def test_the_text_after_the_last_sign_chooses_the_checkpoint(text, run, checkpoint):
    asked = init_request(text)
    assert (asked.run, asked.checkpoint) == (Path(run), checkpoint)


def test_a_run_whose_name_ends_like_a_choice_is_a_run(tmp_path):
    (tmp_path / "a@640").mkdir()
    (tmp_path / "a@640" / "config.toml").write_text("")
    assert init_request(tmp_path / "a@640") == InitFrom(tmp_path / "a@640")


def test_the_text_of_a_request_is_read_again():
    for text in ("a", "a@7", "a@best"):
        assert str(init_request(text)) == text


def test_nothing_is_requested_without_a_run():
    assert init_request(None) is None


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (("",), ConfigError, "init_from: got an empty text; expected a path"),
        ((3,), ConfigError, "init_from: got 3; expected a path"),
        (("a", "critic"), UnknownName, "unknown init_networks 'critic'; known: both, disc"),
        (("a", None, "skip"), UnknownName, "unknown init_missing 'skip'; known: fresh, refuse"),
        ((None, "generator"), ConfigError, "init_networks: got 'generator' without init_from"),
        ((None, None, "fresh"), ConfigError, "init_missing: got 'fresh' without init_from"),
    ],
)
def test_a_wrong_request_is_refused(words, error, message):
    with pytest.raises(error) as refused:
        init_request(*words)
    assert str(refused.value).startswith(message)
