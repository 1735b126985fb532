"""The classifier: what it learns, and that the cached one equals the trained one."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from gankit._utils import atomic_files
from gankit.data import ImageSet
from gankit.errors import ConfigError, DataError, StorageError
from gankit.evaluation import classifier_of
from gankit.evaluation.features import (
    array_cache,
    classifier,
    local_features,
    train_classifier,
)
from gankit.runs import tensors

STEPS = 60


def made(seed=0, count=300, shape=(8, 6, 2), classes=3):
    """Return images whose class is the third of their columns that is bright."""
    random = np.random.default_rng(seed)
    labels = random.integers(classes, size=count)
    images = random.integers(0, 120, (count, *shape), dtype=np.uint8)
    wide = shape[1] // classes
    for image, label in zip(images, labels, strict=True):
        image[:, label * wide : (label + 1) * wide] += 100
    return ImageSet(images, labels.astype(np.int64), "made")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GANKIT_HOME", str(tmp_path))
    return tmp_path / "classifiers"


@pytest.fixture
def trainings(monkeypatch):
    """Return a list that grows with each training."""
    done = []

    def fit(*arguments):
        done.append(arguments)
        return train_classifier.fit(*arguments)

    monkeypatch.setattr(classifier, "fit", fit)
    return done


def same(a, b):
    return (a.name, a.shape) == (b.name, b.shape) and all(
        a.weights[name].tobytes() == b.weights[name].tobytes() for name in a.weights
    )


@pytest.mark.parametrize("shape", [(8, 6, 2), (28, 28, 1), (40, 36, 3)])
def test_the_classifier_separates_new_images(shape):
    found = classifier_of(made(shape=shape), steps=STEPS)
    other = made(seed=1, shape=shape)
    chances = found.probabilities(other.images)
    assert (chances.argmax(1) == other.labels).mean() > 0.95
    np.testing.assert_allclose(chances.sum(1), 1, rtol=1e-12)
    assert found(other.images).shape == (300, 64 + 18 * shape[-1])
    assert found(other.images).dtype == np.float64


def test_bounded_local_features_are_added_to_those_of_the_network():
    data = made()
    found = classifier_of(data, steps=STEPS)
    values = found(data.images)
    assert found.name.startswith("64 classifier and 36 local features (")
    np.testing.assert_allclose(
        values[:, 64:], local_features.features(found.weights, data.images), rtol=1e-6
    )
    spread = np.sqrt(values[:, :64].var(0).mean())
    np.testing.assert_allclose(found.weights["local.bound"], 0.4 * spread, rtol=1e-3)


def test_a_classifier_of_an_earlier_version_is_not_used(cache, trainings, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(classifier, "VERSION", "classifier 1")
        old = classifier_of(made(), steps=2)
    new = classifier_of(made(), steps=2)
    assert len(trainings) == len(list(cache.iterdir())) == 2
    assert same(old, new)


def test_real_numbers_and_levels_of_the_same_images_have_the_same_features():
    data = made()
    found = classifier_of(data, steps=2)
    np.testing.assert_array_equal(found(data.images / 127.5 - 1), found(data.images))


def test_training_twice_gives_the_same_bytes(monkeypatch, tmp_path, trainings):
    found = []
    for home in ("a", "b"):
        monkeypatch.setenv("GANKIT_HOME", str(tmp_path / home))
        found.append(classifier_of(made(), steps=STEPS))
    assert len(trainings) == 2
    assert same(*found)


def test_the_second_time_the_classifier_is_read_and_has_the_same_bytes(trainings):
    first, second = (classifier_of(made(), steps=5) for _ in range(2))
    assert len(trainings) == 1
    assert same(first, second)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: ImageSet(d.images ^ np.uint8(1), d.labels, d.source),
        lambda d: ImageSet(d.images, d.labels[::-1], d.source),
        lambda d: ImageSet(d.images.reshape(300, 6, 8, 2), d.labels, d.source),
        lambda d: ImageSet(d.images, d.labels, d.source, ("a", "b", "c", "d")),
    ],
    ids=["images", "labels", "shape", "classes"],
)
def test_other_data_have_another_classifier(cache, trainings, change):
    first, second = classifier_of(made(), steps=2), classifier_of(change(made()), steps=2)
    assert len(trainings) == len(list(cache.iterdir())) == 2
    assert not same(first, second)


def flipped(content):
    """Change one bit of the last array's last number."""
    return content[:-1] + bytes([content[-1] ^ 1])


