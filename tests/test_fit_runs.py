"""Runs of `gankit.fit` in a folder, saved runs, and evaluations on images given from Python."""

from __future__ import annotations

import pickle
import signal
from pathlib import Path

import numpy as np
import pytest

import gankit
from gankit.errors import ConfigError, DataError
from gankit.layers import Dense, Dropout, Flatten, LeakyReLU, Reshape, Tanh
from gankit.losses import Loss
from gankit.optimizers import Average
from gankit.runs import RunFolder, evaluation_log

IMAGES = np.random.default_rng(0).integers(0, 256, (64, 6, 4, 1), np.uint8)
LABELS = np.array(["cat", "dog"])[np.arange(64) % 2]
GENERATOR = (Dense(5), LeakyReLU(0.2), Dense(24), Tanh(), Reshape((6, 4, 1)))
DISCRIMINATOR = (Flatten(), Dense(5), LeakyReLU(0.2), Dropout(0.3), Dense(1))
STRANGE = Loss(
    "strange",
    lambda ops, real, fake: ops.mean(real * real + fake),
    lambda ops, _, fake: ops.mean(fake * fake * fake / (1 + fake * fake)),
)


def fit(images=IMAGES, networks=(GENERATOR, DISCRIMINATOR), **changes):
    given = {"steps": 8, "latent": 3, "batch": 16, "backend": "numpy", "progress": False}
    return gankit.fit(images, *networks, **given | {"average": Average(half_life=64)} | changes)


def same(one, other):
    ones, others = one.trainer.state(), other.trainer.state()
    return (
        ones.keys() == others.keys()
        and all(np.array_equal(ones[name], others[name]) for name in ones)
        and np.array_equal(one.history, other.history)
    )


def files(folder):
    """Return the content of a run's files, without the facts and the times of this machine."""
    ignored = {"environment.json", "manifest.json", "times.jsonl"}
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name not in ignored)
    return {path.relative_to(folder): path.read_bytes() for path in paths}


unused_labels = pytest.mark.filterwarnings("ignore:the images have 2 classes")


class Killed(BaseException):
    """Ends a run without giving it time to save anything."""


def kill_after(step):
    def callback(progress):
        if progress.step == step:
            raise Killed

    return callback


@pytest.fixture
def out(tmp_path):
    return tmp_path / "run"


@unused_labels
def test_a_folder_has_the_files_of_any_run_and_the_numbers_of_a_run_in_memory(out):
    run = fit(out=out, labels=LABELS)
    assert same(run, fit(labels=LABELS))
    names = {path.name for path in out.iterdir()}
    assert {"config.toml", "environment.json", "metrics.jsonl", "checkpoints", "samples"} <= names
    assert RunFolder(out).checkpoints.steps() == [4, 8]
    assert run.folder == out


def test_the_folder_loads_as_the_run(out):
    run, loaded = fit(out=out), gankit.load(out)
    assert same(run, loaded)
    assert np.array_equal(run.sample(4), loaded.sample(4))


def test_the_command_line_samples_from_the_folder(out, tmp_path, command):
    fit(out=out)
    code, _, told = command("sample", out, "--out", tmp_path / "grid.png")
    assert code == 0, told
    assert (tmp_path / "grid.png").exists()


@pytest.mark.parametrize("step", [1, 4, 7])
def test_a_killed_run_resumes_to_the_same_files(tmp_path, step):
    words = {"checkpoint_every": 2, "sample_every": 1}
    with pytest.raises(Killed):
        fit(out=tmp_path / "killed", callbacks=kill_after(step), **words)
    resumed = fit(out=tmp_path / "killed", resume=True, **words)
    assert same(resumed, fit(out=tmp_path / "whole", **words))
    assert files(tmp_path / "killed") == files(tmp_path / "whole")


def test_resuming_trains_on_to_a_new_length(out):
    fit(out=out, steps=3)
    assert same(fit(out=out, steps=8, resume=True), fit(steps=8))


def test_a_run_says_where_it_begins_and_where_it_resumes(out, capsys):
    fit(out=out, steps=4, progress=True)
    assert (
        f"custom on 64 images from Python with numpy, seed 0: 4 steps, 4 an epoch, into {out}\n"
        in (capsys.readouterr().err)
    )
    fit(out=out, resume=True, progress=True)
    assert (
        f"resuming after step 4 from {out / 'checkpoints' / '000004'}\n" in capsys.readouterr().err
    )


