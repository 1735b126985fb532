"""Random command lines, valid and invalid, and their results."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

import gankit
from gankit import plugins
from gankit.cli import main
from gankit.config import layering
from gankit.data import ImageSet, write_idx_folder
from gankit.visual.images import write_each
from tests.crash.audit import Watch, outside

TINY = """
latent = 2
steps_per_epoch = 2
batch = 4
epochs = 2
checkpoint_every = 1
[generator]
layers = [{ layer = "dense", units = 784 }, { layer = "reshape", shape = [28, 28, 1] }]
[discriminator]
layers = [{ layer = "flatten" }, { layer = "dense", units = 1 }]
"""
COUNTS = ["1", "2", "3"]
NUMBERS = ["0", "-1", "1.5", "1e0", "nan", "-inf", "0x2", "many", "", "٣", "9" * 5000, "9" * 20]
ODD = ["", " ", "-", "--", "../x", "a\nb", "\udcff", "x" * 300, "%s{}$(x)", "🦆", "None"]
FILES = ["tiny.toml", "prose.toml", "deep.toml", "nowhere.toml", "pictures", "pipe", *ODD]
IMAGES = ["mine.npy", "mine.npz", "./\udcff.npy", "auto"]
OTHERS = ["pickle.npy", "./pictures", "./nowhere", "./pipe", "mnist", f"./{'x' * 300}", *ODD]
PLACES = ["new", "deep/er", "a\nb", "\udcff", "🦆", "%s{}$(x)"]
WRONG = ["trained", "tiny.toml", "tiny.toml/below", "pipe", ".", "", "x" * 300]
RUNS = ["trained", "halved", "pictures", "nowhere", "tiny.toml", *ODD]
SETTINGS = [
    "batch",
    "latent",
    "seed",
    "loss",
    "average",
    "penalties",
    "augment",
    "precision",
    "epochs",
    "steps",
    "n_critic",
    "generator.layers.0.units",
    "generator.layers.9",
    "discriminator.optimizer",
    "generator.optimizer.learning_rate",
    "keep_checkpoints",
    "recipe",
    "images",
    "btach",
    "",
    ".",
]
VALUES = [
    *NUMBERS,
    "true",
    "[]",
    "{}",
    "[[",
    "hinge",
    "'x'",
    "{ half_life = 10.0 }",
    "float64",
    "[" * 5000,
    "2026-01-01",
    '[{ where = "real", target = 0.0, weight = 1.0 }]',
    "x=y",
    *ODD,
]


def option(name, good, bad):
    """Return an option with a value, valid or invalid with equal probability."""
    return (st.sampled_from(good) | st.sampled_from(bad)).map(lambda value: [name, value])


def spoken(command, *options, must=()):
    """Return lines of a command and a few options, its own or others."""
    stray = st.sampled_from([["--nothing"], ["-"], ["stray"], ["--json"], ["--help"], ["-h"]])
    several = st.lists(st.one_of(*options, *options, stray), max_size=3)
    return st.tuples(*must, several).map(
        lambda parts: [*command, *(word for part in parts for word in flat(part))]
    )


def flat(part):
    """Return the words of an option, of options, or of a single word."""
    if isinstance(part, str):
        return [part]
    return [word for inner in part for word in flat(inner)]


ASSIGNMENT = st.tuples(
    st.sampled_from(SETTINGS), st.sampled_from(VALUES) | st.text(max_size=9)
).map(lambda pair: ["--set", "=".join(pair)])
BASE = st.just(
    ["--backend", "numpy", "--config", "tiny.toml", "--dataset", "mine.npy", "--out", "new"]
)
train = spoken(
    ["train"],
    option("--recipe", ["simple", "cgan"], ["simpel", "tiny.toml", *ODD]),
    option("--backend", ["numpy"], ["nump", *ODD]),
    option("--dataset", IMAGES, OTHERS),
    option("--data-dir", ["idx"], ["pictures", "nowhere", *ODD]),
    option("--epochs", COUNTS, NUMBERS),
    option("--steps", COUNTS, NUMBERS),
    option("--batch", COUNTS, NUMBERS),
    option("--seed", COUNTS, NUMBERS),
    option("--size", ["28", "28x28"], ["0", "8x", "x", "9" * 9, *ODD]),
    option("--fit", ["crop", "pad"], ["x", *ODD]),
    option("--device", ["auto", "cpu"], ["cuda:9", *ODD]),
    option("--out", PLACES, WRONG),
    option("--resume", ["auto"], ["now"]),
    option("--config", ["tiny.toml"], FILES),
    ASSIGNMENT,
    st.sampled_from([["--flip"], ["--skip-bad"], ["--print-config"], ["--dry-run"], ["--set"]]),
    st.just(["--out", "trained", "--resume", "auto"]),
    must=[BASE],
)
sample = spoken(
    ["sample"],
    option("-n", COUNTS, NUMBERS),
    option("--seed", COUNTS, NUMBERS),
    option("--backend", ["numpy"], ["nump", *ODD]),
    option(
        "--out",
        ["s.png", "s.npy", "s.npz", "s.gif", "s.webp", "s.apng", "\udcff.png"],
        ["s.jpg", "no/s.png", f"{'x' * 300}/s.png", *WRONG],
    ),
    option("--each", PLACES, WRONG),
    option("--columns", COUNTS, NUMBERS),
    option("--class", COUNTS, NUMBERS),
    option("--interpolate", ["1,2", "1,2,1", "3,3"], ["1", ",", "1,x", "-1,2", "9" * 9, *ODD]),
    option("--steps", COUNTS, NUMBERS),
    option("--frames", COUNTS, NUMBERS),
    option("--fps", COUNTS, ["nan", "inf", *NUMBERS]),
    option("--scale", COUNTS, NUMBERS),
    option("--truncation", ["0", "0.5", "inf"], ["nan", *NUMBERS]),
    st.sampled_from([["--by-class"], ["--best"], ["--training"]]),
    must=[st.just("trained") | st.sampled_from(RUNS)],
)
SETS = st.sampled_from(["mnist", "glyphs", "mnits", "cifar10", *ODD])
rest = st.one_of(
    spoken(["data", "list"]),
    spoken(
        ["plot"],
        option("--out", ["p.png", "p.svg", "p.pdf"], ["p.jpg", "no/p.png", *WRONG]),
        option("--only", ["losses", "metrics", "classes"], ["x", *ODD]),
        must=[st.just("trained") | st.sampled_from(RUNS)],
    ),
    spoken(["data", "fetch"], option("--data-dir", ["idx"], ODD), must=[SETS]),
    spoken(["data", "verify"], option("--data-dir", ["idx"], ODD), must=[SETS]),
    spoken(
        ["data", "pack"],
        st.just(["--skip-bad"]),
        option("--size", ["2", "2x3"], ["0", *ODD]),
        option("--channels", ["1", "3"], ["2", *ODD]),
        option("--fit", ["crop", "pad"], ["x"]),
        must=[
            st.just("pictures") | st.sampled_from(RUNS),
            st.just("new.npy") | st.sampled_from(["mine.npy", "x.txt", *WRONG]),
        ],
    ),
    spoken(["recipes", "list"]),
    spoken(["recipes", "show"], must=[st.sampled_from(["simple", "simpel", *ODD])]),
    spoken(["backends"]),
    spoken(["completion"], must=[st.sampled_from(["bash", "zsh", "dos", *ODD])]),
    st.lists(st.sampled_from(["trian", "--version", "--help", "data", "recipes", "-h", *ODD])),
)
lines = train | sample | rest


@dataclass(frozen=True)
class Said:
    """The result of a line.

    Attributes
    ----------
    code, out, err
        Its exit code, its standard output, and the lines of its standard error.
    outside
        The paths that it wrote outside of its folder.
    """

    code: int
    out: str
    err: list[str]
    outside: list[str]


def ground(folder):
    """Make a folder with a run, data, and complete and broken files; return it."""
    (folder / "pictures").mkdir(parents=True)
    images = np.arange(8 * 784, dtype=np.uint8).reshape(8, 28, 28, 1)
    np.save(folder / "mine.npy", images)
    np.savez(folder / "mine.npz", images=images)
    np.save(folder / "\udcff.npy", images)
    np.save(folder / "pickle.npy", np.array([{}], object), allow_pickle=True)
    write_each(folder / "pictures", images)
    (folder / "pictures" / "bad.png").write_bytes(b"bad")
    write_idx_folder(folder / "idx", ImageSet(images, np.arange(8), "mine"))
    (folder / "tiny.toml").write_text(TINY, "utf-8")
    (folder / "prose.toml").write_text("it was a dark and stormy night", "utf-8")
    (folder / "deep.toml").write_text(f"batch = {'[' * 5000}", "utf-8")
    os.mkfifo(folder / "pipe")
    config = layering.from_file(folder / "tiny.toml")[1] | {"dataset": str(folder / "mine.npy")}
    gankit.train(out=folder / "trained", backend="numpy", **config)
    shutil.copytree(folder / "trained", folder / "halved")
    for path in (folder / "halved" / "checkpoints").glob("*/generator.safetensors"):
        os.truncate(path, 100)
    plugins.backends()
    return folder


def said(ground, line):
    """Run the command in a copy of `ground`, in a child; return the fields of `Said`."""
    folder = Path(tempfile.mkdtemp(dir=ground.parent))
    shutil.copytree(ground, folder / "work", ignore=shutil.ignore_patterns("pipe"))
    os.mkfifo(folder / "work" / "pipe")
    os.chdir(folder / "work")
    for name in [name for name in os.environ if name.startswith("GANKIT_")]:
        del os.environ[name]
    os.environ |= {"HOME": str(folder), "GANKIT_HOME": "cache", "GANKIT_OFFLINE": "1"}
    os.environ["GANKIT_STEPS_PER_EPOCH"] = "2"
    os.environ["MPLCONFIGDIR"] = "cache"  # What matplotlib keeps of fonts.
    warnings.resetwarnings()
    written, code = Watch(), None
    # As Python opens them: text that is no UTF-8 is an error on one, and escaped on the other.
    with (
        Path("../out").open("w", encoding="utf-8") as sys.stdout,
        Path("../err").open("w", encoding="utf-8", errors="backslashreplace") as sys.stderr,
        written,
    ):
        try:
            main(list(line))
        except SystemExit as ended:
            code = ended.code
    texts = [Path(f"../{name}").read_text("utf-8", "replace") for name in ("out", "err")]
    found = outside([p for p in written.written if p != os.devnull], folder / "work")
    shutil.rmtree(folder)
    return vars(Said(int(code), texts[0], texts[1].splitlines(), found))
