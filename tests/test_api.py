"""`import gankit`: train, fit and load, as a user's program calls them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

import gankit
from gankit.data import Dataset, ImageSet
from gankit.data.published.download import download
from gankit.errors import CheckpointError, ConfigError, UnknownBackend, UnknownName
from gankit.layers import Dense, Dropout, Flatten, LeakyReLU, Reshape, Tanh
from gankit.optimizers import SGD, Average
from gankit.schedules import Schedule
from tests.selection import selected
from tests.server import serving
from tests.waiting import ended, started, wait_for

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 3, 2, 1), dtype=np.uint8)
GENERATOR = (Dense(5), LeakyReLU(0.2), Dense(6), Tanh(), Reshape((3, 2, 1)))
DISCRIMINATOR = (Flatten(), Dense(5), LeakyReLU(0.2), Dropout(0.3), Dense(1))
SETTINGS = {
    "backend": "numpy",
    "dataset": "glyphs",
    "latent": 4,
    "batch": 8,
    "steps": 4,
    "checkpoint_every": 2,
    "generator": {
        "layers": [
            {"layer": "dense", "units": 784},
            {"layer": "tanh"},
            {"layer": "reshape", "shape": [28, 28, 1]},
        ]
    },
    "discriminator": {
        "layers": [
            {"layer": "flatten"},
            {"layer": "dropout", "rate": 0.3},
            {"layer": "dense", "units": 1},
        ]
    },
}


def fit(images=IMAGES, **changes):
    given = {"steps": 4, "latent": 3, "batch": 6, "backend": "numpy"} | changes
    return gankit.fit(images, GENERATOR, DISCRIMINATOR, **given)


def train(**changes):
    return gankit.train("simple", **(SETTINGS | changes))


def same_state(one, other):
    one, other = one.trainer.state(), other.trainer.state()
    return one.keys() == other.keys() and all(np.array_equal(one[n], other[n]) for n in one)


needs_torch = pytest.mark.skipif(
    not selected("torch"), reason="torch is not among the backends to test"
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return a saved run of 4 steps."""
    return train(out=tmp_path_factory.mktemp("runs") / "run")


def test_every_public_name_exists():
    assert all(getattr(gankit, name) for name in gankit.__all__)
    assert set(dir(gankit)) == set(gankit.__all__)


def test_a_missing_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing"):
        gankit.nothing  # noqa: B018 - looking it up is what is tested.


# Train.


def test_training_returns_a_run_with_samples_a_generator_and_a_history(finished):
    assert finished.step == 4
    assert finished.history.shape == (4, 2)
    assert np.isfinite(finished.history).all()
    images = finished.sample(3)
    assert images.shape == (3, 28, 28, 1)
    assert np.abs(images).max() <= 1
    assert finished.generator(np.zeros((2, 4), np.float32)).shape == (2, 28, 28, 1)
    assert finished.config.recipe == "simple"


def test_training_in_memory_writes_nothing_and_gives_the_same_numbers(
    finished, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    run = train()
    assert run.folder is None
    assert np.array_equal(run.history, finished.history)
    assert same_state(run, finished)
    assert list(tmp_path.iterdir()) == []


def test_training_calls_the_callbacks_that_it_is_given():
    from gankit.callbacks import every

    seen = []
    train(callbacks=[every(2, lambda progress: seen.append(progress.step))])
    assert seen == [2, 4]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"backend": "numpi"}, UnknownBackend),
        ({"dataset": "glyph"}, UnknownName),
        ({"loss": "hings"}, UnknownName),
        ({"btach": 3}, ConfigError),
        ({"batch": 0}, ConfigError),
        ({"seed": -1}, ConfigError),
        ({"resume": True}, ConfigError),
        ({"steps": 2, "epochs": 1}, ConfigError),
    ],
    ids=str,
)
def test_training_refuses_impossible_settings(changes, error):
    with pytest.raises(error) as raised:
        train(**changes)
    assert isinstance(raised.value, gankit.GankitError)
    assert "\n" not in str(raised.value)