def test_resuming_a_finished_run_returns_it(out):
    assert same(fit(out=out), fit(out=out, resume=True))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"images": IMAGES[::-1].copy()}, "other images"),
        (
            {"networks": ((Dense(24), Tanh(), Reshape((6, 4, 1))), DISCRIMINATOR)},
            "generator.layers",
        ),
        ({"seed": 3}, "seed was 0, is now 3"),
        ({"batch": 8}, "batch was 16, is now 8"),
        ({"loss": "hinge"}, "loss was nonsaturating, is now hinge"),
        ({"label_smoothing": 0.1}, "label_smoothing was 0.0, is now 0.1"),
        ({"lecam": 0.3}, "lecam was 0.0, is now 0.3"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_resuming_as_another_run_is_refused(out, changes, expected):
    fit(out=out, steps=3)
    with pytest.raises(ConfigError, match=expected):
        fit(out=out, resume=True, **changes)
    assert RunFolder(out).checkpoints.steps()[-1] == 3


def test_a_folder_with_a_run_is_refused_without_resume(out):
    fit(out=out, steps=2)
    with pytest.raises(ConfigError, match=r"holds a run; .*in Python resume=True"):
        fit(out=out)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"steps": None}, "give epochs or steps"),
        ({"epochs": 2}, "give epochs or steps, not both"),
        ({"resume": True}, "resume needs the folder"),
        ({"evaluate_every": 1}, "evaluate_every: got 1 without out"),
        ({"checkpoint_every": 0}, "checkpoint_every: got 0"),
        ({"sample_every": 1.5}, "sample_every: got 1.5"),
        ({"sample_every": None}, "sample_every: got None"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_impossible_arguments_are_refused(changes, expected):
    with pytest.raises(ConfigError, match=expected):
        fit(**changes)


def test_an_epoch_takes_every_image_once_on_average():
    assert fit(steps=None, epochs=2).step == 2 * 64 // 16
    assert fit(IMAGES[:50], steps=None, epochs=1).step == 4


def test_a_loss_without_a_digest_trains_only_in_memory(out):
    assert fit(loss=STRANGE, steps=1).step == 1
    with pytest.raises(ConfigError, match="a run in a folder records a digest"):
        fit(loss=STRANGE, steps=1, out=out)
    assert not out.exists()


@pytest.mark.usefixtures("few_samples")
def test_evaluations_compare_with_the_test_images(out):
    fit(out=out, evaluate_every=1, test_images=IMAGES[::-1].copy())
    rows = evaluation_log.read(RunFolder(out).evaluations)
    assert [row["step"] for row in rows] == [4, 8]
    assert rows[0]["baseline"]["split"] == "all 64 test images from Python"
    assert rows[0]["baseline"]["frechet"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("test_images", "said"),
    [
        (IMAGES[:, :3], "test_images: got images of 3x4x1; expected 6x4x1, as in images"),
        (IMAGES[:5], "test_images: got 5; expected 6 or more"),
    ],
    ids=["another shape", "too few"],
)
def test_test_images_that_cannot_be_compared_are_refused_before_training(out, test_images, said):
    with pytest.raises(ConfigError, match=said):
        fit(out=out, evaluate_every=1, test_images=test_images)
    assert not out.exists()


def test_real_images_are_evaluated_as_their_levels():
    real = IMAGES.astype(np.float32) / 127.5 - 1
    by_levels, by_reals = fit(IMAGES), fit(real)
    assert by_reals.evaluate(n=12).frechet == pytest.approx(by_levels.evaluate(n=12).frechet)


def test_saving_a_run_writes_the_folder_that_it_would_have_had(tmp_path):
    fit(out=tmp_path / "trained", checkpoint_every=100, sample_every=100)
    run = fit(checkpoint_every=100, sample_every=100)
    saved = run.save(tmp_path / "saved")
    trained, written = files(tmp_path / "trained"), files(tmp_path / "saved")
    assert written == {path: content for path, content in trained.items() if path in written}
    assert trained.keys() - written.keys() == {Path("samples/000004.png"), Path("warnings.jsonl")}
    assert saved.folder == tmp_path / "saved"
    assert run.folder is None


def test_a_saved_run_resumes_to_the_numbers_of_an_uninterrupted_one(out):
    fit(steps=3).save(out)
    assert same(fit(out=out, resume=True), fit())


def test_a_saved_recipe_resumes_too(out):
    words = {"backend": "numpy", "dataset": IMAGES, "batch": 16, "progress": False}
    gankit.train("simple", steps=2, **words).save(out)
    resumed = gankit.train(out=out, resume=True, steps=4, dataset=IMAGES, progress=False)
    assert same(resumed, gankit.train("simple", steps=4, **words))


def test_saving_where_it_cannot_be_is_refused(out, tmp_path):
    run = fit(steps=2)
    saved = run.save(out)
    with pytest.raises(ConfigError, match="holds a run"):
        run.save(out)
    with pytest.raises(ConfigError, match="it is saved already; copy its folder"):
        saved.save(tmp_path / "other")
    with pytest.raises(ConfigError, match="its images are unknown"):
        pickle.loads(pickle.dumps(run)).save(tmp_path / "other")  # noqa: S301 - our own.
    with pytest.raises(ConfigError, match="a run in a folder records a digest"):
        fit(steps=1, loss=STRANGE).save(tmp_path / "other")
    assert not (tmp_path / "other").exists()


@unused_labels
def test_a_loaded_run_is_evaluated_on_its_images(out):
    run = fit(out=out, labels=LABELS)
    loaded = gankit.load(out)
    expected = run.evaluate(n=12).frechet
    assert loaded.evaluate(IMAGES, LABELS, n=12).frechet == expected
    assert loaded.evaluate((IMAGES, LABELS), n=12).frechet == expected
    with pytest.raises(DataError, match="stands for images given from Python"):
        loaded.evaluate(n=12)
    with pytest.raises(DataError, match="got others than the run was trained on"):
        loaded.evaluate(IMAGES[:32], LABELS[:32], n=12)
    with pytest.raises(ConfigError, match="give n=12"):
        loaded.evaluate(12)


def test_labels_that_the_run_was_trained_without_are_left_out(out):
    expected = fit(out=out).evaluate(n=12).frechet
    assert gankit.load(out).evaluate((IMAGES, LABELS), n=12).frechet == expected


def test_ctrl_c_names_the_call_that_resumes(out):
    def press(progress):
        if progress.step == 2:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(
        KeyboardInterrupt, match=r"after step 3 of 8; saved: .*gankit\.fit\("
    ) as info:
        fit(out=out, callbacks=press)
    assert info.value.run.step == 3
    assert same(fit(out=out, resume=True), fit())
