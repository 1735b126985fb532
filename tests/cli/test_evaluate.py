"""`gankit evaluate`, as people and scripts use it."""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import gankit
from gankit import plugins
from gankit.contract import LabelFormat
from gankit.data import ImageSet
from gankit.errors import ConfigError, DataError, ExitCode
from gankit.evaluation import Evaluator, choose, classifier_of, nearest_images, split_reference
from gankit.evaluation.features import classifier
from gankit.launch.evaluation import evaluate, generate, progress, reference_data
from gankit.runs import RunFolder, evaluation_log, read_checkpoint
from gankit.testing import images as problem_images
from gankit.visual import images
from tests.evaluation_runs import CONFIG, dataset, drawn, write

COUNT = ("-n", "60")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Return a folder for the classifiers that all tests here share."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def quick(machine, cache, monkeypatch):
    """Give each test an empty machine and fast classifiers."""
    monkeypatch.setenv("GANKIT_HOME", str(cache))
    monkeypatch.setattr(classifier, "steps_for", lambda _: 60)
    write(machine / "digits.npz")
    (machine / "run.toml").write_text(CONFIG, "utf-8")


@pytest.fixture
def run(command):
    """Return the folder of a run of 20 steps on images of its own."""
    return trained(command, "./digits.npz")


def trained(command, dataset, *more):
    words = ["train", "--config", "run.toml", "--dataset", dataset, "--out", "run", *more]
    ended = command(*words)
    assert ended.code == 0, ended.err
    return Path("run")


def named(monkeypatch, **parts):
    """Register the data set "few", which has a test split."""
    found = dataset(**parts)
    monkeypatch.setattr(plugins, "get_dataset", lambda name: {"few": found}[name])
    return found


def there():
    return {p: p.is_file() and p.read_bytes() for p in Path().rglob("*")}


def log(run):
    return evaluation_log.read(run / "evaluations.jsonl")


def test_evaluating_a_run_prints_a_table_and_writes_a_log_line_and_a_picture(command, run):
    ended = command("evaluate", run, *COUNT)
    assert ended.code == 0, ended.err
    (row,) = log(run)
    lines = ended.out.splitlines()
    assert lines[0].split() == ["this", "run", "real", "images", "better", "is"]
    assert lines[1].startswith("Fréchet distance ")
    assert lines[1].split()[2:] == [
        f"{row['frechet']:.4g}",
        f"{row['baseline']['frechet']:.4g}",
        "lower",
    ]
    said = " ".join(ended.out.split())
    assert "run after step 20: 60 images, seed 0." in said
    assert "Real images: 60 others of the 300 training images of digits.npz, seed 0." in said
    assert "Compared with 150 of the 300 training images of digits.npz, seed 0" in said
    assert "by 64 classifier and 18 local features (" in said
    assert max(map(len, lines)) <= 80
    assert (row["step"], row["seed"], row["samples"]) == (20, 0, 60)
    with Image.open(run / "nearest/000020.png") as picture:
        assert picture.size == (10 * 30 - 2, 2 * 58 - 2)


def test_no_metric_is_called_fid(command, run):
    ended = command("evaluate", run, *COUNT)
    assert "FID" not in " ".join(ended.out.split()).replace("it is not the FID", "")
    assert "fid" not in map(str.lower, log(run)[0])


class Brightness:
    """Features of a plugin: the mean of each half."""

    name = "halves"

    def __call__(self, images):
        return np.stack([images[:, :14].mean(axis=(1, 2, 3)), images.mean(axis=(1, 2, 3))], axis=1)


class Sorted(Brightness):
    """Features of a plugin that also classifies: dark or bright."""

    def probabilities(self, images):
        bright = images.mean(axis=(1, 2, 3)) / 255
        return np.stack([1 - bright, bright], axis=1)