def test_an_unknown_recipe_is_refused():
    with pytest.raises(UnknownName, match="did you mean 'simple'"):
        gankit.train("simpel")


def test_a_folder_with_a_run_is_refused(finished):
    with pytest.raises(ConfigError, match="holds a run"):
        train(out=finished.folder)


def test_a_resumed_run_equals_an_uninterrupted_run(finished, tmp_path):
    train(out=tmp_path / "run", steps=2)
    run = train(out=tmp_path / "run", steps=4, resume=True)
    assert np.array_equal(run.history, finished.history)
    assert same_state(run, finished)


def test_resuming_needs_only_the_folder_and_the_changed_settings(finished, tmp_path):
    train(out=tmp_path / "run", steps=3)
    run = gankit.train(out=tmp_path / "run", steps=4, resume=True)
    assert same_state(run, finished)


def test_resuming_with_another_seed_is_refused(tmp_path):
    train(out=tmp_path / "run", steps=2)
    with pytest.raises(ConfigError, match="seed was 0, is now 1"):
        train(out=tmp_path / "run", steps=4, resume=True, seed=1)


# Sample.


def test_the_same_seed_samples_the_same_images_and_another_others(finished):
    assert np.array_equal(finished.sample(4, seed=7), finished.sample(4, seed=7))
    assert not np.array_equal(finished.sample(4, seed=7), finished.sample(4, seed=8))


def test_fewer_samples_equal_the_first_of_more_samples():
    run = fit()
    assert np.allclose(run.sample(1500, seed=3)[:1030], run.sample(1030, seed=3), rtol=0, atol=1e-6)
    assert len(run.sample(1500)) == 1500


@pytest.mark.parametrize(("n", "seed"), [(0, 0), (-1, 0), (1, -1), (1, 2**63)])
def test_impossible_samples_are_refused(finished, n, seed):
    with pytest.raises(ConfigError):
        finished.sample(n, seed)


def test_samples_use_the_average_if_there_is_one():
    run = fit(average=Average(half_life=50.0))
    noise = np.ones((2, 3), np.float32)
    assert np.array_equal(run.generator(noise), run.trainer.average(noise))
    assert not np.array_equal(run.generator(noise), run.trainer.generator(noise))


# Load.


def test_loading_returns_the_run(finished):
    run = gankit.load(finished.folder)
    assert run.step == 4
    assert same_state(run, finished)
    assert np.array_equal(run.history, finished.history)
    assert np.array_equal(run.sample(3, 5), finished.sample(3, 5))
    assert run.config == finished.config


@needs_torch
def test_loading_in_another_backend_samples_the_same_images(finished):
    run = gankit.load(finished.folder, backend="torch")
    np.testing.assert_allclose(run.sample(3, 5), finished.sample(3, 5), rtol=0, atol=1e-5)


def test_loading_skips_a_damaged_checkpoint_with_a_warning(tmp_path):
    train(out=tmp_path / "run")
    (newest,) = (tmp_path / "run/checkpoints/000004").glob("generator.safetensors")
    newest.write_bytes(b"damaged")
    with pytest.warns(UserWarning, match="000004"):
        run = gankit.load(tmp_path / "run")
    assert run.step == 2
    assert run.history.shape == (2, 2)


def test_loading_a_folder_that_is_not_a_run_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="no run folder at"):
        gankit.load(tmp_path)


def test_loading_a_run_without_a_complete_checkpoint_is_refused(tmp_path):
    train(out=tmp_path / "run", steps=1)
    for path in (tmp_path / "run/checkpoints").glob("*/manifest.json"):
        path.unlink()
    with pytest.raises(CheckpointError, match=r"run is valid; train again in another .*json"):
        gankit.load(tmp_path / "run")
    for path in (tmp_path / "run/checkpoints").iterdir():
        shutil.rmtree(path)
    with pytest.raises(CheckpointError, match="has no valid checkpoint; train on, or choose"):
        gankit.load(tmp_path / "run")


