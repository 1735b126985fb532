"""A user's program passes the type checker, and a misspelt setting does not."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

import pytest

from gankit import TrainConfig
from gankit.config.settings import Settings
from tests.paths import ROOT

PROGRAM = ROOT / "tests" / "consumer.py"


@pytest.fixture(scope="module")
def check(tmp_path_factory):
    """Return a function that runs `mypy --strict` on a program's text and returns the output."""
    pytest.importorskip("mypy")
    folder = tmp_path_factory.mktemp("types")

    def run(text):
        (folder / "program.py").write_text(text, "utf-8")
        options = ["--strict", "--config-file=", "--follow-imports=silent"]
        words = [sys.executable, "-m", "mypy", *options, f"--cache-dir={folder / 'cache'}"]
        done = subprocess.run(
            [*words, "program.py"],
            cwd=folder,
            env=os.environ | {"MYPYPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        return done.stdout

    return run


@pytest.mark.slow
def test_a_program_is_checked_and_its_mistakes_are_refused(check):
    text = PROGRAM.read_text("utf-8")
    assert "Success" in check(text)
    text = text.replace("epochs=2", "epoch=2").replace("seed=1,", 'seed="1",', 1)
    said = check(
        text.replace("shifted, softened,", "len, softened,").replace("2 - real", "real.exp()")
    )
    assert 'Unexpected keyword argument "epoch" for "train"' in said
    assert 'Argument "seed" to "train" has incompatible type "str"' in said
    assert 'Argument 2 to "Loss" has incompatible type' in said
    assert '"Tensor" has no attribute "exp"' in said
    assert said.count("error:") == 4, said


def test_the_settings_are_the_fields_of_the_configuration():
    fields = {field.name for field in dataclasses.fields(TrainConfig)}
    assert Settings.__annotations__.keys() == fields - {"recipe"} | {"family", "width"}