def test_a_plugins_features_are_compared_and_named(command, run, registered):
    registered(Brightness())
    ended = command("evaluate", run, *COUNT, "--features", "halves")
    assert ended.code == 0, ended.err
    said = " ".join(ended.out.split())
    assert "by halves, k = 5." in said
    assert "FID" not in said
    assert "Classifier score" not in said
    (found,) = log(run)
    assert (found["features"], found["requested_features"]) == ("halves", "halves")
    run = gankit.load(run)
    assert run.evaluate(n=60, features="halves").frechet == found["frechet"]
    assert run.evaluate(n=60, features=Brightness()).frechet == found["frechet"]
    assert run.evaluate(n=60).features != "halves"


def test_a_plugins_features_with_probabilities_give_a_classifier_score(command, run, registered):
    registered(Sorted())
    command("evaluate", run, *COUNT, "--features", "halves")
    (found,) = log(run)
    assert 1 <= found["score"] <= 2
    assert len(found["histogram"]) == 2


def returns(values):
    return lambda _: values


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda _: 1 / 0, "ZeroDivisionError: division by zero (test_evaluate.py, line "),
        (returns(None), "got an array of shape () for 150 images; expected (150, d)"),
        (returns([["a"]]), "ValueError: could not convert"),
        (returns(np.zeros((3, 2))), "got an array of shape (3, 2) for 150 images"),
        (lambda images: np.full((len(images), 2), np.nan), "got a value that is not finite"),
    ],
    ids=["raises", "none", "text", "shape", "nan"],
)
def test_wrong_features_of_a_plugin_are_an_error_of_one_line(
    command, run, registered, function, said
):
    class Wrong(Brightness):
        def __call__(self, images):
            return function(images[:150])

    registered(Wrong())
    ended = command("evaluate", run, "-n", "150", "--features", "halves")
    assert ended.code == ExitCode.BACKEND
    assert ended.last.startswith(f"gankit: features 'halves': {said}")
    assert not (run / "evaluations.jsonl").exists()


def test_wrong_probabilities_of_a_plugin_are_an_error_of_one_line(command, run, registered):
    class Wrong(Sorted):
        def probabilities(self, images):
            return 2 * super().probabilities(images)

    registered(Wrong())
    ended = command("evaluate", run, *COUNT, "--features", "halves")
    assert ended.code == ExitCode.BACKEND
    assert "probabilities of features 'halves': got rows that do not sum to 1" in ended.last


def test_unknown_features_are_refused_before_images_are_read(command, run, registered):
    registered(Brightness())
    Path("digits.npz").unlink()
    ended = command("evaluate", run, *COUNT, "--features", "halfs")
    assert ended.code == ExitCode.USAGE
    assert "unknown features 'halfs'; known: halves (did you mean 'halves'?)" in ended.last


def test_json_is_one_object_with_what_the_log_has(command, run):
    ended = command("evaluate", run, *COUNT, "--json")
    found = json.loads(ended.out)
    assert found.pop("run") == "run"
    assert [found] == log(run)
    assert {"features", "reference", "samples", "reference_samples", "seed"} <= found.keys()
    assert (
        found["baseline"]["split"] == "60 others of the 300 training images of digits.npz, seed 0"
    )


def test_the_metrics_are_those_of_the_images_that_sample_makes(command, run):
    command("evaluate", run, *COUNT, "--seed", "3")
    training, labels = drawn()
    reference, others = split_reference(training, "training images of digits.npz")
    data = ImageSet(training, labels, "")
    evaluator = Evaluator(reference, classifier_of(data), training=training)
    made = gankit.load("run").sample(60, seed=3)
    (row,) = log(run)
    baseline = row.pop("baseline")
    assert row == {"step": 20, "seed": 3, **evaluator(made).as_json()}
    assert baseline.pop("split")
    assert baseline == evaluator(others.images[:60], own=others.index[:60]).as_json()


def test_split_off_images_are_not_in_the_reference():
    some = np.arange(101, dtype=np.uint8).reshape(-1, 1, 1, 1)
    first, second = (part.images.ravel().tolist() for part in split_reference(some, "images"))
    assert (len(first), len(second)) == (50, 50)
    assert not set(first) & set(second)
    assert len(split_reference(some, "images", 20)[1].images) == 20
    with pytest.raises(ConfigError, match="at least 4"):
        split_reference(some[:3], "images")


