"""The random streams of the metrics: each use has its own, independent of the others."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from gankit.contract.random_streams import generator
from gankit.evaluation import choose, reference, split_reference, subset_distances
from gankit.evaluation.features import train_classifier
from gankit.evaluation.metrics import kernel_distance
from gankit.launch.evaluation import generate

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 4, 4, 1), dtype=np.uint8)
LABELS = np.arange(40) % 2
VALUES = np.random.default_rng(1).standard_normal((40, 3))

USES = {
    "the classifier": (
        train_classifier,
        lambda: train_classifier.fit(IMAGES, LABELS, 2, 2, lambda *_: None),
    ),
    "the reference": (reference, lambda: (choose(IMAGES, "", 9), split_reference(IMAGES, "", 9))),
    "the subsets": (kernel_distance, lambda: subset_distances(VALUES, VALUES + 1, 2, 9)),
    "the classes": (generate, lambda: generate.labels_in_proportion(LABELS, 9, 0)),
}


def drawn(monkeypatch, use):
    """Return the seeds and streams of a use of random numbers."""
    module, run = USES[use]
    asked = set()

    def record(seed, stream, *position):
        asked.add((seed, stream))
        return generator(seed, stream, *position)

    with monkeypatch.context() as patch:
        patch.setattr(module, "generator", record)
        run()
    return asked


@pytest.mark.parametrize(("one", "other"), list(combinations(USES, 2)))
def test_the_metrics_share_no_random_numbers(monkeypatch, one, other):
    first, second = drawn(monkeypatch, one), drawn(monkeypatch, other)
    assert len(first) == len(second) == 1
    # With the same seed, so that only the streams keep them apart.
    assert {seed for seed, _ in first} == {seed for seed, _ in second} == {0}
    numbers = [generator(*key).random(4) for key in (*first, *second)]
    assert not np.isin(numbers[0], numbers[1]).any()
