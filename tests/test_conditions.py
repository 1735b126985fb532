"""Labels that are vectors: conditions, their scale, and what problems and data refuse."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gankit.conditions import Condition, conditions_of, scaled, spread
from gankit.contract import LabelFormat, Problem
from gankit.data import ImageOptions, ImageSet, own
from gankit.data.labels import as_labels, without_gaps
from gankit.errors import ConfigError, DataError
from gankit.layers import Dense, Embedding, Flatten, Projection, Reshape, Tanh
from gankit.losses import NONSATURATING
from gankit.optimizers import SGD
from gankit.terms import Term
from tests.short_runs import refusal

ANGLE, SERIF = Condition("angle", -30, 30), Condition("serif", 0, 1, binary=True)
D = ("discriminator",)
PROBLEM = Problem(
    generator=(Embedding(2), Dense(6), Tanh(), Reshape((3, 2, 1))),
    discriminator=(Flatten(), Dense(3)),
    latent=4,
    image_shape=(3, 2, 1),
    loss=NONSATURATING,
    generator_optimizer=SGD(0.1),
    discriminator_optimizer=SGD(0.1),
    conditions=(ANGLE, SERIF),
    heads={"seen": 2},
    terms=(Term("l2", "real/seen", "label", D),),
)
IMAGES = np.zeros((4, 5, 5, 1), np.uint8)
VECTORS = np.array([[0.5, 1.0], [-20.0, 0.0], [30.0, 1.0], [-30.0, 0.0]])


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Condition("", 0, 1), "condition.name: got ''; expected text without '='"),
        (lambda: Condition("a=b", 0, 1), "condition.name: got 'a=b'"),
        (lambda: Condition("a", 1, 0), "condition 'a': got low 1 and high 0; expected"),
        (lambda: Condition("a", 0, np.inf), "condition 'a': got low 0 and high inf"),
        (lambda: Condition("a", 0, 2, binary=True), "condition 'a': got 0 to 2; expected 0 to 1"),
    ],
)
def test_another_condition_is_refused(make, told):
    assert told in refusal(make)


def test_columns_become_conditions():
    assert conditions_of(VECTORS, ["angle", "serif"]) == (ANGLE, SERIF)
    assert [one.name for one in conditions_of(np.zeros((2, 28)), ())][::9] == ["a", "j", "s", "b1"]


def test_labels_are_scaled_and_attributes_are_not():
    assert scaled((ANGLE, SERIF), VECTORS)[1].tolist() == [-20 / 30, 0.0]
    assert scaled((Condition("flat", 3, 3),), np.full((2, 1), 3.0)).tolist() == [[0.0], [0.0]]


def test_default_labels_cover_the_ranges():
    made = spread((ANGLE, Condition("width", 1, 3), SERIF), 101)
    assert made[[0, 50, 100], 0].tolist() == [-30, 0, 30]
    counts, _ = np.histogram(made[:, 1], 10, (1, 3))
    assert counts.min() >= 8
    assert set(made[:, 2]) == {0.0, 1.0}
    assert 40 < made[:, 2].sum() < 61


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"classes": 3}, "conditions: got 2 with 3 classes; expected one of them"),
        ({"conditions": (ANGLE, ANGLE)}, "conditions: got two of the name 'angle'"),
        (
            {"terms": (Term("cross-entropy", "real/seen", "label", D),)},
            "terms.0.kind: got 'cross-entropy'; expected 'l1', 'l2',",
        ),
        ({"terms": (Term("gaussian", "real/seen", "label", D),)}, "heads.seen: got 2; expected 4"),
        ({"conditions": (ANGLE,)}, "heads.seen: got 2; expected 1, for l2 to the labels"),
        (
            {"conditions": (), "classes": 2},
            "terms.0.kind: got 'l2'; expected 'cross-entropy', since the labels are classes",
        ),
    ],
    ids=range(6),
)
def test_parts_that_do_not_fit_to_vectors_are_refused(changes, told):
    assert told in refusal(lambda: replace(PROBLEM, **changes))


def test_a_binary_cross_entropy_is_to_labels_only():
    told = refusal(lambda: Term("binary-cross-entropy", "fake/a", "code/a"))
    assert "term.kind: got 'binary-cross-entropy' to 'code/a'; expected it to 'label'" in told


def test_a_problem_of_vectors_has_a_row_of_an_embedding_for_each_column():
    both = replace(
        PROBLEM, discriminator=(Flatten(), Projection()), heads={}, terms=(),
        conditions=(ANGLE, SERIF, Condition("width", 0, 3)),
    )  # fmt: skip
    weights = both.initial_weights()
    assert weights["generator/0.embedding"].shape == (3, 2)
    assert weights["discriminator/1.embedding"].shape == (3, 6)
    assert both.generator_classes == 0
    assert both.needs() >= {"labels", "label-vectors"}
    assert not both.takes_unlabelled


def test_rows_of_labels():
    classes = LabelFormat(classes=3, unlabelled=True).rows(np.array([2, -1]), 2, np.float32)
    assert classes.tolist() == [[0, 0, 1], [0, 0, 0]]
    assert LabelFormat(columns=2).rows(VECTORS, 4, np.float32).dtype == np.float32
    assert not LabelFormat()


FORMS = {
    "numbers": (VECTORS, VECTORS, ()),
    "whole numbers": (np.array([[3, 5], [7, -9]]), np.array([[3.0, 5.0], [7.0, -9.0]]), ()),
    "attributes": (np.array([[1, 1], [0, 1]]), np.array([[1.0, 1.0], [0.0, 1.0]]), ()),
    "booleans": (np.array([[True, True], [False, False]]), np.array([[1.0, 1], [0, 0]]), ()),
    "a column": (np.array([[0.5], [2.0]]), np.array([[0.5], [2.0]]), ()),
    "fields": (
        np.array([(1.5, 2.0), (3.0, 4.0)], [("angle", "f4"), ("width", "f8")]),
        np.array([[1.5, 2.0], [3.0, 4.0]]),
        ("angle", "width"),
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_vectors(form):
    given, wanted, names = FORMS[form]
    found, found_names = as_labels(given, "labels")
    assert found.dtype == np.float64
    assert found.tolist() == wanted.tolist()
    assert found_names == names
    assert without_gaps(found, names)[0] is found


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (np.full((4, 2), np.nan), "got label [nan, nan] of image 0; leave such images out"),
        (np.zeros((4, 0)), "got labels of float64 (4, 0); expected real numbers"),
        (np.full((4, 2), "a"), "got labels of <U1 (4, 2); expected real numbers"),
        (np.array([0.5, 1.5]), "or labels[:, np.newaxis] if they are real-valued"),
    ],
)
def test_other_labels_are_refused(labels, told):
    with pytest.raises(DataError) as refused:
        as_labels(labels, "labels")
    assert told in str(refused.value)


def test_images_with_vectors_have_conditions_and_no_classes():
    data = ImageSet(IMAGES, VECTORS, "here", ("angle", "serif"))
    assert data.classes == 0
    assert data.conditions == (ANGLE, SERIF)


@pytest.mark.parametrize(
    ("labels", "names", "told"),
    [
        (VECTORS, ("angle",), "got 2 columns of labels, but 1 name"),
        (VECTORS[:, :0], (), "expected one or more columns of finite numbers"),
        (np.full((4, 1), np.inf), (), "expected one or more columns of finite numbers"),
        (
            VECTORS.astype(np.float32),
            (),
            "expected int64 of shape (N,), or float64 of shape (N, d)",
        ),
    ],
)
def test_images_with_other_vectors_are_refused(labels, names, told):
    with pytest.raises(DataError) as refused:
        ImageSet(IMAGES, labels, "here", names)
    assert told in str(refused.value)


def test_files_with_vectors(tmp_path):
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=FORMS["fields"][0].repeat(2))
    assert [one.name for one in own(tmp_path / "a.npz").conditions] == ["angle", "width"]
    np.save(tmp_path / "b.npy", IMAGES)
    np.save(tmp_path / "b.labels.npy", VECTORS)
    Path(tmp_path / "b.classes.json").write_text('["angle", "serif"]', "utf-8")
    assert own(tmp_path / "b.npy", ImageOptions()).conditions == (ANGLE, SERIF)


def test_labels_of_a_network_are_rows_of_finite_numbers():
    form = LabelFormat(columns=2)
    for wrong in (
        None,
        np.zeros((3, 2)),
        np.zeros((4, 3)),
        np.zeros((4, 2), int),
        np.full((4, 2), np.inf),
    ):
        with pytest.raises(ConfigError, match=r"expected \(4, 2\) real numbers"):
            form.check(wrong, 4)