def test_test_images_give_the_baseline_with_the_same_reference(command, monkeypatch):
    few = named(monkeypatch)
    run = trained(command, "few")
    command("evaluate", run, *COUNT)
    (row,) = log(run)
    assert row["reference"] == row["baseline"]["reference"] == "all 200 training images of few"
    test = choose(few.test(None).images, "test images of few", 60)
    assert row["baseline"]["split"] == test.split == "60 of the 80 test images of few, seed 0"
    evaluator = Evaluator(
        choose(few.load(None).images, row["reference"]), classifier_of(few.load(None))
    )
    assert row["baseline"]["frechet"] == evaluator(test.images).frechet
    assert row["baseline"]["frechet"] < row["frechet"]


def test_a_second_evaluation_reuses_the_baseline_and_writes_nothing(command, run, monkeypatch):
    first = command("evaluate", run, *COUNT)
    before = (run / "evaluations.jsonl").read_bytes()
    monkeypatch.setattr(
        reference_data.ReferenceData, "baseline", lambda *_: pytest.fail("measured again")
    )
    again = command("evaluate", run, *COUNT)
    assert again.out == first.out
    assert (run / "evaluations.jsonl").read_bytes() == before
    other = command("evaluate", run, *COUNT, "--seed", "1")
    assert "real images" in other.out
    assert [row["seed"] for row in log(run)] == [0, 1]


def test_without_the_baseline_there_is_one_column(command, run):
    ended = command("evaluate", run, *COUNT, "--no-baseline")
    assert "real images " not in ended.out.splitlines()[0]
    assert "baseline" not in log(run)[0]
    assert (
        json.loads(command("evaluate", run, *COUNT, "--no-baseline", "--json").out)["baseline"]
        is None
    )


def test_missing_test_images_remove_only_the_baseline(command, monkeypatch):
    def lost(_):
        raise DataError("the test images are not here; fetch them")

    named(monkeypatch, test=lost)
    run = trained(command, "few")
    ended = command("evaluate", run, *COUNT)
    assert ended.code == 0
    assert "no real-image baseline: the test images are not here" in ended.err
    assert "baseline" not in log(run)[0]


def test_images_without_classes_are_evaluated_by_principal_components(command, machine):
    write(machine / "bare.npz", labelled=False)
    run = trained(command, "./bare.npz")
    ended = command("evaluate", run, *COUNT)
    assert ended.code == 0, ended.err
    assert log(run)[0]["features"].startswith("64 principal components and 18 local features (")
    assert "Classes seen" not in ended.out


def test_the_suites_digits_can_be_the_reference(command, monkeypatch):
    # MNIST, where the suite has it.
    digits = problem_images()
    few = dataset(test=lambda _: ImageSet(digits[128:], None, "digits"))
    monkeypatch.setattr(plugins, "get_dataset", lambda _: few)
    run = trained(command, "few")
    assert command("evaluate", run, *COUNT).code == 0
    assert log(run)[0]["baseline"]["split"] == "60 of the 128 test images of few, seed 0"


def test_a_run_that_is_being_trained_can_be_evaluated(command, run):
    folder = RunFolder(run)
    with folder.lock():
        ended = command("evaluate", run, *COUNT)
    assert ended.code == 0
    assert len(log(run)) == 1


def test_only_the_log_and_the_picture_are_written(command, run):
    before = there()
    command("evaluate", run, *COUNT)
    after = there()
    assert {str(path) for path in after.keys() - before.keys()} == {
        "run/evaluations.jsonl",
        "run/nearest",
        "run/nearest/000020.png",
    }
    assert all(after[path] == content for path, content in before.items())


def test_in_a_read_only_folder_the_metrics_are_printed_without_a_log(command, run, monkeypatch):
    def refuse(_):
        raise OSError(errno.EROFS, "read-only")

    monkeypatch.setattr("gankit._utils.atomic_files.open_to_append", refuse)
    ended = command("evaluate", run, *COUNT)
    assert ended.code == 0
    assert "Fréchet distance" in ended.out
    log = run / "evaluations.jsonl"
    said = f"the evaluation was not saved: cannot write {log}: the file system is read-only"
    assert said in ended.err
    assert not log.exists()
    assert not (run / "nearest").exists()


