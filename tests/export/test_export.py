"""`gankit export`: the written files, their verification, and failures."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import gankit
from gankit import plugins
from gankit.codes import Code
from gankit.contract.export_format import exported_network
from gankit.contract.latents import latents
from gankit.errors import BackendUnavailable, CheckpointError, ConfigError, ExitCode, UnknownName
from gankit.export import export, known, read
from gankit.export.fold_spectral_norm import folded
from gankit.runs import RunFolder, evaluation_log
from tests.export.card_snippets import run_snippet

DENSE = [
    {"layer": "dense", "units": 8, "spectral": True},
    {"layer": "batch-norm", "momentum": 0.5, "epsilon": 1e-3},
    {"layer": "leaky-relu", "slope": 0.2},
    {"layer": "dense", "units": 784},
    {"layer": "tanh"},
    {"layer": "reshape", "shape": [28, 28, 1]},
]
LABELLED = [{"layer": "embedding", "units": 3}, *DENSE]
DISCRIMINATOR = [{"layer": "flatten"}, {"layer": "dense", "units": 1}]
LIAR = """
import os
import sys
from dataclasses import replace

import gankit
from gankit.export.safetensors_format import SAFETENSORS


def wrong(network, weights, path):
    name = next(name for name in weights if name.endswith("bias"))
    SAFETENSORS.write(network, weights | {name: weights[name] + 0.5}, path)


def crashing(network, weights, path):
    path.write_bytes(b"half")
    os.kill(os.getpid(), 11)


def nothing(network, weights, path):
    pass


def raising(network, weights, path):
    raise RuntimeError("no\\nsuch operator")


def shouting(network, weights, path):
    print("LOOK AT ME")
    os.write(2, b"W1125 listen to me")
    SAFETENSORS.write(network, weights, path)


def endless(path):
    run = SAFETENSORS.read(path)
    return lambda inputs: run(inputs) * float("nan")


@gankit.hookimpl
def gankit_backends():
    from gankit_numpy import gankit_backends

    writers = (wrong, crashing, nothing, raising, shouting)
    exports = {w.__name__: replace(SAFETENSORS, suffix=".made", write=w) for w in writers}
    exports["endless"] = replace(SAFETENSORS, suffix=".made", read=endless)
    return [replace(next(iter(gankit_backends())), name="liar", exports=exports)]
"""


def train(out, layers=DENSE, **changes):
    settings = {
        "backend": "numpy",
        "dataset": "glyphs",
        "latent": 4,
        "batch": 8,
        "steps": 3,
        "fresh_noise": True,
        "generator": {"layers": layers},
        "discriminator": {"layers": DISCRIMINATOR},
    }
    return gankit.train("simple", out=out, **(settings | changes))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return the folder of a run that is not being trained."""
    return train(tmp_path_factory.mktemp("run") / "run").folder


@pytest.fixture(scope="module")
def done(folder, tmp_path_factory):
    """Return the export of that run."""
    return export(folder, "safetensors", tmp_path_factory.mktemp("out") / "g.safetensors")


@pytest.fixture(scope="module")
def liar(tmp_path_factory):
    """Return a function that runs the command with a plugin whose exports are wrong."""
    site = tmp_path_factory.mktemp("site")
    info = site / "liar-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: liar\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[gankit]\nliar = liar\n")
    (site / "liar.py").write_text(LIAR)
    path = os.pathsep.join([str(site), *filter(None, sys.path)])

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "gankit", "export", *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONPATH": path},
            timeout=120,
        )

    return run


def test_the_exported_file_restores_the_generator_and_its_path_is_printed(command, tmp_path):
    run = train(tmp_path / "run")
    ended = command("export", tmp_path / "run", "--to", "safetensors", "--license", "CC-BY-4.0")
    assert ended.code == 0, ended.err
    path = tmp_path / "run" / "exports" / "generator.safetensors"
    assert ended.out == f"{path}\n"
    card = path.with_name(f"{path.name}.md").read_text("utf-8")
    assert card.startswith('---\nlicense: "cc-by-4.0"\n')
    assert "as stated for the export: `cc-by-4.0`." in card
    made = read(ended.out.strip())(latents(9, 4, seed=5))
    np.testing.assert_allclose(made, run.sample(9, seed=5), rtol=0, atol=1e-6)
    assert made.std() > 0.05


