"""A run that continues on another framework of the same backend says so, as keras may."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from gankit import plugins

SHORT = ("--dataset", "glyphs", "--batch", "4", "--no-progress", "--out", "run")


@pytest.fixture
def train(command, registered, machine):  # noqa: ARG001
    numpy = plugins.get_backend("numpy")
    registered(dataclasses.replace(numpy, name="mine", requires=("json",)))
    return lambda *words: command("train", "simple", "--backend", "mine", *SHORT, *words)


def test_a_run_records_what_its_backend_runs_on(train):
    assert train("--steps", "1").code == 0
    assert json.loads(Path("run/environment.json").read_text("utf-8"))["framework"] == "json"


def test_a_run_that_began_on_another_framework_says_so(train):
    assert train("--steps", "1").code == 0
    assert "runs on" not in train("--steps", "2", "--resume").err
    path = Path("run/environment.json")
    path.write_text(path.read_text("utf-8").replace('"framework": "json"', '"framework": "csv"'))
    ended = train("--steps", "3", "--resume")
    assert ended.code == 0
    said = "mine runs on json now, and began on csv: the numbers differ in their last bits"
    assert ended.err.count(said) == 1
