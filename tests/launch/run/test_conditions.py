"""Runs on labels that are vectors: training, sampling by name, resuming, moving, evaluating."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import gankit
from gankit.conditions import Condition
from gankit.data.glyphs import turned
from gankit.export import read
from gankit.launch.evaluation.generate import generate_images
from gankit.layers import Dense, Embedding, Flatten, LeakyReLU, Projection, Reshape, Tanh
from gankit.runs import read_checkpoint
from gankit.runs.folder import RunFolder
from gankit.terms import Term
from tests.selection import selected
from tests.short_runs import refusal

IMAGES, LABELS = turned.draw_turned(60, seed=3)
FIELDS = np.array([*map(tuple, LABELS)], [("angle", "f8"), ("width", "f8")])
GENERATOR = (Embedding(4), Dense(12), LeakyReLU(0.2), Dense(784), Tanh(), Reshape((28, 28, 1)))
DISCRIMINATOR = (Flatten(), Dense(12), LeakyReLU(0.2), Projection())
REGRESSION = {
    "discriminator": (Flatten(), Dense(3)),
    "heads": {"seen": 2},
    "terms": [
        Term("l2", "real/seen", "label", ("discriminator",)),
        Term("l2", "fake/seen", "label", ("generator", "discriminator")),
    ],
}


def fit(**changes):
    given = {
        "generator": GENERATOR, "discriminator": DISCRIMINATOR, "latent": 4, "steps": 6,
        "batch": 8, "backend": "numpy", "labels": FIELDS, "progress": False,
    }  # fmt: skip
    return gankit.fit(IMAGES, **(given | changes))


@pytest.fixture(scope="module")
def run():
    return fit()


def test_conditions_are_those_of_the_data(run):
    angle, width = run.problem.conditions
    assert run.condition_names == ("angle", "width")
    assert angle.low == pytest.approx(LABELS[:, 0].min(), rel=1e-3)
    assert width.high == pytest.approx(LABELS[:, 1].max(), rel=1e-3)
    assert run.config.conditions == run.problem.conditions
    assert np.abs(run.plan.labels).max() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("changes", [{}, REGRESSION], ids=["projection", "regression"])
def test_a_label_is_that_of_its_image(changes):
    mixed = fit(**changes, labels=np.roll(FIELDS, 1))
    assert (fit(**changes).history != mixed.history).any()


def test_samples_follow_labels_by_name_and_by_number(run):
    named = run.sample(3, labels={"angle": 30, "width": [2, 2, 3]})
    rows = run.sample(3, labels=[[30, 2], [30, 2], [30, 3]])
    assert (named == rows).all()
    assert (named[2] != run.sample(3, labels=[30.0, 2.0])[2]).any()
    assert (named != run.sample(3, labels={"angle": -30, "width": [2, 2, 3]})).any()


def test_labels_that_are_not_given_cover_their_ranges(run):
    low, high = (getattr(run.problem.conditions[0], end) for end in ("low", "high"))
    first, *_, last = run.sample(5)
    assert (first == run.sample(5, labels={"angle": [low] * 5})[0]).all()
    assert (last == run.sample(5, labels={"angle": [high] * 5})[4]).all()


def test_a_sweep_changes_one_condition(run):
    rows = run.sweep("angle", [-20, 20], n=3, labels={"width": 2})
    assert rows.shape == (3, 2, 28, 28, 1)
    for column, angle in enumerate((-20, 20)):
        alone = run.sample(3, labels={"angle": angle, "width": 2})
        np.testing.assert_allclose(rows[:, column], alone, atol=1e-6)


def test_a_path_keeps_its_label(run):
    path = run.interpolate([0, 1], steps=3, labels={"angle": 10, "width": 2})
    ends = [run.sample(1, seed, {"angle": 10, "width": 2})[0] for seed in (0, 1)]
    np.testing.assert_allclose(path[0, 0, [0, -1]], ends, atol=1e-6)


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({"angel": 3}, "unknown condition 'angel'; known: angle, width"),
        ({"angle": "steep"}, "labels.angle: got 'steep'; expected numbers"),
        ({"angle": np.nan}, "labels.angle: got nan; expected finite numbers"),
        ({"angle": [1, 2]}, "labels.angle: got the shape (2,); expected a number, or 3 of them"),
        ([[1, 2, 3]] * 3, "labels: got the shape (3, 3); expected (3, 2), a column for each of"),
        (7, "labels: got 7; expected values by name, such as {"),
    ],
)
def test_another_label_is_refused(run, labels, told):
    assert told in refusal(lambda: run.sample(3, labels=labels))


def test_values_by_name_are_refused_without_conditions():
    plain = fit(generator=GENERATOR[1:], discriminator=(Flatten(), Dense(1)), labels=None)
    assert "has no labels that are vectors" in refusal(lambda: plain.sample(2, labels={"a": 1}))


def test_attributes_must_be_0_and_1_for_a_binary_cross_entropy():
    term = Term("binary-cross-entropy", "real/seen", "label", ("discriminator",))
    told = refusal(lambda: fit(**(REGRESSION | {"terms": [term]})))
    assert "labels: got 'angle' from" in told
    assert "expected 0 and 1 for a term" in told
    marks = (LABELS > 0).astype(int)
    assert fit(**(REGRESSION | {"terms": [term]}), labels=marks).problem.conditions == (
        Condition("a", 0, 1, binary=True),
        Condition("b", 0, 1, binary=True),
    )


def test_a_resumed_run_has_the_bits_of_an_undisturbed_one(tmp_path, run):
    fit(steps=3, checkpoint_every=3, out=tmp_path / "run")
    resumed = fit(checkpoint_every=3, out=tmp_path / "run", resume=True)
    assert (resumed.history == run.history).all()
    loaded = gankit.load(tmp_path / "run")
    assert (loaded.sample(4, labels={"angle": 5}) == run.sample(4, labels={"angle": 5})).all()


@pytest.mark.skipif(not selected("torch"), reason="torch is not tested")
@pytest.mark.parametrize("changes", [{}, REGRESSION], ids=["projection", "regression"])
def test_a_run_moves_between_backends(tmp_path, changes):
    exact = changes | {"precision": "float64", "checkpoint_every": 3}
    fit(**exact, steps=3, out=tmp_path / "moved")
    fit(**exact, backend="torch", out=tmp_path / "moved", resume=True)
    fit(**exact, out=tmp_path / "whole")
    moved, whole = (
        read_checkpoint(RunFolder(tmp_path / name).checkpoints.path(6)).state
        for name in ("moved", "whole")
    )
    assert moved.keys() == whole.keys()
    for name, array in whole.items():
        np.testing.assert_allclose(moved[name], array, rtol=1e-9, atol=1e-9)


def test_evaluated_images_have_labels_of_the_data(run):
    made = generate_images(run, 60, data=run.plan.data.labels)
    again = generate_images(run, 60, data=run.plan.data.labels)
    assert (made == again).all()
    assert np.isfinite(run.evaluate(n=30, progress=False).frechet)


def test_a_pickled_run_makes_the_same_images(run):
    again = pickle.loads(pickle.dumps(run))  # noqa: S301 - its own bytes.
    assert (again.sample(2) == run.sample(2)).all()
    assert "conditions" not in run._repr_html_() or run.condition_names


def test_an_exported_generator_takes_scaled_labels(tmp_path, run):
    from gankit.contract.export_format import exported_network
    from gankit.contract.sample_noise import sample_noise
    from gankit.export.safetensors_format import write

    write(exported_network(run.problem), run.generator.weights(), tmp_path / "g.safetensors")
    generator = read(tmp_path / "g.safetensors")
    labels = run.problem.labels_in_turn(3).astype(np.float32)
    made = generator(sample_noise(run.problem, 3, 0), labels)
    np.testing.assert_allclose(made, run.sample(3, 0), atol=1e-6)


@pytest.fixture
def trained(machine, command):
    """Return the folder of a run on turned glyphs, by the command."""
    np.savez(machine / "turned.npz", images=IMAGES, labels=FIELDS)
    (machine / "mine.toml").write_text(CONDITIONAL, "utf-8")
    ended = command(
        "train", "--config", "mine.toml", "--backend", "numpy", "--dataset", "turned.npz",
        "--steps", "2", "--batch", "8", "--out", "run",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    return machine / "run"


CONDITIONAL = """
latent = 4
generator.layers = [
    { layer = "embedding", units = 4 },
    { layer = "dense", units = 784 },
    { layer = "tanh" },
    { layer = "reshape", shape = [28, 28, 1] },
]
discriminator.layers = [{ layer = "flatten" }, { layer = "projection" }]
"""


def test_the_command_sets_and_varies_conditions(trained, command, machine):
    options = ["sample", "run", "-n", "3", "--label", "width=2"]
    assert command(*options, "--label", "angle=30", "--out", "one.npy").code == 0
    assert (
        command(*options, "--label", "angle=-30..30", "--steps", "4", "--out", "row.npy").code == 0
    )
    run = gankit.load(trained)
    wanted = run.sample(3, labels={"angle": 30, "width": 2})
    np.testing.assert_array_equal(np.load(machine / "one.npy"), wanted)
    rows = run.sweep("angle", [-30, -10, 10, 30], n=3, labels={"width": 2})
    np.testing.assert_allclose(np.load(machine / "row.npy"), rows.reshape(-1, 28, 28, 1), atol=1e-6)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            ["--label", "angle"],
            "--label: got 'angle'; expected NAME=VALUE or NAME=A..B, such as angle=-2..2",
        ),
        (["--label", "angel=3"], "unknown condition 'angel'; known: angle, width"),
        (["--label", "angel=3..4"], "unknown condition 'angel'; known: angle, width"),
        (["--label", "angle=1", "--label", "angle=2"], "--label: got a name twice"),
        (["--label", "angle=0..1", "--label", "width=1..2"], "--label: got two that vary"),
        (["--label", "angle=1", "--class", "1"], "remove --class and --by-class"),
        (["--label", "angle=1", "--training"], "--training shows saved grids; remove --label"),
    ],
)
@pytest.mark.usefixtures("trained")
def test_a_label_that_does_not_fit_is_refused(command, machine, options, told):
    ended = command("sample", "run", *options)
    assert ended.code == 2
    assert told in ended.err
    assert not (machine / "samples.png").exists()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"classes": 3}, "classes: got 3, but the labels of"),
        ({"conditions": Condition("a", 0, 1)}, "conditions: got 1, but the labels of"),
    ],
)
def test_settings_of_other_labels_are_refused(settings, told, tmp_path):
    np.savez(tmp_path / "turned.npz", images=IMAGES, labels=FIELDS)
    networks = {"generator": {"layers": GENERATOR}, "discriminator": {"layers": DISCRIMINATOR}}
    assert told in refusal(
        lambda: gankit.train(
            backend="numpy", dataset=str(tmp_path / "turned.npz"), steps=2, batch=4, latent=4,
            **networks, **settings,
        )
    )  # fmt: skip
