"""Features of a network in an ONNX file: their numbers, their names, their cache, their errors."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest

from gankit.errors import BackendUnavailable, ConfigError
from gankit.evaluation import Evaluator, choose, evaluate, onnx_features
from gankit.evaluation.features import onnx_features as module
from tests.onnx_networks import WEIGHTS, write_network, write_rows

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GANKIT_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "features"


def colours(n=70, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 6, 4, 3), np.uint8)


def counted(features):
    """Return a list of the number of images of each batch that the network gets from now on."""
    batches, run = [], features.run

    def noted(inputs):
        batches.append(len(inputs))
        return run(inputs)

    object.__setattr__(features, "run", noted)
    return batches


@pytest.mark.parametrize("shape", [("n", "h", "w", 3), ("n", 3, "h", "w")])
def test_the_features_are_the_networks_output(tmp_path, shape):
    features = onnx_features(write_network(tmp_path / "a.onnx", shape))
    expected = colours().mean((1, 2)) @ WEIGHTS.astype(np.float64)
    found = features(colours())
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-3)


def test_real_images_are_compared_by_their_levels(tmp_path):
    features = onnx_features(write_network(tmp_path / "a.onnx"))
    reals = colours().astype(np.float32) / 127.5 - 1
    np.testing.assert_array_equal(features(reals), features(colours()))


def test_the_name_has_the_file_its_sha256_and_the_rules(tmp_path):
    path = write_network(tmp_path / "tiny.onnx", ("n", 3, 9, 8))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    features = onnx_features(path)
    assert features.name == (
        f"5 features of tiny.onnx (SHA-256 {sha256[:16]}; NCHW, 3 channels, resized to 9x8 "
        "(bilinear, antialiased, rounded), levels from 0 to 255)"
    )
    assert features.statement == f"tiny.onnx, SHA-256 {sha256}"


def test_other_weights_under_the_same_name_are_other_features(tmp_path):
    first = onnx_features(write_network(tmp_path / "a.onnx"))
    second = onnx_features(write_network(tmp_path / "a.onnx", weights=WEIGHTS + 1))
    assert first.name != second.name


def test_grey_images_for_a_colour_network_warn_once(tmp_path):
    grey = colours()[..., :1]
    features = onnx_features(write_network(tmp_path / "a.onnx"))
    with pytest.warns(UserWarning, match="each grey image is given as 3 equal channels") as said:
        found = evaluate(grey, choose(grey, "grey"), features)
    assert len(said) == 1
    assert found.frechet == pytest.approx(0, abs=1e-3)


def test_colours_for_a_grey_network_are_refused(tmp_path):
    path = write_network(tmp_path / "a.onnx", ("n", "h", "w", 1), weights=WEIGHTS[:1])
    with pytest.raises(ConfigError, match=r"a\.onnx: got images of 3 channels; expected 1"):
        Evaluator(choose(colours(), "colours"), onnx_features(path))


def test_the_features_of_real_images_are_cached(tmp_path, cache):
    path = write_network(tmp_path / "a.onnx")
    first, second = onnx_features(path), onnx_features(path)
    expected = first.of_real(colours())
    batches = counted(second)
    np.testing.assert_array_equal(second.of_real(colours()), expected)
    assert batches == []
    assert len(list(cache.iterdir())) == 1


def test_other_images_and_other_files_have_other_cached_features(tmp_path, cache):
    features = onnx_features(write_network(tmp_path / "a.onnx"))
    other = onnx_features(write_network(tmp_path / "b.onnx", weights=WEIGHTS + 1))
    features.of_real(colours())
    batches = counted(features)
    np.testing.assert_array_equal(features.of_real(colours(seed=1)), features(colours(seed=1)))
    assert batches
    np.testing.assert_array_equal(other.of_real(colours()), other(colours()))
    assert len(list(cache.iterdir())) == 3


def test_generated_images_are_not_cached(tmp_path, cache):
    evaluator = Evaluator(
        choose(colours(), "colours"), onnx_features(write_network(tmp_path / "a.onnx"))
    )
    evaluator(colours(seed=1))
    assert len(list(cache.iterdir())) == 1
    evaluator(colours(seed=2), real=True)
    assert len(list(cache.iterdir())) == 2


def test_a_damaged_cache_is_reported_and_computed_again(tmp_path, cache):
    features = onnx_features(write_network(tmp_path / "a.onnx"))
    expected = features.of_real(colours())
    (file,) = cache.iterdir()
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.warns(UserWarning, match="checksum does not match.*; computing the features again"):
        found = features.of_real(colours())
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(features.of_real(colours()), expected)


def text(path):
    path.write_text("no network", "utf-8")
    return path


def cut(path):
    path.write_bytes(write_network(path).read_bytes()[:-40])
    return path


def empty(path):
    path.write_bytes(b"")
    return path


def folder(path):
    path.mkdir()
    return path


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (text, "ONNX Runtime cannot open it: Failed to load model because protobuf parsing failed"),
        (cut, "ONNX Runtime cannot open it: "),
        (empty, "ONNX Runtime cannot open it: "),
        (folder, "is a directory"),
        (lambda path: path, "is missing"),
        (lambda path: write_network(path, outside="beside.bin"), "with its weights inside"),
        (lambda path: write_network(path, dtype="int64"), "got an input of type tensor(int64)"),
        (lambda path: write_network(path, (1, 6, 4, 3)), "got an input (1, 6, 4, 3); expected"),
        (lambda path: write_network(path, ending=["Log", "Log"]), "not a finite number"),
    ],
    ids=["text", "cut", "empty", "folder", "missing", "outside", "int64", "one", "nan"],
)
def test_another_file_is_an_error_of_one_line(tmp_path, monkeypatch, capfd, make, said):
    monkeypatch.chdir(tmp_path)
    path = make(Path("a.onnx"))
    with pytest.raises(ConfigError) as error:
        onnx_features(path).check((6, 4, 3))
    message = str(error.value)
    assert "a.onnx" in message.partition(":")[0]
    assert said in message
    assert "\n" not in message
    assert capfd.readouterr().err == ""


def test_a_network_that_fails_is_an_error_of_one_line(tmp_path, capfd):
    path = write_rows(tmp_path / "a.onnx")
    onnx_features(path).check((1, 5, 1))
    with pytest.raises(ConfigError) as error:
        onnx_features(path).check((1, 4, 1))
    message = str(error.value)
    assert message.startswith("a.onnx: the network fails: ")
    assert "\n" not in message
    assert "ONNXRuntimeError" not in message
    assert capfd.readouterr().err == ""


def test_without_onnx_runtime_the_error_says_what_to_install(tmp_path, monkeypatch):
    path = write_network(tmp_path / "a.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(BackendUnavailable, match=r"pip install 'gankit\[features\]'"):
        onnx_features(path)


def test_many_images_are_given_in_batches(tmp_path, monkeypatch):
    features = onnx_features(write_network(tmp_path / "a.onnx"))
    expected = features(colours())
    monkeypatch.setattr(module, "BATCH", 16)
    batches = counted(features)
    np.testing.assert_allclose(features(colours()), expected, rtol=1e-6)
    assert batches == [16, 16, 16, 16, 6]