# Fit.


def test_fitting_trains_your_networks_on_your_images():
    run = fit(steps=3)
    assert (run.step, run.history.shape) == (3, (3, 2))
    assert run.sample(2).shape == (2, 3, 2, 1)
    assert (run.config.recipe, run.folder) == ("custom", None)
    before = run.problem.initial_weights()
    assert not np.array_equal(
        run.trainer.state()["generator/0.kernel"], before["generator/0.kernel"]
    )


def test_fitting_twice_gives_the_same_numbers():
    assert np.array_equal(fit().history, fit().history)
    assert not np.array_equal(fit().history, fit(seed=1).history)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_scaled_images_are_used_unchanged(precision):
    scaled = ((IMAGES - 127.5) / 127.5).astype(precision)
    assert np.array_equal(
        fit(scaled, precision=precision).history, fit(precision=precision).history
    )


def test_fitting_uses_the_optimizers_that_it_is_given():
    still = SGD(Schedule("linear", 0.0, 0.0, images=1))
    run = fit(discriminator_optimizer=still, generator_optimizer=still)
    first = run.problem.initial_weights()
    state = run.trainer.state()
    assert all(np.array_equal(state[name], weights) for name, weights in first.items())


def test_fitting_takes_any_loss_by_name():
    assert not np.array_equal(fit(loss="hinge").history, fit().history)
    with pytest.raises(UnknownName, match="did you mean 'hinge'"):
        fit(loss="hings")


@pytest.mark.parametrize(
    "images",
    [
        IMAGES[0, ..., 0],
        IMAGES[:0],
        IMAGES.astype(np.int64),
        IMAGES.astype(np.float32),
        np.full((4, 3, 2, 1), np.nan, np.float32),
        np.full((4, 3, 2, 1), -1.001),
        np.full((4, 3, 2, 1), None),
        np.zeros((4, 3, 2, 1), complex),
        np.zeros((4, 3, 2, 3), np.uint8),
        np.zeros((4, 9, 9, 1), np.uint8),
    ],
    ids=[
        "two axes",
        "none",
        "int64",
        "floats to 255",
        "nan",
        "below -1",
        "objects",
        "complex",
        "three channels",
        "another size",
    ],
)
def test_fitting_refuses_images_in_another_range(images):
    with pytest.raises(ConfigError):
        fit(images)


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": 0},
        {"batch": 0},
        {"latent": 0},
        {"n_critic": 0},
        {"seed": -1},
        {"generator_optimizer": SGD(-1.0)},
        {"labels": np.zeros(3, np.int64)},
        {"precision": "float16"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_fitting_refuses_impossible_numbers(changes):
    with pytest.raises(gankit.GankitError):
        fit(**changes)


@needs_torch
def test_fitting_trains_native_networks():
    from torch import nn

    generator = nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Unflatten(1, (1, 3, 2)))
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(6, 1))
    before = generator[0].weight.detach().clone()
    run = gankit.fit(IMAGES, generator, discriminator, steps=2, latent=3, batch=6, backend="torch")
    assert run.sample(4).shape == (4, 3, 2, 1)
    assert np.isfinite(run.history).all()
    name = next(n for n, a in run.trainer.state().items() if a.shape == tuple(before.shape))
    assert not np.array_equal(run.trainer.state()[name], before.numpy())


def test_native_networks_need_a_backend_that_accepts_them():
    with pytest.raises(gankit.GankitError, match="native"):
        gankit.fit(IMAGES, object(), DISCRIMINATOR, steps=1, latent=3, backend="numpy")


# Watching and stopping.


def interrupting(*steps):
    """Return a callback that sends SIGINT after these steps."""

    def press(progress):
        if progress.step in steps:
            os.kill(os.getpid(), signal.SIGINT)

    return press