def edited(change):
    """Return a function that rewrites the file with other arrays and a valid checksum."""

    def edit(content):
        arrays = tensors.decode(content)
        arrays.pop(array_cache.CHECKSUM)
        changed = change(arrays)
        return tensors.encode({**changed, array_cache.CHECKSUM: array_cache.checksum(changed)})

    return edit


DAMAGE = {
    "cut short": (lambda content: content[:-100], "not a safetensors file"),
    "empty": (lambda _: b"", "not a safetensors file"),
    "a bit": (flipped, "the checksum does not match"),
    "no sum": (
        lambda c: tensors.encode(
            {k: v for k, v in tensors.decode(c).items() if k != array_cache.CHECKSUM}
        ),
        "the checksum does not match",
    ),
    "a name": (
        edited(lambda a: {k: v for k, v in a.items() if k != "logits.bias"}),
        "has no 'logits.bias'",
    ),
    "a shape": (edited(lambda a: {**a, "logits.bias": np.zeros(4, np.float32)}), "got shape"),
    "a kind": (edited(lambda a: {**a, "logits.bias": np.zeros(3)}), "holds float64"),
    "no number": (
        edited(lambda a: {**a, "logits.bias": np.full(3, np.nan, np.float32)}),
        "holds nan",
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_classifier_is_reported_and_made_again(cache, trainings, kind):
    damage, reason = DAMAGE[kind]
    first = classifier_of(made(), steps=3)
    (path,) = cache.iterdir()
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert path.read_bytes() != whole
    with pytest.warns(UserWarning, match=f"^ignored [^\n]*{reason}[^\n]*$"):
        second = classifier_of(made(), steps=3)
    assert len(trainings) == 2
    assert same(first, second)
    assert path.read_bytes() == whole


def test_a_link_in_the_cache_is_not_followed(cache, trainings, tmp_path):
    classifier_of(made(), steps=3)
    (path,) = cache.iterdir()
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.warns(UserWarning, match="ignored"):
        classifier_of(made(), steps=3)
    assert len(trainings) == 2


def test_an_unwritable_cache_gives_a_warning_of_one_line(monkeypatch):
    def refuse(path: Path, _: bytes) -> None:
        raise StorageError(f"{path}: read-only file system")

    monkeypatch.setattr(atomic_files, "write_file", refuse)
    with pytest.warns(UserWarning, match="^the classifier was not saved [^\n]*read-only[^\n]*$"):
        found = classifier_of(made(), steps=STEPS)
    assert (found.probabilities(made().images).argmax(1) == made().labels).mean() > 0.95


def test_a_cache_that_is_a_file_gives_a_warning(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GANKIT_HOME", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="the classifier was not saved"):
        classifier_of(made(), steps=2)


def test_progress_ends_at_the_last_step_with_no_time_left():
    told = []
    classifier_of(made(), steps=45, progress=lambda *line: told.append(line))
    assert [done for done, _, _ in told] == [20, 40, 45]
    assert {total for _, total, _ in told} == {45}
    assert told[0][2] > 0
    assert told[-1][2] == 0


def test_images_mapped_from_a_file_give_the_same_classifier(tmp_path, trainings):
    data = made()
    np.save(tmp_path / "images.npy", data.images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    first = classifier_of(data, steps=3)
    assert same(first, classifier_of(ImageSet(mapped, data.labels, "mapped"), steps=3))
    assert len(trainings) == 1


def test_impossible_training_data_is_refused():
    data = made()
    with pytest.raises(DataError, match=r"no classes.*principal_components"):
        classifier_of(ImageSet(data.images, None, "made"))
    with pytest.raises(DataError, match="no images"):
        classifier_of(ImageSet(data.images[:0], data.labels[:0], "made"))
    with pytest.raises(ConfigError, match="steps: got 0"):
        classifier_of(data, steps=0)


def test_images_of_another_shape_are_refused():
    found = classifier_of(made(), steps=2)
    with pytest.raises(ConfigError, match="8x6x1 but the classifier has 8x6x2"):
        found(made().images[..., :1])


def test_a_successful_training_gives_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        classifier_of(made(), steps=2)
        classifier_of(made(), steps=2)
