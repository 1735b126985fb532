"""A run is opened on the requested device, or on its recorded one if it exists."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import gankit
from gankit.config import layering
from gankit.errors import ConfigError
from gankit.layers import Dense, Flatten, Reshape, Tanh

CONFIG = """
backend = "numpy"
dataset = "./images.npy"
latent = 4
batch = 4
steps = 2
[generator]
layers = [
    { layer = "dense", units = 64 },
    { layer = "tanh" },
    { layer = "reshape", shape = [8, 8, 1] },
]
[discriminator]
layers = [{ layer = "flatten" }, { layer = "dense", units = 1 }]
"""
COMMANDS = {
    "sample": ("sample", "run", "--out", "x.png"),
    "evaluate": ("evaluate", "run", "-n", 12, "--no-progress"),
    "export": ("export", "run", "--to", "safetensors", "--out", "x.safetensors"),
    "report": ("report", "run", "--explore", "--out", "x.html"),
    "compare": (
        "compare",
        "--recipe",
        "run/config.toml",
        "--backends",
        "numpy,numpy",
        "--no-progress",
    ),
    "train": ("train", "--config", "run.toml", "--out", "new", "--no-progress"),
}


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("GANKIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GANKIT_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    Path("run.toml").write_text(CONFIG, "utf-8")
    np.save("images.npy", np.random.default_rng(0).integers(0, 256, (40, 8, 8), np.uint8))


@pytest.fixture
def trained(command_fd):
    ended = command_fd("train", "--config", "run.toml", "--out", "run", "--no-progress")
    assert ended.code == 0, ended.err


@pytest.fixture
def elsewhere(trained):  # noqa: ARG001 - it is there first.
    """Record in the run a device that this machine does not have."""
    config = Path("run/config.toml")
    config.write_text(config.read_text().replace('device = "auto"', 'device = "cuda:9"'))


@pytest.mark.usefixtures("elsewhere")
def test_a_run_of_a_missing_device_opens_on_another_device_with_a_warning():
    with pytest.warns(UserWarning, match="trained on device 'cuda:9', which is not available"):
        run = gankit.load("run")
    assert run.problem.device == "auto"
    assert run.sample(2).shape == (2, 8, 8, 1)


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("name", ["sample", "evaluate", "export", "report"])
def test_every_command_that_opens_a_run_warns_of_the_missing_device(command_fd, name):
    ended = command_fd(*COMMANDS[name])
    assert ended.code == 0, ended.err
    assert "trained on device 'cuda:9', which is not available" in ended.err
    assert "not available" not in command_fd(*COMMANDS[name], "--device", "cpu").err


@pytest.mark.usefixtures("elsewhere")
def test_resuming_on_another_device_keeps_the_recorded_device(command_fd):
    words = "train", "--out", "run", "--resume", "auto", "--steps", 4, "--no-progress"
    ended = command_fd(*words)
    assert ended.code == 0, ended.err
    assert "not available" in ended.err
    assert 'device = "cuda:9"' in Path("run/config.toml").read_text()


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("how", ["flag", "variable"])
def test_a_requested_device_that_is_missing_is_an_error(command_fd, monkeypatch, name, how):
    if how == "variable":
        monkeypatch.setenv("GANKIT_DEVICE", "nowhere")
    ended = command_fd(*COMMANDS[name], *(("--device", "nowhere") if how == "flag" else ()))
    assert ended.code == 2
    assert "unknown device 'nowhere'" in ended.err


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("option", ["--device", "--backend", "--network"])
def test_a_report_without_the_explorer_refuses_its_options(command_fd, option):
    ended = command_fd("report", "run", "--out", "x.html", option, "cpu")
    assert ended.code == 2
    assert f"{option} needs --explore" in ended.err
    assert not Path("x.html").exists()


@pytest.mark.usefixtures("trained")
def test_the_device_variable_works_in_python_and_an_argument_overrides_it(monkeypatch):
    monkeypatch.setenv("GANKIT_DEVICE", "nowhere")
    images = np.load("images.npy", allow_pickle=False)[..., np.newaxis]
    networks = (Dense(64), Tanh(), Reshape((8, 8, 1))), (Flatten(), Dense(1))
    settings = layering.from_file(Path("run.toml"))[1]
    calls = [
        lambda **device: gankit.load("run", **device),
        lambda **device: gankit.train("simple", **settings | device),
        lambda **device: gankit.fit(
            images, *networks, steps=1, latent=4, batch=4, backend="numpy", **device
        ),
    ]
    for call in calls:
        with pytest.raises(ConfigError, match="unknown device 'nowhere'"):
            call()
        assert call(device="cpu").problem.device == "cpu"


@pytest.mark.usefixtures("elsewhere")
def test_an_error_unrelated_to_the_device_is_raised_unchanged(monkeypatch):
    def refuse(*_arguments):
        raise ConfigError("these networks are impossible")

    backend = gankit.get_backend("numpy")
    chosen = "gankit.launch.from_python.load_run.choose_backend"
    monkeypatch.setattr(chosen, lambda _, **_networks: backend)
    monkeypatch.setattr(type(backend), "trainer", refuse)
    with pytest.raises(ConfigError, match="these networks are impossible"):
        gankit.load("run")