def test_the_exported_metadata_describes_the_network(done):
    with safe_open(done.path, "np") as file:
        said = {key: json.loads(value) for key, value in file.metadata().items()}
    assert [layer["layer"] for layer in said["layers"]] == [layer["layer"] for layer in DENSE]
    assert (said["network"], said["inputs"], said["classes"]) == ("generator", [{"noise": [4]}], 0)
    assert said["output"] == {"images": [28, 28, 1]}
    assert said["gankit"] == gankit.__version__


def test_the_average_is_exported(tmp_path):
    run = train(tmp_path / "run", average={"half_life": 1000})
    export(tmp_path / "run", "safetensors", tmp_path / "g.safetensors")
    kernel = load_file(tmp_path / "g.safetensors")["3.kernel"]
    assert np.array_equal(kernel, run.trainer.average.weights()["3.kernel"])
    assert not np.array_equal(kernel, run.trainer.generator.weights()["3.kernel"])


def test_every_class_of_a_class_conditional_run_is_verified(tmp_path):
    run = train(tmp_path / "run", LABELLED, n_critic=1)
    done = export(tmp_path / "run", "safetensors", tmp_path / "g.safetensors")
    assert done.rows >= run.problem.generator_classes == 10
    labels = np.arange(10)[::-1].copy()
    made = read(done.path)(latents(10, 4, seed=1), labels)
    np.testing.assert_allclose(made, run.sample(10, seed=1, labels=labels), atol=1e-6)


def test_a_float64_run_is_exported_in_float32(tmp_path):
    train(tmp_path / "run", precision="float64")
    done = export(tmp_path / "run", "safetensors", tmp_path / "g.safetensors")
    assert {array.dtype.name for array in load_file(done.path).values()} == {"float32"}
    assert 0 < done.difference < 1e-6


def test_spectral_norm_is_folded_into_the_kernel(folder):
    run = gankit.load(folder)
    plain, weights = folded(exported_network(run.problem), run.generator.weights())
    assert not plain.layers[0].spectral
    assert not [name for name in weights if name.endswith("_u")]
    kernel, u = (run.generator.weights()[f"0.{name}"] for name in ("kernel", "kernel_u"))
    np.testing.assert_allclose(weights["0.kernel"], kernel / np.linalg.norm(kernel @ u), rtol=1e-6)


def test_the_card_describes_the_generator_and_its_use(done, monkeypatch):
    text = done.card.read_text("utf-8")
    assert done.card.name == "g.safetensors.md"
    assert "license:" not in text
    assert "State that licence here" in text
    for part in (
        "`simple`",
        "glyphs",
        "3 steps",
        "(n, 4)",
        "(n, 28, 28, 1)",
        done.sha256,
        f"{done.difference:.1e}",
        "## Licence",
    ):
        assert part in text, part
    monkeypatch.chdir(done.path.parent)
    namespace = run_snippet(text)
    assert namespace["images"].shape == (16, 28, 28, 1)


def test_codes_are_inputs_by_name(tmp_path, monkeypatch):
    codes = [Code("kind", "categorical", 3), Code("s-lant", "uniform", 2)]
    run = train(tmp_path / "run", codes=codes)
    done = export(run.folder, "safetensors", tmp_path / "g.safetensors")
    with safe_open(done.path, "np") as file:
        (inputs,) = json.loads(file.metadata()["inputs"])
    assert list(inputs) == ["noise", "code_kind", "code_s_lant"]
    text = done.card.read_text("utf-8")
    assert "| in | `code_kind` | (n, 3) | float32 | one-hot |" in text
    assert "| in | `code_s_lant` | (n, 2) | float32 | from -1 to 1 |" in text
    monkeypatch.chdir(tmp_path)
    namespace = run_snippet(text)
    parts = [namespace["inputs"][name] for name in inputs]
    wanted = run.generator(np.concatenate(parts, axis=1))
    np.testing.assert_allclose(namespace["images"], wanted, atol=1e-6)