def test_training_without_a_terminal_prints_plain_lines_unless_switched_off(capsys):
    row = fit().history[-1]
    line = f"step 4/4  D {row[0]:.3f} G {row[1]:.3f}  "
    assert capsys.readouterr().err.startswith(line)
    train(steps=2)
    assert capsys.readouterr().err.startswith("step 2/2  D ")
    fit(progress=False)
    train(steps=2, progress=False)
    assert capsys.readouterr() == ("", "")


@pytest.fixture
def far(tmp_path, registered):
    """Register a data set that is downloaded at each load, and return its name."""
    file = tmp_path / "far.npy"
    np.save(file, np.random.default_rng(0).integers(0, 256, (20, 28, 28, 1), dtype=np.uint8))
    with serving() as server:
        address = server.serve("far.npy", file.read_bytes())

        def load(_data_dir):
            download(address, file, 10**6, lambda _: None)
            return ImageSet(np.load(file, allow_pickle=False), None, "far")

        registered(Dataset("far", "images that are far", load))
        yield "far"


def test_a_download_shows_progress_unless_switched_off(far, capsys):
    train(steps=2, dataset=far)
    first, second = capsys.readouterr().err.splitlines()
    assert re.match(r"[\d.]+k?/[\d.]+k?B  far.npy", first)
    assert second.startswith("step 2/2")
    train(steps=2, dataset=far, progress=False)
    assert capsys.readouterr() == ("", "")


def test_the_command_shows_a_download_too(far, command):
    words = ["--dataset", far, "--dry-run", "--backend", "numpy"]
    assert "far.npy" in command("train", *words).err


def test_ctrl_c_finishes_the_step_and_returns_the_run():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt, match=r"^stopped after step [34] of 50; this er") as met:
        fit(steps=50, callbacks=interrupting(3), progress=False)
    run = met.value.run
    assert len(run.history) == run.step
    assert np.array_equal(run.sample(2), fit(steps=run.step, progress=False).sample(2))
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_saves_a_run_that_resumes_to_the_same_numbers(tmp_path):
    with pytest.raises(KeyboardInterrupt, match=r"saved: continue with gankit.train") as met:
        train(steps=6, out=tmp_path / "run", callbacks=interrupting(3), progress=False)
    assert gankit.load(tmp_path / "run").step == met.value.run.step < 6
    again = train(steps=6, out=tmp_path / "run", resume=True, progress=False)
    assert same_state(again, train(steps=6, progress=False))


def test_a_second_ctrl_c_raises_at_once():
    with pytest.raises(KeyboardInterrupt) as met:
        fit(steps=50, callbacks=[interrupting(3), interrupting(3)], progress=False)
    assert not hasattr(met.value, "run")


def test_a_program_that_handles_sigint_itself_keeps_doing_so():
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append("mine"))
    try:
        run = fit(steps=5, callbacks=interrupting(3), progress=False)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (run.step, heard) == (5, ["mine"])


SCRIPT = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # Who starts the tests may ignore it.
import gankit
gankit.train("simple", backend="numpy", dataset="images.npy", batch=2, steps=10**6, out="run")
print("went on")
"""


def test_ctrl_c_ends_a_script_with_the_run_saved(machine):
    np.save("images.npy", np.zeros((9, 28, 28, 1), np.uint8))
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with started([sys.executable, "-c", SCRIPT], "the script", **pipes) as process:
        log = machine / "run" / "metrics.jsonl"
        wait_for(lambda: log.exists() and log.stat().st_size, "the first step of the script")
        process.send_signal(signal.SIGINT)
        out, err = ended(process, "the script")
    assert (process.returncode, out) == (-signal.SIGINT, "")
    assert "stopping after this block; Ctrl-C again stops at once" in err
    assert re.search(r"KeyboardInterrupt: stopped after step [\d,]+ of 1,000,000; saved", err), err
    assert gankit.load(machine / "run").step == len(log.read_text().splitlines())
