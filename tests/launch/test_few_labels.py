"""Runs on images of which few have labels: which ones, what is refused, and the test accuracy."""

from __future__ import annotations

import numpy as np
import pytest

import gankit
from gankit import plugins
from gankit.evaluation import classifier_of
from gankit.evaluation.features import classifier
from gankit.launch.kept_labels import kept_labels
from gankit.layers import Dense, Embedding, Flatten, Reshape, Tanh
from gankit.runs import RunFolder, evaluation_log
from gankit.terms import Term
from gankit.training import StepShape, plan
from tests.evaluation_runs import dataset, drawn
from tests.short_runs import refusal

LABELS = np.tile(np.arange(4), 30)
REAL = Term("cross-entropy", "real/class", "label", ("discriminator",))
GENERATOR = {"layers": [Dense(784), Tanh(), Reshape((28, 28, 1))]}
CLASSIFIER = {"layers": [Flatten(), Dense(11)], "heads": {"class": 10}}


@pytest.fixture(autouse=True)
def few(machine, monkeypatch):  # noqa: ARG001 - it empties the machine.
    """Give each test an empty machine, a data set of 200 digits, and fast classifiers."""
    offered = plugins.datasets() | {"few": dataset()}
    monkeypatch.setattr(plugins, "datasets", lambda: offered)
    monkeypatch.setattr(plugins, "get_dataset", lambda name: offered[name])
    monkeypatch.setattr(classifier, "steps_for", lambda _: 60)


def train(**changes):
    given = {
        "backend": "numpy", "dataset": "few", "steps": 4, "batch": 8, "latent": 3,
        "generator": GENERATOR, "discriminator": CLASSIFIER, "terms": [REAL], "progress": False,
    }  # fmt: skip
    return gankit.train(**(given | changes))


def test_each_class_keeps_the_same_number():
    kept = kept_labels(LABELS, 20, 4, seed=0)
    assert np.bincount(kept[kept >= 0]).tolist() == [5, 5, 5, 5]
    assert (kept[kept >= 0] == LABELS[kept >= 0]).all()


def test_more_labels_include_the_fewer():
    few, more = (kept_labels(LABELS, count, 4, seed=0) >= 0 for count in (20, 40))
    assert (more | ~few).all()


def test_the_seed_chooses_the_images():
    first, again, other = (kept_labels(LABELS, 20, 4, seed) for seed in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).any()


def test_images_without_a_label_are_never_chosen():
    labels = np.where(np.arange(120) < 60, -1, LABELS)
    assert (kept_labels(labels, 60, 4, seed=0) == labels).all()


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (21, "labelled: got 21; expected a multiple of 4, the number of classes"),
        (124, "labelled: got 124, 31 labels of each class, but class 0 has 30; choose fewer"),
    ],
)
def test_another_number_is_refused(count, told):
    assert told in refusal(lambda: kept_labels(LABELS, count, 4, seed=0))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"terms": [], "discriminator": {"layers": [Flatten(), Dense(1)]}}, "no term uses labels"),
        ({"generator": {"layers": [Embedding(2), *GENERATOR["layers"]]}}, "needs the label of"),
        ({"labelled": 0}, "labelled: got 0; expected 1 to"),
        ({"labelled": 15}, "expected a multiple of 10"),
        ({"labelled_share": 9}, "labelled_share: got 9; expected above 0, at most 1"),
        (
            {
                "labelled": None,
                "labelled_share": 0.5,
                "auxiliary": 1.0,
                "terms": [],
                "discriminator": {"layers": [Flatten(), Dense(11)]},
            },
            "labelled_share: got 0.5, but a network or a term",
        ),
    ],
)
def test_a_run_without_use_for_few_labels_is_refused(changes, told, tmp_path):
    out = tmp_path / "run"
    assert told in refusal(lambda: train(**({"labelled": 20, "out": out} | changes)))
    assert not out.exists()


def test_only_the_kept_labels_are_trained_on(monkeypatch):
    seen = []
    from gankit.launch import execute

    fit = execute.fit
    monkeypatch.setattr(
        execute, "fit", lambda *args, **named: seen.append(args[4]) or fit(*args, **named)
    )
    run = train(labelled=20)
    assert np.count_nonzero(seen[0] >= 0) == 20
    assert (run.plan.data.labels >= 0).all()


def test_the_first_images_of_each_batch_have_labels():
    labels = np.where(np.arange(120) % 7 == 3, LABELS, -1)
    problem = train().problem
    plain, drawn_ = (
        plan(problem, StepShape(8, 2, count), 120, 5, 50, labels=labels).index for count in (0, 3)
    )
    assert (labels[drawn_[..., :3]] >= 0).all()
    assert (drawn_[..., 3:] == plain[..., 3:]).all()
    counts = np.unique(drawn_[..., :3], return_counts=True)[1]
    assert len(counts) == np.count_nonzero(labels >= 0)
    assert counts.max() < 3 * counts.min()


def test_a_run_draws_the_batches_that_it_plans():
    whole = train(labelled=20, labelled_share=0.5)
    assert (whole.history != train(labelled=20).history).any()


def test_fit_takes_the_accuracy_on_labelled_test_images():
    images, labels = drawn()
    run = gankit.fit(
        images, "dense", "dense", latent=3, steps=4, batch=8, backend="numpy", labels=labels,
        labelled_share=0.5, heads={"class": 10}, terms=[REAL], test_images=drawn(80, 2),
        progress=False,
    )  # fmt: skip
    images, labels = drawn(80, 2)
    outputs = run.trainer.discriminator.classify(run.problem.scale(images))
    wanted = float((outputs.argmax(1) == labels).mean())
    assert run.evaluate(n=60, progress=False).accuracy == wanted


def test_a_file_may_have_images_without_a_label():
    images, labels = drawn()
    labels[50:] = -1
    np.savez("few.npz", images=images, labels=labels)
    run = train(dataset="few.npz")
    assert np.isfinite(run.history).all()
    assert np.count_nonzero(run.plan.labels < 0) == 250


def test_the_log_has_the_accuracy_on_test_images(tmp_path):
    run = train(labelled=20, steps=60, steps_per_epoch=30, evaluate_every=1, evaluate_samples=60,
                out=tmp_path / "run")  # fmt: skip
    images, labels = drawn(80, 2)
    outputs = run.trainer.discriminator.classify(run.problem.scale(images))
    wanted = float((outputs.argmax(1) == labels).mean())
    first, last = evaluation_log.read(RunFolder(tmp_path / "run").evaluations)
    assert first["baseline"]["accuracy"] is None
    assert last["accuracy"] == wanted
    assert run.evaluate(n=60, progress=False).accuracy == wanted


def test_a_run_that_does_not_classify_has_no_accuracy():
    run = train(terms=[], discriminator={"layers": [Flatten(), Dense(1)]})
    assert run.evaluate(n=60, progress=False).accuracy is None


def test_a_resumed_run_keeps_the_same_labels(tmp_path):
    whole = train(labelled=20)
    train(labelled=20, steps=2, checkpoint_every=2, out=tmp_path / "run")
    again = train(labelled=20, steps=4, checkpoint_every=2, out=tmp_path / "run", resume=True)
    assert (again.history == whole.history).all()


def test_the_features_are_of_the_images_with_a_label():
    data = dataset().load(None)
    garbage = np.full_like(data.images, 255)
    images = np.concatenate([data.images, garbage])
    labels = np.concatenate([data.labels, np.full(200, -1)])
    found = classifier_of(type(data)(images, labels, "half labelled"), steps=60)
    assert (found.probabilities(data.images).argmax(1) == data.labels).mean() > 0.3