def test_two_codes_of_one_input_are_refused(tmp_path):
    run = train(tmp_path / "run", codes=[Code("a-b", "uniform"), Code("a_b", "uniform")])
    with pytest.raises(ConfigError, match="got a-b, a_b; two have inputs of one name; rename one"):
        export(run.folder, "safetensors", tmp_path / "g.safetensors")


def test_the_card_has_the_evaluation_of_its_step_and_no_other(tmp_path):
    run = train(tmp_path / "run")
    for step, distance in ((3, 22.25), (2, 11.0)):
        evaluation_log.append(RunFolder(run.folder).evaluations, evaluated(step, distance))
    text = export(run.folder, "safetensors").card.read_text("utf-8")
    assert "| Fréchet distance | 22.25 |" in text
    assert "| 11 |" not in text
    assert text.startswith("---\n")
    assert 'type: "gankit-frechet"' in text.split("\n---\n")[0]


def test_a_damaged_log_of_evaluations_is_mentioned_in_the_card_and_stops_no_export(tmp_path):
    run = train(tmp_path / "run")
    RunFolder(run.folder).evaluations.write_text("garbage\n", "utf-8")
    done = export(run.folder, "safetensors")
    assert done.path.exists()
    assert "could not be read: " in done.card.read_text("utf-8")


def test_the_best_checkpoint_is_exported_on_request(command, tmp_path):
    run = train(tmp_path / "run", checkpoint_every=2, evaluate_samples=100)
    for step, distance in ((2, 11.0), (3, 22.25)):
        evaluation_log.append(RunFolder(run.folder).evaluations, evaluated(step, distance))
    ended = command("export", run.folder, "--to", "safetensors", "--best")
    assert "\nstep 2 by backend numpy" in ended.err
    ended = command("export", run.folder, "--to", "csv", "--best")
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")


def test_a_damaged_checkpoint_is_named_and_an_older_one_is_exported(command, tmp_path):
    run = train(tmp_path / "run", checkpoint_every=2)
    (run.folder / "checkpoints" / "000003" / "generator.safetensors").write_bytes(b"")
    ended = command("export", run.folder, "--to", "safetensors")
    assert ended.code == 0
    assert "gankit: warning: " in ended.err
    assert "000003" in ended.err
    assert "step 2 by backend numpy" in ended.err


def test_the_card_of_a_run_without_evaluations_says_so(done):
    assert "The images of step 3" in done.card.read_text("utf-8")


def evaluated(step, distance):
    """Return a row of the log of evaluations."""
    numbers = dict.fromkeys(evaluation_log.NUMBERS, 0.5) | {"frechet": distance}
    counts = dict.fromkeys(evaluation_log.COUNTS, 100)
    words = dict.fromkeys(evaluation_log.WORDS, "made up")
    classes = dict.fromkeys(evaluation_log.OPTIONAL)
    return {"step": step, "seed": 0, "histogram": None} | words | counts | numbers | classes


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("wrong", "its outputs differ from the run's by"),
        ("crashing", "its process was ended by SIGSEGV"),
        ("nothing", "backend 'liar' did not write nothing"),
        ("raising", "backend 'liar' cannot write raising: RuntimeError: no"),
        ("endless", "the outputs of the export have values that are not finite"),
    ],
)
def test_a_wrong_export_leaves_the_old_file(name, said, liar, folder, tmp_path):
    (tmp_path / "g.made").write_text("older")
    ended = liar(folder, "--to", name, "--out", tmp_path / "g.made")
    assert ended.returncode == ExitCode.BACKEND, ended.stderr
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert ended.stdout == ""
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("g.made", "older")]


def test_printed_text_of_a_library_is_not_in_the_output(liar, folder, tmp_path):
    ended = liar(folder, "--to", "shouting", "--out", tmp_path / "g.made")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == f"{tmp_path / 'g.made'}\n"
    assert "LOOK" not in ended.stderr
    assert "listen" not in ended.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["g.made", "g.made.md"]


