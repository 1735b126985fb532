"""`gankit evaluate --features FILE.onnx`: figures by the network in a file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import gankit
from gankit.errors import ConfigError, ExitCode
from gankit.evaluation.features.onnx_features import CACHE
from gankit.runs import evaluation_log
from tests.evaluation_runs import CONFIG, write
from tests.onnx_networks import write_network

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

COUNT = ("-n", "60")
GREY = np.random.default_rng(3).standard_normal((1, 5)).astype(np.float32)


@pytest.fixture
def run(machine, command):
    """Return the folder of a run of 20 steps, beside the file `tiny.onnx`."""
    write(machine / "digits.npz", labelled=False)
    (machine / "run.toml").write_text(CONFIG, "utf-8")
    write_network(machine / "tiny.onnx", ("n", 1, 20, 20), weights=GREY)
    words = "train", "--config", "run.toml", "--dataset", "./digits.npz", "--out", "run"
    ended = command(*words)
    assert ended.code == 0, ended.err
    return Path("run")


def log(run):
    return evaluation_log.read(run / "evaluations.jsonl")


def test_the_file_its_sha256_and_the_rules_name_the_figures(command, run):
    ended = command("evaluate", run, *COUNT, "--features", "tiny.onnx")
    assert ended.code == 0, ended.err
    (row,) = log(run)
    assert row["requested_features"].startswith("tiny.onnx, SHA-256 ")
    sha256 = row["requested_features"].rpartition(" ")[2]
    assert len(sha256) == 64
    name = (
        f"5 features of tiny.onnx (SHA-256 {sha256[:16]}; NCHW, 1 channel, resized to 20x20 "
        "(bilinear, antialiased, rounded), levels from 0 to 255)"
    )
    assert row["features"] == row["baseline"]["features"] == name
    said = " ".join(ended.out.split())
    assert f"by {name}, k = 5." in said
    assert "FID" not in said
    assert row["score"] is None


def test_python_gives_the_same_figures_by_the_path(command, run):
    command("evaluate", run, *COUNT, "--features", "tiny.onnx")
    loaded, (row,) = gankit.load(run), log(run)
    for path in ("tiny.onnx", Path("tiny.onnx")):
        found = loaded.evaluate(n=60, features=path)
        assert (found.features, found.frechet) == (row["features"], row["frechet"])


@pytest.mark.parametrize("given", [3, len], ids=["number", "function"])
def test_a_value_that_is_no_features_is_refused(run, given):
    with pytest.raises(ConfigError, match=r"features: got .*; expected the path of an ONNX file"):
        gankit.load(run).evaluate(n=60, features=given)


def test_a_second_evaluation_reads_the_features_of_real_images_from_the_cache(
    command, run, monkeypatch
):
    first = command("evaluate", run, *COUNT, "--features", "tiny.onnx", "--json")
    assert len(list(CACHE.path_of("x").parent.iterdir())) == 2  # The reference, and the baseline.

    def written(*_):
        raise AssertionError("they were computed again")

    monkeypatch.setattr(type(CACHE), "write", written)
    (run / "evaluations.jsonl").unlink()
    second = command("evaluate", run, *COUNT, "--features", "tiny.onnx", "--json")
    assert second.code == 0, second.err
    assert json.loads(second.out) == json.loads(first.out)


def test_figures_by_a_file_never_choose_the_best_step(command, run):
    command("evaluate", run, *COUNT, "--features", "tiny.onnx")
    assert evaluation_log.best(log(run), [20], 60) is None


def test_grey_images_for_a_colour_network_are_a_warning(command, run):
    write_network(Path("colour.onnx"), ("n", 20, 20, 3))
    ended = command("evaluate", run, *COUNT, "--features", "colour.onnx")
    assert ended.code == 0, ended.err
    assert ended.err.count("each grey image is given as 3 equal channels") == 1


@pytest.mark.parametrize("content", [None, b"", b"no network"], ids=["missing", "empty", "text"])
def test_a_file_that_is_no_network_is_an_error_of_one_line(command, run, content):
    if content is not None:
        Path("bad.onnx").write_bytes(content)
    ended = command("evaluate", run, *COUNT, "--features", "bad.onnx")
    assert ended.code == ExitCode.USAGE
    assert ended.last.startswith("gankit: bad.onnx")
    assert not (run / "evaluations.jsonl").exists()


def test_a_file_of_another_kind_is_an_error_that_says_which_files_are_read(command, run):
    Path("weights.pth").write_bytes(b"")
    ended = command("evaluate", run, *COUNT, "--features", "weights.pth")
    assert ended.code == ExitCode.USAGE
    assert "got the file weights.pth; expected an ONNX file, .onnx, or" in ended.last


def test_the_names_of_features_differ_from_gankits_own(command, run):
    command("evaluate", run, *COUNT)
    command("evaluate", run, *COUNT, "--features", "tiny.onnx")
    own, other = log(run)
    assert evaluation_log.measure(own) != evaluation_log.measure(other)
    assert own["baseline"]["features"] == own["features"]
    assert "requested_features" not in own