def test_a_damaged_log_is_unchanged_and_the_metrics_are_printed(command, run):
    (run / "evaluations.jsonl").write_text("{}\n")
    ended = command("evaluate", run, *COUNT)
    assert ended.code == 0
    assert "Fréchet distance" in ended.out
    assert "the evaluation will not be saved: run/evaluations.jsonl, line 1: " in ended.err
    assert (run / "evaluations.jsonl").read_text() == "{}\n"


def ruined(run):
    """Make weights finite but so large that images are not."""
    folder = RunFolder(run)
    last = read_checkpoint(folder.checkpoints.path(20))
    huge = {
        name: np.where(array > 0, 3e38, -3e38).astype(array.dtype)
        if name.startswith("generator/")
        else array
        for name, array in last.state.items()
    }
    folder.checkpoints.save(20, huge, last.info)


BAD = {
    "no run": (lambda _: None, ("nothing", *COUNT), 4, "no run folder at 'nothing'"),
    "a folder without a run": (lambda _: None, (".", *COUNT), 4, "config.toml"),
    "too few images": (lambda _: None, ("run", "-n", "5"), 2, "images: got 5; expected more"),
    "no images": (lambda _: None, ("run", "-n", "0"), 2, "images: got 0"),
    "a negative seed": (lambda _: None, ("run", *COUNT, "--seed", "-1"), 2, "seed"),
    "an unknown backend": (
        lambda _: None,
        ("run", *COUNT, "--backend", "numpi"),
        2,
        "did you mean 'numpy'",
    ),
    "no best": (lambda _: None, ("run", *COUNT, "--best"), 4, "run has no best checkpoint"),
    "data that is gone": (lambda _: Path("digits.npz").unlink(), ("run", *COUNT), 3, "digits.npz"),
    "other data": (
        lambda _: np.savez("digits.npz", images=drawn(300, 9)[0]),
        ("run", *COUNT),
        3,
        "trained on other images than",
    ),
    "no checkpoint": (
        lambda run: shutil.rmtree(run / "checkpoints"),
        ("run", *COUNT),
        4,
        "no valid checkpoint",
    ),
    "weights that make no image": (ruined, ("run", *COUNT), 6, "step 20: an image contains nan"),
}


def test_a_run_without_a_best_checkpoint_is_refused_before_images_are_read(command, run):
    Path("digits.npz").unlink()
    ended = command("evaluate", run, *COUNT, "--best")
    assert ended.code == 4
    assert "run has no best checkpoint" in ended.err


@pytest.mark.parametrize(("spoil", "words", "code", "named"), BAD.values(), ids=BAD)
def test_bad_input_gets_one_line_the_right_exit_code_and_writes_nothing(
    command, run, spoil, words, code, named
):
    spoil(run)
    before = there()
    ended = command("evaluate", *words, "--no-progress")
    assert ended.code == code, ended.err
    assert ended.out == ""
    *said, last = ended.err.splitlines()
    assert last.startswith("gankit: ")
    assert named in last
    assert not [line for line in said if line.startswith("gankit: ") and "warning" not in line]
    assert there() == before


def test_a_reference_of_few_images_is_refused(command, machine):
    np.savez(machine / "tiny.npz", images=drawn(11)[0])
    run = trained(command, "./tiny.npz")
    ended = command("evaluate", run, *COUNT)
    assert ended.code == ExitCode.DATA
    assert "got 11 images; expected 12 or more" in ended.err


