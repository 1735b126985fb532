"""What a fresh reader found wrong once, and what must stay right."""

from __future__ import annotations

import pytest

import gankit
from gankit.cli import main
from gankit.config.layering import config_of, from_recipe
from gankit.errors import ConfigError
from gankit.optimizers import SGD

TRAIN = ["train", "--backend", "numpy", "--dataset", "glyphs", "--steps", "2", "--batch", "8"]


def ended(arguments):
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    return exit_.value.code


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_last_word_on_how_long_a_run_is_counts():
    base = from_recipe("simple")
    later = ("later", {"epochs": 2})
    assert config_of([base, ("earlier", {"steps": 5}), later]).total_steps(1000) == 2 * 128
    assert config_of([base, later, ("last", {"steps": 5})]).total_steps(1000) == 5


def test_asking_for_epochs_and_steps_at_once_is_refused():
    with pytest.raises(ConfigError, match="not both"):
        gankit.train(backend="numpy", dataset="glyphs", steps=2, epochs=1)


def test_a_finished_run_of_steps_goes_on_when_epochs_are_asked_for(tmp_path):
    settings = {"backend": "numpy", "dataset": "glyphs", "batch": 8, "out": tmp_path / "run"}
    gankit.train(steps=2, steps_per_epoch=2, **settings)
    assert gankit.train(epochs=2, resume=True, **settings).step == 4


def test_an_unknown_recipe_in_the_environment_is_refused(monkeypatch, capsys):
    monkeypatch.setenv("GANKIT_RECIPE", "simpel")
    assert ended(TRAIN) == 2
    assert "did you mean 'simple'" in capsys.readouterr().err


def test_a_recipe_cannot_be_renamed_by_a_setting(capsys):
    assert ended([*TRAIN, "--set", "recipe=mine"]) == 2
    assert "--recipe" in capsys.readouterr().err


def test_the_reference_knows_no_device_but_the_processor(capsys):
    assert ended([*TRAIN, "--device", "cuda", "--dry-run"]) == 2
    assert "unknown device 'cuda'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "setting", ["batch=100000000000", "steps=99999999999999999999",
                "generator.layers.0.units=999999999999"]
)  # fmt: skip
def test_impossible_sizes_are_refused_before_anything_is_written(setting, tmp_path, capsys):
    arguments = ["train", "--backend", "numpy", "--dataset", "glyphs", "--set", setting]
    assert ended(arguments) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("gankit: ")
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_a_checkpoint_may_start_again_with_other_settings(tmp_path, monkeypatch):
    def full(*_, **__):
        raise MemoryError("38 GiB")

    with monkeypatch.context() as patched:
        patched.setattr("gankit.launch.execute.fit", full)
        assert ended([*TRAIN, "--out", "run"]) == 2
    again = ["train", "--dataset", "glyphs", "--steps", "2", "--batch", "4", "--resume", "auto"]
    assert ended([*again, "--recipe", "simple", "--out", "run", "--backend", "numpy"]) == 0
    assert gankit.load(tmp_path / "run").config.batch == 4


def test_an_optimizer_of_a_framework_is_refused_by_name():
    from gankit.contract import Problem
    from gankit.layers import Dense, Flatten, Reshape
    from gankit.losses import HINGE

    networks = (Dense(4), Reshape((2, 2, 1))), (Flatten(), Dense(1))
    with pytest.raises(ConfigError, match="generator_optimizer: got dict of 1; exp"):
        Problem(*networks, 3, (2, 2, 1), HINGE, {"lr": 1}, SGD(0.1))


def test_the_shell_completes_names(monkeypatch, capsys):
    monkeypatch.setenv("_GANKIT_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "gankit train --backend num")
    monkeypatch.setenv("COMP_CWORD", "3")
    assert ended([]) == 0
    assert capsys.readouterr().out.split() == ["plain,numpy"]


def test_columns_of_numbers_are_refused(capsys):
    assert ended(["sample", "run", "--out", "digits.npy", "--columns", "3"]) == 2
    assert "--columns" in capsys.readouterr().err
