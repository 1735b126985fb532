"""A resume is checked against facts in each checkpoint, so a lost file does not weaken it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

import gankit
from gankit.cli import main
from gankit.errors import ConfigError
from gankit.runs import RunFolder, loss_log, manifest
from gankit.runs.checkpoints import read_manifest

CONFIG = """
backend = "numpy"
dataset = "./images.npy"
latent = 4
batch = 4
checkpoint_every = 2
[generator]
layers = [
    { layer = "dense", units = 64 },
    { layer = "leaky-relu", slope = 0.2 },
    { layer = "tanh" },
    { layer = "reshape", shape = [8, 8, 1] },
]
[discriminator]
layers = [{ layer = "flatten" }, { layer = "dense", units = 1 }]
"""
IMAGES = np.random.default_rng(0).integers(0, 256, (200, 8, 8), np.uint8)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return a folder with settings, images, and a run of four steps."""
    folder = tmp_path_factory.mktemp("trained")
    here = Path.cwd()
    os.chdir(folder)
    try:
        Path("run.toml").write_text(CONFIG, "utf-8")
        np.save("images.npy", IMAGES)
        with pytest.raises(SystemExit) as ended:
            main(["train", "--config", "run.toml", "--steps", "4", "--out", "run", "--no-progress"])
        assert ended.value.code == 0
    finally:
        os.chdir(here)
    return folder


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch, trained):
    """Give the test a copy of the run, without this machine's settings."""
    for name in [name for name in os.environ if name.startswith("GANKIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GANKIT_HOME", str(tmp_path / "home"))
    shutil.copytree(trained, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    config = Path("run/config.toml")
    config.write_text(config.read_text().replace(str(trained), str(tmp_path / "work")))


@pytest.fixture
def resume(command_fd):
    def run(*arguments):
        return command_fd(
            "train", "--out", "run", "--resume", "auto", "--steps", 6, "--no-progress", *arguments
        )

    return run


def edit(path, old, new):
    text = Path(path).read_text()
    assert old in text
    Path(path).write_text(text.replace(old, new, 1))


def flip_a_digit(log):
    """Change the last digit of the first loss; every line stays valid."""
    text = log.read_text()
    place = text.index(", ", text.index("discriminator")) - 1
    log.write_text(text[:place] + ("2" if text[place] == "1" else "1") + text[place + 1 :])


def contents(folder):
    """Return the bytes of every file in a folder, by path, without the lock."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {path: path.read_bytes() for path in files}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seed = 0", "seed = 1", "seed was 0, is now 1"),
        ("slope = 0.2", "slope = 0.3", "generator.layers.1.slope was 0.2, is now 0.3"),
        (
            "learning_rate = 0.0002",
            "learning_rate = 1e-5",
            "generator.optimizer.learning_rate was 2e-4, is now 1e-5",
        ),
        ("n_critic = 1", "n_critic = 3", "n_critic was 1, is now 3"),
    ],
)
def test_a_value_changed_in_the_file_is_refused_and_named_with_both(resume, old, new, said):
    edit("run/config.toml", old, new)
    ended = resume()
    assert ended.code == 2
    assert f"run was trained with other settings: {said}; " in ended.last


def test_a_setting_changed_in_the_file_is_accepted_once_the_old_value_is_given(resume):
    edit("run/config.toml", "batch = 4", "batch = 5")
    assert resume("--batch", 4).code == 0
    assert "batch = 4" in Path("run/config.toml").read_text()


def test_lengths_and_intervals_may_change_in_the_file(resume):
    edit("run/config.toml", "checkpoint_every = 2", "checkpoint_every = 1")
    assert resume().code == 0


def test_a_run_is_not_opened_with_other_networks():
    edit("run/config.toml", "slope = 0.2", "slope = 0.3")
    with pytest.raises(ConfigError, match=r"generator\.layers\.1\.slope was 0\.2, is now 0\.3"):
        gankit.load("run")


@pytest.mark.parametrize("how", ["removed", "emptied", "not JSON"])
def test_without_its_environment_a_run_on_other_images_is_still_refused(resume, how):
    environment = Path("run/environment.json")
    if how == "removed":
        environment.unlink()
    else:
        environment.write_text("" if how == "emptied" else "{")
    np.save("images.npy", IMAGES[::-1])
    ended = resume()
    assert ended.code == 2
    assert "run was trained on other images than" in ended.last


def test_a_lost_environment_is_reported_and_written_again(resume):
    mark = RunFolder("run").mark
    Path("run/environment.json").unlink()
    ended = resume()
    assert ended.code == 0
    assert "environment.json" in ended.err
    assert "it is replaced, with this machine's facts, when the run continues" in ended.err
    assert RunFolder("run").mark == mark
    assert "environment.json" not in resume("--steps", 8).err


@pytest.mark.parametrize("damaged", ["metrics.jsonl", "evaluations.jsonl"])
def test_a_refused_resume_writes_nothing(resume, damaged):
    run = Path("run")
    (run / "environment.json").unlink()
    if damaged == "metrics.jsonl":
        flip_a_digit(run / damaged)
    else:
        (run / damaged).write_text("{}\n")
        with (run / "metrics.jsonl").open("a") as log:  # As a stop after the checkpoint leaves it.
            log.write('{"step": 5, "discriminator": 1.0, "generator": 1.0}\n')
    before = contents(run)
    ended = resume()
    assert ended.code == 4
    assert damaged in ended.last
    assert contents(run) == before


def test_a_finished_run_is_unchanged(resume):
    Path("run/environment.json").unlink()
    before = contents(Path("run"))
    ended = resume("--steps", 4)
    assert ended.code == 0
    assert "environment.json is missing" in ended.err
    assert contents(Path("run")) == before


def test_one_changed_image_among_many_is_detected(resume):
    changed = IMAGES.copy()
    changed[150, 4, 4] ^= 1
    np.save("images.npy", changed)
    assert "other images" in resume().last


def test_a_changed_digit_of_the_log_is_detected(resume):
    flip_a_digit(Path("run/metrics.jsonl"))
    assert len(loss_log.read(Path("run/metrics.jsonl"))) == 4  # Every line still parses.
    ended = resume()
    assert ended.code == 4
    assert "metrics.jsonl differs from the log after step 4" in ended.last


def test_a_report_mentions_a_changed_digit_of_the_log(command_fd):
    flip_a_digit(Path("run/metrics.jsonl"))
    ended = command_fd("report", "run", "--out", "x.html")
    assert ended.code == 0
    assert "damaged: run/metrics.jsonl differs from" in ended.err


@pytest.mark.parametrize("to", ["csv", "jsonl"])
def test_a_history_with_a_changed_digit_is_not_exported(command_fd, to):
    flip_a_digit(Path("run/metrics.jsonl"))
    ended = command_fd("export", "run", "--to", to, "--out", "history")
    assert ended.code == 4
    assert "run/metrics.jsonl differs from the log" in ended.last
    assert not Path("history").exists()


def test_a_plot_mentions_a_changed_digit_of_the_log(command_fd):
    flip_a_digit(Path("run/metrics.jsonl"))
    ended = command_fd("plot", "run", "--out", "plot.png")
    assert ended.code == 0
    assert "warning: run/metrics.jsonl differs from the log" in ended.err


def test_environment_json_without_the_mark_is_replaced(resume):
    mark = RunFolder("run").mark
    Path("run/environment.json").write_text("{}")
    ended = resume()
    assert ended.code == 0
    assert "environment.json is damaged: it lacks the mark of the run; it is replaced" in ended.err
    assert RunFolder("run").mark == mark


def test_a_report_mentions_a_value_changed_in_the_file(command_fd):
    edit("run/config.toml", "seed = 0", "seed = 1")
    ended = command_fd("report", "run", "--out", "x.html")
    assert ended.code == 0
    said = "run/config.toml was changed: seed was 0, is now 1; the page shows it as changed"
    assert f"damaged: {said}" in ended.err
    assert said in Path("x.html").read_text()


def test_a_report_does_not_mention_changed_lengths_and_intervals(command_fd):
    edit("run/config.toml", "checkpoint_every = 2", "checkpoint_every = 1")
    assert "damaged" not in command_fd("report", "run", "--out", "x.html").err


def test_the_log_s_digest_is_that_of_the_file_after_a_resume_too(resume):
    assert resume().code == 0
    content = Path("run/metrics.jsonl").read_bytes()
    said = read_manifest(Path("run/checkpoints/000006")).info["log"]
    assert said == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def test_a_digest_of_the_log_is_right_after_a_write_that_failed(tmp_path, monkeypatch):
    log = loss_log.LossLog(tmp_path / "log")
    log.append(0, np.ones((2, 2)))

    def torn(descriptor, content):
        os.write(descriptor, bytes(content)[:7])
        raise OSError(28, "full")

    with monkeypatch.context() as patch:
        patch.setattr("gankit._utils.atomic_files.write_all", torn)
        with pytest.raises(gankit.GankitError):
            log.append(2, np.ones((1, 2)))
    content = log.path.read_bytes()
    assert log.sync() == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    log.append(2, np.ones((1, 2)))
    assert log.sync()["sha256"] == hashlib.sha256(log.path.read_bytes()).hexdigest()
    log.close()


@pytest.mark.parametrize("how", ["a wrong character", "a flipped digit", "a folder"])
def test_a_damaged_log_does_not_stop_sampling(command_fd, how):
    log = Path("run/metrics.jsonl")
    text = log.read_text()
    if how == "a folder":
        log.unlink()
        log.mkdir()
    elif how == "a wrong character":
        log.write_text(text[:100] + "#" + text[101:])
    else:
        flip_a_digit(log)
    ended = command_fd("sample", "run", "--out", "x.png")
    assert ended.code == 0
    assert ended.err.count("metrics.jsonl") == 1
    assert "only the history needs it" in ended.err


def old_settings():
    edit("run/config.toml", "latent = 4", "latent = 4\nrounds_per_epoch = 2")
    return "run/config.toml"


def old_manifests():
    for file in Path("run").glob("checkpoints/*/manifest.json"):
        said = json.loads(file.read_text())
        del said["sha256"]
        said["round"] = said.pop("step")
        file.write_bytes(manifest._sealed(said | {"format": 2}))
    return "format 2"


@pytest.mark.parametrize("make_old", [old_settings, old_manifests])
@pytest.mark.parametrize(
    "words",
    ["train --out run --resume auto --steps 6", "sample run --out x.png", "report run"],
)
def test_a_run_of_an_earlier_gankit_is_refused(command_fd, make_old, words):
    place = make_old()
    before = contents(Path("run"))
    ended = command_fd(*words.split())
    assert ended.code == 4
    assert ended.err.count("gankit: ") == 1
    assert f"{place}: written by an earlier gankit, which is not read; train again" in ended.err
    assert contents(Path("run")) == before


def test_another_loss_of_the_same_name_is_detected_without_the_environment(resume, monkeypatch):
    Path("run/environment.json").unlink()
    monkeypatch.setattr("gankit.launch.resolved_plan.loss_digest", lambda _loss: "0" * 64)
    ended = resume()
    assert ended.code == 2
    assert "returns other values or gradients" in ended.last
