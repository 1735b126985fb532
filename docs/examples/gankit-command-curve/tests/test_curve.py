"""The command `gankit curve`, run in a process as from a shell."""

import subprocess
import sys

import numpy as np
import pytest
from gankit_curve import drawn

import gankit


@pytest.fixture
def trained(tmp_path):
    """Return the folder of a run of four steps."""
    noise = np.random.default_rng(0).integers(0, 256, (40, 28, 28), np.uint8)
    np.save(tmp_path / "noise.npy", noise)
    settings = {"backend": "numpy", "dataset": str(tmp_path / "noise.npy"), "steps": 4, "batch": 4}
    return gankit.train(out=tmp_path / "run", **settings)


def curve(*arguments):
    command = [sys.executable, "-X", "utf8", "-m", "gankit", "curve", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


def test_it_draws_a_curve_for_each_loss(trained):
    done = curve(trained.folder, "--width", 2)
    discriminator, generator, steps = done.stdout.splitlines()
    means = trained.history.reshape(2, 2, 2).mean(axis=1).T
    for line, (first, last) in zip((discriminator, generator), means, strict=True):
        assert ("▁█" if first < last else "█▁") in line
        assert line.endswith(f"{min(first, last):.3g} to {max(first, last):.3g}")
    assert steps == "4 steps, 2 per column"


def test_a_missing_run_is_an_error_of_one_line_with_exit_code_4(tmp_path):
    done = curve(tmp_path / "nowhere")
    assert done.returncode == gankit.ExitCode.CHECKPOINT
    assert done.stderr.startswith("gankit: ")
    assert len(done.stderr.splitlines()) == 1


def test_the_lowest_is_at_the_bottom_and_the_highest_at_the_top():
    assert drawn(np.array([0.0, 3.5, 7.0])) == "▁▅█"
    assert drawn(np.array([2.0, 2.0])) == "▁▁"
