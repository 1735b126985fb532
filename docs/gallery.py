"""Write `gallery.md`, and draw its pictures: `python docs/gallery.py [RUNS]`.

Without RUNS only the page is written. With it, the commands are carried out, with RUNS in place of
`runs`: a run that is not there or not finished is trained, and each picture is drawn.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parent
PAGE = DOCS / "gallery.md"
RECIPES = {
    "simple": (6400, "dense.md"), "dcgan": (1000, "convolutional.md"),
    "infogan": (3752, "infogan.md"), "sgan": (1876, "sgan.md"), "ccgan": (2000, "ccgan.md"),
    "lsgan": (600, "least-squares.md"),
    "bgan": (600, "boundary-seeking.md"),
    "wgan": (800, "wasserstein.md"), "wgan-gp": (800, "wasserstein.md"),
    "wgan-div": (800, "wasserstein.md"),
    "dragan": (1200, "dragan.md"), "sn-hinge": (600, "spectral.md"), "r3gan": (400, "r3gan.md"),
    "cgan": (4000, "conditional.md"), "projection": (600, "conditional.md"),
    "r3gan-full": (449, "r3gan.md"), "sagan": (962, "sagan.md"), "acgan": (600, "conditional.md"),
    "projection-cbn": (1800, "conditional.md"),
    "digits": (12500, "digits.md"),
    "pix2pix": (938, "translation.md"), "inpaint": (500, "translation.md"),
    "super-resolution": (500, "translation.md"), "colourise": (500, "translation.md"),
    "ebgan": (2000, "energy.md"), "began": (2200, "energy.md"),
    "bigan": (9380, "bigan.md"), "aae": (9380, "aae.md"), "vae-gan": (3600, "vae-gan.md"),
    "cyclegan": (2400, "translation.md"),
}  # fmt: skip
"""Steps that the pictured run has, and the recipe's page."""
CLASSES = {"cgan", "projection", "projection-cbn", "sagan", "acgan", "digits"}
TRANSLATE = ("pix2pix", "inpaint", "super-resolution", "colourise", "cyclegan")
"""Recipes from images to images, of which 20 are shown: source, made, true or around."""
SHOW = {name: f"gankit translate runs/{name} --out {{out}}" for name in TRANSLATE} | {
    name: f"gankit encode runs/{name} --grid {{out}}" for name in ("bigan", "aae", "vae-gan")
}
"""The command of the other pictures."""
SIZES = {"sagan": " --size 32x32"}
DATA = {"sagan": "colour-glyphs", "colourise": "colour-glyphs", "ccgan": "turned-glyphs"}
ROWS = {"infogan": "--code digit=0..9 -n 5", "ccgan": "--label angle=-45..45 --steps 9 -n 5"}
INTRODUCTION = """\
# Gallery

Digits of the shipped recipes, each with the two commands that made it. All but `ccgan`, `colourise`
and `sagan` were trained on MNIST, with torch, on two CPU cores; [the tables](recipes/index.md) have
their metrics, and times of some. With the same versions the same commands make the same pictures,
except for single grey levels: the number of threads decides how sums are rounded.

The numbers of steps differ widely, so the pictures do not show which recipe is best. Two recipes
for colour are not here: `sn-dcgan` needs a GPU and has no picture, and
[`pictures`](recipes/pictures.md) has a page with its own.
"""


@dataclass(frozen=True)
class Shown:
    """A picture.

    Attributes
    ----------
    title, words
        What it is called, and what is said of it.
    path
        The file, below `docs/images`.
    train, sample
        The commands that make it; `{out}` is the file.
    """

    title: str
    words: str
    path: str
    train: str
    sample: str