def test_the_classifiers_training_shows_progress(command, run, cache, monkeypatch):
    shutil.rmtree(cache / "classifiers", ignore_errors=True)
    seen = []
    monkeypatch.setattr(
        "gankit.callbacks.stage_bar.StageBar.__call__",
        lambda _, stage, part: seen.append((stage, part)),
    )
    assert command("evaluate", run, *COUNT).code == 0
    assert (progress.TRAINING, 1.0) in seen
    stages = list(dict.fromkeys(stage for stage, _ in seen))
    assert stages.index(progress.TRAINING) < stages.index(progress.GENERATING)
    assert stages[-1] == f"{progress.BASELINE}classes"
    assert all(0 <= part <= 1 for _, part in seen)


def test_evaluating_in_python_returns_the_metrics_and_writes_nothing(command, run):
    command("evaluate", run, *COUNT)
    before = there()
    found = gankit.load("run").evaluate(n=60)
    (row,) = log(run)
    assert found.as_json() == {key: row[key] for key in found.as_json()}
    assert there() == before


def test_images_are_made_in_parts_and_equal_those_of_sample(run):
    opened = gankit.load(run)
    chunks = list(opened.chunks(2500, seed=2))
    assert [len(chunk) for chunk in chunks] == [1024, 1024, 452]
    made = generate.generate_images(opened, 2500, seed=2)
    assert made.dtype == np.uint8
    np.testing.assert_array_equal(made, images.to_uint8(opened.sample(2500, seed=2)))


class Perfect:
    """A run whose generator makes real digits of the given class."""

    problem = SimpleNamespace(
        generator_classes=10, generator_labels=LabelFormat(classes=10), takes_source=False,
        source=None, terms_of=lambda _: [],
    )  # fmt: skip
    class_names, step = (), 1

    def __init__(self, images, labels):
        self.pools = [images[labels == label] for label in range(10)]

    def chunks(self, count, seed, labels=None, *, source=None):  # noqa: ARG002 - as of a run.
        random = np.random.default_rng(seed)
        self.asked = labels = np.arange(count) % 10 if labels is None else labels
        yield np.stack([random.choice(self.pools[label]) for label in labels]) / 127.5 - 1


def test_classes_are_sampled_as_often_as_the_data_have_them():
    (digits, labels), held_out = drawn(2400), drawn(2000, seed=2)
    few = np.concatenate([np.flatnonzero(labels == 3), np.flatnonzero(labels != 3)[:200]])
    skewed = ImageSet(digits[few], labels[few], "skewed")
    reference = reference_data.make(skewed, "./skewed.npz")
    run = Perfect(*held_out)
    row, _ = evaluate.evaluate_for_log(reference, run, 200)
    counts = np.bincount(skewed.labels) / len(skewed) * 200
    assert counts[3] > 100
    assert np.abs(np.bincount(run.asked) - counts).max() < 1
    assert row["frechet"] < 3 * row["baseline"]["frechet"]


def test_class_shares_are_exact_and_the_seed_decides_the_order():
    data = np.repeat([0, 1, 3], [5, 330, 665])
    found = generate.labels_in_proportion(data, 100, seed=0)
    assert np.abs(np.bincount(found) - np.bincount(data) / 10).max() < 1
    assert not np.array_equal(found, np.sort(found))
    np.testing.assert_array_equal(found, generate.labels_in_proportion(data, 100, seed=0))
    assert not np.array_equal(found, generate.labels_in_proportion(data, 100, seed=1))


def test_a_training_image_is_not_its_own_nearest_image(command, run):
    command("evaluate", run, *COUNT)
    (row,) = log(run)
    assert row["baseline"]["nearest"] > 0.1


def test_the_nearest_training_image_is_below_each_image_of_the_picture(command, run):
    command("evaluate", run, *COUNT)
    with Image.open(run / "nearest/000020.png") as picture:
        pixels = np.asarray(picture)
    made = generate.generate_images(gankit.load("run"), 60)
    training = drawn()[0]
    for i, (down, along) in enumerate([(0, 0), (0, 30), (0, 60)]):
        pair = pixels[down : down + 56, along : along + 28]
        np.testing.assert_array_equal(pair[:28], made[i, ..., 0])
        nearest = nearest_images(made[[i]], training)[0][0]
        np.testing.assert_array_equal(pair[28:], training[nearest, ..., 0])