@pytest.mark.parametrize(
    ("out", "error", "said"),
    [
        ("g.onnx", ConfigError, "expected a path that ends in .safetensors"),
        ("nowhere/g.safetensors", ConfigError, "create it first"),
        ("mine.safetensors", ConfigError, "is a folder without an export"),
    ],
)
def test_an_impossible_path_is_refused_before_the_export(out, error, said, folder, tmp_path):
    (tmp_path / "mine.safetensors").mkdir()
    (tmp_path / "mine.safetensors" / "diary.txt").write_text("dear Ada")
    with pytest.raises(error, match=said):
        export(folder, "safetensors", tmp_path / out)
    assert (tmp_path / "mine.safetensors" / "diary.txt").read_text() == "dear Ada"


def test_unknown_names_are_refused(command, folder):
    with pytest.raises(UnknownName, match=r"unknown format 'onix'.*did you mean 'onnx'"):
        export(folder, "onix")
    with pytest.raises(ConfigError, match=r"'numpy' cannot write onnx, only safetensors; use"):
        export(folder, "onnx", backend="numpy")
    with pytest.raises(CheckpointError, match="no run folder at"):
        export(folder / "nowhere", "safetensors")
    ended = command("export", folder, "--to", "tsv")
    assert ended.code == ExitCode.USAGE
    assert "csv" in ended.err
    for wrong, said in (("mti", "did you mean 'mit'"), ("all rights reserved", "known: afl-3.0")):
        ended = command("export", folder, "--to", "safetensors", "--license", wrong)
        assert (ended.code, ended.out) == (ExitCode.USAGE, "")
        assert f"unknown license '{wrong}'" in ended.err
        assert said in ended.err
    ended = command("export", folder, "--to", "csv", "--license", "mit")
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert "--license need a network's format" in ended.err


def test_missing_libraries_of_a_format_are_named_with_the_remedy(folder, monkeypatch):
    backends = [b.name for b in plugins.backends().values() if "onnx" in b.exports]
    assert backends
    monkeypatch.setattr(plugins, "missing", lambda modules: list(modules)[-1:])
    with pytest.raises(BackendUnavailable, match=r"needs .*; pip install 'gankit\["):
        export(folder, "onnx")


def test_every_format_is_known_whatever_is_installed():
    assert {"safetensors", "onnx", "torchscript", "keras", "savedmodel"} <= set(known())


def test_a_file_with_other_weights_is_refused(done, tmp_path):
    arrays = load_file(done.path)
    save_file(arrays, tmp_path / "bare.safetensors")
    with pytest.raises(CheckpointError, match="has no valid description of its network"):
        read(tmp_path / "bare.safetensors")
    with safe_open(done.path, "np") as file:
        save_file(arrays | {"0.kernel": np.zeros((3, 3))}, tmp_path / "bad", file.metadata())
    with pytest.raises(CheckpointError, match=r"0.kernel: got shape"):
        read(tmp_path / "bad")


def test_the_history_is_a_table_with_the_evaluations_in_columns(command, tmp_path):
    run = train(tmp_path / "run")
    evaluation_log.append(RunFolder(run.folder).evaluations, evaluated(2, 11.5))
    ended = command("export", run.folder, "--to", "csv", "--out", tmp_path / "h.csv")
    assert (ended.code, ended.out) == (0, f"{tmp_path / 'h.csv'}\n")
    rows = list(csv.DictReader((tmp_path / "h.csv").read_text().splitlines()))
    losses = [[float(row["discriminator"]), float(row["generator"])] for row in rows]
    assert losses == run.history.tolist()
    assert [row["frechet"] for row in rows] == ["", "11.5", ""]
    ended = command("export", run.folder, "--to", "jsonl")
    lines = [json.loads(line) for line in Path(ended.out.strip()).read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3]
    assert [line.get("frechet") for line in lines] == [None, 11.5, None]


def test_the_help_has_a_line_for_each_format(command):
    lines = [line.strip() for line in command("export", "--help").out.splitlines()]
    for name in ("onnx", "torchscript", "keras", "savedmodel"):
        assert any(line.startswith(name) for line in lines), name