def of_recipe(name: str) -> Shown:
    """Return the picture of a recipe."""
    steps, page = RECIPES[name]
    rows = "--by-class -n 10" if name in CLASSES else ROWS.get(name, "-n 50 --columns 10")
    length = "" if name == "digits" else f" --steps {steps}"  # It has an end of its own.
    length += " --labelled 1000" if name == "sgan" else ""
    length += SIZES.get(name, "")
    data = DATA.get(name, "mnist")
    sample = f"gankit sample runs/{name} {rows} --seed 1 --scale 2 --out {{out}}"
    return Shown(
        f"`{name}`",
        f"{steps:,} steps; [what it is](recipes/{page}).",
        f"recipes/{name}.png",
        f"gankit train {name} --backend torch --dataset {data}{length} --out runs/{name}",
        SHOW.get(name, sample),
    )


DIGITS = of_recipe("digits").train
LEARNING = (
    "gankit train digits --backend torch --dataset mnist --steps 2500 \\\n"
    "    --set steps_per_epoch=25 --set sample_every=1 --set checkpoint_every=500 "
    "--out runs/learning"
)
OTHERS = (
    Shown(
        "Learning",
        "The same noise through the first 2,500 steps of `digits`, which keep a grid every 25 "
        "steps; 16 of them are shown.",
        "gallery/learning.webp",
        LEARNING,
        "gankit sample runs/learning --training --frames 16 --fps 4 --out {out}",
    ),
    Shown(
        "From one digit to another",
        "A row leads from an image of one seed to that of another, along the sphere on which noise "
        "lies; along it the class stays.",
        "gallery/ways.png",
        DIGITS,
        "gankit sample runs/digits --interpolate 1,2 --by-class --steps 10 --scale 2 --out {out}",
    ),
    Shown(
        "On the way",
        "Ten images at once, from seed 1 to 2 to 3 and back.",
        "gallery/walk.webp",
        DIGITS,
        "gankit sample runs/digits --interpolate 1,2,3,1 --steps 8 -n 10 --columns 10 \\\n"
        "    --scale 2 --out {out}",
    ),
    Shown(
        "Truncated",
        "The images of seed 1, as in the picture of `digits`, from noise that keeps within 0.7 "
        "standard deviations: cleaner, and more alike.",
        "gallery/truncated.png",
        DIGITS,
        "gankit sample runs/digits --by-class -n 10 --seed 1 --truncation 0.7 \\\n"
        "    --scale 2 --out {out}",
    ),
)
BACK = Shown(
    "Back",
    "Test images of MNIST, the glyphs that the further network `to_source` of `cyclegan` makes of "
    "them, and what the generator makes of these.",
    "gallery/back.png",
    of_recipe("cyclegan").train,
    "gankit translate runs/cyclegan --network to_source --out {out}",
)
SHOWN = (
    of_recipe("digits"), *OTHERS, *(of_recipe(name) for name in RECIPES if name != "digits"), BACK,
)  # fmt: skip


def page() -> str:
    """Return the page."""
    return "\n".join([INTRODUCTION, *map(section, SHOWN)])


def section(shown: Shown) -> str:
    """Return what the page has of a picture."""
    out = Path(shown.path).name
    return (
        f"## {shown.title}\n\n{shown.words}\n\n![{shown.title}](images/{shown.path})\n\n"
        f"```console\n$ {shown.train}\n$ {shown.sample.format(out=out)}\n```\n"
    )


def draw(runs: Path) -> None:
    """Carry out the commands, with `runs` for the folder of runs."""
    for shown in SHOWN:
        out = DOCS / "images" / shown.path
        for command, more in ((shown.train, ["--resume", "auto"]), (shown.sample, [])):
            words = shlex.split(command.replace("\\\n", " ").format(out=shlex.quote(str(out))))
            words = [
                str(runs / word.removeprefix("runs/")) if word.startswith("runs/") else word
                for word in words
            ]
            print(shlex.join([*words, *more]), flush=True)
            call = [sys.executable, "-m", *words, *more]
            subprocess.run(call, check=True)  # noqa: S603 - the commands of the page.


if __name__ == "__main__":
    if sys.argv[1:]:
        draw(Path(sys.argv[1]))
    PAGE.write_text(page(), "utf-8")
